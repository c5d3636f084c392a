"""Land of nobody on purpose through every door that answers: engine, HTTP, command line, SQL, tiles, OGC."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.boundaries import excluded_repository
from app.boundaries import repository as boundary_rows
from app.boundaries.content_hash import content_hash
from app.boundaries.edition_cache import EditionCache
from app.boundaries.index_store import IndexStore
from app.boundaries.unit_tree import CoverageInput
from app.db.session import EVERYTHING, write_session
from app.publishing.reassignment import publish
from app.verify.repository import sql_owners
from gis.coverage import ExcludedLand, accept_gaps
from tests.fixtures.actors import Actors
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.towns import (
    AROUND_ENCLAVE,
    ENCLAVE,
    inside,
    publish_town,
    shape_of,
    town_grids,
    town_input,
)
from tests.gis.excluded_towns import holed_towns, places_about

REASON = "部队营房"


def land_of(*shapes: Any, reason: str = REASON) -> ExcludedLand:
    polygons = np.empty(len(shapes), dtype=object)
    polygons[:] = shapes
    return ExcludedLand(polygons, (reason,) * len(shapes))


def without_enclave() -> gpd.GeoDataFrame:
    grids = town_grids()
    return grids[grids["code"] != ENCLAVE].reset_index(drop=True)


@pytest.fixture
def barracks(committing_db: CommittingDatabase) -> CommittingDatabase:
    """The town with its enclave declared to be nobody's."""
    with write_session(committing_db.owner_engine, EVERYTHING) as session:
        publish(session, town_input(without_enclave(), excluded=land_of(shape_of(ENCLAVE))), author="t")
    return committing_db


def test_one_place_and_every_answer(barracks: CommittingDatabase, app: Any, actors: Actors) -> None:
    app.state.editions.refresh()
    lon, lat = inside(ENCLAVE)
    client = actors.person(("viewer", ""))
    for query in ({}, {"crs": "wgs84"}, {"crs": "cgcs2000"}):
        answer = client.get("/v1/locate", params={"lon": f"{lon:.7f}", "lat": f"{lat:.7f}", **query})
        assert answer.status_code == 404
        assert answer.json()["type"].endswith("/no-owner")
        assert answer.json()["excluded"] == {"reason": REASON}
    border = shapely.get_coordinates(shape_of(ENCLAVE))[0].tolist()
    beside = client.get("/v1/locate", params={"lon": border[0], "lat": border[1]})
    assert beside.json()["grid"]["code"] == AROUND_ENCLAVE
    assert beside.json()["on_boundary"] is True
    away = client.get("/v1/locate", params={"lon": 119, "lat": 35})
    assert (away.status_code, "excluded" in away.json()) == (404, False)
    many = client.post("/v1/locate", json={"points": [[lon, lat], border]})
    assert many.json()["owners"][0] is None


def test_tiles_and_features_have_it(barracks: CommittingDatabase, app: Any, actors: Actors) -> None:
    app.state.editions.refresh()
    client = actors.person(("viewer", ""))
    listed = client.get("/ogc/collections").json()["collections"]
    assert "excluded" in [each["id"] for each in listed]
    page = client.get("/ogc/collections/excluded/items", params={"reason": REASON}).json()
    assert page["numberMatched"] == 1
    (feature,) = page["features"]
    assert feature["properties"]["reason"] == REASON
    assert feature["properties"]["district"] == "370299"
    assert shapely.from_geojson(json.dumps(feature["geometry"])).equals(shape_of(ENCLAVE))
    one = client.get(f"/ogc/collections/excluded/items/{feature['id']}").json()
    assert one["properties"] == feature["properties"]
    lon, lat = inside(ENCLAVE)
    box = f"{lon - 1e-5},{lat - 1e-5},{lon + 1e-5},{lat + 1e-5}"
    assert client.get("/ogc/collections/excluded/items", params={"bbox": box}).json()["numberMatched"] == 1
    assert client.get("/ogc/collections/grid/items", params={"bbox": box}).json()["numberMatched"] == 0
    described = client.get("/maps/tiles/units.json").json()
    assert {"excluded", "excluded_label"} <= {layer["id"] for layer in described["vector_layers"]}
    x, y = int((lon + 180) / 360 * 2**14), int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**14)
    tile = client.get(f"/maps/tiles/units/14/{x}/{y}.pbf")
    assert REASON.encode() in tile.content


def test_the_hash_of_an_edition_covers_it_and_the_number_is_its_own(barracks: CommittingDatabase) -> None:
    with Session(barracks.owner_engine) as session:
        units = boundary_rows.units_in(session, 1)
        land = excluded_repository.excluded_in(session, 1)
        assert boundary_rows.latest(session).content_hash == content_hash(units, land)
        assert content_hash(units, land) != content_hash(units)
        assert content_hash(units, land.assign(reason="x")) != content_hash(units, land)
    with write_session(barracks.owner_engine, EVERYTHING) as session:
        # Another reason for the same land: a new version of the same piece.
        publish(
            session,
            town_input(without_enclave(), excluded=land_of(shape_of(ENCLAVE), reason="水库")),
            author="t",
        )
    with write_session(barracks.owner_engine, EVERYTHING) as session:
        # Nothing said about it: it stays.
        again = publish(session, town_input(without_enclave()), author="t").published
        assert not again.touched
    with Session(barracks.owner_engine) as session:
        rows = session.execute(
            text("SELECT code, reason, editions::text FROM excluded_land ORDER BY id")
        ).all()
    assert [tuple(row) for row in rows] == [("excluded:1", REASON, "[1,2)"), ("excluded:1", "水库", "[2,)")]


def test_what_is_kept_on_disk_says_why_without_the_database(
    barracks: CommittingDatabase, tmp_path: Any
) -> None:
    store = IndexStore(tmp_path / "index")
    EditionCache(barracks.service_engine, store=store).refresh()
    from app.boundaries.edition_snapshot import EditionSnapshot

    kept = EditionSnapshot(store, origin=str(barracks.service_engine.url)).read()
    assert kept is not None
    assert kept.editions[0].excluded.reason_at(*inside(ENCLAVE)) == REASON


def test_a_district_that_ends_takes_its_land_with_it(barracks: CommittingDatabase) -> None:
    from app.publishing.reassignment import retire_districts

    far = gpd.GeoDataFrame(
        {"code": ["z"], "name": ["远"]}, geometry=[shapely.box(121, 36, 121.01, 36.01)], crs=4326
    )
    with write_session(barracks.owner_engine, EVERYTHING) as session:
        publish(session, CoverageInput("zz", "远区", far), author="t")
    with write_session(barracks.owner_engine, EVERYTHING) as session:
        retire_districts(session, ["370299"], author="t")
    with Session(barracks.owner_engine) as session:
        assert session.scalar(text("SELECT editions::text FROM excluded_land")) == "[1,3)"
        assert len(excluded_repository.excluded_in(session, 3)) == 0


# ---------------------------------------------------------------- one owner, one answer
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(holed_towns(), st.data())
def test_engine_http_command_and_sql_agree_about_every_place(
    committing_db: CommittingDatabase,
    app: Any,
    actors: Actors,
    wangge_empty: Command,
    town: Any,
    data: st.DataObject,
) -> None:
    """Each place has one owner, is excluded for a reason, or lies outside; all doors say the same of it."""
    codes, shapes = town
    grids = gpd.GeoDataFrame({"code": codes, "name": codes}, geometry=list(shapes), crs=4326)
    land = accept_gaps(shapes, REASON)
    with write_session(committing_db.owner_engine, EVERYTHING) as session:
        publish(session, CoverageInput("d", "区", grids, excluded=land), author="t")
    app.state.editions.refresh()
    loaded = app.state.editions.in_force()
    lon, lat = data.draw(places_about(shapes))
    owners = [loaded.index.codes[at] if at >= 0 else None for at in loaded.index.locate(lon, lat)]
    reasons = [
        loaded.excluded.reason_at(x, y) if o is None else None
        for x, y, o in zip(lon, lat, owners, strict=True)
    ]
    with Session(committing_db.owner_engine) as session:
        assert sql_owners(session, lon, lat, loaded.number) == owners
    client = actors.person(("viewer", ""))
    points = np.column_stack([lon, lat]).tolist()
    told = client.post("/v1/locate", json={"points": points}).json()["owners"]
    assert [each["grid"]["code"] if isinstance(each, dict) else each for each in told] == owners
    for at in range(0, len(lon), 5):
        answer = client.get("/v1/locate", params={"lon": f"{lon[at]:.7f}", "lat": f"{lat[at]:.7f}"})
        if owners[at] is not None:
            assert answer.json()["grid"]["code"] == owners[at]
        else:
            assert answer.json().get("excluded") == (None if reasons[at] is None else {"reason": reasons[at]})
    place = wangge_empty("locate", f"{lon[0]:.7f}", f"{lat[0]:.7f}", "--json").document
    assert (place["grid"] or {}).get("code") == owners[0]
    assert place.get("excluded") == (None if reasons[0] is None else {"reason": reasons[0]})


def test_publishing_undeclared_is_refused_at_the_last_door_too(committing_db: CommittingDatabase) -> None:
    from gis.errors import CoverageError

    with (
        pytest.raises(CoverageError, match=r"空洞|空隙"),
        write_session(committing_db.owner_engine, EVERYTHING) as session,
    ):
        publish_town(session, without_enclave())

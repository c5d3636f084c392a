"""Vector tiles as GDAL reads them: every unit there, in its place, and kept as long as it may be."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import httpx
import numpy as np
import pyogrio
import pytest
import shapely

from app.maps.rules import EXTENT, Tile
from app.maps.service import Made, MapCache
from tests.fixtures.actors import Actors
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.served import BUSY, DISPATCHER, RENAMED, STREET_DISPATCHER, Served
from tests.fixtures.towns import CODES, ENCLAVE, TownDatabase, shape_of, town_grids


@pytest.fixture(scope="module")
def web(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


def tile_at(lon: float, lat: float, zoom: int) -> Tile:
    side = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return Tile(zoom, int((lon + 180) / 360 * side), int(y * side))


def tiles_over(bounds: tuple[float, float, float, float], zoom: int) -> list[Tile]:
    first, last = tile_at(bounds[0], bounds[3], zoom), tile_at(bounds[2], bounds[1], zoom)
    return [Tile(zoom, x, y) for x in range(first.x, last.x + 1) for y in range(first.y, last.y + 1)]


def layer(body: bytes, name: str, tile: Tile, folder: Path) -> gpd.GeoDataFrame:
    """One layer of a tile in degrees, read by GDAL."""
    path = folder / "tile.pbf"  # a name with numbers would make GDAL place the tile itself
    path.write_bytes(body)
    if name not in [found for found, _ in pyogrio.list_layers(path)]:
        return gpd.GeoDataFrame({"code": []}, geometry=[])
    frame = pyogrio.read_dataframe(path, layer=name, CLIP="NO")

    def degrees(xy: np.ndarray) -> np.ndarray:
        # GDAL counts rows from below, as maps do.
        column = (tile.x + xy[:, 0] / EXTENT) / 2**tile.z
        row = (tile.y + 1 - xy[:, 1] / EXTENT) / 2**tile.z
        lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row))))
        return np.column_stack([column * 360 - 180, lat])

    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), degrees)
    return frame


def address(tile: Tile) -> str:
    return f"/maps/tiles/units/{tile.z}/{tile.x}/{tile.y}.pbf"


def test_every_grid_is_in_the_tiles_where_it_belongs(web: httpx.Client, tmp_path: Path) -> None:
    tiles = tiles_over(tuple(town_grids().total_bounds), 14)
    pieces: dict[str, list[object]] = {}
    for tile in tiles:
        answer = web.get(address(tile))
        if answer.status_code == 204:
            continue
        for row in layer(answer.content, "grid", tile, tmp_path).itertuples():
            pieces.setdefault(row.code, []).append(row.geometry)
    assert sorted(pieces) == sorted(CODES)
    step = 360 / 2**14 / EXTENT
    for code, parts in pieces.items():
        # A tile's coordinates are whole steps of it; the pieces of neighbours overlap by their margins.
        joined = shapely.union_all(shapely.buffer(np.array(parts, dtype=object), 0))
        assert shapely.hausdorff_distance(joined, shape_of(code)) < 3 * step, code


def test_names_stand_once_and_inside_their_unit(web: httpx.Client, tmp_path: Path) -> None:
    found: list[tuple[str, object]] = []
    for tile in tiles_over(tuple(town_grids().total_bounds), 14):
        answer = web.get(address(tile))
        if answer.status_code == 200:
            rows = layer(answer.content, "grid_label", tile, tmp_path)
            found += [(row.code, row.geometry) for row in rows.itertuples()]
    assert sorted(code for code, _ in found) == sorted(CODES)
    for code, point in found:
        assert shapely.contains(shape_of(code), point), code


def test_properties_say_what_a_map_needs(web: httpx.Client, tmp_path: Path) -> None:
    tile = tile_at(120.07, 35.895, 10)
    body = web.get(address(tile)).content
    grids = layer(body, "grid", tile, tmp_path).set_index("code")
    assert grids.loc[ENCLAVE, "kind"] == "dedicated"
    assert grids.loc[ENCLAVE, "name"] == "第4社区第3网格"
    assert grids.loc[ENCLAVE, "parent"] == ENCLAVE[:12]
    assert sorted(layer(body, "street", tile, tmp_path)["code"]) == ["370299001", "370299002"]
    assert len(layer(body, "community", tile, tmp_path)) == 4
    assert layer(body, "district", tile, tmp_path)["code"].tolist() == ["370299"]


def test_nothing_lies_far_away(web: httpx.Client) -> None:
    answer = web.get("/maps/tiles/units/14/0/0.pbf")
    assert answer.status_code == 204
    assert answer.content == b""


@pytest.mark.parametrize("path", ["21/0/0", "3/8/0", "3/0/9", "-1/0/0"])
def test_tiles_that_do_not_exist(web: httpx.Client, path: str) -> None:
    answer = web.get(f"/maps/tiles/units/{path}.pbf")
    assert answer.status_code == 404
    assert answer.json()["code"] == "no-such-tile"


def test_a_tile_is_known_again_and_kept(web: httpx.Client) -> None:
    described = web.get("/maps/tiles/units.json").json()
    template = described["tiles"][0]
    assert template.startswith(str(web.base_url).rstrip("/"))
    tile = tile_at(120.07, 35.895, 12)
    url = template.format(z=tile.z, x=tile.x, y=tile.y)
    first = web.get(url)
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = web.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    # Without the mark of its content the address means "what is in force now", which changes.
    loose = web.get(address(tile))
    assert "immutable" not in loose.headers["cache-control"]
    assert loose.content == first.content


def test_an_edition_that_was_never_published(web: httpx.Client) -> None:
    answer = web.get("/maps/tiles/units/10/853/402.pbf?edition=99")
    assert answer.status_code == 404
    assert answer.json()["code"] == "no-such-edition"


def test_compressed_only_for_those_who_take_it(web: httpx.Client) -> None:
    tile = tile_at(120.07, 35.895, 10)
    plain = web.get(address(tile), headers={"Accept-Encoding": "identity"})
    squeezed = web.get(address(tile), headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert squeezed.headers["content-encoding"] == "gzip"
    assert squeezed.content == plain.content
    assert squeezed.headers["vary"] == "Accept-Encoding"


def test_the_description_is_tilejson(web: httpx.Client) -> None:
    described = web.get("/maps/tiles/units.json").json()
    assert described["tilejson"] == "3.0.0"
    assert {"grid", "grid_label", "district"} <= {each["id"] for each in described["vector_layers"]}
    assert described["bounds"] == pytest.approx(town_grids().total_bounds.tolist(), abs=1e-9)


def test_the_tree_names_every_unit_upper_levels_first(web: httpx.Client) -> None:
    answer = web.get("/maps/units.json").json()
    assert answer["synthetic"] is True
    units = answer["units"]
    assert [u["level"] for u in units] == ["district"] + ["street"] * 2 + ["community"] * 4 + ["grid"] * len(
        CODES
    )
    codes = {u["code"] for u in units}
    assert all(u["parent"] in codes for u in units[1:])
    grid = next(u for u in units if u["code"] == CODES[0])
    assert grid["bbox"] == pytest.approx(shape_of(CODES[0]).bounds, abs=1e-6)


def test_an_edition_of_the_future_can_be_looked_at(web: httpx.Client) -> None:
    def name(query: str) -> str:
        units = web.get(f"/maps/units.json{query}").json()["units"]
        return str(next(u["name"] for u in units if u["code"] == BUSY))

    assert name("") != RENAMED
    assert name("?edition=2") == RENAMED
    assert "edition=2" in web.get("/maps/tiles/units.json?edition=2").json()["tiles"][0]


def test_components_are_for_those_who_are_signed_in(served: Served, web: httpx.Client) -> None:
    assert web.get("/maps/tiles/components/14/13654/6442.pbf").status_code == 401


def test_components_of_ones_own_area(served: Served, tmp_path: Path) -> None:
    tiles = tiles_over(tuple(town_grids().total_bounds), 14)

    def seen_by(name: str) -> int:
        with served.person(name) as client:
            total = 0
            for tile in tiles:
                answer = client.get(f"/maps/tiles/components/{tile.z}/{tile.x}/{tile.y}.pbf")
                assert answer.status_code == (200 if answer.content else 204)
                assert answer.headers["cache-control"].startswith("private")
                if answer.content:
                    total += len(set(layer(answer.content, "component", tile, tmp_path)["code"]))
            return total

    whole, street = seen_by(DISPATCHER), seen_by(STREET_DISPATCHER)
    assert 0 < street < whole


def test_components_from_where_there_is_room(served: Served) -> None:
    with served.person(DISPATCHER) as client:
        answer = client.get("/maps/tiles/components/13/6827/3221.pbf")
    assert answer.status_code == 404
    assert "14" in answer.json()["detail"]


def test_closed_layers_are_closed(town_db: TownDatabase, committing_db: CommittingDatabase) -> None:
    closed = committing_db.settings.model_copy(update={"public_layers": False})
    with serving(closed) as app:
        nobody = client_on(app)
        for path in ("/maps/tiles/units/10/853/402.pbf", "/maps/tiles/units.json", "/maps/units.json"):
            assert nobody.get(path).status_code == 401
        somebody = Actors(app, committing_db.service_engine, closed).sign_in("viewer")
        answer = somebody.get("/maps/tiles/units/10/853/402.pbf")
        assert answer.status_code == 200
        assert answer.headers["cache-control"].startswith("private")


def test_a_new_edition_shows_in_new_tiles_and_leaves_the_old_alone(
    town_db: TownDatabase, committing_db: CommittingDatabase, tmp_path: Path
) -> None:
    from app.db.session import WriteSession
    from tests.fixtures.towns import publish_town

    tile = tile_at(120.07, 35.895, 12)
    with serving(committing_db.settings) as app:
        client = client_on(app)
        before = client.get(address(tile) + "?edition=1").content
        changed = town_grids()
        changed.loc[0, "name"] = "改名网格"
        with town_db.writing() as session:
            publish_town(WriteSession(session), changed)
        app.state.editions.refresh()
        assert client.get(address(tile) + "?edition=1").content == before
        names = set(layer(client.get(address(tile)).content, "grid", tile, tmp_path)["name"])
        assert "改名网格" in names


def test_coordinates_in_every_system(web: httpx.Client) -> None:
    found = web.get("/v1/convert?lon=120.05&lat=35.88").json()
    assert found["wgs84"] == found["cgcs2000"] == [120.05, 35.88]
    assert found["gcj02"] == pytest.approx([120.055326, 35.880181], abs=2e-6)
    back = web.get(f"/v1/convert?lon={found['bd09'][0]}&lat={found['bd09'][1]}&crs=bd09").json()
    assert back["wgs84"] == pytest.approx([120.05, 35.88], abs=1e-6)


@pytest.mark.parametrize(
    "query",
    [
        "lon=35.88&lat=120.05",
        "lon=120&lat=35&crs=mars",
        "lon=x&lat=35",
        "lon=500000&lat=4000000",
        "lon=nan&lat=1",
    ],
)
def test_coordinates_without_meaning_are_refused(web: httpx.Client, query: str) -> None:
    answer = web.get(f"/v1/convert?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_cache_forgets_what_was_used_least() -> None:
    cache = MapCache(limit=3_000)
    tiles = [Tile(12, x, 0) for x in range(4)]
    for tile in tiles[:3]:
        cache.put("a", tile, Made(b"x" * 500, b""))
    assert cache.get("a", tiles[0]) is not None
    cache.put("a", tiles[3], Made(b"x" * 500, b""))
    assert cache.get("a", tiles[1]) is None
    assert cache.get("a", tiles[0]) is not None
    assert cache.get("b", tiles[0]) is None


def test_the_etag_names_content_and_format(web: httpx.Client) -> None:
    etag = web.get("/maps/tiles/units/10/853/402.pbf").headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{12}\d+"', etag)

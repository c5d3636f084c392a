"""The figures of an impact against a slow count of everything, by other means."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import shape
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.app.drafts.drafting import LEFT, RIGHT, TALL, DraftClient, Drafting, shared_vertex, through
from tests.fixtures.towns import SOUTH, STEP, WEST, town_grids

GEOD = Geod(ellps="WGS84")


def scatter(session: Session, *, seed: int = 5) -> None:
    """Lamps, pipes, ponds and incidents all over the town, some right on corners of grids."""
    rng = np.random.default_rng(seed)
    corners = shapely.get_coordinates(town_grids().geometry.to_numpy())

    def places(count: int) -> np.ndarray:
        anywhere = rng.uniform([WEST, SOUTH], [WEST + 4 * STEP, SOUTH + 3 * STEP], (count, 2))
        anywhere[: count // 5] = corners[rng.integers(0, len(corners), count // 5)]
        return anywhere.round(7)

    for number, (x, y) in enumerate(places(400).tolist()):
        session.execute(
            text(
                "INSERT INTO component (code, code_scheme, class_code, geom) VALUES (:c, 'own', :k, ST_Point(:x, :y, 4326))"
            ),
            {"c": f"p{number}", "k": ("0101", "0118")[number % 2], "x": x, "y": y},
        )
    for number, (x, y) in enumerate(places(60).tolist()):
        u, v = (np.array([x, y]) + rng.uniform(-1.2, 1.2, 2) * STEP).round(7).tolist()
        session.execute(
            text(
                "INSERT INTO component (code, code_scheme, class_code, geom) VALUES (:c, 'own', '2102',"
                " ST_MakeLine(ST_Point(:x, :y, 4326), ST_Point(:u, :v, 4326)))"
            ),
            {"c": f"l{number}", "x": x, "y": y, "u": u, "v": v},
        )
    for number, (x, y) in enumerate(places(400).tolist()):
        session.execute(
            text(
                "INSERT INTO incident (number, source, state, class_code, geom, occurred_at, reported_at)"
                " VALUES (:n, 't', :s, :k, ST_Point(:x, :y, 4326), now(), now())"
            ),
            {
                "n": f"i{number}",
                "s": ("handling", "closed", "voided", "reported")[number % 4],
                "k": ("0101", None)[number % 2],
                "x": x,
                "y": y,
            },
        )
    session.execute(
        text(
            "INSERT INTO population_count (grid_code, grid_path, kind, count, sensitive, counted_on)"
            " SELECT code, path, k.kind, k.n, k.sensitive, d FROM unit_version,"
            " (VALUES ('户数', 600, false), ('独居老人', 2, true)) AS k(kind, n, sensitive),"
            " (VALUES (DATE '2020-01-01'), (DATE '2026-01-01')) AS t(d) WHERE level = 'grid'"
        )
    )


def slow(drafting: Drafting, before: dict, after: dict) -> tuple[Counter, Counter, dict]:
    """Owners of every single thing by looking through all polygons, in code order."""
    with Session(drafting.owner) as session:
        points = session.execute(
            text(
                "SELECT class_code, ST_X(geom), ST_Y(geom) FROM component WHERE GeometryType(geom) = 'POINT'"
            )
        ).all()
        lines = session.execute(
            text("SELECT class_code, ST_AsText(geom) FROM component WHERE GeometryType(geom) <> 'POINT'")
        ).all()
        incidents = session.execute(
            text("SELECT class_code, state, ST_X(geom), ST_Y(geom) FROM incident WHERE state <> 'voided'")
        ).all()

    def at(grids: dict, x: float, y: float) -> str | None:
        place = shapely.Point(round(x * 1e7), round(y * 1e7))
        return next((code for code, grid in sorted(grids.items()) if grid.intersects(place)), None)

    steps = [
        {c: shapely.transform(g, lambda xy: np.rint(np.asarray(xy) * 1e7)) for c, g in each.items()}
        for each in (before, after)
    ]
    components: Counter = Counter()
    for name, x, y in points:
        was, now = (at(each, x, y) for each in steps)
        if was != now:
            components[was, now, name] += 1
    told: Counter = Counter()
    for name, state, x, y in incidents:
        was, now = (at(each, x, y) for each in steps)
        if was != now:
            told[was, now, name, state in ("handling", "reported")] += 1
    metres: dict = {}
    for name, wkt in lines:
        line = shapely.from_wkt(wkt)
        for was, old in before.items():
            for now, new in after.items():
                if was != now and old.intersects(new):
                    piece = line.intersection(old.intersection(new))
                    length = GEOD.geometry_length(piece) if piece.length else 0.0
                    metres[was, now, name] = metres.get((was, now, name), 0) + length
    return components, told, {key: value for key, value in metres.items() if value > 0.05}


def grids_of(draft_client: DraftClient) -> dict:
    return {f["id"]: shape(f["geometry"]) for f in draft_client.get("/grids")["features"]}


OPERATIONS = {
    "split": [{"op": "split", "grid": TALL, "by": through(TALL)}],
    "merge": [{"op": "merge", "grids": [LEFT, RIGHT]}],
    "vertex": [dict(zip(("op", "from", "to"), ("move_vertex", *shared_vertex(LEFT, RIGHT)), strict=True))],
    "recode": [{"op": "recode", "grid": RIGHT, "code": "370299002003050"}],
    "several": [
        {"op": "split", "grid": TALL, "by": through(TALL, slant=0.001)},
        {"op": "merge", "grids": [LEFT, RIGHT], "code": RIGHT},
        {"op": "remove", "grid": "370299001002001", "to": ["370299001002002"]},
    ],
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_figures_are_those_of_a_slow_count(drafting: Drafting, name: str):
    with drafting.writing() as session:
        scatter(session)
    draft_client = DraftClient.begin(drafting.editor())
    before = grids_of(draft_client)
    for operation in OPERATIONS[name]:
        draft_client.do(**operation)
    components, incidents, metres = slow(drafting, before, grids_of(draft_client))
    found = draft_client.get("/impact")
    given = {(r["from"], r["to"], r["class"]): r for r in found["counts"] if r["layer"] == "components"}
    points = {"0101", "0118"}
    assert {key: r["count"] for key, r in given.items() if key[2] in points} == dict(components)
    lengths = {key: r["length_m"] for key, r in given.items() if r.get("length_m", 0) > 0.05}
    assert lengths.keys() == metres.keys()
    for key, length in lengths.items():
        assert length == pytest.approx(metres[key], abs=0.1)
    told = {}
    for row in found["counts"]:
        if row["layer"] == "incidents":
            for word, is_open in (("open", True), ("closed", False)):
                if row[word]:
                    told[row["from"], row["to"], row["class"], is_open] = row[word]
    assert told == dict(incidents)
    assert found["totals"]["incidents_open"] == sum(n for key, n in incidents.items() if key[3])
    assert found["totals"]["components"] == sum(r["count"] for r in given.values())
    # What the publication then really moves.
    result = draft_client.approve(drafting.publisher()).publish()
    assert result["incidents_reassigned"] == found["totals"]["incidents_open"]


def test_people_go_with_the_land(drafting: Drafting):
    with drafting.writing() as session:
        scatter(session)
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="merge", grids=[LEFT, RIGHT], code=LEFT)
    (new,) = draft_client.do(op="split", grid=TALL, by=through(TALL))["created"]
    people = {
        (r["from"], r["to"], r["class"]): (r["count"], r["estimated"])
        for r in draft_client.get("/impact")["counts"]
        if r["layer"] == "people"
    }
    assert people[RIGHT, LEFT, "户数"] == (600, False)
    assert people[RIGHT, LEFT, "独居老人"] == (None, False), (
        "fewer than three of a sensitive kind are not told"
    )
    count, estimated = people[TALL, new, "户数"]
    assert estimated
    assert 200 < count < 400


def test_what_is_only_called_otherwise_moves_nothing(drafting: Drafting):
    with drafting.writing() as session:
        scatter(session)
    draft_client = DraftClient.begin(drafting.editor())
    assert draft_client.get("/impact")["counts"] == []
    draft_client.do(op="rename", grid=LEFT, name="新")
    found = draft_client.get("/impact")
    assert (found["counts"], found["pairs"], found["totals"]["components"]) == ([], [], 0)


def test_land_that_was_nobodys(drafting: Drafting):
    """What lies outside every grid is seen by those alone who see everything."""
    with drafting.writing() as session:
        session.execute(
            text(
                "INSERT INTO component (code, code_scheme, class_code, geom) VALUES ('far', 'own', '0101', ST_Point(120.045, 35.9, 4326))"
            )
        )
    draft_client = DraftClient.begin(drafting.actors.sign_in("admin"))
    west = [[120.04, 35.88], [120.055, 35.88], [120.055, 35.91], [120.04, 35.91], [120.04, 35.88]]
    (new,) = draft_client.do(
        op="add", area={"type": "Polygon", "coordinates": [west]}, community="370299001001"
    )["created"]
    (row,) = draft_client.get("/impact")["counts"]
    assert (row["from"], row["to"], row["layer"], row["class"], row["count"]) == (
        None,
        new,
        "components",
        "0101",
        1,
    )

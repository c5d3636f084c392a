"""Invariant 2: the same 200,000 places, asked of every door there is, have the same owners."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import httpx
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import shapely
from sqlalchemy.orm import Session

from app.boundaries.arrow import MEDIA_TYPE as ARROW
from app.boundaries.assignment import index_in_force, owners_of
from app.boundaries.unit_tree import CoverageInput
from app.db.session import EVERYTHING, WriteSession, write_session
from app.publishing.reassignment import publish
from app.settings import Settings
from gis.locate import GridIndex
from tests.fixtures import throwaway
from tests.fixtures.commands import environment, runner
from tests.fixtures.connections import engine_on
from tests.fixtures.database import TestDatabase, settings_for
from tests.fixtures.served import serving_at
from tests.fixtures.spark import MASTER
from tests.gis.synthetic.toy import toy

PLACES = 200_000
DISTRICT = "990101"


@dataclass(frozen=True)
class Doors:
    """A served district, and what its grids are."""

    url: str
    settings: Settings
    database: TestDatabase
    index: GridIndex


@pytest.fixture(scope="module")
def doors(database_server, worker_id, tmp_path_factory) -> Iterator[Doors]:
    grids = toy(grids=300).grids
    name = f"wangge_{worker_id}_answers"
    throwaway.drop(database_server, name)
    database = throwaway.clone(database_server, name)
    with engine_on(database.owner_url) as engine, write_session(engine, EVERYTHING) as session:
        publish(
            WriteSession(session), CoverageInput(DISTRICT, "试验区", grids, synthetic=True), author="tester"
        )
    settings = settings_for(database, tmp_path_factory.mktemp("home"))
    # Built from the drawing itself, not from what the database made of it.
    index = GridIndex.build(grids["code"].tolist(), np.asarray(grids.geometry.array, dtype=object))
    with serving_at(settings) as url:
        yield Doors(url, settings, database, index)
    throwaway.drop(database_server, name)


@pytest.fixture(scope="module")
def places(doors) -> tuple[np.ndarray, np.ndarray]:
    """Random ones, and all that is awkward: vertices, middles of edges, a step beside both, outside, nowhere."""
    rng = np.random.default_rng(20261122)
    west, south, east, north = shapely.total_bounds(doors.index.polygons)
    wide, high = east - west, north - south
    rings = [
        ring
        for shape in doors.index.polygons
        for part in shapely.get_parts(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    edges = np.concatenate([np.stack([c[:-1], c[1:]], axis=1) for c in map(shapely.get_coordinates, rings)])
    vertices = np.unique(edges[:, 0], axis=0)
    middles = edges.mean(axis=1)
    borders = np.concatenate([vertices, middles.round(7)])
    steps = rng.integers(-1, 2, (60_000, 2)) * 1e-7
    kinds = [
        vertices,
        middles.round(7),
        # Middles that are no lattice point: rounding decides, and must decide alike.
        middles,
        (borders[rng.integers(0, len(borders), 60_000)] + steps).round(7),
        np.column_stack(
            [rng.uniform(west - wide, east + wide, 5_000), rng.uniform(south - high, north + high, 5_000)]
        ),
        np.array(
            [[0, 0], [180, 90], [-180, -90], [180.1, 35.8], [120.05, 90.1], [35.85, 120.05], [1e15, 35.8]]
        ),
        np.array([[np.nan, 35.85], [120.05, np.nan], [np.nan, np.nan]] * 20),
    ]
    awkward = np.concatenate(kinds)
    rest = PLACES - len(awkward)
    assert rest > 50_000
    random = np.column_stack([rng.uniform(west, east, rest), rng.uniform(south, north, rest)])
    random[::2] = random[::2].round(7)
    all_of_them = rng.permutation(np.concatenate([awkward, random]))
    return all_of_them[:, 0].copy(), all_of_them[:, 1].copy()


@pytest.fixture(scope="module")
def expected(doors, places) -> np.ndarray:
    owners = doors.index.locate(*places)
    names = np.array([*doors.index.codes, None], dtype=object)[owners]
    # What is compared is worth comparing: many on borders, many inside, many outside.
    on_boundary = doors.index.locate_detail(*places)[1]
    assert on_boundary.sum() > 10_000
    assert 30_000 < (owners < 0).sum() < 100_000
    assert len(set(names)) == 301
    return names


def assert_same(came, expected, places) -> None:
    came = np.array(came, dtype=object)
    assert len(came) == len(expected)
    came[came == ""] = None
    wrong = np.flatnonzero(came != expected)
    told = [(float(places[0][at]), float(places[1][at]), expected[at], came[at]) for at in wrong[:5]]
    assert wrong.size == 0, f"{wrong.size} differ: {told}"


@pytest.fixture
def wangge(doors, monkeypatch, capfd):
    return runner(monkeypatch, capfd, environment(doors.settings))


def test_csv_and_parquet_on_the_command_line(wangge, places, expected, tmp_path):
    table = pa.table({"id": np.arange(PLACES), "lon": places[0], "lat": places[1]})
    pa_csv.write_csv(table, tmp_path / "in.csv")
    pq.write_table(table, tmp_path / "in.parquet")
    for name in ("csv", "parquet"):
        result = wangge(
            "locate", "--input", tmp_path / f"in.{name}", "--output", tmp_path / f"out.{name}", "--json"
        )
        assert result.code == 0, result
        assert (result.document["rows"], result.document["unusable"]) == (PLACES, 60)
    located = pa_csv.read_csv(
        tmp_path / "out.csv", convert_options=pa_csv.ConvertOptions(column_types={"grid_code": pa.string()})
    )
    assert located.column("id").to_pylist() == list(range(PLACES))
    assert_same(located.column("grid_code").to_pylist(), expected, places)
    assert_same(pq.read_table(tmp_path / "out.parquet").column("grid_code").to_pylist(), expected, places)


def test_spark_on_the_command_line(spark_cluster, wangge, places, expected, tmp_path):
    points = gpd.GeoDataFrame({"id": np.arange(PLACES)}, geometry=shapely.points(*places), crs="EPSG:4326")
    for part in range(4):
        folder = tmp_path / "in" / f"part={part}"
        folder.mkdir(parents=True)
        points.iloc[part * PLACES // 4 : (part + 1) * PLACES // 4].to_parquet(folder / "points.parquet")
    result = wangge(
        "locate", "--input", tmp_path / "in", "--output", tmp_path / "out", "--engine", "spark", "--master", MASTER, "--json"
    )  # fmt: skip
    assert result.code == 0, result
    assert result.document["rows"] == PLACES
    located = gpd.read_parquet(tmp_path / "out")
    assert located.crs == points.crs
    assert located["id"].tolist() == list(range(PLACES))
    codes = located["grid_code"].astype(object)
    assert_same(codes.where(codes.notna(), None), expected, places)


def test_json_over_http(doors, places, expected):
    # JSON has no word for what is no number; such places are refused there.
    said = np.isfinite(places[0]) & np.isfinite(places[1])
    points = np.column_stack(places)[said]
    came: list[str | None] = []
    with httpx.Client(base_url=doors.url, timeout=60) as client:
        for begin in range(0, len(points), 100_000):
            answer = client.post("/v1/locate", json={"points": points[begin : begin + 100_000].tolist()})
            assert answer.status_code == 200, answer.text
            came += answer.json()["owners"]
    assert_same(came, expected[said], [side[said] for side in places])


def test_arrow_over_http(doors, places, expected):
    sink = io.BytesIO()
    batches = pa.table({"lon": places[0], "lat": places[1]}).to_batches(max_chunksize=7_001)
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    answer = httpx.post(
        f"{doors.url}/v1/locate", content=sink.getvalue(), headers={"Content-Type": ARROW}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    assert_same(
        pa.ipc.open_stream(answer.content).read_all().column("grid_code").to_pylist(), expected, places
    )


def test_one_by_one_over_http(doors, places, expected):
    index = np.random.default_rng(1).choice(
        np.flatnonzero(np.isfinite(places[0]) & (np.abs(places[0]) <= 180)), 300
    )
    with httpx.Client(base_url=doors.url) as client:
        for at in index.tolist():
            lon, lat = float(places[0][at]), float(places[1][at])
            if not abs(lat) <= 90:
                continue
            answer = client.get("/v1/locate", params={"lon": repr(lon), "lat": repr(lat)})
            assert answer.status_code == (404 if expected[at] is None else 200), (lon, lat)
            assert expected[at] is None or answer.json()["grid"]["code"] == expected[at], (lon, lat)


def test_owners_of_a_bulk_load(doors, places, expected):
    with engine_on(doors.database.owner_url) as engine, Session(engine) as session:
        loaded = index_in_force(session)
    here = np.isfinite(places[0]) & np.isfinite(places[1])
    points = shapely.points(places[0][here], places[1][here])
    assert_same(owners_of(loaded, points).codes, expected[here], [side[here] for side in places])


def test_sql(doors, places, expected):
    """All of them by what the triggers call, which the planner unfolds; a tenth by the function for people."""
    with psycopg.connect(doors.database.libpq) as connection:
        connection.execute("CREATE TEMPORARY TABLE asked (id int, place geometry)")
        connection.execute("CREATE TEMPORARY TABLE given (id int, lon float8, lat float8)")
        with connection.cursor().copy("COPY given FROM STDIN") as copy:
            for row in zip(range(PLACES), *(side.tolist() for side in places), strict=True):
                copy.write_row(row)
        connection.execute("INSERT INTO asked SELECT id, ST_SetSRID(ST_MakePoint(lon, lat), 4326) FROM given")
        connection.execute("ANALYZE asked")
        rows = connection.execute(
            "SELECT o.grid_code FROM asked CROSS JOIN (SELECT edition_at() AS number) e "
            "LEFT JOIN LATERAL point_owner(place, e.number) o ON true ORDER BY id"
        ).fetchall()
        assert_same([code for (code,) in rows], expected, places)
        rows = connection.execute(
            "SELECT grid_owner(place) FROM asked WHERE id < %s ORDER BY id", [PLACES // 10]
        ).fetchall()
    assert_same([code for (code,) in rows], expected[: PLACES // 10], places)

"""GET and POST /v1/locate: owners, instants, coordinate systems, and refusals that say what is wrong."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import httpx
import numpy as np
import pyarrow as pa
import pytest

from app.boundaries.arrow import MEDIA_TYPE as ARROW
from gis.crs import from_wgs84
from tests.fixtures.served import BUSY, NOW, RENAMED
from tests.fixtures.towns import CODES, DISTRICT, ENCLAVE, inside, shape_of, town_index

X, Y = inside(BUSY)


@pytest.fixture(scope="module")
def http(served):
    with httpx.Client(base_url=served.url) as client:
        yield client


def locate(http, lon=X, lat=Y, **more):
    return http.get("/v1/locate", params={"lon": lon, "lat": lat, **more})


def problem(answer, status: int, code: str | None = None) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("/problems/") or body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    if code:
        assert body["code"] == code
        assert body["type"] == f"/problems/{code}"
    return body


# ---------------------------------------------------------------- one place
def test_an_owner_with_its_ancestors(http):
    answer = locate(http)
    assert answer.status_code == 200
    assert answer.json() == {
        "grid": {"code": BUSY, "name": "第1社区第1网格", "kind": "base"},
        "community": {"code": BUSY[:12], "name": "第1社区"},
        "street": {"code": BUSY[:9], "name": "第1街道"},
        "district": {"code": DISTRICT, "name": "试验区"},
        "edition": 1,
        "on_boundary": False,
    }
    tag = answer.headers["etag"]
    assert (
        http.get("/v1/locate", params={"lon": X, "lat": Y}, headers={"If-None-Match": tag}).status_code == 304
    )


def test_every_grid_and_every_vertex(http):
    index = town_index()
    for code in CODES:
        x, y = inside(code)
        assert locate(http, x, y).json()["grid"]["code"] == code
    x, y = shape_of(ENCLAVE).exterior.coords[0]
    answer = locate(http, x, y).json()
    assert answer["on_boundary"] is True
    assert answer["grid"]["code"] == index.codes[int(index.locate(x, y))]


def test_nobody(http):
    body = problem(locate(http, 121, 37), 404, "no-owner")
    assert body["type"].endswith("/no-owner")
    assert (body["lon"], body["lat"], body["edition"]) == (121, 37, 1)
    assert body["instance"] == "/v1/locate"
    english = http.get("/v1/locate", params={"lon": 121, "lat": 37, "lang": "en"})
    assert english.json()["detail"] == "no grid owns (121.0, 37.0)"
    by_header = http.get(
        "/v1/locate", params={"lon": 121, "lat": 37}, headers={"Accept-Language": "en-GB,en;q=0.9"}
    )
    assert by_header.json()["title"] == "No grid owns this place"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "lon"),
        ({"lon": "120"}, "lat"),
        ({"lon": "east", "lat": "36"}, "lon"),
        ({"lon": "nan", "lat": "36"}, "lon"),
        ({"lon": "inf", "lat": "36"}, "lon"),
        ({"lon": "120,05", "lat": "36"}, "lon"),
        ({"lon": "120", "lat": ""}, "lat"),
    ],
)
def test_bad_numbers(http, params, field):
    body = problem(http.get("/v1/locate", params=params), 422)
    assert field in body["detail"]
    assert body["fields"][0]["field"] == field


def test_swapped_coordinates(http):
    body = problem(locate(http, Y, X), 422, "swapped-coordinates")
    assert "写反" in body["detail"]
    assert body["places"] == [[X, Y]]


def test_coordinates_of_no_place(http):
    assert "平面坐标" in problem(locate(http, 504635, 3973487), 422, "out-of-range")["detail"]
    problem(locate(http, 181, 36), 422)
    problem(locate(http, 120, -91), 422)


@pytest.mark.parametrize(
    "crs", ["wgs84", "WGS-84", "cgcs2000", "gcj02", "GCJ-02", "bd09", "EPSG:4549", "epsg:4490", "EPSG:4326"]
)
def test_crs(http, crs):
    x, y = from_wgs84(X, Y, crs)
    assert locate(http, float(x), float(y), crs=crs).json()["grid"]["code"] == BUSY


def test_crs_that_nobody_knows(http):
    assert "mars" in problem(locate(http, crs="mars"), 422, "crs-unknown")["detail"]
    problem(locate(http, crs="EPSG:0"), 422, "crs-unknown")
    problem(locate(http, crs="x" * 50), 422)


def test_at(http):
    later = (NOW + timedelta(days=40)).isoformat()
    answer = locate(http, at=later)
    assert (answer.json()["edition"], answer.json()["grid"]["name"]) == (2, RENAMED)
    # A browser turns the + of an offset into a space.
    assert (
        http.get(f"/v1/locate?lon={X}&lat={Y}&at={later.replace('+00:00', ' 00:00')}").json()["edition"] == 2
    )
    problem(locate(http, at="2020-01-01T00:00:00Z"), 404, "nothing-published")
    for wrong in ("2026-11-21T14:05:00", "soon", "2026-13-01T00:00:00Z", "9" * 40):
        assert "at" in problem(locate(http, at=wrong), 422, "not-an-instant")["detail"]


def test_request_ids(http):
    given = locate(http)
    assert len(given.headers["x-request-id"]) == 32
    own = http.get("/healthz", headers={"X-Request-ID": "client-chosen-1"})
    assert own.headers["x-request-id"] == "client-chosen-1"
    odd = http.get("/healthz", headers={"X-Request-ID": "a b\tc"})
    assert odd.headers["x-request-id"] != "a b\tc"


# ---------------------------------------------------------------- many places
def post(http, points, **more):
    return http.post("/v1/locate", json={"points": points, **more})


def test_many_in_order(http):
    places = [inside(code) for code in CODES] + [(121, 37), inside(BUSY), (400, 400)]
    answer = post(http, places)
    assert answer.json() == {"edition": 1, "owners": [*CODES, None, BUSY, None]}
    assert post(http, []).json() == {"edition": 1, "owners": []}


def test_many_in_another_crs(http):
    x, y = from_wgs84(X, Y, "gcj02")
    assert post(http, [(float(x), float(y))], crs="gcj02").json()["owners"] == [BUSY]
    by_query = http.post("/v1/locate?crs=gcj02", json={"points": [(float(x), float(y))]})
    assert by_query.json()["owners"] == [BUSY]
    problem(post(http, [(X, Y)], crs="mars"), 422, "crs-unknown")
    assert post(http, [(X, Y)], at=(NOW + timedelta(days=40)).isoformat()).json()["edition"] == 2


def test_all_of_them_swapped(http):
    problem(post(http, [(y, x) for x, y in map(inside, CODES)]), 422, "swapped-coordinates")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'{"points": 5}', b'{"points": [[1]]}', b'{"points": [[1, 2, 3]]}', b'{"points": [["a", 2]]}',
        b'{"points": [[NaN, 2]]}', b'{"points": [[1e999, 2]]}', b'{"points": [null]}', b'{"punkte": []}', b'{"points": [], "crs": 5}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_bodies_that_are_wrong(http, body):
    answer = http.post("/v1/locate", content=body, headers={"Content-Type": "application/json"})
    problem(answer, 422)


def test_too_many(http):
    text = json.dumps({"points": [[120.0, 36.0]] * 100_001})
    body = problem(http.post("/v1/locate", content=text), 413, "too-many-points")
    assert "100001" in body["detail"]
    assert body["most"] == 100_000
    huge = b'{"points": [' + b"[120.0000000,36.0000000]," * 800_000 + b"[1,1]]}"
    problem(http.post("/v1/locate", content=huge), 413)
    assert len(post(http, [(X, Y)] * 100_000).json()["owners"]) == 100_000


def test_kinds_of_content(http):
    body = json.dumps({"points": [[X, Y]]})
    for kind in (
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain",
    ):
        assert http.post("/v1/locate", content=body, headers={"Content-Type": kind}).json()["owners"] == [
            BUSY
        ]
    for kind in ("text/csv", "multipart/form-data", "application/vnd.apache.arrow.file"):
        problem(
            http.post("/v1/locate", content=body, headers={"Content-Type": kind}), 415, "unsupported-media"
        )


# ---------------------------------------------------------------- Arrow
def stream(*batches: dict, schema: pa.Schema | None = None) -> bytes:
    made = [pa.record_batch(batch, schema=schema) for batch in batches]
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, made[0].schema) as writer:
        for batch in made:
            writer.write_batch(batch)
    return sink.getvalue()


def send(http, content: bytes, **params):
    return http.post("/v1/locate", content=content, params=params, headers={"Content-Type": ARROW})


def owners(answer) -> list:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == ARROW
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.schema.names == ["grid_code"]
    assert table.schema.metadata[b"edition"] == b"1"
    return table.column("grid_code").to_pylist()


def test_arrow_in_order(http):
    places = np.array([inside(code) for code in CODES])
    first = {"id": list(range(12)), "lon": places[:, 0], "lat": places[:, 1]}
    second = {"id": [1, 2, 3], "lon": [None, 121.0, X], "lat": [36.0, 37.0, Y]}
    schema = pa.schema([("id", pa.int64()), ("lon", pa.float64()), ("lat", pa.float64())])
    assert owners(send(http, stream(first, second, schema=schema))) == [*CODES, None, None, BUSY]


def test_arrow_of_other_numbers_and_crs(http):
    decimal = pa.array([X], pa.float64()).cast(pa.decimal128(12, 7))
    assert owners(send(http, stream({"lon": decimal, "lat": pa.array([Y])}))) == [BUSY]
    x, y = from_wgs84(X, Y, "gcj02")
    assert owners(send(http, stream({"lon": [float(x)], "lat": [float(y)]}), crs="gcj02")) == [BUSY]
    many = {"lon": np.full(300_000, X), "lat": np.full(300_000, Y)}
    assert owners(send(http, stream(many))) == [BUSY] * 300_000


def test_arrow_refusals_come_before_any_answer(http):
    good = stream({"lon": np.full(1000, X), "lat": np.full(1000, Y)})
    problem(send(http, b"nonsense"), 422, "not-arrow")
    problem(send(http, b""), 422, "not-arrow")
    problem(send(http, good[: len(good) // 2]), 422, "not-arrow")
    problem(send(http, stream({"x": [1.0], "y": [2.0]})), 422, "missing-column")
    problem(send(http, stream({"lon": ["a"], "lat": [2.0]})), 422, "wrong-type")
    problem(send(http, good, crs="mars"), 422, "crs-unknown")
    problem(send(http, good, at="soon"), 422, "not-an-instant")


def test_points_are_counted(http):
    def located() -> float:
        lines = http.get("/metrics").text.splitlines()
        return float(
            next(line.split()[1] for line in lines if line.startswith("wangge_located_points_total"))
        )

    before = located()
    locate(http)
    post(http, [(X, Y)] * 3)
    send(http, stream({"lon": np.full(5, X), "lat": np.full(5, Y)}))
    assert located() == before + 9

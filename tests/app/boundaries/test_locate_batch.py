"""Batches that carry names and levels and say of each point why it has its owner: JSON and Arrow."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa
import pytest

from app.boundaries.arrow import MEDIA_TYPE as ARROW
from gis.crs import from_wgs84
from tests.fixtures.served import BUSY, Served
from tests.fixtures.towns import CODES, DISTRICT, ENCLAVE, inside, shape_of, town_index

X, Y = inside(BUSY)
CORNER = shape_of(ENCLAVE).exterior.coords[0]


@pytest.fixture(scope="module")
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


def post(http: httpx.Client, points: list[Any], query: str = "", **more: Any) -> Any:
    answer = http.post(f"/v1/locate{query}", json={"points": points, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_nothing_is_carried_unless_asked_for(http: httpx.Client) -> None:
    assert post(http, [[X, Y]]).keys() == {"edition", "owners"}
    assert post(http, [[X, Y]], names=False, levels=False, explain=False).keys() == {"edition", "owners"}
    assert post(http, [], names=True, explain=True) == {
        "edition": 1, "owners": [], "units": {}, "explanations": [],
    }  # fmt: skip


def test_names_and_levels_of_each_owner_once(http: httpx.Client) -> None:
    points = [list(inside(code)) for code in CODES] * 3 + [[121, 37]]
    both = post(http, points, names=True, levels=True)
    assert both["owners"] == [*CODES, *CODES, *CODES, None]
    assert set(both["units"]) == set(CODES)
    assert both["units"][BUSY] == {
        "grid": {"code": BUSY, "name": "第1社区第1网格"},
        "community": {"code": BUSY[:12], "name": "第1社区"},
        "street": {"code": BUSY[:9], "name": "第1街道"},
        "district": {"code": DISTRICT, "name": "试验区"},
    }
    # The same as single questions say.
    for code in CODES:
        lon, lat = inside(code)
        single = http.get("/v1/locate", params={"lon": lon, "lat": lat}).json()
        for level in ("grid", "community", "street", "district"):
            assert both["units"][code][level] == {m: single[level][m] for m in ("code", "name")}
    assert post(http, [[X, Y]], names=True)["units"] == {
        BUSY: {"grid": {"code": BUSY, "name": "第1社区第1网格"}}
    }
    levels = post(http, [[X, Y]], levels=True)["units"][BUSY]
    assert levels == {level: {"code": unit["code"]} for level, unit in both["units"][BUSY].items()}
    # In the address as well; the body is nearer.
    assert post(http, [[X, Y]], "?names=true&levels=true")["units"][BUSY] == both["units"][BUSY]
    assert "units" not in post(http, [[X, Y]], "?names=true", names=False)


def test_why_a_point_has_its_owner_or_none(http: httpx.Client) -> None:
    points = [[X, Y], list(CORNER), [121.0, 37.0], [Y, X], [400.0, 400.0]]
    answer = post(http, points, explain=True)
    assert answer["owners"] == [BUSY, town_index().codes[int(town_index().locate(*CORNER))], None, None, None]
    reasons = [(e["reason"], e["on_boundary"]) for e in answer["explanations"]]
    assert reasons == [
        ("inside", False), ("on-boundary", True), ("outside", False), ("exchanged", False), ("nowhere", False),
    ]  # fmt: skip
    assert answer["explanations"][3]["exchanged_owner"] == BUSY
    assert [e["place"] for e in answer["explanations"]] == [[X, Y], list(CORNER), [121.0, 37.0], None, None]
    assert "编码最小" in answer["explanations"][1]["detail"]
    english = post(http, points, "?lang=en", explain=True)
    assert english["explanations"][2]["detail"] == "no grid owns (121.0, 37.0)"
    # A single refusal says the same.
    single = http.get("/v1/locate", params={"lon": 121.0, "lat": 37.0}).json()
    assert single["detail"] == answer["explanations"][2]["detail"]


def test_explanations_are_in_wgs84_and_speak_of_what_was_sent(http: httpx.Client) -> None:
    lon, lat = (float(v) for v in from_wgs84(X, Y, "gcj02"))
    (found,) = post(http, [[lon, lat]], crs="gcj02", explain=True)["explanations"]
    assert found["place"] == pytest.approx([X, Y], abs=2e-7)
    assert str(lon) in found["detail"]


def test_too_many_to_explain(http: httpx.Client) -> None:
    assert len(post(http, [[X, Y]] * 1000, explain=True)["explanations"]) == 1000
    answer = http.post("/v1/locate", json={"points": [[X, Y]] * 1001, "explain": True})
    assert (answer.status_code, answer.json()["code"], answer.json()["most"]) == (
        413,
        "too-many-points",
        1000,
    )


@pytest.mark.parametrize(
    "body", [{"explain": "yes"}, {"names": 1}, {"levels": ["street"]}, {"explains": True}]
)
def test_wrong_wishes_are_refused(http: httpx.Client, body: dict[str, Any]) -> None:
    answer = http.post("/v1/locate", json={"points": [[X, Y]], **body})
    assert answer.status_code == 422
    assert answer.json()["field"] == next(iter(body))


def arrow(http: httpx.Client, query: str) -> pa.Table:
    sink = io.BytesIO()
    batch = pa.record_batch({"lon": [X, 121.0], "lat": [Y, 37.0]})
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    answer = http.post(f"/v1/locate{query}", content=sink.getvalue(), headers={"Content-Type": ARROW})
    assert answer.status_code == 200, answer.text
    return pa.ipc.open_stream(answer.content).read_all()


def test_arrow_carries_them_as_columns(http: httpx.Client) -> None:
    assert arrow(http, "").schema.names == ["grid_code"]
    assert arrow(http, "?names=true").to_pylist() == [
        {"grid_code": BUSY, "grid_name": "第1社区第1网格"},
        {"grid_code": None, "grid_name": None},
    ]
    assert arrow(http, "?levels=true").schema.names == [
        "grid_code", "community_code", "street_code", "district_code",
    ]  # fmt: skip
    both = arrow(http, "?names=true&levels=true").to_pylist()
    assert both[0] == {
        "grid_code": BUSY, "grid_name": "第1社区第1网格", "community_code": BUSY[:12], "community_name": "第1社区",
        "street_code": BUSY[:9], "street_name": "第1街道", "district_code": DISTRICT, "district_name": "试验区",
    }  # fmt: skip
    assert set(both[1].values()) == {None}

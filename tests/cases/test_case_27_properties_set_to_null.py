"""Case 27: what a client changes is changed or refused; a property is cleared by null, a misspelt one is named."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import Invalid
from app.ogc.draft_properties import properties_of
from gis.measures import geodesic_area_m2
from tests.app.drafts.drafting import LEFT, STREET_1, TALL, Drafting, Hand
from tests.fixtures.actors import Actors
from tests.fixtures.towns import TownDatabase, shape_of

COMMUNITY = f"{STREET_1}001"


@pytest.fixture
def drafting(app: FastAPI, actors: Actors, town_db: TownDatabase) -> Drafting:
    return Drafting(app, actors, town_db.db)


@pytest.fixture
def hand(drafting: Drafting) -> Hand:
    return Hand.begin(drafting.editor())


def send(hand: Hand, method: str, body: Any, code: str = LEFT, **headers: str) -> Any:
    address = f"/ogc/drafts/{hand.id}/collections/grid/items{f'/{code}' if code else ''}"
    return hand.client.request(method, address, json=body, headers={"Accept-Language": "en", **headers})


def test_a_name_set_to_null_is_cleared(hand: Hand) -> None:
    named = send(hand, "PATCH", {"properties": {"name": "x"}})
    assert named.json()["properties"]["name"] == "x"
    cleared = send(hand, "PATCH", {"properties": {"name": None}})
    assert cleared.status_code == 200, cleared.text
    assert not cleared.json()["properties"]["name"]
    assert cleared.headers["etag"] != named.headers["etag"]
    # The same once more changes nothing, and "" is the same as null.
    again = send(hand, "PUT", {"type": "Feature", "properties": {"name": None}})
    assert again.headers["etag"] == cleared.headers["etag"]
    send(hand, "PATCH", {"properties": {"name": "y"}})
    assert send(hand, "PATCH", {"properties": {"name": ""}}).headers["etag"] == cleared.headers["etag"]
    assert hand.get()["operations"] == 4


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("body", "field", "word"),
    [
        ({"properties": {"community": None}}, "properties.community", "cannot be null"),
        ({"properties": {"kind": None}}, "properties.kind", "cannot be null"),
        ({"properties": {"code": None}}, "properties.code", "cannot be null"),
        ({"geometry": None}, "geometry", "DELETE"),
        ({"properties": None}, "properties", "cannot be null"),
        ({"properties": {"naem": "x"}}, "properties.naem", "name"),
        ({"properties": {"Name": "x"}}, "properties.Name", "name"),
        ({"properties": {"name": "x", "colour": None}}, "properties.colour", "there are: code, name"),
        ({"properties": {"area_m2": 1.0}}, "properties.area_m2", "computed"),
        ({"properties": {"parent": "370299003001"}}, "properties.parent", "computed"),
        ({"properties": {"edition": 77}}, "properties.edition", "computed"),
        ({"propertes": {"name": "x"}}, "propertes", "properties"),
        ({"id": TALL, "properties": {"name": "x"}}, "id", "address"),
        ({"properties": {"name": 7}}, None, "name"),
    ],
)
def test_what_is_not_done_is_refused(
    hand: Hand, method: str, body: Any, field: str | None, word: str
) -> None:
    answer = send(hand, method, {"type": "Feature", **body})
    assert answer.status_code == 422, answer.text
    assert answer.json().get("field") == field
    assert word in answer.json()["detail"]
    assert hand.get()["operations"] == 0


def test_the_nearest_name_is_a_field_of_the_answer(hand: Hand) -> None:
    assert send(hand, "PATCH", {"properties": {"comunity": "x"}}).json()["nearest"] == "community"


def test_what_is_computed_may_come_back_as_it_is(hand: Hand) -> None:
    area = round(float(geodesic_area_m2([shape_of(LEFT)])[0]), 1)
    same = {"code": LEFT, "id": LEFT, "parent": LEFT[:12], "area_m2": area, "edition": 1, "name": "新"}
    answer = send(hand, "PATCH", {"properties": same})
    assert answer.status_code == 200, answer.text
    assert answer.json()["properties"]["name"] == "新"


def test_a_new_grid_may_leave_open_what_it_has_no_value_for(hand: Hand) -> None:
    drawn = shapely.buffer(shape_of(TALL).representative_point(), 0.001, quad_segs=3)
    shape = shapely.geometry.mapping(shapely.transform(drawn, lambda xy: (xy * 1e7).round() / 1e7))
    body = {"type": "Feature", "geometry": shape,
            "properties": {"code": None, "name": None, "community": COMMUNITY, "kind": None}}  # fmt: skip
    answer = send(hand, "POST", body, "")
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["community"] == COMMUNITY
    wrong = {**body, "properties": {"community": COMMUNITY, "nmae": "x"}}
    assert send(hand, "POST", wrong, "").status_code == 422


# ---------------------------------------------------------------- every other body
def test_an_operation_with_a_field_it_does_not_have(hand: Hand) -> None:
    for value in ("x", None):
        answer = hand.client.post(
            f"{hand.url}/operations",
            json={"op": "rename", "grid": LEFT, "name": "x", "naem": value},
            headers={"If-Match": hand.client.get(hand.url).headers["etag"], "Accept-Language": "en"},
        )
        assert answer.status_code == 422, answer.text
        assert "name" in answer.json()["detail"]


def test_a_misspelt_field_of_a_body_is_named(hand: Hand) -> None:
    answer = hand.client.post("/v1/drafts", json={"titel": "x"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "did you mean title" in str(answer.json()["fields"])


class Row:
    code, name, parent_code, kind, geometry = "a", "n", "c", "base", shapely.box(0, 0, 1, 1)


KNOWN = {"type", "id", "geometry", "properties", "bbox", "links", "crs"}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.text(max_size=12),
    value=st.none() | st.text(max_size=5) | st.integers() | st.lists(st.integers(), max_size=2),
    inside=st.booleans(),
)
def test_no_name_is_passed_over(name: str, value: Any, inside: bool) -> None:
    body = {"properties": {name: value}} if inside else {name: value}
    try:
        words = properties_of(body, "change", Row(), base=1)
    except Invalid as error:
        assert "field" in error.extra  # noqa: PT017 - either answer is right, and each says which
        return
    known = {"code", "name", "community", "kind"} if inside else KNOWN | {"time", "place", "title"}
    assert name in known
    assert not inside or words.keys() == {name}

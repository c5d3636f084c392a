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
from tests.app.drafts.drafting import LEFT, STREET_1, TALL, DraftClient, Drafting
from tests.fixtures.actors import Actors
from tests.fixtures.towns import TownDatabase, shape_of

COMMUNITY = f"{STREET_1}001"


@pytest.fixture
def drafting(app: FastAPI, actors: Actors, town_db: TownDatabase) -> Drafting:
    return Drafting(app, actors, town_db.db)


@pytest.fixture
def draft_client(drafting: Drafting) -> DraftClient:
    return DraftClient.begin(drafting.editor())


def send(draft_client: DraftClient, method: str, body: Any, code: str = LEFT, **headers: str) -> Any:
    address = f"/ogc/drafts/{draft_client.id}/collections/grid/items{f'/{code}' if code else ''}"
    return draft_client.client.request(
        method, address, json=body, headers={"Accept-Language": "en", **headers}
    )


def test_a_name_set_to_null_is_cleared(draft_client: DraftClient) -> None:
    named = send(draft_client, "PATCH", {"properties": {"name": "x"}})
    assert named.json()["properties"]["name"] == "x"
    cleared = send(draft_client, "PATCH", {"properties": {"name": None}})
    assert cleared.status_code == 200, cleared.text
    assert not cleared.json()["properties"]["name"]
    assert cleared.headers["etag"] != named.headers["etag"]
    # The same once more changes nothing, and "" is the same as null.
    again = send(draft_client, "PUT", {"type": "Feature", "properties": {"name": None}})
    assert again.headers["etag"] == cleared.headers["etag"]
    send(draft_client, "PATCH", {"properties": {"name": "y"}})
    assert (
        send(draft_client, "PATCH", {"properties": {"name": ""}}).headers["etag"] == cleared.headers["etag"]
    )
    assert draft_client.get()["operations"] == 4


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
    draft_client: DraftClient, method: str, body: Any, field: str | None, word: str
) -> None:
    answer = send(draft_client, method, {"type": "Feature", **body})
    assert answer.status_code == 422, answer.text
    assert answer.json().get("field") == field
    assert word in answer.json()["detail"]
    assert draft_client.get()["operations"] == 0


def test_the_nearest_name_is_a_field_of_the_answer(draft_client: DraftClient) -> None:
    assert send(draft_client, "PATCH", {"properties": {"comunity": "x"}}).json()["nearest"] == "community"


def test_what_is_computed_may_come_back_as_it_is(draft_client: DraftClient) -> None:
    area = round(float(geodesic_area_m2([shape_of(LEFT)])[0]), 1)
    same = {"code": LEFT, "id": LEFT, "parent": LEFT[:12], "area_m2": area, "edition": 1, "name": "新"}
    answer = send(draft_client, "PATCH", {"properties": same})
    assert answer.status_code == 200, answer.text
    assert answer.json()["properties"]["name"] == "新"


def test_a_new_grid_may_leave_open_what_it_has_no_value_for(draft_client: DraftClient) -> None:
    drawn = shapely.buffer(shape_of(TALL).representative_point(), 0.001, quad_segs=3)
    shape = shapely.geometry.mapping(shapely.transform(drawn, lambda xy: (xy * 1e7).round() / 1e7))
    body = {"type": "Feature", "geometry": shape,
            "properties": {"code": None, "name": None, "community": COMMUNITY, "kind": None}}  # fmt: skip
    answer = send(draft_client, "POST", body, "")
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["community"] == COMMUNITY
    wrong = {**body, "properties": {"community": COMMUNITY, "nmae": "x"}}
    assert send(draft_client, "POST", wrong, "").status_code == 422


# ---------------------------------------------------------------- every other body
def test_an_operation_with_a_field_it_does_not_have(draft_client: DraftClient) -> None:
    for value in ("x", None):
        answer = draft_client.client.post(
            f"{draft_client.url}/operations",
            json={"op": "rename", "grid": LEFT, "name": "x", "naem": value},
            headers={
                "If-Match": draft_client.client.get(draft_client.url).headers["etag"],
                "Accept-Language": "en",
            },
        )
        assert answer.status_code == 422, answer.text
        assert "name" in answer.json()["detail"]


def test_a_misspelt_field_of_a_body_is_named(draft_client: DraftClient) -> None:
    answer = draft_client.client.post("/v1/drafts", json={"titel": "x"}, headers={"Accept-Language": "en"})
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

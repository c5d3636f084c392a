"""A draft's grids edited feature by feature, as clients do that speak OGC API Features Part 4."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import shapely
from fastapi import FastAPI

from app.main import create_app
from gis.coverage import is_clean
from tests.app.drafts.drafting import LEFT, RIGHT, STREET_1, TALL, DraftClient, Drafting
from tests.fixtures.answers import hold_to_model
from tests.fixtures.towns import CODES, DISTRICT, shape_of


@cache
def application() -> FastAPI:
    """The routes with the models of their answers."""
    return create_app()


def held(answer: Any) -> Any:
    """An answer whose JSON, if all went well, is what its route declares."""
    if answer.status_code in (200, 201):
        hold_to_model(application(), answer)
    return answer


class Layer:
    """A client that knows features only."""

    def __init__(self, client: Any, draft: int) -> None:
        self.client, self.url = client, f"/ogc/drafts/{draft}/collections/grid/items"

    def get(self, code: str) -> Any:
        return held(self.client.get(f"{self.url}/{code}"))

    def send(self, method: str, feature: Any, code: str = "", **headers: str) -> Any:
        where = f"{self.url}/{code}" if code else self.url
        return held(self.client.request(method, where, json=feature, headers=headers))

    def shapes(self) -> dict[str, Any]:
        page = held(self.client.get(self.url, params={"limit": 1000})).json()
        return {f["id"]: shapely.from_geojson(str(f["geometry"]).replace("'", '"')) for f in page["features"]}


@pytest.fixture
def draft_client(drafting: Drafting) -> DraftClient:
    return DraftClient.begin(drafting.editor())


@pytest.fixture
def layer(draft_client: DraftClient) -> Layer:
    return Layer(draft_client.client, draft_client.id)


def feature(shape: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": properties}


def shifted_border() -> Any:
    """LEFT, a little larger: its border with RIGHT bulges eastward."""
    left, right = shape_of(LEFT), shape_of(RIGHT)
    bulge = shapely.intersection(right, shapely.buffer(left, 0.001, quad_segs=2))
    return shapely.transform(
        shapely.union(left, shapely.buffer(bulge, 0)), lambda xy: (xy * 1e7).round() / 1e7
    )


def test_the_documents_say_that_it_can_be_edited(draft_client: DraftClient, layer: Layer) -> None:
    root = f"/ogc/drafts/{draft_client.id}"
    for address in (root, f"{root}/conformance", f"{root}/collections", f"{root}/collections/grid"):
        held(draft_client.client.get(address))
    assert draft_client.client.get(root).json()["title"].endswith("调整")
    classes = draft_client.client.get(f"{root}/conformance").json()["conformsTo"]
    assert any("ogcapi-features-4" in uri and uri.endswith("create-replace-delete") for uri in classes)
    assert draft_client.client.get(f"{root}/collections").json()["collections"][0]["id"] == "grid"
    assert draft_client.client.get(f"{root}/collections/grid").status_code == 200
    assert draft_client.client.get(f"{root}/collections/other").status_code == 404
    assert "POST" in draft_client.client.options(layer.url).headers["allow"]
    allowed = draft_client.client.options(f"{layer.url}/{LEFT}").headers["allow"]
    assert {"PUT", "PATCH", "DELETE"} <= set(allowed.split(", "))


def test_replacing_a_polygon_lets_the_neighbours_follow(draft_client: DraftClient, layer: Layer) -> None:
    drawn = shifted_border()
    present = layer.get(LEFT)
    answer = layer.send("PUT", feature(drawn, name="新名"), LEFT, **{"If-Match": present.headers["etag"]})
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] != present.headers["etag"]
    shapes = layer.shapes()
    assert shapes[LEFT].equals(drawn)
    assert shapes[RIGHT].area < shape_of(RIGHT).area
    assert is_clean(list(shapes.values()))
    draft = draft_client.get()
    # Each is an operation like any other: seen in the history, and taken back.
    assert [step["op"] for step in draft["history"]] == ["paint", "rename"]
    draft_client = draft_client.taken_by(draft_client.client)
    assert draft_client.send("/undo").status_code == draft_client.send("/undo").status_code == 200
    assert layer.shapes()[LEFT].equals(shape_of(LEFT))


def test_what_a_client_sends_back_unchanged_changes_nothing(draft_client: DraftClient, layer: Layer) -> None:
    for code in CODES:
        same = layer.get(code).json()
        answer = layer.send("PUT", same, code)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == layer.get(code).headers["etag"]
    assert draft_client.get()["operations"] == 0


def test_both_sides_of_a_border_sent_one_after_the_other(draft_client: DraftClient, layer: Layer) -> None:
    # So do clients that move a common vertex with topological editing and then send every feature.
    drawn = shifted_border()
    assert layer.send("PUT", feature(drawn), LEFT).status_code == 200
    right = shapely.transform(shapely.difference(shape_of(RIGHT), drawn), lambda xy: (xy * 1e7).round() / 1e7)
    answer = layer.send("PUT", feature(right), RIGHT)
    assert answer.status_code == 200, answer.text
    shapes = layer.shapes()
    assert shapely.area(shapely.symmetric_difference(shapes[LEFT], drawn)) < 1e-12
    assert is_clean(list(shapes.values()))


def test_a_part_of_a_feature_updates_only_that(layer: Layer) -> None:
    answer = layer.send("PATCH", {"properties": {"kind": "dedicated"}}, LEFT)
    assert answer.status_code == 200, answer.text
    assert answer.json()["properties"]["kind"] == "dedicated"
    assert shapely.from_geojson(str(answer.json()["geometry"]).replace("'", '"')).equals(shape_of(LEFT))


def test_a_new_feature_is_cut_out_of_what_lies_under_it(draft_client: DraftClient, layer: Layer) -> None:
    middle = shape_of(TALL).representative_point()
    drawn = shapely.transform(shapely.buffer(middle, 0.001, quad_segs=3), lambda xy: (xy * 1e7).round() / 1e7)
    answer = layer.send("POST", feature(drawn, community=f"{STREET_1}001", name="市场", kind="dedicated"))
    assert answer.status_code == 201, answer.text
    made = draft_client.client.get(answer.headers["location"])
    assert made.json()["properties"]["name"] == "市场"
    assert made.headers["etag"] == answer.headers["etag"]
    assert len(layer.shapes()) == 13
    gone = layer.send("DELETE", None, made.json()["id"], **{"If-Match": made.headers["etag"]})
    assert gone.status_code == 204, gone.text
    assert layer.get(made.json()["id"]).status_code == 404
    assert layer.shapes()[TALL].equals(shape_of(TALL))


def test_a_stale_version_of_one_grid_is_refused_and_others_do_not_matter(
    draft_client: DraftClient, layer: Layer
) -> None:
    seen = layer.get(LEFT).headers["etag"]
    assert layer.send("PATCH", {"properties": {"name": "别处"}}, TALL).status_code == 200
    assert layer.send("PATCH", {"properties": {"name": "甲"}}, LEFT, **{"If-Match": seen}).status_code == 200
    stale = layer.send("PATCH", {"properties": {"name": "乙"}}, LEFT, **{"If-Match": seen})
    assert stale.status_code == 412
    assert stale.headers["etag"] == layer.get(LEFT).headers["etag"]
    assert layer.get(LEFT).json()["properties"]["name"] == "甲"
    assert (
        draft_client.client.get(
            f"{layer.url}/{LEFT}", headers={"If-None-Match": stale.headers["etag"]}
        ).status_code
        == 304
    )


POINT = {"type": "Point", "coordinates": [1, 2]}
BAD: list[tuple[str, str, Any, int]] = [
    ("PUT", LEFT, {"type": "Polygon"}, 422),
    ("PUT", LEFT, {"type": "Feature", "geometry": POINT}, 422),
    ("PUT", LEFT, {"type": "Feature", "properties": {"code": "other"}}, 422),
    ("PUT", LEFT, {"type": "Feature", "properties": []}, 422),
    ("PUT", "nowhere", {"type": "Feature"}, 404),
    ("POST", "", {"type": "Feature", "properties": {"community": f"{STREET_1}001"}}, 422),
    ("DELETE", "nowhere", None, 404),
]


def test_bad_features_are_refused_and_change_nothing(draft_client: DraftClient, layer: Layer) -> None:
    for method, code, body, status in BAD:
        answer = layer.send(method, body, code)
        assert answer.status_code == status, (method, code, body, answer.text)
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert draft_client.get()["operations"] == 0


def test_a_polygon_over_everything_is_refused_with_places(draft_client: DraftClient, layer: Layer) -> None:
    everything = shapely.box(120.0, 35.8, 120.2, 36.0)
    answer = layer.send("PUT", feature(everything), LEFT)
    assert answer.status_code == 422
    assert answer.json()["code"] == "swallows-grid"
    assert answer.json()["places"]
    assert draft_client.get()["operations"] == 0


def test_other_coordinates_are_not_taken_for_ours(layer: Layer) -> None:
    crs = "<http://www.opengis.net/def/crs/EPSG/0/3857>"
    assert layer.send("PUT", feature(shape_of(LEFT)), LEFT, **{"Content-Crs": crs}).status_code == 415


def test_nobody_edits_beyond_their_area(drafting: Drafting) -> None:
    draft_client = DraftClient.begin(drafting.editor(DISTRICT, STREET_1))
    layer = Layer(draft_client.client, draft_client.id)
    assert layer.send("PATCH", {"properties": {"name": "越界"}}, LEFT).status_code == 403
    assert layer.send("PATCH", {"properties": {"name": "本街"}}, TALL).status_code == 200
    stranger = drafting.actors.person(("viewer", ""))
    assert stranger.get(layer.url).status_code == 403

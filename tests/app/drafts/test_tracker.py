"""What desktop tools got wrong, by the number in QGIS's tracker, sent to our server: it does it, or refuses it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import shapely

from gis.coverage import is_clean
from gis.geometry import round_degrees
from tests.app.drafts.drafting import LEFT, RIGHT, TALL, DraftClient, Drafting, through
from tests.fixtures.towns import AROUND_ENCLAVE, CODES, ENCLAVE, shape_of


@pytest.fixture
def draft_client(drafting: Drafting) -> DraftClient:
    return DraftClient.begin(drafting.editor())


def grids(draft_client: DraftClient) -> dict[str, Any]:
    found = draft_client.get("/grids")["features"]
    return {feature["id"]: shapely.geometry.shape(feature["geometry"]) for feature in found}


def vertices(shape: Any) -> set[tuple[float, float]]:
    return {tuple(xy) for xy in shapely.get_coordinates(shape).tolist()}


def errors(draft_client: DraftClient) -> list[str]:
    return [defect["kind"] for defect in draft_client.get("/check") if defect["severity"] == "error"]


def test_39835_59067_a_split_puts_its_two_ends_into_the_neighbours_and_nothing_else(
    draft_client: DraftClient,
) -> None:
    before = grids(draft_client)
    done = draft_client.do(op="split", grid=TALL, by=through(TALL, slant=0.001))
    after = grids(draft_client)
    assert len(done["inserted_vertices"]) == 2
    for place in map(tuple, done["inserted_vertices"]):
        having = [code for code, shape in after.items() if place in vertices(shape)]
        outer = shapely.boundary(shapely.union_all(list(before.values()))).distance(shapely.Point(place))
        assert len(having) == (2 if outer < 1e-7 else 3), place
    new = vertices(shapely.geometrycollections(list(after.values()))) - vertices(
        shapely.geometrycollections(list(before.values()))
    )
    assert new == set(map(tuple, done["inserted_vertices"]))
    assert errors(draft_client) == []


def test_58350_inserting_shared_vertices_makes_no_overlap(draft_client: DraftClient) -> None:
    for part in range(1, 12):
        now = grids(draft_client)
        border = shapely.line_merge(shapely.intersection(now[LEFT], now[RIGHT]))
        point = shapely.line_interpolate_point(border, part / 12, normalized=True)
        done = draft_client.do(op="insert_vertex", at=round_degrees([point.x, point.y]).tolist())
        assert (done["changed"], set(done["noded"])) == ([], {LEFT, RIGHT})
    after = grids(draft_client)
    assert is_clean(np.array(list(after.values()), dtype=object))
    assert len(vertices(after[LEFT]) & vertices(after[RIGHT])) == 13
    assert errors(draft_client) == []


def test_26430_a_polygon_inside_another_owns_its_land_alone(draft_client: DraftClient) -> None:
    park = shapely.buffer(shape_of(LEFT).representative_point(), 0.0008, quad_segs=4)
    park = shapely.transform(park, round_degrees)
    draft_client.do(op="split", grid=LEFT, by=shapely.geometry.mapping(park))
    after = grids(draft_client)
    inside = [code for code, shape in after.items() if shape.contains(park.representative_point())]
    assert len(inside) == 1
    assert inside[0] not in CODES
    # Laid over its neighbour, as a file would bring it, it is refused, and nothing has changed.
    frame = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": code, "community": code[:12]},
                "geometry": shapely.geometry.mapping(shape),
            }
            for code, shape in {
                **grids(draft_client),
                "over": shapely.transform(park, lambda xy: xy + np.array([0.01, 0])),
            }.items()
        ],
    }
    refused = draft_client.client.put(
        f"{draft_client.url}/file",
        params={"code": "code", "community": "community"},
        content=json.dumps(frame),
        headers={"If-Match": draft_client.etag, "Content-Type": "application/geo+json"},
    )
    assert refused.status_code == 422, refused.text
    assert "overlap" in refused.text
    assert grids(draft_client).keys() == after.keys()


def test_29136_a_gap_cannot_be_left_and_what_is_filled_is_filled(draft_client: DraftClient) -> None:
    refused = draft_client.send("/operations", {"op": "remove", "grid": ENCLAVE, "to": []})
    assert refused.status_code == 422
    assert refused.json()["code"] == "leaves-gap"
    assert refused.json()["places"]
    draft_client.do(op="remove", grid=ENCLAVE)
    assert grids(draft_client)[AROUND_ENCLAVE].equals(
        shapely.union_all([shape_of(AROUND_ENCLAVE), shape_of(ENCLAVE)])
    )
    assert errors(draft_client) == []

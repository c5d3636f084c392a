"""Uploads with rings that touch or cross themselves: the same ground, or made valid on request, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from gis.io import write_layer
from tests.app.drafts.drafting import LEFT, DraftClient, Drafting
from tests.app.drafts.test_upload import exported, sent, taken


def test_a_crossing_ring_is_refused_by_row_and_made_valid_on_request(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    at = frame.index[frame["code"] == LEFT][0]
    west, south, east, north = frame.geometry[at].bounds
    middle = shapely.get_coordinates(frame.geometry[at].point_on_surface())[0]
    size = 0.02 * min(east - west, north - south)
    # A hole like a bow tie, well inside the grid.
    bow_tie = [np.add(middle, [dx * size, dy * size]) for dx, dy in ((-1, -1), (1, 1), (1, -1), (-1, 1))]
    frame.loc[at, "geometry"] = shapely.Polygon(frame.geometry[at].exterior, [bow_tie])
    path = write_layer(frame, tmp_path / "grids.gpkg")
    answer = sent(draft_client, path)
    assert answer.status_code == 422
    (invalid,) = [d for d in answer.json()["defects"] if d["kind"] == "invalid"]
    assert (invalid["codes"], invalid["rows"]) == ([LEFT], [int(at) + 1])
    mended = sent(draft_client, path, make_valid=True)
    # What is left is a gap of two triangles that nobody owns: an error of its own, and no longer an invalid row.
    assert mended.status_code == 422
    assert {d["kind"] for d in mended.json()["defects"]} == {"gap"}


def test_what_was_made_valid_is_said_with_the_areas(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    at = frame.index[frame["code"] == LEFT][0]
    points = shapely.get_coordinates(frame.geometry[at])
    # Out into the open and back: a spike of no width, which is no valid ring.
    centre = shapely.get_coordinates(frame.geometry[at].point_on_surface())[0]
    spike = points[0] + (centre - points[0]) * 0.3
    frame.loc[at, "geometry"] = shapely.Polygon([*points, spike, points[0]])
    frame.loc[at, "name"] = "改名"
    path = write_layer(frame, tmp_path / "grids.gpkg")
    assert sent(draft_client, path).status_code == 422
    (said,) = taken(draft_client, path, make_valid=True)["warnings"]
    assert (said["kind"], said["codes"], said["rows"]) == ("made-valid", [LEFT], [int(at) + 1])
    assert "m2 before" in said["detail_en"]

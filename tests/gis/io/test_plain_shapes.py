"""Points and polygons held as numbers: the same shapes to the last bit, and nothing that is not plain."""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.io.points import PlainPoints
from gis.io.polygons import PlainPolygons

numbers = st.floats(-180, 180, allow_nan=False)
places = st.tuples(numbers, numbers)


@st.composite
def rings(draw: st.DrawFn) -> list[tuple[float, float]]:
    ring = draw(st.lists(places, min_size=3, max_size=7))
    return [*ring, ring[0]]


polygons = st.lists(rings(), min_size=1, max_size=3).map(lambda each: shapely.Polygon(each[0], each[1:]))
multipolygons = st.lists(polygons, min_size=1, max_size=3).map(shapely.MultiPolygon)
shapes = st.lists(polygons | multipolygons, min_size=1, max_size=6)


def column(
    wkb: list[bytes | None], *, cuts: tuple[int, ...] = (), kind: pa.DataType | None = None
) -> pa.ChunkedArray:
    bounds = [0, *cuts, len(wkb)]
    chunks = [pa.array(wkb[a:b], kind or pa.binary()) for a, b in pairwise(bounds)]
    return pa.chunked_array(chunks)


@given(shapes, st.data())
def test_polygons_are_the_same_after_every_way(drawn: list[shapely.Geometry], data: st.DataObject) -> None:
    wkb = list(shapely.to_wkb(drawn, byte_order=1))
    cut = data.draw(st.integers(0, len(wkb)))
    kind = data.draw(st.sampled_from([pa.binary(), pa.large_binary()]))
    found = PlainPolygons.of_wkb(column(wkb, cuts=(cut,), kind=kind))
    assert found is not None
    assert list(shapely.to_wkb(found.built(), byte_order=1)) == wkb
    written = found.as_column()
    written.validate(full=True)
    parts = pa.chunked_array([written.slice(0, cut), written.slice(cut)])
    back = PlainPolygons.of_column(parts)
    assert back is not None
    assert list(shapely.to_wkb(back.built(), byte_order=1)) == wkb
    assert len(back) == len(wkb)
    assert len(back.places) == shapely.get_num_coordinates(drawn).sum()


@given(shapes, st.data())
def test_damaged_bytes_are_not_plain_or_still_shapes(
    drawn: list[shapely.Geometry], data: st.DataObject
) -> None:
    """Whatever a file holds, it is read as GEOS reads it, or left to GEOS."""
    wkb = list(shapely.to_wkb(drawn, byte_order=1))
    at = data.draw(st.integers(0, len(wkb) - 1))
    broken = bytearray(wkb[at])
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    wkb[at] = bytes(broken[: data.draw(st.integers(1, len(broken)))])
    found = PlainPolygons.of_wkb(column(wkb))
    if found is not None:
        assert (
            shapely.to_wkb(found.built(), byte_order=1) == shapely.to_wkb(shapely.from_wkb(wkb), byte_order=1)
        ).all()


SQUARE = shapely.box(0, 0, 1, 1)


@pytest.mark.parametrize(
    "other",
    [
        None,
        shapely.to_wkb(shapely.Polygon()),
        shapely.to_wkb(shapely.MultiPolygon()),
        shapely.to_wkb(shapely.Point(1, 2)),
        shapely.to_wkb(shapely.force_3d(SQUARE)),
        shapely.to_wkb(shapely.set_srid(SQUARE, 4326), include_srid=True),
        shapely.to_wkb(SQUARE, byte_order=0),
        shapely.to_wkb(SQUARE) + b"\0",
        # A ring of three places, one that is not closed, one with a place that is no number.
        struct.pack("<BIII6d", 1, 3, 1, 3, 0, 0, 1, 1, 0, 0),
        struct.pack("<BIII8d", 1, 3, 1, 4, 0, 0, 1, 0, 1, 1, 0, 1),
        struct.pack("<BIII8d", 1, 3, 1, 4, 0, 0, float("nan"), 0, 1, 1, 0, 0),
        struct.pack("<BIII", 1, 3, 1, 0xFFFFFFFF),
        struct.pack("<BII", 1, 6, 0xFFFFFFFF),
        b"\1",
        b"",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(other: bytes | None) -> None:
    assert PlainPolygons.of_wkb(column([shapely.to_wkb(SQUARE), other])) is None
    assert PlainPolygons.of_wkb(column([])) is None


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("places", [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0.5]]),
        ("places", [[0, 0], [1, np.inf], [1, 1], [0, 1], [0, 0]]),
        ("rings", [0, 3]),
        ("parts", [0, 0]),
        ("rows", [0, 0]),
    ],
)
def test_forged_numbers_are_no_polygons(part: str, value: list[object]) -> None:
    good = PlainPolygons.of_wkb(column([shapely.to_wkb(SQUARE)]))
    assert good is not None
    kind = np.float64 if part == "places" else np.int64
    forged = PlainPolygons(**{**vars(good), part: np.asarray(value, dtype=kind)})
    with pytest.raises(ValueError, match="plain"):
        PlainPolygons.of_column(pa.chunked_array([forged.as_column()]))


def test_points_without_a_place_stay_without() -> None:
    points = PlainPoints(np.array([[120.0, 36.0], [np.nan, np.nan]]))
    back = PlainPoints.of_column(pa.chunked_array([points.as_column()]))
    assert back is not None
    assert back.built().tolist() == [shapely.Point(120, 36), None]


@given(st.lists(places, min_size=1, max_size=9))
def test_points_are_the_same_after_every_way(drawn: list[tuple[float, float]]) -> None:
    wkb = list(shapely.to_wkb(shapely.points(drawn), byte_order=1))
    found = PlainPoints.of_wkb(column(wkb))
    assert found is not None
    back = PlainPoints.of_column(pa.chunked_array([found.as_column()]))
    assert back is not None
    assert list(shapely.to_wkb(back.built(), byte_order=1)) == wkb

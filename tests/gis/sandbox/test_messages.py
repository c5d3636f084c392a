"""Whatever a reader writes, the caller gets a message or says that it is none."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import check
from gis.defects import Defect, Kind
from gis.editing import Coverage, GridAttributes
from gis.errors import CoverageError, LimitExceeded, Refusal
from gis.io import ReadLimits
from gis.sandbox.layers import layer_of
from gis.sandbox.messages import MessageDamaged, read_message, write_message
from gis.sandbox.refusals import defect_of, describe_defect, describe_refusal, refusal_of
from gis.sandbox.replacement import Replacement
from gis.sandbox.steps import steps_of
from gis.text import Text

HEADER = {"columns": ["code", "名"], "crs": "wgs84", "crs_source": "file", "encoding": None}
HEADER |= {"driver": "CSV", "typed": False, "layer": None, "sha256": "0" * 64}

ASKED = Replacement(
    Coverage.build(["a"], [shapely.box(120, 36, 120.01, 36.01)], [GridAttributes("甲", "c")]),
    ["a"],
    np.array([shapely.box(120, 36, 120.01, 36.01)]),
    [{}],
    (),
    ("c",),
)


def tables() -> dict[str, pa.Table]:
    shapes = shapely.to_wkb(shapely.points([120.0, 121.0], [36.0, 36.0]))
    rows = pa.table({"c0": ["a", "b"], "c1": [1, None], "shapes": pa.array(list(shapes), pa.large_binary())})
    words = {name: pa.array([], pa.string()) for name in ("column", "reason_zh", "reason_en", "value")}
    return {"rows": rows, "bad_rows": pa.table({"row": pa.array([], pa.int64()), **words})}


def written(header=HEADER, more=None) -> bytes:
    file = os.memfd_create("test")
    try:
        write_message(file, header, tables() if more is None else more)
        return os.pread(file, 1 << 20, 0)
    finally:
        os.close(file)


def read(content: bytes):
    file = os.memfd_create("test")
    try:
        os.write(file, content)
        return read_message(file)
    finally:
        os.close(file)


def test_what_was_written_is_read() -> None:
    message = read(written())
    assert message.header == HEADER
    data = layer_of(message, ReadLimits())
    assert data.frame["code"].tolist() == ["a", "b"]
    assert list(data.frame.geometry) == list(shapely.points([120.0, 121.0], [36.0, 36.0]))
    with pytest.raises(LimitExceeded):
        layer_of(message, ReadLimits(features=1))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_message_is_said_to_be_one(data: st.DataObject) -> None:
    content = bytearray(written())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    with suppress(MessageDamaged, Refusal):
        message = read(bytes(content[: cut or len(content)]))
        layer_of(message, ReadLimits(features=100))
    with suppress(MessageDamaged):
        steps_of(read(bytes(content)), ASKED)


@pytest.mark.parametrize(
    "header", [{}, {"columns": 3}, {**HEADER, "columns": ["a"]}, {**HEADER, "driver": {}}]
)
def test_a_header_that_says_something_else_is_no_layer(header) -> None:
    with pytest.raises(MessageDamaged):
        layer_of(read(written(header)), ReadLimits())


def test_types_with_code_of_their_own_are_refused() -> None:
    kind = pa.uuid()
    strange = pa.table({"c0": pa.array([b"0" * 16], pa.binary(16)).cast(kind)})
    with pytest.raises(MessageDamaged):
        read(written(more={"rows": strange}))


def test_refusals_come_back_as_they_were() -> None:
    square = shapely.box(120, 36, 120.01, 36.01)
    defects = check(["a", "b"], [square, square])
    error = CoverageError("甲", "a", defects=defects)
    again = refusal_of(describe_refusal(error))
    assert isinstance(again, CoverageError)
    assert (again.defects, again.places, again.text("zh")) == (defects, error.places, "甲")
    for wrong in (
        None,
        [],
        {"kind": "Exception"},
        {"kind": "Refusal"},
        {**describe_refusal(error), "defects": [1]},
    ):
        with pytest.raises(MessageDamaged):
            refusal_of(wrong)


@given(
    st.builds(
        Defect,
        kind=st.sampled_from(get_args(Kind)),
        severity=st.sampled_from(["error", "warning"]),
        codes=st.lists(st.text(), max_size=3).map(tuple),
        place=st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
        width_m=st.none() | st.floats(0, 1e6),
        area_m2=st.none() | st.floats(0, 1e9),
        detail=st.builds(Text, st.text(), st.text()),
        rows=st.lists(st.integers(1, 10**7), max_size=3).map(tuple),
    )
)
def test_every_defect_comes_through_a_message_as_it_is(defect: Defect) -> None:
    """Warnings of a shape are defects, too; one that JSON cannot hold ended the reader without a word."""
    file = os.memfd_create("defect")
    try:
        write_message(file, {"warnings": [describe_defect(defect)]}, {})
        (told,) = read_message(file).header["warnings"]
    finally:
        os.close(file)
    assert defect_of(told) == defect

"""Answers of a reader that was taken over: what the question does not bear out is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely

from gis.editing import Coverage, GridAttributes
from gis.sandbox import Replacement
from gis.sandbox.messages import Message, MessageDamaged
from gis.sandbox.replacement import _table, compute_replacement, describe_replacement
from gis.sandbox.steps import steps_of

C = "370299001001"
A, B, NEW, GONE = (f"{C}00{number}" for number in range(1, 5))


def box(west: float, east: float) -> Any:
    return shapely.box(120 + west / 100, 36, 120 + east / 100, 36.01)


@pytest.fixture
def asked() -> Replacement:
    words = [GridAttributes(name, C) for name in ("a", "b", "gone")]
    coverage = Coverage.build([A, B, GONE], [box(0, 1), box(1, 2), box(3, 4)], words)
    shapes = np.array([box(0, 1), box(1, 1.5), box(1.5, 2)])
    rows = [{"name": "new name"}, {}, {"community": C}]
    return Replacement(coverage, [A, B, NEW], shapes, rows, (f"{C}009",), (C,))


def answered(asked: Replacement) -> Message:
    return Message(*compute_replacement(Message(*describe_replacement(asked))))


def test_an_honest_answer_is_believed(asked: Replacement) -> None:
    first, second = steps_of(answered(asked), asked)
    assert (first.edit.created, first.edit.changed, first.edit.retired) == ((NEW,), (B,), (GONE,))
    assert first.before.codes == (B, GONE)
    assert first.before.polygon(B).equals(box(1, 2))
    assert second.operation == {"op": "rename", "grid": A, "name": "new name"}
    assert second.edit.coverage.attributes_of(A).name == "new name"


def after(message: Message, at: int, **changes: Any) -> None:
    """Put other polygons or words for grids into the answer."""
    from gis.sandbox.replacement import coverage_of

    name = f"after{at}"
    forged = coverage_of(message.tables[name]).replaced(**changes)
    message.tables[name] = _table(forged, forged.codes)


def said(message: Message, at: int, **changes: Any) -> None:
    message.header["steps"][at].update(changes)


FORGERIES: dict[str, Callable[[Message], None]] = {
    "no such operation": lambda m: said(m, 1, operation={"op": "<script>"}),
    "more in an operation": lambda m: m.header["steps"][1]["operation"].update(note="<script>"),
    "an operation of no file": lambda m: said(m, 1, operation={"op": "recode", "grid": A, "code": NEW}),
    "another grid renamed": lambda m: m.header["steps"][1]["operation"].update(grid=B),
    "a grid that is not there": lambda m: said(m, 0, retired=[f"{C}008"]),
    "a grid retired in silence": lambda m: said(m, 0, retired=[GONE, A]),
    "a new grid that is there": lambda m: said(m, 0, created=[B, NEW], changed=[]),
    "a new grid that nobody named": lambda m: said(m, 0, created=[f"{C}009"]),
    "a grid twice": lambda m: said(m, 0, changed=[B, B]),
    "an overlap with a neighbour": lambda m: after(m, 0, polygons={B: box(0.5, 1.5)}),
    "an overlap among themselves": lambda m: after(m, 0, polygons={B: box(1, 1.7)}),
    "off the lattice": lambda m: after(m, 0, polygons={B: box(1.000000123, 1.5)}),
    "no polygon": lambda m: after(m, 0, polygons={B: shapely.Polygon()}),
    "a bow tie": lambda m: after(
        m, 0, polygons={B: shapely.Polygon([(120.01, 36), (120.02, 36.01), (120.02, 36), (120.01, 36.01)])}
    ),
    "a foreign community": lambda m: after(m, 0, attributes={B: GridAttributes("b", "999")}),
    "a border moved by a rename": lambda m: after(m, 1, polygons={A: box(-1, 1)}),
    "a kind changed by a rename": lambda m: after(
        m, 1, attributes={A: GridAttributes("new name", C, "dedicated")}
    ),
    "no place": lambda m: said(m, 0, inserted_vertices=[[float("nan"), 36.0]]),
    "a table missing": lambda m: m.tables.pop("after1") and None,
    "no list": lambda m: m.header.update(steps=[7]),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_answer_is_refused(asked: Replacement, forge: Callable[[Message], None]) -> None:
    message = answered(asked)
    forge(message)
    with pytest.raises(MessageDamaged):
        steps_of(message, asked)

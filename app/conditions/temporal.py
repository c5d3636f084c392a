"""Temporal operators of an instant or date beside an instant or an interval, as comparisons."""

from __future__ import annotations

from collections.abc import Mapping

from app.conditions.literals import describe, read_interval_end, read_value
from app.conditions.properties import Property
from app.conditions.refusals import wrong_type
from app.conditions.tree import And, Compare, Condition, Not, Operator
from gis.text import Text

__all__ = ["TEMPORAL_OPERATORS", "read_temporal"]

TEMPORAL_OPERATORS = ("t_after", "t_before", "t_equals", "t_intersects", "t_during", "t_disjoint")
_BESIDE_INSTANT: Mapping[str, Operator] = {
    "t_after": ">",
    "t_before": "<",
    "t_equals": "=",
    "t_intersects": "=",
    "t_disjoint": "<>",
}
_INSIDE: Mapping[str, tuple[Operator, Operator]] = {
    "t_during": (">", "<"),
    "t_intersects": (">=", "<="),
    "t_disjoint": (">=", "<="),
}
_OPEN = ("..", "")


def read_temporal(operator: str, of: Property, given: object) -> Condition:
    """Read the literal of a temporal operator, and make comparisons of both.

    ``t_intersects`` counts both ends of an interval, ``t_during`` neither; an open end (``..``) is no bound.

    Examples
    --------
    >>> seen = Property("seen", "date", Text("日期", "Date"))
    >>> read_temporal("t_during", seen, {"interval": ["2026-11-01", ".."]})
    Compare(property='seen', operator='>', value=datetime.date(2026, 11, 1))
    """
    if isinstance(given, dict) and given.keys() == {"interval"}:
        found = _beside_interval(operator, of, given["interval"])
        if found is not None:
            return found
    elif operator in _BESIDE_INSTANT:
        return Compare(of.name, _BESIDE_INSTANT[operator], read_value(of, given))
    expected = Text(f"{operator} 能用的时刻或区间", f"an instant or interval that {operator} takes")
    raise wrong_type(of.name, expected, describe(given))


def _beside_interval(operator: str, of: Property, ends: object) -> Condition | None:
    """None where the operator takes no interval with these ends."""
    if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(each, str) for each in ends):
        return None
    begin, end = (None if each in _OPEN else read_interval_end(of, each) for each in ends)
    if operator == "t_after":
        return None if end is None else Compare(of.name, ">", end)
    if operator == "t_before":
        return None if begin is None else Compare(of.name, "<", begin)
    if operator not in _INSIDE or begin is end is None:
        return None
    above, below = _INSIDE[operator]
    bounds = [
        Compare(of.name, side, bound) for side, bound in ((above, begin), (below, end)) if bound is not None
    ]
    inside = And(tuple(bounds)) if len(bounds) == 2 else bounds[0]
    return Not(inside) if operator == "t_disjoint" else inside

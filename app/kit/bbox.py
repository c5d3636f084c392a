"""Boxes as requests name them, the same for every ``bbox``: OGC API Features Part 1, section 7.15.3.

Four numbers are west, south, east, north; six have the lowest and the highest height after each corner, which say
nothing here since places are flat. A west beyond the east is a box across the 180th meridian: it becomes two.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from app.errors import Invalid

__all__ = ["BOTH_WAYS", "Box", "box_of", "narrower_box", "parse_bbox"]

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees, west not beyond east."""

BOTH_WAYS = "ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e), ST_XMin(s), ST_YMin(s), ST_XMax(s), ST_YMax(s)"
"""Columns of a query for `box_of`: of an envelope ``e`` and of ``s``, the same with shifted longitudes."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


def parse_bbox(given: str | None) -> tuple[Box, ...]:
    """Read a box as the one or two plain ones that it is; none where nothing was asked.

    Raises
    ------
    Invalid
        It is no box (``not-a-box``), with the reason.

    Examples
    --------
    >>> parse_bbox("119,35,121,37")
    ((119.0, 35.0, 121.0, 37.0),)
    >>> parse_bbox("119,35,-170,37")
    ((119.0, 35.0, 180.0, 37.0), (-180.0, 35.0, -170.0, 37.0))
    >>> parse_bbox("119,35,-50,121,37,9000")
    ((119.0, 35.0, 121.0, 37.0),)
    """
    if given is None:
        return ()
    numbers = _numbers(given)
    if len(numbers) == 6:
        west, south, lowest, east, north, highest = numbers
        if lowest > highest:
            raise _refused(given, f"最低高度 {lowest:g} 高于最高高度 {highest:g}", f"the lowest height {lowest:g} is above the highest {highest:g}")  # fmt: skip
    else:
        west, south, east, north = numbers
    for zh, en, value, most in (
        ("西", "west", west, 180),
        ("南", "south", south, 90),
        ("东", "east", east, 180),
        ("北", "north", north, 90),
    ):
        if not abs(value) <= most:
            raise _refused(given, f"{zh} {value:g} 不在 -{most} 与 {most} 之间", f"{en} {value:g} is not between -{most} and {most}")  # fmt: skip
    if south > north:
        raise _refused(
            given, f"南 {south:g} 在北 {north:g} 以北", f"south {south:g} is beyond north {north:g}"
        )
    if west <= east:
        return ((west, south, east, north),)
    return (west, south, 180.0, north), (-180.0, south, east, north)


def box_of(row: Sequence[float]) -> Box:
    """Read a row of `BOTH_WAYS`."""
    return narrower_box((row[0], row[1], row[2], row[3]), (row[4], row[5], row[6], row[7]))


def narrower_box(plain: Box, shifted: Box) -> Box:
    """Of two envelopes of the same shapes, the one that goes the short way around.

    Parameters
    ----------
    plain : Box
        With longitudes of -180 to 180.
    shifted : Box
        With longitudes of 0 to 360, as PostGIS's ST_ShiftLongitude gives them.

    Returns
    -------
    Box
        With west beyond east for shapes on both sides of the 180th meridian (RFC 7946, 5.2).

    Examples
    --------
    >>> narrower_box((-180.0, -17.0, 180.0, -16.0), (179.5, -17.0, 180.25, -16.0))
    (179.5, -17.0, -179.75, -16.0)
    >>> narrower_box((120.0, 35.0, 121.0, 36.0), (120.0, 35.0, 121.0, 36.0))
    (120.0, 35.0, 121.0, 36.0)
    """
    beside = plain[0] <= -170.0 and plain[2] >= 170.0
    if not beside or shifted[2] - shifted[0] >= plain[2] - plain[0]:
        return plain
    return shifted[0], shifted[1], round(shifted[2] - 360.0, 9), shifted[3]


def _numbers(given: str) -> list[float]:
    parts = [part.strip() for part in given.split(",")]
    for part in parts:
        if not _NUMBER.fullmatch(part) or not math.isfinite(float(part)):
            raise _refused(given, f"{part!r} 不是数字", f"{part!r} is not a number")
    if len(parts) not in (4, 6):
        raise _refused(
            given, f"有 {len(parts)} 个数，应为 4 或 6 个", f"{len(parts)} numbers, where 4 or 6 belong"
        )
    return [float(part) for part in parts]


def _refused(given: str, zh: str, en: str) -> Invalid:
    shown = given if len(given) <= 80 else f"{given[:77]}..."
    return Invalid(
        f"bbox 应为 西,南,东,北（度），收到 {shown!r}：{zh}",
        f"bbox is west,south,east,north in degrees, came {shown!r}: {en}",
        code="not-a-box",
        field="bbox",
    )

"""Shapes out of KML: coordinates, rings of polygons with any number of holes, and what contains several."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LinearRing, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gis.text import Text

__all__ = [
    "BrokenShape",
    "Positions",
    "build_polygon",
    "build_ring",
    "collect",
    "positions",
    "track_position",
]

Positions = NDArray[np.float64]
_AROUND_COMMAS = re.compile(r"\s*,\s*")
_SINGLE: dict[str, Callable[[list[Any]], BaseGeometry]] = {
    "Point": shapely.multipoints,
    "LineString": shapely.multilinestrings,
    "Polygon": shapely.multipolygons,
}


class BrokenShape(ValueError):
    """A shape that cannot be built; the reason in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.reason = Text(zh, en)


def positions(text: str) -> Positions:
    """Read the text of ``coordinates``: longitude, latitude and, of some or all, a height.

    Returns
    -------
    ndarray, shape (n, 2) or (n, 3)

    Raises
    ------
    BrokenShape

    Examples
    --------
    >>> positions(" 120.05,35.88  120.06,35.88 ").tolist()
    [[120.05, 35.88], [120.06, 35.88]]
    """
    tokens = text.split()
    if not tokens:
        raise BrokenShape("坐标为空", "no coordinates")
    commas = tokens[0].count(",")
    if commas in (1, 2) and all(token.count(",") == commas for token in tokens):
        with suppress(ValueError):
            return _numbers(",".join(tokens).split(",")).reshape(-1, commas + 1)
    # Blanks beside commas, heights of some places only, a comma too many.
    tokens = _AROUND_COMMAS.sub(",", text).split()
    try:
        return np.vstack([_padded(token) for token in tokens])
    except ValueError:
        wrong = next((token for token in tokens if not _is_position(token)), tokens[0])
        raise BrokenShape(
            f"坐标 {wrong[:40]!r} 无法识别", f"the coordinates {wrong[:40]!r} are none"
        ) from None


def track_position(text: str) -> list[float]:
    """Read one ``gx:coord``: longitude, latitude, height, with blanks between.

    Raises
    ------
    BrokenShape
    """
    try:
        values = _numbers(text.split())
    except ValueError:
        values = np.empty(0)
    if len(values) not in (2, 3):
        raise BrokenShape(f"坐标 {text[:40]!r} 无法识别", f"the coordinates {text[:40]!r} are none")
    out: list[float] = values.tolist()
    return out


def _numbers(fields: Sequence[str]) -> Positions:
    values = np.array(list(map(float, fields)))
    # Python takes 1_000 for a number.
    if "_" in "".join(fields) or not np.isfinite(values).all():
        raise ValueError("no places")
    return values


def _padded(token: str) -> Positions:
    values = _numbers(token.rstrip(",").split(","))
    if len(values) not in (2, 3):
        raise ValueError(token)
    return np.resize(np.append(values, 0.0), 3)


def _is_position(token: str) -> bool:
    try:
        _padded(token)
    except ValueError:
        return False
    return True


def build_ring(found: Positions) -> tuple[LinearRing, bool]:
    """Make a ring, closed by its first place if it is open.

    Returns
    -------
    ring : shapely.LinearRing
    closed : bool
        Whether it was open.

    Raises
    ------
    BrokenShape
    """
    is_open = bool((found[0] != found[-1]).any())
    if len(found) + is_open < 4:
        raise BrokenShape(f"环只有 {len(found)} 个点", f"a ring of {len(found)} places")
    return LinearRing(np.vstack([found, found[:1]]) if is_open else found), is_open


def build_polygon(outer: Sequence[LinearRing], inner: Sequence[LinearRing]) -> Polygon | MultiPolygon:
    """Make a polygon of one outer ring and any number of inner ones.

    Raises
    ------
    BrokenShape
        No outer ring, or several: then nobody knows which one a hole is in.
    """
    if not outer:
        raise BrokenShape("多边形没有外环", "a polygon without an outer ring")
    if len(outer) > 1:
        if inner:
            raise BrokenShape("一个多边形有多个外环和内环", "a polygon with several outer rings, and holes")
        return shapely.multipolygons([shapely.Polygon(ring) for ring in outer])
    return shapely.Polygon(outer[0], inner)


def collect(parts: Sequence[BaseGeometry]) -> BaseGeometry | None:
    """Put the parts of a ``MultiGeometry`` together; None for none.

    Examples
    --------
    >>> collect([shapely.Point(0, 0), shapely.Point(1, 1)]).geom_type
    'MultiPoint'
    """
    if not parts:
        return None
    flat = shapely.get_parts(np.asarray(parts, dtype=object))
    if len(parts) == 1:
        return parts[0]
    kinds = {"LineString" if part.geom_type == "LinearRing" else part.geom_type for part in flat}
    if len(kinds) == 1 and (build := _SINGLE.get(next(iter(kinds)))):
        return build(list(flat))
    whole: BaseGeometry = shapely.geometrycollections(list(flat))
    return whole

"""Awkward geometry, by name: each is crossed with every function that takes shapes.

`kind` says what it is to us: "area", "line" or "point" when valid, "invalid", or "nothing".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box


@dataclass(frozen=True)
class Nasty:
    name: str
    kind: str
    shape: Any

    def __str__(self) -> str:
        return self.name


X, Y = 120.0, 36.0


def _unchecked(corners: list[tuple[float, float]]) -> Polygon:
    """Build a polygon as a file reader does, without NumPy looking at the numbers."""
    with np.errstate(invalid="ignore"):
        return Polygon(corners)


NASTY = [
    Nasty("hole", "area", box(X, Y, X + 1, Y + 1).difference(box(X + 0.2, Y + 0.2, X + 0.4, Y + 0.4))),
    Nasty(
        "hole touching shell at a point",
        "area",
        Polygon(
            [(X, Y), (X + 1, Y), (X + 1, Y + 1), (X, Y + 1)],
            [[(X, Y + 0.5), (X + 0.3, Y + 0.4), (X + 0.3, Y + 0.6)]],
        ),
    ),
    Nasty("two parts", "area", MultiPolygon([box(X, Y, X + 0.1, Y + 0.1), box(X + 1, Y, X + 1.1, Y + 0.1)])),
    Nasty(
        "parts touching at a point",
        "area",
        MultiPolygon([box(X, Y, X + 0.1, Y + 0.1), box(X + 0.1, Y + 0.1, X + 0.2, Y + 0.2)]),
    ),
    Nasty("sliver of one step", "area", box(X, Y, X + 0.0000001, Y + 0.1)),
    Nasty("needle", "area", Polygon([(X, Y), (X + 0.1, Y), (X + 0.1, Y + 0.0000001)])),
    Nasty("repeated vertices", "area", Polygon([(X, Y), (X, Y), (X + 1, Y), (X + 1, Y + 1), (X + 1, Y + 1)])),
    Nasty(
        "vertices in a straight run",
        "area",
        Polygon([(X, Y), (X + 0.1, Y), (X + 0.2, Y), (X + 1, Y), (X + 1, Y + 1), (X, Y + 1)]),
    ),
    Nasty(
        "comb",
        "area",
        shapely.union_all(
            [box(X, Y, X + 0.001, Y + 0.0001)]
            + [box(X + k * 0.0001, Y, X + k * 0.0001 + 0.00005, Y + 0.01) for k in range(10)]
        ),
    ),
    Nasty("clockwise shell", "area", Polygon([(X, Y), (X, Y + 1), (X + 1, Y + 1), (X + 1, Y)])),
    Nasty("with heights", "area", Polygon([(X, Y, 5), (X + 1, Y, 6), (X + 1, Y + 1, 7)])),
    Nasty("off the lattice", "area", box(X + 1e-9, Y + 1e-9, X + 0.1 + 3.3e-8, Y + 0.1 + 4.9e-8)),
    Nasty("at the antimeridian", "area", box(179.9, -17.0, 180.0, -16.0)),
    Nasty("at the pole", "area", box(0, 89.0, 10, 90.0)),
    Nasty("whole world", "area", box(-180, -90, 180, 90)),
    Nasty("southern, western", "area", box(-70.5, -33.5, -70.4, -33.4)),
    Nasty("smaller than a step", "area", box(X, Y, X + 2e-8, Y + 2e-8)),
    Nasty("line", "line", LineString([(X, Y), (X + 0.5, Y + 0.5), (X + 1, Y)])),
    Nasty("line back over itself", "line", LineString([(X, Y), (X + 1, Y), (X, Y)])),
    Nasty("line crossing itself", "line", LineString([(X, Y), (X + 1, Y + 1), (X + 1, Y), (X, Y + 1)])),
    Nasty("ring-shaped line", "line", LineString([(X, Y), (X + 1, Y), (X + 1, Y + 1), (X, Y)])),
    Nasty("two lines", "line", MultiLineString([[(X, Y), (X + 1, Y)], [(X, Y + 1), (X + 1, Y + 1)]])),
    Nasty("line smaller than a step", "line", LineString([(X, Y), (X + 2e-8, Y)])),
    Nasty("line of one repeated point", "line", LineString([(X, Y), (X, Y)])),
    Nasty("point", "point", Point(X, Y)),
    Nasty("point with height", "point", Point(X, Y, 12.5)),
    Nasty("several points", "point", MultiPoint([(X, Y), (X + 1, Y), (X, Y)])),
    Nasty("bow-tie", "invalid", Polygon([(X, Y), (X + 1, Y + 1), (X + 1, Y), (X, Y + 1)])),
    Nasty(
        "spike",
        "invalid",
        Polygon([(X, Y), (X + 1, Y), (X + 1, Y + 1), (X + 1, Y + 2), (X + 1, Y + 1), (X, Y + 1)]),
    ),
    Nasty(
        "hole outside shell",
        "invalid",
        Polygon(box(X, Y, X + 1, Y + 1).exterior, [box(X + 2, Y, X + 3, Y + 1).exterior]),
    ),
    Nasty(
        "overlapping parts",
        "invalid",
        MultiPolygon([box(X, Y, X + 1, Y + 1), box(X + 0.5, Y, X + 1.5, Y + 1)]),
    ),
    Nasty("no width", "invalid", Polygon([(X, Y), (X + 1, Y), (X + 2, Y), (X, Y)])),
    Nasty("nan vertex", "invalid", _unchecked([(X, Y), (X + 1, Y), (float("nan"), Y + 1), (X, Y + 1)])),
    Nasty("infinite vertex", "invalid", _unchecked([(X, Y), (float("inf"), Y), (X + 1, Y + 1), (X, Y + 1)])),
    Nasty("empty polygon", "nothing", Polygon()),
    Nasty("empty multipolygon", "nothing", MultiPolygon()),
    Nasty("empty line", "nothing", LineString()),
    Nasty("empty point", "nothing", Point()),
    Nasty("None", "nothing", None),
]


def of_kind(*kinds: str) -> list[Nasty]:
    return [one for one in NASTY if one.kind in kinds]

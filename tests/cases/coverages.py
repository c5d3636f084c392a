"""Kinds of coverage that real cities have, small, with the land that belongs to no grid in each.

Coordinates are lattice steps from 120 E, 36 N; a unit is 0.001 degree (about 100 m).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

UNIT = 10_000


def ring(*places: tuple[float, float]) -> BaseGeometry:
    """A polygon through places in units."""
    return shapely.Polygon(places)


def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """A rectangle in units."""
    return shapely.box(west, south, east, north)


@dataclass(frozen=True)
class Kind:
    """One kind of coverage: grids by code, and pieces of land inside them that no grid has; all in units."""

    name: str
    grids: dict[str, BaseGeometry]
    excluded: tuple[BaseGeometry, ...] = ()
    outside: tuple[tuple[float, float], ...] = field(default=())
    """Places that are open water: no owner, and nothing to declare."""

    def frame(self) -> dict[str, Any]:
        """A GeoJSON FeatureCollection of the grids."""
        return collection([({"code": code}, shape) for code, shape in self.grids.items()])

    def land(self, reason: str = "水面") -> dict[str, Any]:
        """A GeoJSON FeatureCollection of the land that no grid has."""
        return collection([({"reason": f"{reason}{n}"}, shape) for n, shape in enumerate(self.excluded, 1)])


def on_earth(shape: BaseGeometry) -> BaseGeometry:
    """A shape in units as longitude and latitude on the lattice."""
    return shapely.transform(
        shape, lambda xy: (np.rint(xy * UNIT) + np.array([1_200_000_000, 360_000_000])) / 1e7
    )


def collection(rows: Iterable[tuple[dict[str, Any], BaseGeometry]]) -> dict[str, Any]:
    """GeoJSON of shapes in units."""
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": words, "geometry": shapely.geometry.mapping(on_earth(shape))}
            for words, shape in rows
        ],
    }


def _cut(whole: BaseGeometry, *holes: BaseGeometry) -> BaseGeometry:
    return whole.difference(shapely.union_all(holes))


def _halves(*holes: BaseGeometry) -> dict[str, BaseGeometry]:
    """Two grids beside each other, 5 by 10 units each, without the holes."""
    return {"A": _cut(box(0, 0, 5, 10), *holes), "B": _cut(box(5, 0, 10, 10), *holes)}


def _quarters(*holes: BaseGeometry) -> dict[str, BaseGeometry]:
    corners = {"A": (0, 0), "B": (5, 0), "C": (0, 5), "D": (5, 5)}
    return {code: _cut(box(x, y, x + 5, y + 5), *holes) for code, (x, y) in corners.items()}


_LENS = ring((5, 2), (6, 5), (5, 8), (4, 5))
_DIAMOND = ring((2, 4), (3, 5), (2, 6), (1, 5))

_KINDS: list[Callable[[], Kind]] = [
    lambda: Kind(
        "enclave within one grid", {"A": _cut(box(0, 0, 9, 9), box(3, 3, 6, 6))}, (box(3, 3, 6, 6),)
    ),
    lambda: Kind("enclave between two grids", _halves(box(3, 3, 7, 7)), (box(3, 3, 7, 7),)),
    lambda: Kind("lake spanning four grids", _quarters(box(3, 3, 7, 7)), (box(3, 3, 7, 7),)),
    lambda: Kind("lens that is closed at its tips only", _halves(_LENS), (_LENS,)),
    lambda: Kind(
        "lens over the whole border, touching the rim at two points",
        {
            "A": ring((0, 0), (5, 0), (4, 5), (5, 10), (0, 10)),
            "B": ring((5, 0), (10, 0), (10, 10), (5, 10), (6, 5)),
        },
        (ring((5, 0), (6, 5), (5, 10), (4, 5)),),
    ),
    lambda: Kind(
        "lakes that touch at a corner",
        {"A": _cut(box(0, 0, 5, 10), box(1, 1, 3, 3)), "B": _cut(box(5, 0, 10, 10), box(6, 6, 8, 8))},
        (box(1, 1, 3, 3), box(6, 6, 8, 8)),
    ),
    lambda: Kind(
        "chain of lakes",
        _halves(
            *(
                _chain := [
                    shapely.transform(_DIAMOND, lambda xy, n=n: xy + np.array([3, 2 * n - 3]))
                    for n in range(4)
                ]
            )
        ),
        tuple(_chain),
    ),
    lambda: Kind(
        "lakes in a chain inside one grid, touching at points",
        {
            "A": ring((5, 0), (10, 0), (10, 10), (5, 10), (5, 8), (6, 7), (5, 6), (6, 5), (5, 4)),
            "B": ring((0, 0), (5, 0), (5, 4), (4, 5), (5, 6), (4, 7), (5, 8), (5, 10), (0, 10)),
        },
        (ring((5, 4), (6, 5), (5, 6), (4, 5)), ring((5, 6), (6, 7), (5, 8), (4, 7))),
    ),
    lambda: Kind(
        "excluded land touching excluded land along a border",
        _halves(box(3, 3, 7, 7)),
        (box(3, 3, 5, 7), box(5, 3, 7, 7)),
    ),
    lambda: Kind(
        "donut whose hole is filled by another grid",
        {"A": _cut(box(0, 0, 9, 9), box(3, 3, 6, 6)), "B": box(3, 3, 6, 6)},
    ),
    lambda: Kind(
        "island grid in a lake",
        {"A": _cut(box(0, 0, 9, 9), box(2, 2, 7, 7)), "B": box(4, 4, 5, 5)},
        (_cut(box(2, 2, 7, 7), box(4, 4, 5, 5)),),
    ),
    lambda: Kind(
        "lake in the island of a lake",
        {
            "A": _cut(box(0, 0, 12, 12), box(2, 2, 10, 10)),
            "B": _cut(box(4, 4, 8, 8), box(5, 5, 7, 7)),
        },
        (_cut(box(2, 2, 10, 10), box(4, 4, 8, 8)), box(5, 5, 7, 7)),
    ),
    lambda: Kind(
        "islands off the coast",
        {"A": box(0, 0, 5, 5), "B": box(7, 0, 9, 2), "C": box(7, 3, 9, 5)},
        outside=((6, 2), (8, 2.5)),
    ),
    lambda: Kind(
        "grid in several parts with water between",
        {"A": shapely.MultiPolygon([box(0, 0, 3, 5), box(5, 0, 8, 5)]), "B": box(0, 6, 8, 9)},
        outside=((4, 2), (4, 5.5)),
    ),
    lambda: Kind(
        "exclave inside another grid",
        {
            "A": shapely.MultiPolygon([box(0, 0, 4, 9), box(6, 3, 8, 6)]),
            "B": _cut(box(4, 0, 10, 9), box(6, 3, 8, 6)),
        },
    ),
    lambda: Kind(
        "creek into the coverage, between two grids",
        {"A": box(0, 0, 5, 10), "B": ring((5, 0), (10, 0), (10, 10), (5.1, 10), (5, 5))},
        outside=((5.04, 9.5),),
    ),
    lambda: Kind(
        "creek inside one grid",
        {"A": ring((0, 0), (10, 0), (10, 10), (5.5, 10), (5, 4), (4.5, 10), (0, 10))},
        outside=((5, 9),),
    ),
    lambda: Kind(
        "notches at the coast",
        {
            "A": ring((0, 0), (5, 0), (5, 5), (4, 5), (4, 4), (3, 4), (3, 5), (0, 5)),
            "B": ring((5, 0), (10, 0), (10, 5), (7, 5), (7, 4.5), (6, 4.5), (6, 5), (5, 5)),
        },
        outside=((3.5, 4.5), (6.5, 4.8)),
    ),
    lambda: Kind(
        "bay between two grids, wide at its mouth",
        {
            "A": ring((0, 0), (5, 0), (5, 5), (3, 10), (0, 10)),
            "B": ring((5, 0), (10, 0), (10, 10), (7, 10), (5, 5)),
        },
        outside=((5, 9),),
    ),
    lambda: Kind(
        "water between islands that grids enclose",
        {
            "A": ring((0, 0), (10, 0), (10, 3), (7, 3), (7, 2), (3, 2), (3, 3), (0, 3)),
            "B": ring((0, 3), (3, 3), (3, 7), (7, 7), (7, 3), (10, 3), (10, 10), (0, 10)),
        },
        (box(3, 2, 7, 7),),
    ),
    lambda: Kind(
        "lake that touches the rim at a point",
        {
            "A": ring((0, 0), (5, 0), (5, 4), (3, 7), (5, 10), (0, 10)),
            "B": ring((5, 0), (10, 0), (10, 10), (5, 10), (7, 7), (5, 4)),
        },
        (ring((5, 4), (7, 7), (5, 10), (3, 7)),),
    ),
    lambda: Kind("canal two metres wide", _halves(box(4.99, 2, 5.01, 8)), (box(4.99, 2, 5.01, 8),)),
    lambda: Kind(
        "narrow lane in a cross between four grids",
        _quarters(shapely.union(box(4.98, 2, 5.02, 8), box(2, 4.98, 8, 5.02))),
        (shapely.union(box(4.98, 2, 5.02, 8), box(2, 4.98, 8, 5.02)),),
    ),
    lambda: Kind(
        "many enclaves in one grid",
        {
            "A": _cut(
                box(0, 0, 10, 10), *(_many := [box(x, y, x + 1, y + 1) for x in (1, 4, 7) for y in (1, 4, 7)])
            )
        },
        tuple(_many),
    ),
    lambda: Kind(
        "spiral lake",
        {
            "A": _cut(
                box(0, 0, 10, 10),
                _spiral := shapely.union_all(
                    [box(1, 1, 9, 2), box(8, 1, 9, 9), box(2, 8, 9, 9), box(2, 4, 3, 9), box(2, 4, 6, 5)]
                ),
            )
        },
        (_spiral,),
    ),
    lambda: Kind(
        "enclave filled in part by a grid",
        {"A": _cut(box(0, 0, 9, 9), box(3, 3, 6, 6)), "B": box(3, 3, 4.5, 6)},
        (box(4.5, 3, 6, 6),),
    ),
    lambda: Kind(
        "enclave with a slanted border and many vertices",
        {
            "A": _cut(
                box(0, 0, 9, 9),
                _round := shapely.transform(
                    shapely.Point(4.5, 4.5).buffer(2.5), lambda xy: np.rint(xy * UNIT) / UNIT
                ),
            ),
        },
        (_round,),
    ),
    lambda: Kind(
        "airport corridor: a grid hangs on another by a narrow neck",
        {
            "A": shapely.union_all([box(0, 0, 3, 9), box(3, 4.4, 6, 4.6), box(6, 0, 9, 9)]),
            "B": box(3, 0, 6, 4.4),
            "C": box(3, 4.6, 6, 9),
        },
    ),
    lambda: Kind(
        "grid around a strait with an enclave at its end",
        {"A": _cut(box(0, 0, 12, 6), box(2, 2, 4, 4), box(8, 2, 10, 4)), "B": box(0, 6, 12, 9)},
        (box(2, 2, 4, 4), box(8, 2, 10, 4)),
    ),
]


def kinds() -> list[Kind]:
    """All of them."""
    return [make() for make in _KINDS]

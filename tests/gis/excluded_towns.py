"""Small towns some of whose land no grid has, and places about them; for properties of declared land."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from hypothesis import strategies as st

from gis.coverage import snap_coverage
from gis.geometry import from_lattice, round_degrees

SIDE = 4
_STEP = 3_000


@st.composite
def holed_towns(draw: st.DrawFn) -> tuple[list[str], np.ndarray]:
    """Squares with bent corners, some merged into one grid, some left out: codes and polygons, EPSG:4326.

    What is left out lies inside, at the rim, or touches either at a corner only.
    """
    offsets = draw(
        st.lists(st.integers(-900, 900), min_size=2 * (SIDE + 1) ** 2, max_size=2 * (SIDE + 1) ** 2)
    )
    bent = np.array(offsets).reshape(SIDE + 1, SIDE + 1, 2)
    corners = (
        np.stack(np.meshgrid(np.arange(SIDE + 1), np.arange(SIDE + 1), indexing="ij"), axis=-1) * _STEP + bent
    )
    places = from_lattice(corners + np.array([1_200_000_000, 360_000_000]))
    # 0: nobody's; the others by the grid that a cell belongs to.
    cells = draw(st.lists(st.integers(0, 5), min_size=SIDE * SIDE, max_size=SIDE * SIDE).filter(any))
    members: dict[int, list[Any]] = {}
    for at, grid in enumerate(cells):
        x, y = divmod(at, SIDE)
        ring = [places[x, y], places[x + 1, y], places[x + 1, y + 1], places[x, y + 1]]
        if grid:
            members.setdefault(grid, []).append(shapely.Polygon(ring))
    shapes = np.empty(len(members), dtype=object)
    shapes[:] = [_joined(parts) for parts in members.values()]
    return [f"g{grid}" for grid in members], snap_coverage(shapes).polygons


def _joined(parts: list[Any]) -> Any:
    steps = [shapely.transform(part, lambda xy: np.rint(xy * 1e7)) for part in parts]
    return shapely.transform(shapely.coverage_union_all(steps), lambda xy: np.rint(xy) / 1e7)


@st.composite
def places_about(draw: st.DrawFn, shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the grids, middles of edges, places a step beside, and anywhere around."""
    vertices = np.unique(shapely.get_coordinates(shapes), axis=0)
    west, south, east, north = shapely.total_bounds(shapes)
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    chosen = vertices[rng.integers(0, len(vertices), 12)]
    other = vertices[rng.integers(0, len(vertices), 12)]
    anywhere = rng.uniform([west - 1e-4, south - 1e-4], [east + 1e-4, north + 1e-4], (12, 2))
    beside = chosen + rng.integers(-1, 2, chosen.shape) * 1e-7
    found = round_degrees(np.concatenate([chosen, (chosen + other) / 2, beside, anywhere]))
    return found[:, 0], found[:, 1]

"""Coverages made at random out of a net of cells, with an owner known by whole-number arithmetic alone.

A net of vertices, spaced evenly or by anything from one lattice step to a kilometre, each moved a little, bounds
four-cornered cells. Giving every cell a label (or none) makes coverages with all that real ones have: holes,
islands, parts that touch at a point, combs, slivers one step wide, borders with vertices in a straight run.

The oracle never sees the dissolved polygons and uses neither GEOS nor floating point.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from hypothesis import strategies as st
from numpy.typing import NDArray

from gis.geometry import from_lattice

Cell = tuple[tuple[int, int], ...]

GAPS = (1, 2, 3, 10, 1_000, 100_000)
COARSE = (1_000, 7_777, 100_000)
BASES = ((1_200_500_000, 358_800_000), (-876_300_000, 418_800_000), (-3, -5), (1_799_000_000, -890_000_000))


@dataclass(frozen=True)
class Net:
    """A labelled net of cells; label -1 is nobody's."""

    cells: tuple[Cell, ...]
    labels: tuple[int, ...]

    @property
    def codes(self) -> list[str]:
        return [f"g{label:02d}" for label in sorted(set(self.labels) - {-1})]

    @property
    def vertices(self) -> list[tuple[int, int]]:
        return sorted({corner for cell in self.cells for corner in cell})

    def polygons(self) -> NDArray[np.object_]:
        """The grids: the cells of each label joined, in degrees."""
        out = []
        for label in sorted(set(self.labels) - {-1}):
            mine = [
                shapely.Polygon(cell)
                for cell, owner in zip(self.cells, self.labels, strict=True)
                if owner == label
            ]
            joined = shapely.coverage_union_all(mine)
            out.append(shapely.transform(joined, lambda steps: from_lattice(np.rint(steps))))
        return np.asarray(out, dtype=object)

    def owner(self, x: int, y: int) -> int:
        """Position in `codes` of the grid that owns a lattice place, -1 for none."""
        labels = sorted(set(self.labels) - {-1})
        hits = [
            label
            for cell, label in zip(self.cells, self.labels, strict=True)
            if label != -1 and _covers(cell, x, y)
        ]
        return labels.index(min(hits)) if hits else -1


def _covers(cell: Cell, x: int, y: int) -> bool:
    """Say whether a closed polygon holds a place: on an edge, or an odd number of edges to its right."""
    odd = False
    for (ax, ay), (bx, by) in zip(cell, cell[1:] + cell[:1], strict=True):
        cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if cross == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return True
        if (ay > y) != (by > y) and (cross > 0) == (by > ay):
            odd = not odd
    return odd


@st.composite
def nets(draw: st.DrawFn, *, most: int = 5, nobody: bool = True, gaps: tuple[int, ...] = GAPS) -> Net:
    """Draw a net of up to `most` by `most` cells; with `nobody`, some may have no label."""
    columns, rows = draw(st.integers(1, most)), draw(st.integers(1, most))
    wide = draw(st.lists(st.sampled_from(gaps), min_size=columns, max_size=columns))
    high = draw(st.lists(st.sampled_from(gaps), min_size=rows, max_size=rows))
    base_x, base_y = draw(st.sampled_from(BASES))
    xs = [base_x + sum(wide[:at]) for at in range(columns + 1)]
    ys = [base_y + sum(high[:at]) for at in range(rows + 1)]

    def moved(at: int, widths: list[int]) -> int:
        # Less than half the way to the next line of the net on either side, so that no cell folds over.
        room = (min(widths[max(at - 1, 0)], widths[min(at, len(widths) - 1)]) - 1) // 2
        return draw(st.integers(-room, room)) if room > 0 else 0

    corner = {
        (i, j): (xs[i] + moved(i, wide), ys[j] + moved(j, high))
        for i in range(columns + 1)
        for j in range(rows + 1)
    }
    cells = tuple(
        (corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1])
        for j in range(rows)
        for i in range(columns)
    )
    label = st.integers(-1 if nobody else 0, 4)
    labels = draw(st.lists(label, min_size=len(cells), max_size=len(cells)))
    if set(labels) == {-1}:
        labels[0] = 0
    return Net(cells, tuple(labels))


def telling_places(net: Net) -> list[tuple[int, int]]:
    """List the places where an answer is most easily wrong: vertices, one step off, the middles of edges."""
    places = set()
    for x, y in net.vertices:
        places |= {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
    for cell in net.cells:
        for (ax, ay), (bx, by) in zip(cell, cell[1:] + cell[:1], strict=True):
            middle = ((ax + bx) // 2, (ay + by) // 2)
            places |= {(middle[0] + dx, middle[1] + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
        places.add((sum(x for x, _ in cell) // 4, sum(y for _, y in cell) // 4))
    return sorted(places)

"""Coverages to edit, and what must hold of any edit."""

from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from gis.editing import Coverage, Edit, GridAttributes, Operation, Paint, apply, reach
from gis.editing.context import Context
from gis.editing.paint import paint
from gis.geometry import from_lattice, lattice_geometries
from gis.testing import assert_on_lattice, checkerboard, harbour_town
from tests.gis.strategies import Net

SQUARE = 100_000
"""Lattice steps along the side of a square of `board`."""


def board(columns: int = 4, rows: int = 4) -> Coverage:
    """Squares of 0.01 degree from 120 E 36 N; row r, column c has the code 370299001 + r + c (three digits each)."""
    town = checkerboard(columns, rows)
    return Coverage.build(town.codes, town.polygons, [GridAttributes("", c) for c in town.communities])


def harbour() -> Coverage:
    """An enclave, an island, a T-junction and a slanted quay."""
    town = harbour_town()
    return Coverage.build(town.codes, town.polygons, [GridAttributes("", c) for c in town.communities])


def speckled() -> Coverage:
    """`board`, where years ago somebody left grids of two steps: on a border, at a corner of four, inside a grid."""
    town = board()
    for column, row in ((1.5, 1), (3, 2), (0.3, 3.4)):
        x, y = 1_200_000_000 + round(column * SQUARE), 360_000_000 + round(row * SQUARE)
        corners = from_lattice([[x - 1, y - 1], [x + 1, y - 1], [x + 1, y + 1], [x - 1, y + 1]])
        speck = Paint(shapely.Polygon(corners), community="370299001001")
        # Not by `apply`, which refuses it.
        town = paint(Context(town), speck).coverage
    return town


def apply_to_part(coverage: Coverage, operation: Operation, **more: Any) -> Edit:
    """Do an operation as a caller does who loads only what `reach` asks for and all that touches it."""
    wanted, boxes = reach(operation), shapely.bounds(coverage.polygons)
    met = np.isin(np.array(coverage.codes), wanted.codes)
    met |= np.array([words.community in wanted.communities for words in coverage.attributes])
    near = [np.array(wanted.box)] if wanted.box is not None else []
    for box in near:
        met |= _meet(boxes, box)
    around = np.zeros(len(coverage), dtype=bool)
    for box in boxes[met]:
        around |= _meet(boxes, box + np.array([-2e-7, -2e-7, 2e-7, 2e-7]))
    at = np.flatnonzero(around)
    part = Coverage.build(
        [coverage.codes[i] for i in at],
        coverage.polygons[at],
        [coverage.attributes[i] for i in at],
        trusted=True,
    )
    edit = apply(part, operation, **more)
    told = (*edit.created, *edit.changed)
    whole = coverage.replaced(
        polygons={each: edit.coverage.polygon(each) for each in told},
        attributes={each: edit.coverage.attributes_of(each) for each in told},
        retired=edit.retired,
    )
    return replace(edit, coverage=whole)


def _meet(boxes: Any, box: Any) -> Any:
    return (
        (boxes[:, 0] <= box[2]) & (boxes[:, 2] >= box[0]) & (boxes[:, 1] <= box[3]) & (boxes[:, 3] >= box[1])
    )


def code(column: int, row: int) -> str:
    """Code of a square of `board`, counted from 1 at the south-west."""
    return f"370299001{row:03d}{column:03d}"


def at(column: float, row: float) -> tuple[float, float]:
    """A place of `board`, in squares from its south-west corner."""
    x, y = from_lattice([1_200_000_000 + round(column * SQUARE), 360_000_000 + round(row * SQUARE)]).tolist()
    return (x, y)


def line(*places: tuple[float, float]) -> shapely.LineString:
    """A line through places of `board`."""
    return shapely.LineString([at(*place) for place in places])


def area(*places: tuple[float, float]) -> shapely.Polygon:
    """A polygon through places of `board`."""
    return shapely.Polygon([at(*place) for place in places])


def of_net(net: Net) -> Coverage:
    """A random net as a coverage; grids of even number are of one community, the others of another."""
    polygons = net.polygons()
    words = [GridAttributes("", f"37029900100{at % 2 + 1}") for at in range(len(polygons))]
    return Coverage.build(net.codes, polygons, words)


def steps(coverage: Coverage) -> np.ndarray[Any, Any]:
    return lattice_geometries(coverage.polygons)


def union(coverage: Coverage) -> Any:
    """The land, by an overlay that takes nothing for granted."""
    return shapely.union_all(steps(coverage))


def outer_vertices(coverage: Coverage) -> set[tuple[float, float]]:
    return {tuple(xy) for xy in shapely.get_coordinates(union(coverage)).tolist()}


def assert_edit(before: Coverage, edit: Edit, *, land_may_change: bool = False) -> None:
    """Everything that has to hold of any edit, looked at with other means than the code that made it."""
    after = edit.coverage
    assert list(after.codes) == sorted(set(after.codes))
    assert set(edit.created) == set(after.codes) - set(before.codes)
    assert set(edit.retired) == set(before.codes) - set(after.codes)
    assert_on_lattice(after.polygons)
    assert shapely.is_valid(after.polygons).all()
    assert shapely.coverage_is_valid(steps(after))
    told = {*edit.created, *edit.changed}
    for each in set(after.codes) - told:
        assert shapely.to_wkb(after.polygon(each)) == shapely.to_wkb(before.polygon(each))
        assert after.attributes_of(each) == before.attributes_of(each)
    for each in edit.changed:
        same = after.polygon(each).normalize().equals_exact(before.polygon(each).normalize(), 0.0)
        assert not same or after.attributes_of(each) != before.attributes_of(each), f"{each} did not change"
    # No overlap: areas add up to that of the union. Exact, being whole numbers of half squares below 2**53.
    assert shapely.area(steps(after)).sum() == union(after).area
    if not land_may_change:
        assert_same_land(before, after)


def assert_same_land(before: Coverage, after: Coverage) -> None:
    """The same land; where an outer edge was led through a new lattice place, within a step of it."""
    one, other = union(before), union(after)
    if outer_vertices(before) == outer_vertices(after):
        assert one.area == other.area
    assert shapely.is_empty(shapely.buffer(shapely.symmetric_difference(one, other), -1.0))


def assert_one_owner(coverage: Coverage, places: Any) -> None:
    """Each of these places (lattice steps, all on land) lies inside one grid, or on a border."""
    points = shapely.points(np.asarray(places, dtype=np.float64))
    shapes = steps(coverage)
    tree = shapely.STRtree(shapes)
    inside = np.bincount(tree.query(points, predicate="within")[0], minlength=len(points))
    covered = np.bincount(tree.query(points, predicate="intersects")[0], minlength=len(points))
    assert (inside <= 1).all()
    assert (covered >= 1).all()

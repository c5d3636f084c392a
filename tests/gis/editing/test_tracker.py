"""What desktop tools got wrong, by the number in QGIS's tracker: here the server does it."""

import pytest
import shapely

from gis.editing import (
    Add,
    Coverage,
    GridAttributes,
    InsertVertex,
    Merge,
    MoveVertex,
    OperationRefused,
    Replace,
    ReplacedGrid,
    Split,
    Transfer,
    apply,
    check_changes,
    diff,
)
from gis.geometry import lattice_geometries
from tests.gis.editing.towns import area, assert_edit, at, board, code, harbour, line

MIDDLE = code(2, 2)


def vertices(coverage: Coverage, grid: str) -> set[tuple[float, float]]:
    return {tuple(xy) for xy in shapely.get_coordinates(coverage.polygon(grid)).tolist()}


def test_39835_a_split_leaves_no_vertex_behind_in_the_neighbours() -> None:
    """A cut ended on a neighbour's border and the neighbour did not get the vertex."""
    before = board()
    edit = apply(before, Split(MIDDLE, line((1.1, 0.9), (1.37, 1.4), (1.21, 2.05))))
    assert_edit(before, edit)
    for place in edit.inserted_vertices:
        owners = [grid for grid in edit.coverage.codes if place in vertices(edit.coverage, grid)]
        on_border = shapely.boundary(before.polygon(MIDDLE)).distance(shapely.Point(place)) < 1e-7
        assert len(owners) == (3 if on_border else 2), place
    # And moving that vertex takes all three along.
    moved = apply(edit.coverage, MoveVertex(edit.inserted_vertices[0], at(1.2, 1.05)))
    assert_edit(edit.coverage, moved)


def test_58350_inserting_shared_vertices_makes_no_overlap() -> None:
    """On a slanted border no lattice place is exact: both sides have to take the same one."""
    words = GridAttributes("", "c")
    quay = [(120.0, 36.0), (120.0100003, 36.0000007), (120.0033331, 36.0099999)]
    land = [(120.0100003, 36.0000007), (120.02, 36.02), (120.0033331, 36.0099999)]
    coverage = Coverage.build(["a", "b"], [shapely.Polygon(quay), shapely.Polygon(land)], [words, words])
    border = shapely.LineString([quay[1], quay[2]])
    for part in range(1, 40):
        place = border.interpolate(part / 40, normalized=True)
        edit = apply(coverage, InsertVertex((place.x, place.y)))
        assert edit.changed == ("a", "b")
        assert_edit(coverage, edit)
        coverage = edit.coverage
    assert shapely.coverage_is_valid(lattice_geometries(coverage.polygons))


def test_59067_no_extra_vertices() -> None:
    """Only the two ends of a cut are new; what the line crosses outside the grid is left alone."""
    before = board(6, 6)
    edit = apply(before, Split(MIDDLE, line((1.5, -1), (1.5, 7))))
    assert edit.inserted_vertices == (at(1.5, 1), at(1.5, 2))
    assert set(edit.changed) == {MIDDLE, code(2, 1), code(2, 3)}
    again = apply(edit.coverage, Merge((MIDDLE, *edit.created)))
    assert not diff(before, again.coverage).changed
    taken = apply(before, Transfer(area((2, 1), (2.5, 1), (2.5, 2), (2, 2)), MIDDLE))
    assert taken.inserted_vertices == (at(2.5, 1), at(2.5, 2))


def test_26430_a_polygon_inside_another_owns_its_land_alone() -> None:
    """A new polygon drawn inside another lay over it."""
    before = board()
    park = area((1.2, 1.2), (1.8, 1.2), (1.8, 1.8), (1.2, 1.8))
    edit = apply(before, Split(MIDDLE, park))
    assert_edit(before, edit)
    assert edit.coverage.polygon(MIDDLE).disjoint(shapely.Point(at(1.5, 1.5)))
    with pytest.raises(OperationRefused) as caught:
        apply(before, Replace((ReplacedGrid("park", park, community="c"),)))
    assert caught.value.code == "overlaps"


def test_29136_a_gap_that_is_said_to_be_filled_is_filled() -> None:
    """The tool reported a gap as fixed and it was still there."""
    words = GridAttributes("", "c")
    west = area((0, 0), (1, 0), (1, 2), (0, 2))
    east = area((1, 0), (2, 0), (2, 2), (1, 2), (1.0004, 1))
    before = Coverage.build(["a", "b"], [west, east], [words, words])
    assert errors(before) == ["gap"]
    half = apply(before, Add(area((0.9, 0), (1.1, 0), (1.1, 1), (0.9, 1)), to="a")).coverage
    assert errors(half) == ["gap"], "half filled is not filled, and is not said to be"
    whole = apply(before, Add(area((0.9, 0), (1.1, 0), (1.1, 2), (0.9, 2)), to="a"))
    assert errors(whole.coverage) == []
    assert whole.changed == ("a",)


def errors(coverage: Coverage) -> list[str]:
    return [d.kind for d in check_changes(coverage, coverage.codes) if d.severity == "error"]


def test_an_enclave_is_split_with_its_border() -> None:
    before = harbour()
    cut = Split("370299001001002", shapely.LineString([(120.004, 36.008), (120.014, 36.009)]))
    edit = apply(before, cut)
    assert_edit(before, edit)
    assert edit.changed == ("370299001001001", "370299001001002")

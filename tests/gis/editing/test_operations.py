"""Each operation on squares, where the right answer can be counted by hand."""

import numpy as np
import pytest
import shapely

from gis.editing import (
    Add,
    Coverage,
    DeleteVertex,
    Edit,
    GridAttributes,
    InsertVertex,
    Merge,
    MoveBorder,
    MoveVertex,
    Operation,
    Recode,
    Relocate,
    Remove,
    Rename,
    Renumber,
    Replace,
    ReplacedGrid,
    Reshape,
    SetKind,
    Split,
    Transfer,
    apply,
    diff,
)
from tests.gis.editing.towns import (
    SQUARE,
    area,
    assert_edit,
    assert_same_land,
    at,
    board,
    code,
    harbour,
    line,
    steps,
)

MIDDLE = code(2, 2)


def done(coverage: Coverage, operation: Operation, *, land_may_change: bool = False) -> Edit:
    edit = apply(coverage, operation)
    assert_edit(coverage, edit, land_may_change=land_may_change)
    return edit


def squares(coverage: Coverage, grid: str) -> float:
    """Area of a grid in squares of the board."""
    return float(shapely.area(steps(coverage)[coverage.position(grid)])) / SQUARE**2


class TestSplit:
    def test_by_a_line_inserts_the_ends_into_the_neighbours(self) -> None:
        edit = done(board(), Split(MIDDLE, line((1.25, 0.5), (1.25, 2.5))))
        assert edit.created == (code(5, 2),)
        assert edit.changed == (code(2, 1), MIDDLE, code(2, 3))
        assert edit.inserted_vertices == (at(1.25, 1), at(1.25, 2))
        assert squares(edit.coverage, MIDDLE) == 0.75, "the largest piece keeps the code"
        assert squares(edit.coverage, code(5, 2)) == 0.25

    def test_a_line_that_crosses_several_times_makes_several_parts(self) -> None:
        zigzag = line((1.25, 0.5), (1.25, 2.5), (1.5, 2.5), (1.5, 0.5), (1.75, 0.5), (1.75, 2.5))
        edit = done(board(), Split(MIDDLE, zigzag))
        assert edit.created == (code(5, 2), code(6, 2), code(7, 2))
        assert [squares(edit.coverage, each) for each in (MIDDLE, *edit.created)] == [0.25] * 4

    def test_parts_are_numbered_from_west_to_east(self) -> None:
        zigzag = line((1.2, 0.5), (1.2, 2.5), (1.5, 2.5), (1.5, 0.5))
        edit = done(board(), Split(MIDDLE, zigzag))
        west = [shapely.bounds(edit.coverage.polygon(each))[0] for each in edit.created]
        assert west == sorted(west)

    def test_by_a_polygon_inside_leaves_a_ring(self) -> None:
        edit = done(board(), Split(MIDDLE, area((1.25, 1.25), (1.5, 1.25), (1.5, 1.5), (1.25, 1.5))))
        assert edit.changed == (MIDDLE,)
        assert squares(edit.coverage, edit.created[0]) == 0.0625
        assert len(edit.coverage.polygon(MIDDLE).interiors) == 1

    def test_by_a_polygon_over_a_corner(self) -> None:
        edit = done(board(), Split(MIDDLE, area((1.5, 1.5), (3, 1.5), (3, 3), (1.5, 3))))
        assert squares(edit.coverage, edit.created[0]) == 0.25
        assert set(edit.changed) == {MIDDLE, code(3, 2), code(2, 3)}, "the other neighbours get no vertex"

    def test_a_line_along_the_border_inserts_nothing_there(self) -> None:
        edit = done(board(), Split(MIDDLE, line((1, 1), (1, 1.3), (1, 1.5), (2, 1.5))))
        assert edit.inserted_vertices == (at(1, 1.5), at(2, 1.5))

    def test_between_two_vertices_changes_no_neighbour(self) -> None:
        edit = done(board(), Split(MIDDLE, line((1, 1), (2, 2))))
        assert (edit.changed, edit.inserted_vertices) == ((MIDDLE,), ())

    @pytest.mark.parametrize(
        ("codes", "created", "retired"),
        [
            (("x",), ("x",), ()),
            ((MIDDLE, "x"), ("x",), ()),
            (("w", "e"), ("e", "w"), (MIDDLE,)),
        ],
    )
    def test_codes_may_be_chosen(
        self, codes: tuple[str, ...], created: tuple[str, ...], retired: tuple[str, ...]
    ) -> None:
        edit = done(board(), Split(MIDDLE, line((1.25, 0.5), (1.25, 2.5)), codes))
        assert (edit.created, edit.retired) == (created, retired)
        if codes == (MIDDLE, "x"):
            assert squares(edit.coverage, MIDDLE) == 0.25, "all named: from west to east"

    def test_an_island_that_is_not_cut_stays_with_the_largest_piece(self) -> None:
        quay = "370299001002001"
        edit = done(harbour(), Split(quay, shapely.LineString([(120.002, 36.01), (120.002, 36.05)])))
        assert edit.coverage.polygon(quay).geom_type == "MultiPolygon"
        assert [edit.coverage.polygon(each).geom_type for each in edit.created] == ["Polygon"]

    def test_a_line_through_an_enclave_cuts_the_grid_around_it_only(self) -> None:
        edit = done(
            harbour(), Split("370299001001001", shapely.LineString([(120.008, 35.99), (120.008, 36.03)]))
        )
        assert len(edit.created) == 1
        assert edit.coverage.polygon("370299001001001").interiors[:] == []
        assert "370299001001002" in edit.changed, "the enclave shares the two new vertices"

    def test_new_grids_have_the_community_and_kind(self) -> None:
        coverage = apply(board(), SetKind(MIDDLE, "dedicated")).coverage
        edit = done(coverage, Split(MIDDLE, line((1, 1), (2, 2))))
        assert edit.coverage.attributes_of(edit.created[0]) == GridAttributes(
            "", code(2, 2)[:12], "dedicated"
        )


class TestMerge:
    def test_keeps_the_largest_code(self) -> None:
        edit = done(board(), Merge((code(1, 2), MIDDLE)))
        assert (edit.changed, edit.retired) == ((code(1, 2),), (MIDDLE,))
        assert squares(edit.coverage, code(1, 2)) == 2

    def test_code_and_community_may_be_named(self) -> None:
        edit = done(board(), Merge((MIDDLE, code(2, 3)), code="新", community="370299001009"))
        assert edit.created == ("新",)
        assert edit.coverage.attributes_of("新").community == "370299001009"

    def test_an_enclave_fills_the_hole(self) -> None:
        edit = done(harbour(), Merge(("370299001001001", "370299001001002")))
        assert len(edit.coverage.polygon("370299001001001").interiors) == 0

    def test_two_and_two_with_a_third_between(self) -> None:
        edit = done(board(), Merge((code(1, 1), code(3, 1), code(2, 1))))
        assert squares(edit.coverage, code(1, 1)) == 3

    @pytest.mark.parametrize("slope", [0.0, 0.1, 1 / 3, -0.7])
    def test_gives_back_what_a_split_cut(self, slope: float) -> None:
        before = board()
        cut = done(before, Split(MIDDLE, line((1.4 - slope, 0.5), (1.4 + slope, 2.5))))
        back = done(cut.coverage, Merge((MIDDLE, *cut.created)))
        changes = diff(before, back.coverage)
        assert (changes.created, changes.changed, changes.retired) == ((), (), ())


class TestReshape:
    def test_a_bulge_goes_over(self) -> None:
        edit = done(board(), Reshape(line((2, 1.25), (1.5, 1.25), (1.5, 1.75), (2, 1.75))))
        assert edit.changed == (MIDDLE, code(3, 2))
        assert squares(edit.coverage, code(3, 2)) == 1.25

    def test_a_line_to_and_fro_exchanges_land(self) -> None:
        wave = line((2, 1.2), (1.6, 1.2), (1.6, 1.4), (2.4, 1.4), (2.4, 1.6), (2, 1.6))
        edit = done(board(), Reshape(wave))
        assert edit.changed == (MIDDLE, code(3, 2))
        assert squares(edit.coverage, MIDDLE) == pytest.approx(1.0)

    def test_loose_ends_are_cut_off(self) -> None:
        edit = done(board(), Reshape(line((2.3, 1.25), (1.5, 1.25), (1.5, 1.75), (2.6, 1.75))))
        assert edit.changed == (MIDDLE, code(3, 2))
        assert squares(edit.coverage, code(3, 2)) == 1.25

    def test_more_than_half_may_go_over(self) -> None:
        edit = done(board(), Reshape(line((2, 1), (1.1, 1.1), (1.1, 1.9), (2, 2)), (MIDDLE, code(3, 2))))
        assert squares(edit.coverage, MIDDLE) < 0.3

    def test_a_line_across_moves_the_whole_border(self) -> None:
        edit = done(board(), Reshape(line((1.75, 0.5), (1.75, 2.5)), (MIDDLE, code(3, 2))))
        assert squares(edit.coverage, code(3, 2)) == 1.25
        assert squares(edit.coverage, MIDDLE) == 0.75

    def test_the_smaller_side_goes_over_when_nobody_is_named(self) -> None:
        edit = done(board(), Reshape(line((1.75, 1), (1.75, 2))))
        assert squares(edit.coverage, code(3, 2)) == 1.25

    def test_into_two_neighbours(self) -> None:
        edit = done(board(), Reshape(line((1.5, 2), (1.5, 2.5), (2.5, 2.5), (2.5, 2), (2.5, 1.5), (2, 1.5))))
        assert squares(edit.coverage, MIDDLE) + squares(edit.coverage, code(3, 2)) != 2

    def test_an_enclave_grows(self) -> None:
        market, around = "370299001001002", "370299001001001"
        before = harbour()
        bulge = shapely.LineString([(120.0055, 36.0049), (120.007, 36.002), (120.009, 36.0042)])
        edit = done(before, Reshape(bulge))
        assert edit.changed == (around, market)
        assert shapely.area(edit.coverage.polygon(market)) > shapely.area(before.polygon(market))

    def test_ends_that_leave_no_junction_are_straight_again(self) -> None:
        edit = done(board(), Reshape(line((2, 1), (1.5, 1.5), (1.5, 2)), (MIDDLE, code(3, 2))))
        assert squares(edit.coverage, MIDDLE) < 1


class TestTransfer:
    def test_from_several(self) -> None:
        edit = done(board(), Transfer(area((1.5, 1.5), (2.5, 1.5), (2.5, 2.5), (1.5, 2.5)), MIDDLE))
        assert edit.changed == (MIDDLE, code(3, 2), code(2, 3), code(3, 3))
        assert squares(edit.coverage, MIDDLE) == 1.75

    def test_a_whole_island(self) -> None:
        isle = shapely.box(119.98, 36.035, 119.999, 36.05)
        edit = done(harbour(), Transfer(isle, "370299001002002"))
        assert edit.coverage.polygon("370299001002001").geom_type == "Polygon"
        assert edit.coverage.polygon("370299001002002").geom_type == "MultiPolygon"

    def test_outside_stays_outside(self) -> None:
        edit = done(board(2, 1), Transfer(area((0.5, -1), (0.5, 2), (3, 2), (3, -1)), code(2, 1)))
        assert squares(edit.coverage, code(2, 1)) == 1.5


class TestVertices:
    def test_all_touching_grids_follow(self) -> None:
        edit = done(board(), MoveVertex(at(2, 2), at(2.2, 2.3)))
        assert edit.changed == (MIDDLE, code(3, 2), code(2, 3), code(3, 3))

    def test_one_that_lands_on_a_border_is_put_into_it(self) -> None:
        # An inlet between two squares of the outside, closed at its tip by moving a vertex onto the other side.
        south = shapely.Polygon([(0, 0), (2, 0), (2, 1), (1.5, 1), (1, 1.5), (0, 1)])
        north = shapely.Polygon([(0, 1), (1, 1.5), (2, 3), (0, 3)])
        words = GridAttributes("", "c")
        coverage = Coverage.build(["a", "b"], [south, north], [words, words])
        edit = done(coverage, MoveVertex((1.5, 1), (1.4, 2.1)), land_may_change=True)
        assert edit.changed == ("a", "b")

    def test_an_outer_vertex_moves_the_outer_border(self) -> None:
        edit = done(board(2, 2), MoveVertex(at(2, 2), at(2.5, 2.5)), land_may_change=True)
        assert edit.changed == (code(2, 2),)

    def test_insert_and_delete_give_back_the_start(self) -> None:
        before = board()
        put = done(before, InsertVertex(at(1.5, 2)))
        assert put.changed == (MIDDLE, code(2, 3))
        assert put.inserted_vertices == (at(1.5, 2),)
        back = done(put.coverage, DeleteVertex(at(1.5, 2)))
        assert not diff(before, back.coverage).changed

    def test_a_border_moves_with_its_ends(self) -> None:
        edit = done(board(), MoveBorder((MIDDLE, code(3, 2)), (at(0.1, 0)[0] - 120.0, 0.0)))
        assert len(edit.changed) == 6
        assert squares(edit.coverage, MIDDLE) == pytest.approx(1.1)

    def test_an_enclave_moves_whole(self) -> None:
        edit = done(harbour(), MoveBorder(("370299001001001", "370299001001002"), (0.001, 0.001)))
        assert edit.changed == ("370299001001001", "370299001001002")


class TestAddAndRemove:
    def test_land_goes_to_the_longest_common_border(self) -> None:
        # A square is taller than wide in metres at 36 degrees north: east and west borders are longest.
        edit = done(board(), Remove(MIDDLE))
        assert (edit.changed, edit.retired) == ((code(1, 2),), (MIDDLE,))

    def test_land_goes_to_a_named_neighbour(self) -> None:
        edit = done(board(), Remove(MIDDLE, (code(2, 3),)))
        assert squares(edit.coverage, code(2, 3)) == 2

    def test_land_is_shared_by_nearness(self) -> None:
        to = (code(1, 2), code(3, 2))
        edit = done(board(), Remove(MIDDLE, to))
        assert [squares(edit.coverage, each) for each in to] == pytest.approx([1.5, 1.5], abs=0.02)

    def test_an_outer_grid_may_leave_its_land_and_another_be_made_of_it(self) -> None:
        before = board()
        gone = done(before, Remove(code(4, 4), ()), land_may_change=True)
        again = done(
            gone.coverage, Add(area((2.5, 2.5), (4, 2.5), (4, 4), (2.5, 4)), "c", "neu"), land_may_change=True
        )
        assert again.created == ("neu",)
        assert again.coverage.polygon("neu").equals(before.polygon(code(4, 4)))
        assert_same_land(before, again.coverage)

    def test_a_gap_is_filled_by_a_neighbour(self) -> None:
        words = GridAttributes("", "c")
        ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
        holed = Coverage.build(["a"], [ring], [words])
        edit = done(holed, Add(shapely.box(0.5, 0.5, 2.5, 2.5), to="a"), land_may_change=True)
        assert edit.coverage.polygon("a").equals(shapely.box(0, 0, 3, 3))

    def test_an_enclave_returns_its_land(self) -> None:
        edit = done(harbour(), Remove("370299001001002"))
        assert edit.changed == ("370299001001001",)


class TestWords:
    def test_recode(self) -> None:
        edit = done(board(), Recode(MIDDLE, "HD-07 号"))
        assert (edit.created, edit.retired, edit.changed) == (("HD-07 号",), (MIDDLE,), ())

    @pytest.mark.parametrize(
        ("operation", "words"),
        [
            (Rename(MIDDLE, " 东港 "), GridAttributes("东港", MIDDLE[:12])),
            (Relocate(MIDDLE, "x"), GridAttributes("", "x")),
            (SetKind(MIDDLE, "dedicated"), GridAttributes("", MIDDLE[:12], "dedicated")),
        ],
    )
    def test_one_grid_changes(self, operation: Operation, words: GridAttributes) -> None:
        edit = done(board(), operation)
        assert edit.changed == (MIDDLE,)
        assert edit.coverage.attributes_of(MIDDLE) == words

    def test_renumber_goes_on_after_the_highest(self) -> None:
        coverage = apply(board(3, 1), Recode(code(1, 1), code(8, 1))).coverage
        edit = done(coverage, Renumber(code(1, 1)[:12]))
        assert edit.created == (code(10, 1), code(11, 1), code(9, 1))[0:0] + tuple(
            sorted((code(9, 1), code(10, 1), code(11, 1)))
        )
        assert edit.coverage.polygon(code(9, 1)).equals(coverage.polygon(code(8, 1))), "the westernmost first"


class TestReplace:
    def test_changed_new_and_missing(self) -> None:
        before = board(3, 1)
        grids = (
            ReplacedGrid(code(1, 1), area((0, 0), (0.5, 0), (0.5, 1), (0, 1)), name="西"),
            ReplacedGrid("new", area((0.5, 0), (2, 0), (2, 1), (0.5, 1)), community="c"),
        )
        edit = done(before, Replace(grids, (code(2, 1),)))
        assert (edit.created, edit.changed, edit.retired) == (("new",), (code(1, 1),), (code(2, 1),))
        assert edit.coverage.attributes_of(code(1, 1)).name == "西"

    def test_a_neighbour_gets_the_vertices(self) -> None:
        before = board(2, 1)
        bent = area((0, 0), (1, 0), (1, 0.5), (1, 1), (0, 1))
        edit = done(before, Replace((ReplacedGrid(code(1, 1), bent),)))
        assert edit.changed == (code(1, 1), code(2, 1))


def test_only_the_neighbourhood_is_looked_at() -> None:
    whole = board(9, 9)
    near = np.flatnonzero(shapely.intersects(whole.polygons, shapely.box(*at(3, 3), *at(6, 6))))
    part = Coverage.build(
        [whole.codes[i] for i in near], whole.polygons[near], [whole.attributes[i] for i in near]
    )
    operation = Split(code(5, 5), line((4.3, 3.5), (4.4, 5.5)))
    one, other = apply(whole, operation), apply(part, operation, used_codes=whole.codes)
    assert (one.created, one.changed, one.inserted_vertices) == (
        other.created,
        other.changed,
        other.inserted_vertices,
    )
    for each in (*one.created, *one.changed):
        assert one.coverage.polygon(each).equals_exact(other.coverage.polygon(each), 0.0)

"""What differs, where the land went, and whether two drafts go together."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.editing import (
    Add,
    Coverage,
    Merge,
    MoveVertex,
    Operation,
    OperationRefused,
    Recode,
    Relocate,
    Remove,
    Rename,
    Reshape,
    SetKind,
    Split,
    Transfer,
    apply,
    conflicts,
    diff,
    lineage,
    next_code,
    north_west_order,
    reach,
    rebased,
)
from gis.errors import CoverageError
from tests.gis.editing.towns import area, assert_same_land, at, board, code, line, steps

MIDDLE = code(2, 2)


def told(before: Coverage, after: Coverage) -> list[tuple[str | None, str | None, str, float]]:
    return [
        (row.from_code, row.to_code, row.kind, round(row.share_of_from or 0.0, 3))
        for row in lineage(before, after)
    ]


def after(*operations: Operation, start: Coverage | None = None) -> Coverage:
    coverage = start or board()
    for operation in operations:
        coverage = apply(coverage, operation).coverage
    return coverage


class TestLineage:
    def test_split(self) -> None:
        edited = after(Split(MIDDLE, line((1.25, 0.5), (1.25, 2.5))))
        assert told(board(), edited) == [(MIDDLE, MIDDLE, "split", 0.75), (MIDDLE, code(5, 2), "split", 0.25)]

    def test_merge(self) -> None:
        edited = after(Merge((MIDDLE, code(3, 2))))
        assert told(board(), edited) == [(MIDDLE, MIDDLE, "merged", 1.0), (code(3, 2), MIDDLE, "merged", 1.0)]

    def test_moved_border(self) -> None:
        edited = after(Transfer(area((2, 1), (2.5, 1), (2.5, 2), (2, 2)), MIDDLE))
        assert told(board(), edited) == [
            (MIDDLE, MIDDLE, "moved_border", 1.0),
            (code(3, 2), MIDDLE, "moved_border", 0.5),
            (code(3, 2), code(3, 2), "moved_border", 0.5),
        ]

    @pytest.mark.parametrize(
        ("operation", "kind"),
        [
            (Rename(MIDDLE, "x"), "renamed"),
            (Relocate(MIDDLE, "x"), "relocated"),
            (SetKind(MIDDLE, "dedicated"), "rekinded"),
        ],
    )
    def test_words(self, operation: Operation, kind: str) -> None:
        assert told(board(), after(operation)) == [(MIDDLE, MIDDLE, kind, 1.0)]

    def test_recoded(self) -> None:
        edited = after(Recode(MIDDLE, "x"))
        assert told(board(), edited) == [(MIDDLE, "x", "recoded", 1.0)]
        assert diff(board(), edited).recoded == ((MIDDLE, "x"),)

    def test_added_and_removed(self) -> None:
        corner = code(4, 4)
        edited = after(Remove(corner, ()))
        assert told(board(), edited) == [(corner, None, "removed", 1.0)]
        assert told(edited, board()) == [(None, corner, "added", 0.0)]

    def test_a_vertex_put_into_a_border_is_no_land(self) -> None:
        slant = Split(MIDDLE, line((1.333333, 0.5), (1.777777, 2.5)))
        assert {row[0] for row in told(board(), after(slant))} == {MIDDLE}

    def test_a_neighbour_that_only_gets_a_node_is_noded(self) -> None:
        edited = after(Split(MIDDLE, line((1.333333, 0.5), (1.777777, 2.5))))
        found = diff(board(), edited)
        assert found.changed == found.moved_border == (MIDDLE,)
        assert found.noded == (code(2, 1), code(2, 3))
        assert found.stored == tuple(sorted({MIDDLE, code(2, 1), code(2, 3), *found.created}))
        back = diff(edited, board())
        assert set(found.noded) == set(back.noded), "nodes that go are no change either"

    def test_a_noded_neighbour_that_is_renamed_is_changed(self) -> None:
        edited = after(Split(MIDDLE, line((1.333333, 0.5), (1.777777, 2.5))), Rename(code(2, 1), "x"))
        found = diff(board(), edited)
        assert found.changed == (code(2, 1), MIDDLE)
        assert found.noded == (code(2, 3),)
        assert (code(2, 1), code(2, 1), "renamed", 1.0) in told(board(), edited)

    def test_a_notch_up_to_the_tolerance_decides_nothing(self) -> None:
        """Half a square metre goes to a neighbour: the rest is recoded; of two square metres on it is split."""
        for steps_wide, expected in ((50, {"recoded"}), (200, {"split", "merged"})):
            x, y = at(2, 1)
            # A triangle beside the upper left corner of the right neighbour, in lattice steps of about a centimetre.
            corner = [(x, y), (x, round(y + steps_wide * 1e-7, 7)), (round(x - steps_wide * 1e-7, 7), y)]
            notch = shapely.Polygon(corner)
            edited = apply(board(), Transfer(notch, code(3, 2))).coverage
            edited = apply(edited, Recode(MIDDLE, "x")).coverage
            kinds = {row.kind for row in lineage(board(), edited)}
            assert kinds == expected, steps_wide

    def test_shares_add_up(self) -> None:
        edited = after(
            Split(MIDDLE, line((1.25, 0.5), (1.4, 2.5))),
            Merge((code(5, 2), code(1, 2))),
            Transfer(area((0.5, 1.5), (3.5, 1.5), (3.5, 2.5), (0.5, 2.5)), code(3, 3)),
        )
        shares: dict[str, float] = {}
        for row in lineage(board(), edited):
            assert row.from_code is not None
            shares[row.from_code] = shares.get(row.from_code, 0.0) + (row.share_of_from or 0.0)
        assert all(share == pytest.approx(1.0, abs=1e-5) for share in shares.values())


class TestRebase:
    def test_apart(self) -> None:
        base = board(7, 3)
        mine = after(Split(code(1, 2), line((0.2, 0.5), (0.3, 2.5))), start=base)
        theirs = after(Merge((code(6, 2), code(7, 2))), start=base)
        joined = rebased(base, mine, theirs)
        assert shapely.coverage_is_valid(steps(joined))
        assert_same_land(base, joined)
        assert set(joined.codes) == (set(mine.codes) | set(theirs.codes)) - {code(7, 2)}

    def test_the_same_grid(self) -> None:
        base = board()
        found = conflicts(base, after(Rename(MIDDLE, "x")), after(Rename(MIDDLE, "y")))
        assert [(each.code, each.reason) for each in found] == [(MIDDLE, "same-grid")]
        with pytest.raises(CoverageError) as caught:
            rebased(base, after(Rename(MIDDLE, "x")), after(Rename(MIDDLE, "y")))
        assert caught.value.places

    def test_a_neighbour_of_a_moved_border(self) -> None:
        mine = after(MoveVertex(at(2, 2), at(2.1, 2.1)))
        found = conflicts(board(), mine, after(Rename(code(1, 2), "y")))
        assert [(each.code, each.reason) for each in found] == [(code(1, 2), "neighbour")]

    def test_the_same_new_code(self) -> None:
        base = board(8, 1)
        mine = after(Split(code(1, 1), line((0.5, -1), (0.5, 2))), start=base)
        theirs = after(Split(code(8, 1), line((7.5, -1), (7.5, 2))), start=base)
        found = conflicts(base, mine, theirs)
        assert [(each.code, each.reason) for each in found] == [(code(9, 1), "same-code")]
        assert found[0].mine is not None
        assert found[0].theirs is not None

    def test_the_same_new_land(self) -> None:
        base = board(8, 1)
        mine = after(Add(area((0, 1), (4, 1), (4, 2), (0, 2)), "c", "x"), start=base)
        theirs = after(Add(area((4, 1), (8, 1), (8, 2), (4, 2)), "c", "y"), start=base)
        assert "same-land" in {each.reason for each in conflicts(base, mine, theirs)}

    def test_a_gap_closed_from_both_ends(self) -> None:
        base = board(3, 3).replaced(retired=[code(2, row) for row in (1, 2, 3)])
        mine = after(Add(area((1, 0), (2, 0), (2, 1), (1, 1)), "c", "x"), start=base)
        theirs = after(Add(area((1, 2), (2, 2), (2, 3), (1, 3)), "c", "y"), start=base)
        assert ("x", "same-land") in {(each.code, each.reason) for each in conflicts(base, mine, theirs)}

    @given(st.data())
    def test_what_does_not_conflict_is_a_clean_coverage(self, data: st.DataObject) -> None:
        base = board(6, 3)

        def draft(lead: str) -> Coverage:
            coverage = base
            for number in range(data.draw(st.integers(1, 2))):
                place = st.tuples(st.floats(-0.5, 6.5), st.floats(-0.5, 3.5))
                grid = coverage.codes[data.draw(st.integers(0, len(coverage) - 1))]
                drawn = line(data.draw(place), data.draw(place))
                kinds: list[Operation] = [
                    Split(grid, drawn, (f"{lead}{number}",)),
                    Reshape(drawn),
                    Remove(grid),
                    Add(shapely.box(*drawn.bounds), "c", f"{lead}{number}"),
                ]
                try:
                    coverage = apply(coverage, data.draw(st.sampled_from(kinds))).coverage
                except OperationRefused:
                    continue
            return coverage

        mine, theirs = draft("m"), draft("t")
        if conflicts(base, mine, theirs):
            return
        joined = rebased(base, mine, theirs)
        assert shapely.coverage_is_valid(steps(joined))
        assert np.isclose(
            shapely.area(steps(joined)).sum(), shapely.union_all(steps(joined)).area, rtol=0, atol=0.5
        )


class TestNumbers:
    def test_the_highest_ever_used_counts(self) -> None:
        lead = MIDDLE[:12]
        assert next_code(lead, {MIDDLE, f"{lead}017"}) == f"{lead}018"

    def test_gaps_are_used_when_the_end_is_reached(self) -> None:
        lead = MIDDLE[:12]
        assert next_code(lead, {f"{lead}999", f"{lead}001"}) == f"{lead}002"

    def test_rows_from_north_to_south(self) -> None:
        order = north_west_order(board(3, 2).polygons)
        assert order.tolist() == [3, 4, 5, 0, 1, 2]

    def test_nothing_has_no_order(self) -> None:
        assert north_west_order([]).tolist() == []


def test_reach_covers_what_an_operation_changes() -> None:
    whole = board(9, 9)
    operations: list[Operation] = [
        Split(code(5, 5), line((4.3, 3.5), (4.4, 5.5))),
        Merge((code(5, 5), code(5, 6)), community="c"),
        Transfer(area((4.5, 4.5), (5.5, 4.5), (5.5, 5.5), (4.5, 5.5)), code(5, 5)),
        MoveVertex(at(5, 5), at(5.1, 5.2)),
        Remove(code(5, 5), (code(5, 6), code(4, 5))),
    ]
    for operation in operations:
        need = reach(operation, whole)
        assert need.box is not None
        seen = shapely.intersects(whole.polygons, shapely.box(*need.box))
        near = np.flatnonzero(shapely.intersects(whole.polygons, shapely.union_all(whole.polygons[seen])))
        part = Coverage.build(
            [whole.codes[i] for i in near], whole.polygons[near], [whole.attributes[i] for i in near]
        )
        assert len(part) < len(whole)
        one, other = apply(whole, operation), apply(part, operation, used_codes=whole.codes)
        assert (one.created, one.changed, one.retired) == (other.created, other.changed, other.retired)

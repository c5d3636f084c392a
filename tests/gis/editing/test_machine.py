"""Any sequence of operations, undone and redone, leaves a clean coverage."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gis.editing import (
    Add,
    Coverage,
    DeleteVertex,
    Edit,
    InsertVertex,
    Merge,
    MoveBorder,
    MoveVertex,
    Operation,
    OperationRefused,
    Paint,
    Recode,
    Relocate,
    Remove,
    Rename,
    Renumber,
    Reshape,
    SetKind,
    Split,
    Transfer,
    check_changes,
    diff,
    operation_as_json,
    parse_operation,
)
from gis.geometry import from_lattice
from tests.fixtures.properties import effort
from tests.gis.editing.towns import (
    apply_to_part,
    assert_edit,
    assert_one_owner,
    assert_same_land,
    board,
    harbour,
    of_net,
    speckled,
    steps,
    union,
)
from tests.gis.strategies import nets

PARTS = 1000
Spot = tuple[int, int] | tuple[int, int, int] | int
near = st.integers(-3, 3)
spot = (
    st.tuples(st.integers(-100, PARTS + 100), st.integers(-100, PARTS + 100))
    | st.integers(0, 999)
    | st.tuples(st.integers(0, 999), near, near)
)
"""A place in parts of the extent, the number of a vertex (what is drawn snaps to vertices more often than not), or a
place a few lattice steps from one: what is drawn may be tiny."""
lines = st.lists(spot, min_size=2, max_size=5)
towns = nets(most=4, gaps=(1_000, 7_777, 100_000)).map(of_net) | st.sampled_from(
    [board(3, 3), harbour(), speckled()]
)
MOVES_LAND = (Paint, Add, Remove, MoveVertex, MoveBorder, DeleteVertex, InsertVertex)
"""These may move the outer border on purpose."""


def assert_back_to_the_start(before: Coverage, after: Coverage) -> None:
    """No vertex is left behind; one that was there may go if the cut ended on it and it lies in a straight border."""
    changed = diff(before, after).changed
    old = {tuple(xy) for xy in shapely.get_coordinates(before.polygons).tolist()}
    new = {tuple(xy) for xy in shapely.get_coordinates(after.polygons).tolist()}
    assert new <= old, "extra vertices"
    assert not changed or new < old, "the same vertices, and yet another border"


def assert_not_narrower(before: Coverage, edit: Edit) -> None:
    """No grid is a sliver that was none, as the check of a whole coverage sees it; one that was is so still at most."""
    slivers = {
        each.codes[0]: each.width_m
        for each in check_changes(edit.coverage, [*edit.created, *edit.changed])
        if each.kind == "sliver" and each.severity == "error"
    }
    old = {each.codes[0] for each in check_changes(before, before.codes) if each.kind == "sliver"}
    shapes = {shapely.to_wkb(shape) for shape in before.polygons}
    for code in slivers:
        assert code in old or shapely.to_wkb(edit.coverage.polygon(code)) in shapes


class Editing(RuleBasedStateMachine):
    """A coverage, its past and its future."""

    @initialize(town=towns)
    def begin(self, town: Coverage) -> None:
        self.coverage = town
        self.start = self.coverage
        self.past: list[Coverage] = []
        self.future: list[Coverage] = []
        self.used = set(self.coverage.codes)
        west, south, east, north = shapely.total_bounds(steps(self.coverage))
        self.corner, self.size = np.array([west, south]), np.array([east - west, north - south])

    # ------------------------------------------------------------ help
    def place(self, drawn: Spot) -> tuple[float, float]:
        if isinstance(drawn, int):
            return self.vertex(drawn)
        if len(drawn) == 3:
            number, *off = drawn
            x, y = from_lattice(np.rint(np.array(self.vertex(number)) * 1e7) + np.array(off)).tolist()
            return (x, y)
        xy = np.clip(self.corner + np.array(drawn) * self.size / PARTS, [-1.8e9, -9e8], [1.8e9, 9e8])
        x, y = from_lattice(np.rint(xy)).tolist()
        return (x, y)

    def code(self, number: int) -> str:
        return self.coverage.codes[number % len(self.coverage)]

    def vertex(self, number: int) -> tuple[float, float]:
        points = np.unique(shapely.get_coordinates(self.coverage.polygons), axis=0)
        x, y = points[number % len(points)].tolist()
        return (x, y)

    def do(self, operation: Operation) -> Edit | None:
        """Apply; a refusal is named, has places where it is about places, and changes nothing."""
        before = [shapely.to_wkb(shape) for shape in self.coverage.polygons]
        try:
            sent = operation_as_json(operation)
            assert operation_as_json(parse_operation(sent)) == sent
            # With no more than its neighbourhood: what lies further off must not suffer from being out of sight.
            edit = apply_to_part(self.coverage, operation, used_codes=self.used)
        except OperationRefused as error:
            refusal = error
        else:
            return self.accept(operation, edit)
        event(f"{operation.op}: {refusal.code}")
        assert refusal.code != "operation-refused"
        assert refusal.text("zh")
        assert before == [shapely.to_wkb(shape) for shape in self.coverage.polygons]
        return None

    def accept(self, operation: Operation, edit: Edit) -> Edit:
        event(f"{operation.op}: done")
        assert_edit(self.coverage, edit, land_may_change=isinstance(operation, MOVES_LAND))
        assert not set(edit.created) & self.used, "a code was used again"
        assert_not_narrower(self.coverage, edit)
        self.used |= set(edit.created)
        self.past.append(self.coverage)
        self.future.clear()
        self.coverage = edit.coverage
        return edit

    # ------------------------------------------------------------ operations
    @rule(number=st.integers(0, 99), drawn=lines)
    def split_and_perhaps_merge_again(self, number: int, drawn: list[Spot]) -> None:
        before, code = self.coverage, self.code(number)
        edit = self.do(Split(code, shapely.LineString([self.place(p) for p in drawn])))
        if edit is None or len(drawn) % 2:
            return
        back = self.do(Merge((code, *edit.created)))
        if back is not None:
            assert_same_land(before, back.coverage)
            assert_back_to_the_start(before, back.coverage)

    @rule(number=st.integers(0, 99), one=spot, other=spot)
    def split_by_a_box(self, number: int, one: Spot, other: Spot) -> None:
        box = shapely.box(*self.place(one), *self.place(other))
        if box.area == 0:
            return
        self.do(Split(self.code(number), box))

    @rule(one=st.integers(0, 99), other=st.integers(0, 99))
    def merge(self, one: int, other: int) -> None:
        if len(self.coverage) < 3:
            return
        self.do(Merge((self.code(one), self.code(other)), community="370299001001"))

    @rule(drawn=lines, numbers=st.none() | st.tuples(st.integers(0, 99), st.integers(0, 99)))
    def reshape(self, drawn: list[Spot], numbers: tuple[int, int] | None) -> None:
        grids = tuple(self.code(number) for number in numbers) if numbers else ()
        self.do(Reshape(shapely.LineString([self.place(p) for p in drawn]), grids))

    @rule(number=st.integers(0, 99), drawn=st.lists(spot, min_size=3, max_size=5))
    def transfer(self, number: int, drawn: list[Spot]) -> None:
        self.do(Transfer(shapely.Polygon([self.place(p) for p in drawn]), self.code(number)))

    @rule(number=st.none() | st.integers(0, 99), drawn=st.lists(spot, min_size=3, max_size=5))
    def paint(self, number: int | None, drawn: list[Spot]) -> None:
        area = shapely.Polygon([self.place(p) for p in drawn])
        if number is None:
            self.do(Paint(area, community="370299001001"))
        else:
            self.do(Paint(area, grid=self.code(number)))

    @rule(number=st.integers(0, 999), to=spot)
    def move_vertex(self, number: int, to: Spot) -> None:
        old = np.array(self.vertex(number))
        new = old + (np.array(self.place(to)) - old) * 0.2
        self.do(MoveVertex(self.vertex(number), (float(new[0]), float(new[1]))))

    @rule(
        number=st.integers(0, 99),
        other=st.integers(0, 99),
        by=st.tuples(st.integers(-90, 90), st.integers(-90, 90)),
    )
    def move_border(self, number: int, other: int, by: tuple[int, int]) -> None:
        if self.code(number) == self.code(other):
            return
        east, north = (np.array(by) * self.size / PARTS / 1e7).tolist()
        self.do(MoveBorder((self.code(number), self.code(other)), (east, north)))

    @rule(number=st.integers(0, 99), part=st.integers(1, 99))
    def insert_vertex(self, number: int, part: int) -> None:
        border = shapely.boundary(self.coverage.polygon(self.code(number)))
        place = shapely.line_interpolate_point(shapely.get_parts(border)[0], part / 100, normalized=True)
        edit = self.do(InsertVertex((place.x, place.y)))
        if edit is not None:
            assert len(edit.inserted_vertices) == 1

    @rule(number=st.integers(0, 999))
    def delete_vertex(self, number: int) -> None:
        self.do(DeleteVertex(self.vertex(number)))

    @rule(number=st.integers(0, 99), to=st.none() | st.lists(st.integers(0, 99), max_size=3))
    def remove(self, number: int, to: list[int] | None) -> None:
        if len(self.coverage) < 3:
            return
        named = None if to is None else tuple(dict.fromkeys(self.code(each) for each in to))
        self.do(Remove(self.code(number), named))

    @rule(one=spot, other=spot, to=st.none() | st.integers(0, 99))
    def add(self, one: Spot, other: Spot, to: int | None) -> None:
        box = shapely.box(*self.place(one), *self.place(other))
        if box.area == 0:
            return
        if to is None:
            self.do(Add(box, community="370299001001"))
        else:
            self.do(Add(box, to=self.code(to)))

    @rule(number=st.integers(0, 99), what=st.integers(0, 4))
    def words(self, number: int, what: int) -> None:
        code = self.code(number)
        operations = (
            Recode(code, f"新-{len(self.used)}"),
            Rename(code, "东港"),
            Relocate(code, "370299001009"),
            SetKind(code, "dedicated"),
            Renumber("370299001001"),
        )
        self.do(operations[what])

    # ------------------------------------------------------------ undo, redo
    @precondition(lambda self: self.past)
    @rule()
    def undo(self) -> None:
        self.future.append(self.coverage)
        self.coverage = self.past.pop()

    @precondition(lambda self: self.future)
    @rule()
    def redo(self) -> None:
        self.past.append(self.coverage)
        self.coverage = self.future.pop()

    # ------------------------------------------------------------ always
    @invariant()
    def every_place_has_one_owner(self) -> None:
        if not hasattr(self, "coverage"):
            return
        land = union(self.coverage)
        grid = np.linspace(0.5, PARTS - 0.5, 12)
        xy = np.rint(self.corner + np.array(list(itertools.product(grid, grid))) * self.size / PARTS)
        on_land = shapely.intersects_xy(land, xy)
        if on_land.any():
            assert_one_owner(self.coverage, xy[on_land])


Editing.TestCase.settings = settings(
    max_examples=effort(50, deep=400),
    stateful_step_count=effort(12, deep=20),
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)


@pytest.mark.filterwarnings("error")
class TestEditing(Editing.TestCase):
    """Runs the machine."""

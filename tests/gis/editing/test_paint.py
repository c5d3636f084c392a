"""A polygon that somebody drew becomes a grid's land exactly, and neighbours follow."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coverage import is_clean
from gis.editing import Coverage, OperationRefused, Paint, apply
from gis.geometry import from_lattice
from gis.locate import GridIndex
from tests.gis.editing.towns import area, board, code, harbour, of_net
from tests.gis.strategies import Net, nets

MIDDLE = code(2, 2)
# A sliver of one step may be folded away by the lattice: then it is refused.
SENSIBLE = {
    "too-narrow",
    "overlaps",
    "swallows-grid",
    "nothing-changes",
    "leaves-gap",
    "ring-folds",
    "self-crossing",
}


def owners(coverage: Coverage, x: np.ndarray, y: np.ndarray) -> list[str]:
    index = GridIndex.build(coverage.codes, coverage.polygons, gaps="allow")
    names = [*index.codes, ""]
    return [names[at] for at in index.locate(x, y)]


def test_what_is_drawn_is_taken_and_what_is_left_goes_to_the_longest_border() -> None:
    coverage = board(3, 3)
    # Grows to the south and east, gives up a strip in the west and one in the north.
    drawn = area((1.2, 0.8), (2.3, 0.8), (2.3, 1.7), (1.2, 1.7))
    edit = apply(coverage, Paint(drawn, grid=MIDDLE))
    assert edit.coverage.polygon(MIDDLE).equals(drawn)
    assert edit.created == edit.retired == ()
    assert set(edit.changed) >= {MIDDLE, code(2, 1), code(3, 2)}
    assert is_clean(edit.coverage.polygons)
    assert shapely.union_all(edit.coverage.polygons).equals(shapely.union_all(coverage.polygons))


def test_a_new_grid_is_cut_out_of_several() -> None:
    coverage = board(2, 2)
    drawn = area((0.5, 0.5), (1.5, 0.5), (1.5, 1.5), (0.5, 1.5))
    edit = apply(coverage, Paint(drawn, community="370299001001", name="公园", kind="dedicated"))
    (made,) = edit.created
    assert edit.coverage.polygon(made).equals(drawn)
    assert edit.coverage.attributes_of(made).name == "公园"
    assert len(edit.changed) == 4
    assert is_clean(edit.coverage.polygons)


def test_nobodys_land_is_taken_too() -> None:
    edit = apply(board(2, 2), Paint(area((1, 1), (2.5, 1), (2.5, 2), (1, 2)), grid=MIDDLE))
    assert edit.changed == (MIDDLE,)
    assert edit.coverage.polygon(MIDDLE).equals(area((1, 1), (2.5, 1), (2.5, 2), (1, 2)))


def test_an_island_given_up_is_nobodys() -> None:
    coverage = harbour()
    parts = {c: shapely.get_parts(coverage.polygon(c)) for c in coverage.codes}
    islander = next(c for c, found in parts.items() if len(found) > 1)
    mainland = max(parts[islander], key=shapely.area)
    edit = apply(coverage, Paint(mainland, grid=islander))
    assert edit.changed == (islander,)
    assert edit.coverage.polygon(islander).equals(mainland)


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        (Paint(area((0, 0), (3, 0), (3, 3), (0, 3)), grid=MIDDLE), "swallows-grid"),
        (Paint(area((1, 1), (2, 1), (2, 2), (1, 2)), grid=MIDDLE), "nothing-changes"),
        (Paint(area((1, 1), (2, 1), (2, 2), (1, 2)), grid="nowhere"), "unknown-grid"),
        (Paint(area((1, 1), (2, 1), (2, 2), (1, 2))), "missing-field"),
        (Paint(area((1, 1), (2, 1), (2, 2)), community="370299001001", code=MIDDLE), "code-used"),
        (Paint(area((1, 1), (2, 2), (2, 1), (1, 2)), grid=MIDDLE), "self-crossing"),
    ],
)
def test_refusals_say_where(operation: Paint, word: str) -> None:
    with pytest.raises(OperationRefused) as refused:
        apply(board(3, 3), operation)
    assert refused.value.code == word


@settings(max_examples=80, deadline=None)
@given(nets(most=4, gaps=(1_000, 7_777, 100_000)), st.data())
def test_any_painting_is_a_clean_coverage_or_a_refusal(net: Net, data: st.DataObject) -> None:
    coverage = of_net(net)
    grid = data.draw(st.sampled_from(coverage.codes))
    xs, ys = [x for x, _ in net.vertices], [y for _, y in net.vertices]
    spot = st.one_of(
        st.sampled_from(net.vertices), st.tuples(st.integers(min(xs), max(xs)), st.integers(min(ys), max(ys)))
    )
    corners = data.draw(st.lists(spot, min_size=3, max_size=6, unique=True))
    hull = shapely.convex_hull(shapely.multipoints(from_lattice(np.array(corners, dtype=np.float64))))
    if hull.geom_type != "Polygon":
        return
    try:
        edit = apply(coverage, Paint(hull, grid=grid))
    except OperationRefused as error:
        refusal = error.code
    else:
        refusal = ""
    if refusal:
        assert refusal in SENSIBLE
        return
    after = edit.coverage
    assert is_clean(after.polygons)
    untouched = set(coverage.codes) - set(edit.changed)
    assert all(after.polygon(c) is coverage.polygon(c) for c in untouched)
    rng = np.random.default_rng(len(corners))
    x = from_lattice(rng.integers(min(xs), max(xs), 200).astype(float))
    y = from_lattice(rng.integers(min(ys), max(ys), 200).astype(float))
    points = shapely.points(x, y)
    # Away from lines, which noding may move by a step: inside is the grid's, outside is whoever's it was.
    lines = shapely.union_all([shapely.boundary(hull), *shapely.boundary(coverage.polygons)])
    clear = ~shapely.dwithin(lines, points, 3e-7)
    inside = shapely.contains(hull, points)
    before, now = owners(coverage, x, y), owners(after, x, y)
    for at in np.flatnonzero(clear):
        if inside[at]:
            assert now[at] == grid
        elif before[at] != grid:
            assert now[at] == before[at]
        else:
            assert now[at] != grid

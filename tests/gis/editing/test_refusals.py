"""What cannot be done is refused by name, with places, and changes nothing."""

import math
from typing import Any

import numpy as np
import pytest
import shapely

from gis.editing import (
    MAX_VERTICES,
    Add,
    Coverage,
    DeleteVertex,
    GridAttributes,
    InsertVertex,
    Merge,
    MoveBorder,
    MoveVertex,
    Operation,
    OperationRefused,
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
)
from gis.errors import Refusal
from tests.gis.editing.towns import area, at, board, code, harbour, line

MIDDLE, EAST = code(2, 2), code(3, 2)
MARKET, AROUND, QUAY = "370299001001002", "370299001001001", "370299001002001"
BOW_TIE = area((0, 0), (1, 1), (1, 0), (0, 1))


def circle(count: int) -> shapely.Polygon:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return shapely.Polygon(np.column_stack([120.015 + 0.004 * np.cos(turn), 36.015 + 0.004 * np.sin(turn)]))


SHAPES: list[tuple[str, Operation]] = [
    ("split-misses", Split(MIDDLE, line((0.2, 0.2), (0.4, 0.4)))),
    ("split-misses", Split(MIDDLE, line((1, 0), (1, 3)))),
    ("split-misses", Split(MIDDLE, line((0, 2), (2, 0)))),
    ("split-misses", Split(MIDDLE, area((0, 0), (4, 0), (4, 4), (0, 4)))),
    ("line-dangles", Split(MIDDLE, line((1.5, 0.5), (1.5, 1.5)))),
    ("line-dangles", Split(MIDDLE, line((1.2, 1.2), (1.4, 1.7)))),
    ("self-crossing", Split(MIDDLE, line((1.2, 0), (1.5, 3), (1.8, 1.5), (0, 1.5)))),
    ("self-crossing", Split(MIDDLE, BOW_TIE)),
    ("self-crossing", Split(MIDDLE, line((1.5, 0), (1.5, 3), (1.5, 1)))),
    ("self-crossing", Reshape(line((2, 1.2), (1.5, 1.8), (1.5, 1.2), (2, 1.8)))),
    ("self-crossing", Transfer(BOW_TIE, MIDDLE)),
    ("self-crossing", Add(BOW_TIE, "c")),
    ("self-crossing", Replace((ReplacedGrid(MIDDLE, BOW_TIE),))),
    ("touch-at-point", Merge((MIDDLE, code(3, 3)))),
    ("not-neighbours", Merge((MIDDLE, code(4, 2)))),
    ("not-neighbours", MoveBorder((MIDDLE, code(3, 3)), (0.001, 0.0))),
    ("not-neighbours", Remove(MIDDLE, (EAST, code(4, 2)))),
    ("reshape-misses", Reshape(line((1.2, 1.2), (1.4, 1.4)))),
    ("reshape-misses", Reshape(line((8, 8), (9, 9)))),
    ("reshape-misses", Reshape(line((2, 1), (2, 2)))),
    ("reshape-ambiguous", Reshape(line((1.5, 2), (1.8, 2.5), (2.5, 2.5), (2.6, 2)))),
    ("reshape-outside", Reshape(line((0, 1.2), (0.5, 1.5), (0, 1.8)))),
    ("transfer-misses", Transfer(area((1.2, 1.2), (1.4, 1.2), (1.4, 1.4)), MIDDLE)),
    ("transfer-misses", Transfer(area((8, 8), (9, 8), (9, 9)), MIDDLE)),
    ("swallows-grid", Transfer(area((1.9, 0.9), (3.1, 0.9), (3.1, 2.1), (1.9, 2.1)), MIDDLE)),
    ("add-misses", Add(area((1.2, 1.2), (1.4, 1.2), (1.4, 1.4)), "c")),
    ("leaves-gap", Add(area((4, 0), (5, 0), (5, 4), (4, 4), (4, 3), (4.5, 3), (4.5, 1), (4, 1)), "c")),
    ("leaves-gap", Remove(MIDDLE, ())),
    ("leaves-gap", Replace((), (MIDDLE,))),
    ("overlaps", Replace((ReplacedGrid(MIDDLE, area((1, 1), (2.5, 1), (2.5, 2), (1, 2))),))),
    ("leaves-gap", Replace((ReplacedGrid(MIDDLE, area((1, 1), (1.5, 1), (1.5, 2), (1, 2))),))),
    ("vertex-not-found", MoveVertex(at(1.5, 1.5), at(1.6, 1.6))),
    ("vertex-not-found", DeleteVertex(at(1.5, 2))),
    ("vertex-exists", InsertVertex(at(2, 2))),
    ("not-on-border", InsertVertex(at(1.5, 1.9))),
    ("vertex-is-junction", DeleteVertex(at(2, 2))),
    ("ring-folds", MoveVertex(at(2, 2), at(5.2, 2.3))),
    ("ring-folds", MoveVertex(at(2, 2), at(0.9, 0.9))),
    ("ring-folds", MoveBorder((MIDDLE, EAST), (0.0101, 0.0))),
    ("nothing-changes", MoveVertex(at(2, 2), at(2, 2))),
    ("nothing-changes", MoveBorder((MIDDLE, EAST), (0.0, 1e-9))),
    ("too-many-vertices", Split(MIDDLE, circle(200_000))),
    ("too-many-vertices", Transfer(circle(200_000), MIDDLE)),
    ("too-many-vertices", Replace((ReplacedGrid(MIDDLE, circle(200_000)),))),
    ("swapped-coordinates", Split(MIDDLE, shapely.LineString([(36.0, 120.0), (36.1, 120.1)]))),
    ("swapped-coordinates", MoveVertex((36.02, 120.02), at(2, 2))),
    ("out-of-range", Reshape(shapely.LineString([(40512345.0, 3987654.0), (40512400.0, 3987700.0)]))),
    ("out-of-range", InsertVertex((200.0, 36.0))),
    ("not-finite", MoveVertex(at(2, 2), (math.nan, 36.0))),
    ("not-finite", DeleteVertex((math.inf, 36.0))),
    ("not-finite", Split(MIDDLE, shapely.LineString([(120.0, 36.0), (math.inf, 36.1)]))),
    ("bad-geometry", Split(MIDDLE, shapely.Point(120.0, 36.0))),
    ("bad-geometry", Split(MIDDLE, shapely.LineString())),
    ("bad-geometry", Split(MIDDLE, shapely.LineString([(120.0, 36.0), (120.0, 36.0)]))),
    ("bad-geometry", Transfer(line((0, 0), (1, 1)), MIDDLE)),
    ("bad-geometry", Transfer(shapely.Polygon([(120, 36), (120, 36), (120, 36)]), MIDDLE)),
    ("bad-geometry", Split(MIDDLE, shapely.box(120.011, 36.011, 120.01100000001, 36.012))),
    ("bad-geometry", Add(None, "c")),
]
WORDS: list[tuple[str, Operation]] = [
    ("unknown-grid", Split("nowhere", line((0, 0), (1, 1)))),
    ("unknown-grid", Merge((MIDDLE, "nowhere"))),
    ("unknown-grid", Reshape(line((2, 1.2), (1.5, 1.5), (2, 1.8)), (MIDDLE, "nowhere"))),
    ("unknown-grid", Transfer(area((0, 0), (1, 0), (1, 1)), "nowhere")),
    ("unknown-grid", Remove("nowhere")),
    ("unknown-grid", Remove(MIDDLE, ("nowhere",))),
    ("unknown-grid", Add(area((3, 3), (5, 3), (5, 5)), to="nowhere")),
    ("unknown-grid", Recode("nowhere", "x")),
    ("unknown-grid", Rename("nowhere", "x")),
    ("unknown-grid", Relocate("nowhere", "x")),
    ("unknown-grid", SetKind("nowhere", "base")),
    ("unknown-grid", Replace((), ("nowhere",))),
    ("duplicate-grid", Merge((MIDDLE, MIDDLE))),
    ("duplicate-grid", Remove(MIDDLE, (MIDDLE,))),
    ("duplicate-grid", Split(MIDDLE, line((1, 1), (2, 2)), ("x", "x"))),
    ("duplicate-grid", Replace((ReplacedGrid(MIDDLE, area((1, 1), (2, 1), (2, 2), (1, 2))),), (MIDDLE,))),
    ("too-few-grids", Merge((MIDDLE,))),
    ("too-few-grids", Reshape(line((2, 1.2), (1.5, 1.5), (2, 1.8)), (MIDDLE,))),
    ("community-needed", Merge((MIDDLE, code(2, 3)))),
    ("unknown-community", Merge((MIDDLE, EAST), community="nowhere")),
    ("unknown-community", Relocate(MIDDLE, "nowhere")),
    ("unknown-community", Add(area((3, 3), (5, 3), (5, 5)), "nowhere")),
    ("unknown-community", Renumber("nowhere")),
    ("code-used", Recode(MIDDLE, EAST)),
    ("code-used", Recode(MIDDLE, "retired")),
    ("code-used", Merge((MIDDLE, EAST), code="retired")),
    ("code-used", Merge((MIDDLE, EAST), code=code(1, 1))),
    ("code-used", Split(MIDDLE, line((1, 1), (2, 2)), ("retired",))),
    ("code-used", Add(area((3, 3), (5, 3), (5, 5)), "370299001001", "retired")),
    ("code-used", Replace((ReplacedGrid("retired", area((4, 3), (5, 3), (5, 4), (4, 4)), community="c"),))),
    ("bad-code", Recode(MIDDLE, " x")),
    ("bad-code", Recode(MIDDLE, "x" * 65)),
    ("bad-code", Recode(MIDDLE, "")),
    ("code-count", Split(MIDDLE, line((1, 1), (2, 2)), ("x", "y", "z"))),
    ("missing-field", Add(area((3, 3), (5, 3), (5, 5)))),
    ("missing-field", Add(area((3, 3), (5, 3), (5, 5)), "370299001001", to=MIDDLE)),
    ("missing-field", Replace((ReplacedGrid("new", area((4, 3), (5, 3), (5, 4), (4, 4))),))),
    ("nothing-changes", Recode(MIDDLE, MIDDLE)),
    ("nothing-changes", Rename(MIDDLE, "")),
    ("nothing-changes", Relocate(MIDDLE, MIDDLE[:12])),
    ("nothing-changes", SetKind(MIDDLE, "base")),
    ("nothing-changes", Replace(())),
    ("bad-value", Rename(MIDDLE, "x" * 201)),
    ("bad-value", Rename(MIDDLE, "a\x00b")),
]


def refused(coverage: Coverage, operation: Operation) -> OperationRefused:
    before = [coverage.codes, coverage.attributes, [shapely.to_wkb(shape) for shape in coverage.polygons]]
    with pytest.raises(OperationRefused) as caught:
        apply(
            coverage,
            operation,
            used_codes={"retired"},
            communities={"c", "x", *(words.community for words in coverage.attributes)},
        )
    assert before == [coverage.codes, coverage.attributes, [shapely.to_wkb(s) for s in coverage.polygons]]
    return caught.value


@pytest.mark.parametrize(("word", "operation"), SHAPES)
def test_shapes(word: str, operation: Operation) -> None:
    error = refused(board(), operation)
    assert error.code == word, error.text("en")
    assert isinstance(error, Refusal)
    assert error.text("zh") != error.text("en")
    for lon, lat in error.places:
        assert math.isfinite(lon)
        assert -90 <= lat <= 90
    placeless = {"bad-geometry", "not-finite", "out-of-range", "nothing-changes"}
    assert error.places or word in placeless


@pytest.mark.parametrize(("word", "operation"), WORDS)
def test_words(word: str, operation: Operation) -> None:
    error = refused(board(), operation)
    assert error.code == word, error.text("en")


def test_places_say_where_a_line_dangles_and_crosses() -> None:
    assert refused(board(), Split(MIDDLE, line((1.5, 0.5), (1.5, 1.5)))).places == (at(1.5, 1.5),)
    cross = line((1.2, 0), (1.2, 3), (1.8, 1.5), (0, 1.5))
    assert refused(board(), Split(MIDDLE, cross)).places == (at(1.2, 1.5),)
    assert refused(board(), Merge((MIDDLE, code(3, 3)))).places == (at(2, 2),)


def test_a_missed_vertex_names_the_nearest_place() -> None:
    assert refused(board(), InsertVertex(at(1.5, 1.9))).places[1] == at(1.5, 2)


def test_an_island_has_no_neighbour_to_go_to() -> None:
    words = GridAttributes("", "c")
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]
    coverage = Coverage.build(["a", "b"], shapes, [words, words])
    assert refused(coverage, Remove("a")).code == "no-neighbour"
    assert apply(coverage, Remove("a", ("b",))).coverage.polygon("b").geom_type == "MultiPolygon"


def test_an_enclave_cannot_be_pulled_out_of_its_grid() -> None:
    assert refused(harbour(), MoveBorder((AROUND, MARKET), (0.02, 0.0))).code in ("ring-folds", "overlaps")


def test_numbers_are_used_up() -> None:
    lead = MIDDLE[:12]
    coverage = board()
    with pytest.raises(OperationRefused) as caught:
        apply(
            coverage,
            Split(MIDDLE, line((1, 1), (2, 2))),
            used_codes={f"{lead}{n:03d}" for n in range(1, 1000)},
        )
    assert caught.value.code == "numbers-used-up"


def test_as_many_vertices_as_allowed_are_taken() -> None:
    edit = apply(board(), Split(MIDDLE, circle(MAX_VERTICES - 1)))
    assert len(edit.created) == 1


@pytest.mark.parametrize("bad", ["overlap", "mismatch", "duplicate", "lattice", "invalid"])
def test_a_coverage_that_is_not_clean_cannot_be_made(bad: str) -> None:
    words = GridAttributes("", "c")
    shapes: list[Any] = [shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01, 36, 120.02, 36.01)]
    codes = ["a", "b"]
    if bad == "overlap":
        shapes[1] = shapely.box(120.009, 36, 120.02, 36.01)
    elif bad == "mismatch":
        shapes[1] = shapely.box(120.01, 36, 120.02, 36.005)
        shapes.append(shapely.box(120.01, 36.005, 120.02, 36.01))
        codes.append("c")
    elif bad == "duplicate":
        codes[1] = "a"
    elif bad == "lattice":
        shapes[0] = shapely.box(120.00000001, 36, 120.01, 36.01)
    else:
        shapes[0] = shapely.Polygon([(120, 36), (120.01, 36.01), (120.01, 36), (120, 36.01)])
    with pytest.raises(Refusal):
        Coverage.build(codes, shapes, [words] * len(codes))

"""Operations from JSON: every member checked, nothing guessed."""

from typing import Any, get_args

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from gis.editing import MAX_VERTICES, MoveVertex, OperationRefused, operation_as_json, parse_operation
from gis.editing import operations as core
from gis.editing.operation_input import OperationInput, OperationModel

LINE = {"type": "LineString", "coordinates": [[120.0, 36.0], [120.01, 36.01]]}
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[120, 36], [120.01, 36], [120.01, 36.01], [120, 36.01], [120, 36]]],
}
MANY = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}

GOOD: list[dict[str, Any]] = [
    {"op": "split", "grid": "a", "by": LINE},
    {"op": "split", "grid": "a", "by": SQUARE, "codes": ["b", "c"]},
    {"op": "split", "grid": "a", "by": MANY},
    {"op": "merge", "grids": ["a", "b"]},
    {"op": "merge", "grids": ["a", "b"], "code": "c", "community": "d"},
    {"op": "reshape", "line": LINE},
    {"op": "reshape", "line": LINE, "grids": ["a", "b"]},
    {"op": "transfer", "area": SQUARE, "to": "a"},
    {"op": "move_vertex", "from": [120.0, 36.0], "to": [120.01, 36.01]},
    {"op": "move_border", "grids": ["a", "b"], "by": [0.001, -0.002]},
    {"op": "insert_vertex", "at": [120.0, 36.0]},
    {"op": "delete_vertex", "at": [120.0, 36.0]},
    {"op": "add", "area": SQUARE, "community": "c"},
    {"op": "add", "area": SQUARE, "community": "c", "code": "a", "kind": "dedicated", "name": "市场"},
    {"op": "add", "area": SQUARE, "to": "a"},
    {"op": "remove", "grid": "a"},
    {"op": "remove", "grid": "a", "to": ["b", "c"]},
    {"op": "remove", "grid": "a", "to": []},
    {"op": "recode", "grid": "a", "code": "b"},
    {"op": "rename", "grid": "a", "name": ""},
    {"op": "relocate", "grid": "a", "community": "c"},
    {"op": "kind", "grid": "a", "kind": "dedicated"},
    {"op": "renumber", "community": "c"},
    {
        "op": "replace",
        "grids": [
            {"code": "a", "geometry": SQUARE},
            {"code": "b", "geometry": MANY, "community": "c", "name": "x"},
        ],
        "removed": ["d"],
    },
]

BAD: list[tuple[str, Any, str]] = [
    ("bad-value", ["split"], "split"),
    ("unknown-operation", {}, "None"),
    ("unknown-operation", {"op": "explode"}, "explode"),
    ("unknown-operation", {"op": 7}, "7"),
    ("unknown-operation", {"op": ["split"]}, "split"),
    ("missing-field", {"op": "split", "grid": "a"}, "by"),
    ("missing-field", {"op": "split", "grid": None, "by": LINE}, "grid"),
    ("missing-field", {"op": "replace", "grids": [{"code": "a"}]}, "geometry"),
    ("unknown-field", {"op": "recode", "grid": "a", "code": "b", "colour": 1}, "colour"),
    ("unknown-field", {"op": "replace", "grids": [{"code": "a", "geometry": SQUARE, "x": 1}]}, "x"),
    ("unknown-field", {"op": "move_vertex", "from_": [1, 2], "to": [1, 2]}, "from_"),
    ("bad-value", {"op": "recode", "grid": 7, "code": "b"}, "grid"),
    ("bad-value", {"op": "recode", "grid": "a", "code": "x" * 300}, "code"),
    ("bad-value", {"op": "merge", "grids": "ab"}, "grids"),
    ("bad-value", {"op": "merge", "grids": ["a", 7]}, "grids[1]"),
    ("bad-value", {"op": "move_border", "grids": ["a"], "by": [0, 0]}, "grids"),
    ("bad-value", {"op": "move_border", "grids": ["a", "b"], "by": [2, 0]}, "by"),
    ("bad-value", {"op": "kind", "grid": "a", "kind": "round"}, "kind"),
    ("bad-value", {"op": "kind", "grid": "a", "kind": ["base"]}, "kind"),
    ("bad-value", {"op": "rename", "grid": "a", "name": "a\x07"}, "name"),
    ("bad-value", {"op": "replace", "grids": ["a"]}, "grids[0]"),
    ("bad-geometry", {"op": "split", "grid": "a", "by": {"type": "Point", "coordinates": [1, 2]}}, "Point"),
    ("bad-geometry", {"op": "split", "grid": "a", "by": "LINESTRING (0 0, 1 1)"}, "by"),
    ("bad-geometry", {"op": "split", "grid": "a", "by": {"type": "LineString"}}, "by"),
    ("bad-geometry", {"op": "reshape", "line": SQUARE}, "LineString"),
    ("bad-geometry", {"op": "reshape", "line": {"type": "LineString", "coordinates": [[120, 36]]}}, "2"),
    (
        "bad-geometry",
        {"op": "reshape", "line": {"type": "LineString", "coordinates": [[1, 2], ["a", 3]]}},
        "[1]",
    ),
    ("bad-geometry", {"op": "reshape", "line": {"type": "LineString", "coordinates": [[1, 2], [1]]}}, "[1]"),
    ("bad-geometry", {"op": "transfer", "to": "a", "area": {"type": "Polygon", "coordinates": []}}, "area"),
    ("bad-geometry", {"op": "transfer", "to": "a", "area": {"type": "Polygon", "coordinates": 7}}, "area"),
    (
        "bad-geometry",
        {
            "op": "transfer",
            "to": "a",
            "area": {"type": "Polygon", "coordinates": [[[1, 2], [2, 2], [2, 3], [1, 3]]]},
        },
        "closed",
    ),
    (
        "bad-geometry",
        {"op": "replace", "grids": [{"code": "a", "geometry": {"type": "Polygon", "coordinates": [[[1]]]}}]},
        "grids[0].geometry.coordinates[0][0]: expected [lon, lat], got [1]",
    ),
    (
        "unknown-field",
        {"op": "reshape", "line": {**LINE, "crs": {"type": "name"}}},
        "line has no field crs",
    ),
    ("unknown-field", {"op": "merge", "grids": ["a", "b"], "comunity": "c"}, "did you mean community"),
    ("bad-value", {"op": "rename", "grid": " ", "name": "x"}, "grid"),
    ("bad-value", {"op": "exclude", "area": SQUARE, "reason": " "}, "reason"),
    ("bad-geometry", {"op": "insert_vertex", "at": [120]}, "at"),
    ("bad-geometry", {"op": "insert_vertex", "at": {"lon": 120}}, "at"),
    ("bad-geometry", {"op": "insert_vertex", "at": [True, False]}, "at"),
    ("not-finite", {"op": "insert_vertex", "at": [float("nan"), 36]}, "at"),
    ("not-finite", {"op": "insert_vertex", "at": [10**400, 36]}, "at"),
    ("out-of-range", {"op": "insert_vertex", "at": [500, 36]}, "500"),
    ("swapped-coordinates", {"op": "insert_vertex", "at": [36, 120]}, "120"),
    (
        "too-many-vertices",
        {"op": "reshape", "line": {"type": "LineString", "coordinates": [[120, 36]] * (MAX_VERTICES + 1)}},
        str(MAX_VERTICES),
    ),
    (
        "self-crossing",
        {"op": "reshape", "line": {"type": "LineString", "coordinates": [[0, 0], [1, 1], [1, 0], [0, 1]]}},
        "line",
    ),
]


@pytest.mark.parametrize("given", GOOD)
def test_there_and_back(given: dict[str, Any]) -> None:
    again = operation_as_json(parse_operation(given))
    assert again == operation_as_json(parse_operation(again))
    assert set(again) == set(given)
    assert {key: again[key] for key in given if isinstance(given[key], str)} == {
        key: value for key, value in given.items() if isinstance(value, str)
    }


@pytest.mark.parametrize(("word", "given", "named"), BAD)
def test_refused(word: str, given: Any, named: str) -> None:
    with pytest.raises(OperationRefused) as caught:
        parse_operation(given)
    assert caught.value.code == word, caught.value.text("en")
    assert named in caught.value.text("en")


def test_null_counts_as_absent() -> None:
    given = {"op": "merge", "grids": ["a", "b"], "code": None}
    assert operation_as_json(parse_operation(given)) == {"op": "merge", "grids": ["a", "b"]}


def test_a_third_coordinate_is_dropped() -> None:
    given = {"op": "move_vertex", "from": [120.0, 36.0, 5.0], "to": [120.0, 36.1, 5.0]}
    assert parse_operation(given) == MoveVertex((120.0, 36.0), (120.0, 36.1))


def test_a_bbox_is_taken_as_geojson_allows_it() -> None:
    given = {"op": "reshape", "line": {**LINE, "bbox": [120.0, 36.0, 120.01, 36.01]}}
    assert parse_operation(given) == parse_operation({"op": "reshape", "line": LINE})


def test_every_operation_of_the_core_has_a_form_with_an_example_that_is_taken() -> None:
    made = {model.makes for model in get_args(OperationModel)}
    assert made == set(get_args(core.Operation))
    for model in get_args(OperationModel):
        schema = model.model_json_schema()
        assert schema["description"]
        (example,) = schema["examples"]
        parsed = parse_operation(example)
        assert type(parsed) is model.makes
        assert parsed.op == example["op"]


WORDS = (
    "op",
    "grid",
    "by",
    "codes",
    "grids",
    "area",
    "to",
    "from",
    "at",
    "line",
    "code",
    "geometry",
    "removed",
)
OPS = [model.makes.op for model in get_args(OperationModel)]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", " ", "a", "\x00", "Polygon", "LineString", "base", *OPS]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from([*WORDS, "type", "coordinates"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@drawn(st.sampled_from(OPS), st.dictionaries(st.sampled_from(WORDS), ANYTHING))
def test_whatever_comes_is_an_operation_or_a_refusal(op: str, members: dict[str, Any]) -> None:
    given = members | {"op": op}
    try:
        parsed = parse_operation(given)
    except OperationRefused as error:
        refused = [error.code, error.text("zh"), error.text("en")]
    else:
        sent = operation_as_json(parsed)
        refused = []
        assert operation_as_json(parse_operation(sent)) == sent
    assert all(refused)


def test_as_a_model_it_says_the_same() -> None:
    assert OperationInput.model_validate(GOOD[0]).operation == parse_operation(GOOD[0])
    with pytest.raises(ValueError, match="unknown operation 'explode'") as caught:
        OperationInput.model_validate({"op": "explode"})
    assert isinstance(caught.value.errors()[0]["ctx"]["error"], OperationRefused)

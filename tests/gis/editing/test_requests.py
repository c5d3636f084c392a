"""Operations from JSON: every field checked, nothing guessed."""

from typing import Any

import pytest

from gis.editing import MAX_VERTICES, MoveVertex, OperationRefused, operation_as_json, parse_operation

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

"""Every situation that people reported has a test by its number, with two variations at least."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CASES = Path(__file__).parent.parent / "cases"
# 28 and 36 belong to other parts of the service.
NUMBERS = [
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "08",
    "09",
    "10",
    "11",
    "15",
    "16",
    "17",
    "23",
    "25",
    "27",
    "31",
    "32",
    "34",
]
COVERAGES = [f"c{number:02d}" for number in range(1, 17)]
FEWEST = 3


def count_tests(path: Path) -> int:
    """How many tests a file has: each set of parameters is one, and examples that are drawn are two at least."""
    return sum(
        _sets(node)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def _sets(test: ast.FunctionDef) -> int:
    count = 1
    for call in test.decorator_list:
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        if name == "given":
            count *= 2
        if name.endswith("parametrize"):
            values = call.args[1]
            count *= len(values.elts) if isinstance(values, ast.List | ast.Tuple) else 2
    return count


@pytest.mark.parametrize("number", [*NUMBERS, *COVERAGES])
def test_a_case_has_a_test_and_two_variations(number: str) -> None:
    (path,) = CASES.glob(f"test_case_{number}_*.py")
    assert count_tests(path) >= FEWEST

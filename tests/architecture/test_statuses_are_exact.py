"""A test says which status it means: a set of them, a range, or "some success" would pass with the wrong one."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOOSE = {"is_success", "is_error", "is_client_error", "is_server_error", "ok"}
ONE_PLACE = "fixtures/statuses.py"


def is_status(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("status_code", "status")
    return isinstance(node, ast.Name) and node.id in ("status", "status_code")


def numbers(node: ast.expr) -> list[int]:
    return [
        each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and type(each.value) is int
    ]


def loose(source: str) -> list[int]:
    """Lines that assert a status by several, by a range, or by its kind."""
    found = []
    for statement in ast.walk(ast.parse(source)):
        if not isinstance(statement, ast.Assert):
            continue
        for node in ast.walk(statement.test):
            if isinstance(node, ast.Attribute) and node.attr in LOOSE and not isinstance(node.ctx, ast.Store):
                found.append(node.lineno)
            if isinstance(node, ast.Compare) and is_status(node.left):
                (operator, *_), (right, *_) = node.ops, node.comparators
                several = isinstance(operator, ast.In) and len(numbers(right)) > 1
                ranged = isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
                if several or ranged:
                    found.append(node.lineno)
    return sorted(found)


def test_every_status_is_asserted_exactly() -> None:
    found = {
        name: lines
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if (name := str(path.relative_to(ROOT / "tests"))) != ONE_PLACE
        and (lines := loose(path.read_text("utf-8")))
    }
    assert found == {}, "say the one status, or hold what random input brings to `no_fault`"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("assert answer.status_code == 404", []),
        ("assert answer.status_code in (400, 422)", [1]),
        ("assert answer.status_code in {200}", []),
        ("assert answer.status_code < 500", [1]),
        ("assert 400 == answer.status_code\nassert answer.is_success", [2]),
        ("assert status in {401, 413}, headers", [1]),
        ("if answer.status_code < 500:\n    pass", []),
        ("assert answer.status_code == (204 if empty else 200)", []),
    ],
)
def test_it_is_found(source: str, lines: list[int]) -> None:
    assert loose(source) == lines

"""Whoever connects to a database in a test also ends that, however the test ends: by a block.

A connection that a failing test leaves behind holds its locks and complains in a later, innocent test.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPENING = {"psycopg.connect", "sqlite3.connect", "create_engine", "make_engine", "Session"}
# The one place that makes engines, the administrator's connection that lasts as long as the process, an engine whose
# connections always fail, and what is left on purpose.
APART = {
    "fixtures/connections.py": 1,
    "fixtures/throwaway.py": 1,
    "app/boundaries/test_edition_snapshot.py": 1,
    "app/db/test_connections_left.py": 1,
}


def dotted(func: ast.expr) -> str:
    """A called name as it is written, as far as it is one."""
    if isinstance(func, ast.Attribute):
        return f"{dotted(func.value)}.{func.attr}"
    return func.id if isinstance(func, ast.Name) else ""


def left_open(source: str) -> list[int]:
    """Lines that connect outside of a ``with``, of ``closing(...)`` and of ``pytest.raises``."""
    tree = ast.parse(source)
    ended = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            contexts = [item.context_expr for item in node.items]
            ended |= {id(context) for context in contexts}
            if any(isinstance(c, ast.Call) and dotted(c.func) == "pytest.raises" for c in contexts):
                # Nothing was opened where opening is refused.
                ended |= {id(inside) for statement in node.body for inside in ast.walk(statement)}
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in {
            "closing",
            "enter_context",
        }:
            ended |= {id(argument) for argument in node.args}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func) in OPENING and id(node) not in ended
    ]


def test_every_connection_ends_with_a_block() -> None:
    found = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        name = str(path.relative_to(ROOT / "tests"))
        lines = left_open(path.read_text("utf-8"))
        if len(lines) != APART.get(name, 0):
            found[name] = lines
    assert found == {}, "use `with`, `closing(...)` or `engine_on(...)`"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("holder = psycopg.connect(url)\nholder.close()", [1]),
        ("with psycopg.connect(url) as holder:\n    pass", []),
        ("with closing(psycopg.connect(url)) as holder:\n    pass", []),
        ("with closing(other) as o:\n    held = psycopg.connect(url)", [2]),
        ("with pytest.raises(E):\n    psycopg.connect(url)", []),
        ("engine = make_engine(url)\ntry:\n    pass\nfinally:\n    engine.dispose()", [1]),
    ],
)
def test_it_is_found(source: str, lines: list[int]) -> None:
    assert left_open(source) == lines

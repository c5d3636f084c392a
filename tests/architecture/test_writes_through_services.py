"""Repositories are public for reading; what writes is called inside its own room, or through the room's services.

Two rules. A function of a repository that writes is called by its room alone (``storage``, which loads whole tables, is
a service of its room: import contracts say who may use it). And SQL that writes to a table stands in the room whose
models have the table.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
# SQL of these rooms is theirs alone; others may read.
_PRIVATE = re.compile(r"(^|_)(repository|queries)$")
_WRITING = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?!SET\b)([a-z_]+)\b(?!\.)", re.IGNORECASE)
# One transaction over all rooms: publication is the service of them together.
_COMPOSING = {"publishing"}
# Takes everything of the demo away with the guards at rest, in the order that references ask for.
_REMOVAL = APP / "demo/removal_repository.py"
_ORM = {"add", "add_all", "delete", "merge"}
_CORE = {"insert", "update", "delete"}


def _rooms() -> list[Path]:
    return [path for path in sorted(APP.iterdir()) if path.is_dir() and (path / "__init__.py").exists()]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _modules() -> Iterator[tuple[str, Path]]:
    """Room and module of all that is in a room."""
    for room in _rooms():
        for path in sorted(room.rglob("*.py")):
            if "migrations" not in path.parts:
                yield room.name, path


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _writes(node: ast.AST) -> bool:
    """Whether a function writes by itself."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and _WRITING.search(each.value):
            return True
        if isinstance(each, ast.Call):
            called = each.func
            on = called.value if isinstance(called, ast.Attribute) and called.attr in _ORM else None
            if isinstance(on, ast.Name) and on.id == "session":
                return True
            if isinstance(called, ast.Name) and called.id in {*_CORE, "copy_columns"}:
                return True
    return False


@cache
def _writers() -> dict[str, set[str]]:
    """Module of a room's private SQL -> its functions that write, by themselves or by another of the module."""
    found: dict[str, set[str]] = {}
    for _, path in _modules():
        if not _PRIVATE.search(path.stem):
            continue
        functions = {node.name: node for node in _tree(path).body if isinstance(node, ast.FunctionDef)}
        writers = {name for name, node in functions.items() if _writes(node)}
        while True:
            more = {
                name
                for name, node in functions.items()
                if any(isinstance(each, ast.Name) and each.id in writers for each in ast.walk(node))
            }
            if more <= writers:
                break
            writers |= more
        found[_dotted(path)] = writers
    return found


def _tables() -> dict[str, str]:
    """Table -> the room whose models have it."""
    owners = {}
    for room, path in _modules():
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == "__tablename__" for target in node.targets
            ):
                assert isinstance(node.value, ast.Constant)
                owners[str(node.value.value)] = room
    return owners


def _foreign_calls(room: str, path: Path) -> Iterator[str]:
    """Calls of another room's writers."""
    writers = _writers()
    aliases: dict[str, str] = {}
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                dotted = f"{node.module}.{each.name}"
                if dotted in writers and not dotted.startswith(f"app.{room}."):
                    aliases[each.asname or each.name] = dotted
                foreign = not node.module.startswith(f"app.{room}.")
                if foreign and each.name in writers.get(node.module, ()):
                    yield f"{path.relative_to(ROOT)}: {dotted}"
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            module = aliases[node.value.id]
            if node.attr in writers[module]:
                yield f"{path.relative_to(ROOT)}:{node.lineno} {module}.{node.attr}"


def test_the_scan_knows_writers_from_readers():
    writers = _writers()
    assert {"upsert_classes"} <= writers["app.components.repository"]
    assert writers["app.incidents.queries"] == set()
    assert "unit_by_code" not in writers["app.boundaries.repository"]
    assert "add_edition" in writers["app.boundaries.repository"]
    assert _tables()["incident"] == "incidents"


def test_no_room_calls_the_writers_of_another():
    calls = [
        call for room, path in _modules() if room not in _COMPOSING for call in _foreign_calls(room, path)
    ]
    assert calls == []


def test_sql_that_writes_a_table_stands_in_the_room_of_its_models():
    tables = _tables()
    elsewhere = []
    for room, path in _modules():
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and path != _REMOVAL:
                elsewhere += [
                    f"{path.relative_to(ROOT)}:{node.lineno} writes {table}"
                    for table in _WRITING.findall(node.value)
                    if tables.get(table.lower(), room) != room
                ]
    assert elsewhere == []

"""Advisory locks stand in one table with their order; no module and no SQL function has one of its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from app.db import locks

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "app/db/locks.py"
# Databases, not transactions: taken through psycopg, in the database postgres, before there is an engine.
OF_DATABASES = {ROOT / "app/db/backup.py", ROOT / "app/db/cluster/swap.py"}
NUMBERS = [lock.number for lock in locks.ORDER if not lock.named]


def _strings_and_names(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    return [
        node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ] + [node.attr for node in nodes if isinstance(node, ast.Attribute)]


def test_only_the_table_takes_locks():
    takers = {
        path
        for path in (ROOT / "app").rglob("*.py")
        if "migrations" not in path.parts and any("advisory" in each for each in _strings_and_names(path))
    }
    assert takers == {TABLE, *OF_DATABASES}
    for path in OF_DATABASES:
        taken = [each for each in _strings_and_names(path) if "advisory" in each]
        assert all(each.endswith("(%s)") for each in taken), "a number of its own"


def test_sql_functions_take_known_locks_in_the_order_of_the_table():
    taken = {}
    for path in sorted((ROOT / "app/db/functions").glob("*.sql")):
        plain = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        taken[path.stem] = re.findall(r"advisory\w*\(([^)]*)\)", plain)
    found = {name: [int(number) for number in numbers] for name, numbers in taken.items() if numbers}
    assert set(found) == {"withdraw_edition", "set_component_owner", "set_incident_owner"}
    for name, numbers in found.items():
        assert [NUMBERS.index(number) for number in numbers] == sorted(map(NUMBERS.index, numbers)), name


def test_the_table_of_the_module_is_the_order():
    listed = re.findall(r"^\| ([A-Z_]+) \|", locks.__doc__ or "", re.MULTILINE)
    assert [getattr(locks, name) for name in listed] == list(locks.ORDER)
    assert len(set(NUMBERS)) == len(NUMBERS)
    assert len({lock.name for lock in locks.ORDER}) == len(locks.ORDER)

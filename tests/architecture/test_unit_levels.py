"""Levels of units are listed once in Python and once in JavaScript, and the two lists are one."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from app.kit.unit_levels import DISSOLVED, LEVELS, SQL_ARRAY, UPPER
from gis.codes import UNIT_DIGITS

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "app/web/static/js"
QUOTED = "|".join(f"[\"']{level}[\"']" for level in LEVELS)
LISTED = re.compile(rf"(?:{QUOTED})\s*,\s*(?:{QUOTED})")


def _listed(path: Path) -> list[str]:
    """Lists of two and more levels in a module, in Python or in SQL inside it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Tuple | ast.List | ast.Set) and len(node.elts) > 1:
            values = [part.value for part in node.elts if isinstance(part, ast.Constant)]
            if len(values) == len(node.elts) and set(values) <= set(LEVELS):
                found.append(f"{node.lineno}: {values}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and LISTED.search(node.value):
            found.append(f"{node.lineno}: {node.value[:80]}")
    return found


def test_no_other_module_lists_levels():
    paths = [path for path in sorted((ROOT / "app").rglob("*.py")) if "migrations" not in path.parts]
    listed = {
        path.relative_to(ROOT).as_posix(): _listed(path) for path in paths if path.name != "unit_levels.py"
    }
    assert {path: lines for path, lines in listed.items() if lines} == {}


def test_pages_have_one_list_and_it_is_the_same():
    listing = [
        path for path in sorted(SCRIPTS.rglob("*.js")) if LISTED.search(path.read_text(encoding="utf-8"))
    ]
    assert [path.relative_to(SCRIPTS).as_posix() for path in listing] == ["core/levels.js"]
    (written,) = re.findall(r"LEVELS = (\[.*?\]);", listing[0].read_text(encoding="utf-8"))
    assert json.loads(written) == list(LEVELS)


def test_what_is_derived():
    assert tuple(UNIT_DIGITS) == LEVELS == ("district", "street", "community", "grid")
    assert UPPER == ("street", "community")
    assert DISSOLVED == ("community", "street", "district")
    assert SQL_ARRAY == "ARRAY['district', 'street', 'community', 'grid']"

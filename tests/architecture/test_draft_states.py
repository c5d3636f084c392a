"""The way of a draft stands once in Python, and the database's guard holds the same one."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from app.drafts.states import ACTIVE, APPROVED, NAMES, PUBLISHED, STEPS

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "app/drafts/states.py"
LISTED = re.compile(rf"'({'|'.join(NAMES)})'\s*,\s*'({'|'.join(NAMES)})'")


def test_the_guard_of_the_database_lets_the_same_steps_pass():
    guard = (ROOT / "app/db/functions/guard_draft.sql").read_text(encoding="utf-8")
    transitions = set(re.findall(r"\('(\w+)', '(\w+)'\)", guard.split("NOT IN (", 1)[1].split("THEN", 1)[0]))
    steps = {(was, step.to) for step in STEPS.values() if step.to for was in step.allowed}
    # A withdrawn edition gives its draft back: not a step of a person, but of `withdraw_edition`.
    assert transitions == steps | {(PUBLISHED, APPROVED)}
    assert {was for was, _ in steps} == set(ACTIVE)


def test_no_other_module_lists_states():
    listing = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        if "migrations" in path.parts or path == TABLE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple | ast.List | ast.Set) and len(node.elts) > 1:
                values = [each.value for each in node.elts if isinstance(each, ast.Constant)]
                if len(values) == len(node.elts) and set(values) <= set(NAMES):
                    listing.append(f"{path.relative_to(ROOT)}:{node.lineno}")
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and LISTED.search(node.value):
                listing.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert listing == []


def test_the_page_shows_the_way_in_the_same_order():
    page = (ROOT / "app/web/static/js/editor/review.js").read_text(encoding="utf-8")
    (way,) = re.findall(r"const WAY = (\[.*?\]);", page)
    assert tuple(json.loads(way)) == NAMES[: NAMES.index(PUBLISHED) + 1]

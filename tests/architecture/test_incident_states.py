"""States of incidents stand in one table; elsewhere nobody lists them: not in Python, not in SQL, not in a page."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from app.incidents import states
from gis.synthetic import incidents as synthetic_incidents

ROOT = Path(__file__).parents[2]
# "closed" is a word of other things too (windows, counts beside "open"); it may not be compared with.
UNMISTAKABLE = set(states.NAMES) - {states.CLOSED}
QUOTED = re.compile(f"'({'|'.join(states.NAMES)})'")
TABLE = ROOT / "app/incidents/states.py"
PYTHON = [
    path
    for root in ("app", "bench", "scripts")
    for path in sorted((ROOT / root).rglob("*.py"))
    # Revisions are frozen.
    if "migrations" not in path.parts and path != TABLE
]


def _named(source: str) -> list[str]:
    """Lines of a module that name a state, or compare with one."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value in UNMISTAKABLE or QUOTED.search(node.value):
                found.append(f"{node.lineno}: {node.value[:80]!r}")
        elif isinstance(node, ast.Compare):
            compared = [
                c.value for part in node.comparators for c in ast.walk(part) if isinstance(c, ast.Constant)
            ]
            if states.CLOSED in compared:
                found.append(f"{node.lineno}: compared with {states.CLOSED!r}")
    return found


def test_the_scan_finds_each_way_of_naming_a_state():
    for line in (
        "x = state in ('reported', 'y')",
        "x = \"SELECT 1 FROM incident WHERE state <> 'voided'\"",
        "x = f\"WHERE i.state = 'closed' AND {y}\"",
        "x = state == 'closed'",
        "x = state not in {'closed'}",
    ):
        assert _named(line), line
    assert not _named("x = {'open': 1, 'closed': 2}")


def test_no_python_names_states():
    assert len(PYTHON) > 250
    named = {path.relative_to(ROOT).as_posix(): _named(path.read_text(encoding="utf-8")) for path in PYTHON}
    assert {path: lines for path, lines in named.items() if lines} == {}


def test_no_function_of_the_database_names_states():
    """They ask ``is_open`` and ``is_void``, and triggers, which run before those are written, ``is_open_state``."""
    for path in sorted((ROOT / "app/db/functions").glob("*.sql")):
        plain = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        if path.stem == "is_open_state":
            assert states.IS_OPEN_SQL in plain
            continue
        assert not QUOTED.search(plain), path.name


def test_no_page_lists_states():
    """A page may have words for one state; what is open it is told."""
    pages = [*(ROOT / "app/web/static/js").rglob("*.js"), *(ROOT / "app/web/templates").rglob("*.html")]
    assert len(pages) > 20
    for path in pages:
        named = set(
            re.findall(rf"""["'`]({"|".join(states.NAMES)})["'`]""", path.read_text(encoding="utf-8"))
        )
        assert len(named) < 2, f"{path.relative_to(ROOT)} lists {sorted(named)}"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_state_has_its_words(language: str):
    words = json.loads((ROOT / f"app/web/static/i18n/{language}.json").read_text(encoding="utf-8"))
    assert {key.removeprefix("state.") for key in words if key.startswith("state.")} == set(states.NAMES)
    assert {f"log.{state.action}" for state in states.TABLE} <= set(words)


def test_what_is_invented_is_of_the_table():
    """`gis` may not look into `app`, so it names what it invents; here the two meet."""
    assert set(synthetic_incidents._STATES) == set(states.NAMES)
    assert set(synthetic_incidents._OPEN) < set(states.OPEN)

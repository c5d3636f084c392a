"""Things stand where a reader looks for them: SQL in repositories, the commit at the edge, the environment in settings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = sorted(
    p for top in ("app", "gis") for p in (ROOT / top).rglob("*.py") if "node_modules" not in p.parts
)
STATEMENTS = {"select", "insert", "update", "delete", "text"}
# Where statements may be made: repositories, reading models of incidents, what stores rows in bulk, and the ground
# they stand on.
HOLDS_SQL = ("repository", "queries", "models", "storage")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def attributes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr


def test_statements_are_made_in_repositories() -> None:
    elsewhere = [
        f"{named(path)}: {module}.{name}"
        for path in CODE
        if path.parts[-2] not in ("db", "cluster", "migrations", "versions")
        and not any(word in path.stem for word in HOLDS_SQL)
        for module, name in imports(path)
        if module.startswith("sqlalchemy") and name in STATEMENTS
    ]
    assert elsewhere == []


def test_nobody_commits_but_the_session() -> None:
    allowed = {"app/db/session.py", "app/migrations/env.py"}
    assert [named(p) for p in CODE if named(p) not in allowed and "commit" in attributes(p)] == []


def test_the_environment_is_read_in_settings() -> None:
    # libpq's programs take their password from the environment they are started with, `up` hands it to its children,
    # and prometheus-client is told there where workers keep their numbers.
    allowed = {"app/settings.py", "app/db/clients.py", "app/cli/listening.py", "app/metrics.py"}
    readers = [
        named(p)
        for p in CODE
        if named(p) not in allowed and {"environ", "getenv"} & set(attributes(p)) and "gis" not in p.parts
    ]
    assert readers == []


def test_the_core_reads_no_environment() -> None:
    # Spark's own processes are told in the environment where Java and Python are.
    allowed = {"gis/spark/session.py"}
    readers = [named(p) for p in CODE if "gis" in p.parts and {"environ", "getenv"} & set(attributes(p))]
    assert set(readers) <= allowed


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "app/web/package-lock.json", "app/web/package.json", "pyproject.toml"]
)
def test_locks_name_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert "http://" not in text
    assert "https://" not in text


def test_every_package_says_what_it_is() -> None:
    silent = [
        named(path)
        for path in CODE
        if path.name == "__init__.py" and ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None
    ]
    assert silent == []

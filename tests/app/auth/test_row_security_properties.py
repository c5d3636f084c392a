"""For any tree of units, any rows and any grants, what PostgreSQL shows is what a few lines of Python say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.auth.models import ROLES
from app.auth.principal import Principal
from app.auth.roles import CONTAINS
from app.db.cluster import SERVICE
from app.db.ltree import label
from tests.app.auth.rows import look

# Codes whose labels begin alike, hold escapes, differ in case only, or look like an lquery of their own.
CODES = st.sampled_from(
    ["1", "11", "1-1", "a", "A", "aa", "a_b", "网", "*", "a|b", "!a", "a*", "a@", "outside"]
)
PATHS = st.lists(CODES, min_size=1, max_size=4).map(lambda codes: ".".join(label(each) for each in codes))
SCOPES = st.one_of(st.just(""), PATHS)
GRANTS = st.lists(st.tuples(st.sampled_from(ROLES), SCOPES), max_size=4)


def lies_in(path: str, scope: str) -> bool:
    """The oracle: the labels of the scope are the first labels of the path."""
    wanted = scope.split(".") if scope else []
    return path.split(".")[: len(wanted)] == wanted


@pytest.fixture(scope="module")
def owner(owner_engine: Engine) -> Iterator[Session]:
    """One connection for all examples; each undoes itself."""
    with owner_engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            session.execute(text("SET LOCAL wangge.owners = 'given'"))
            session.execute(
                text(
                    "INSERT INTO component_class (code, major_code, major_zh, major_en, name_zh, name_en, geometry,"
                    " hazard, patrol_days, scheme, codes_2026, evidence)"
                    " VALUES ('L', '1', '大', 'm', '管', 'pipe', 'line', 'low', 1, 't', '{}', 't')"
                )
            )
            yield session
        transaction.rollback()


_INCIDENTS = text(
    "INSERT INTO incident (number, source, occurred_at, reported_at, grid_path)"
    " SELECT n::text, 't', now(), now(), p::ltree FROM unnest(CAST(:paths AS text[])) WITH ORDINALITY AS x(p, n)"
)
_COMPONENT = text(
    "INSERT INTO component (code, code_scheme, class_code, geom, grid_path, paths)"
    " VALUES (:code, 'own', 'L', ST_GeomFromText('LINESTRING(120 35, 120.1 35)', 4326),"
    "         CAST(:first AS ltree), CAST(CAST(:paths AS text[]) AS ltree[]))"
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(PATHS, min_size=1, max_size=8),
    lines=st.lists(st.lists(PATHS, min_size=1, max_size=3), max_size=4),
    grants=GRANTS,
    role=st.one_of(st.none(), st.sampled_from(ROLES)),
)
@example(rows=["1.11", "1_2D1", "11"], lines=[["1.1", "11"]], grants=[("viewer", "1")], role=None)
@example(rows=["a", "b"], lines=[["a"]], grants=[("auditor", ""), ("viewer", "b")], role=None)
@example(rows=["_6Futside", "a"], lines=[], grants=[("admin", "")], role="viewer")
def test_what_is_seen_is_what_the_grants_say(
    owner: Session, rows: list[str], lines: list[list[str]], grants: list[tuple[str, str]], role: str | None
) -> None:
    rows = [*rows, "outside"]
    lines = [*lines, ["outside"]]
    who = Principal("x", grants=tuple(grants))
    # Without a role named: where anything is seen at all, which an auditor does nowhere.
    scopes = [scope for held, scope in grants if (role or "viewer") in CONTAINS[held]]
    with owner.begin_nested() as trial:
        owner.execute(_INCIDENTS, {"paths": rows})
        for number, paths in enumerate(lines):
            owner.execute(_COMPONENT, {"code": str(number), "first": paths[0], "paths": paths})
        owner.execute(text(f"SET LOCAL ROLE {SERVICE}"))
        look(owner, who.row_scope(role) if role else who.row_scope())
        seen = sorted(int(n) - 1 for n in owner.execute(text("SELECT number FROM incident")).scalars())
        lines_seen = sorted(int(n) for n in owner.execute(text("SELECT code FROM component")).scalars())
        trial.rollback()
    owner.execute(text("RESET ROLE"))
    assert seen == [n for n, path in enumerate(rows) if any(lies_in(path, scope) for scope in scopes)]
    assert lines_seen == [
        n for n, paths in enumerate(lines) if any(lies_in(path, scope) for scope in scopes for path in paths)
    ]

"""One row for each grid in every table that row-level security guards, and what each row's paths are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db.cluster import ClusterInfo
from app.db.session import RowScope
from app.publishing.registry import unit_path_tables
from tests.fixtures import throwaway
from tests.fixtures.connections import engine_on
from tests.fixtures.throwaway import TestDatabase
from tests.fixtures.units import GRIDS, make_units, place_in

# Rows that hang on a guarded one, with the paths of that one; `arrange` writes them where there is no such column.
_HANGING = {
    "incident_log": "ARRAY[from_state]",
    "component_share": "(SELECT c.paths::text[] FROM component c WHERE c.id = component_id)",
    "draft_operation": "ARRAY[operation->>'scope']",
    "draft_grid": "ARRAY[name]",
    "draft_log": "ARRAY[note]",
}
# For each guarded table: the paths of a row (any of them in sight makes it seen) as an SQL text[]. A table that
# registers itself is tried from then on, and has to be filled.
PATHS = {
    each.table: f"string_to_array(trim({each.secured_by}::text, '{{}}'), ',')"
    for each in unit_path_tables().values()
    if each.secured_by
} | _HANGING


def arrange(session: Session) -> None:
    """Fill every guarded table, as the owner: five grids in two streets, one place outside, a pipe across both."""
    make_units(session, GRIDS)
    run = session.execute
    run(
        text(
            "INSERT INTO component_class (code, major_code, major_zh, major_en, name_zh, name_en, geometry, hazard,"
            " patrol_days, scheme, codes_2026, evidence) VALUES"
            " ('P', '1', '大', 'm', '灯', 'lamp', 'point', 'low', 1, 't', '{}', 't'),"
            " ('L', '1', '大', 'm', '管', 'pipe', 'line', 'low', 1, 't', '{}', 't')"
        )
    )
    for number, path in enumerate([*GRIDS, "outside"]):
        grid = path.rpartition(".")[2]
        lon, lat = place_in(number)
        values = {"n": str(number), "lon": lon, "lat": lat, "path": path, "grid": grid}
        run(
            text(
                "WITH i AS (INSERT INTO incident (number, source, occurred_at, reported_at, geom)"
                " VALUES ('I' || :n, 't', now(), now(), ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) RETURNING id)"
                " INSERT INTO incident_log (incident_id, actor, action, from_state) SELECT id, 't', 'reported', :path FROM i"
            ),
            values,
        )
        run(
            text(
                "INSERT INTO component (code, code_scheme, class_code, geom)"
                " VALUES ('C' || :n, 'own', 'P', ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))"
            ),
            values,
        )
        run(
            text(
                "WITH o AS (INSERT INTO officer (staff_code, name, phone, unit_path)"
                " VALUES ('S' || :n, '某', '13800000000', CAST(:path AS ltree)) RETURNING id)"
                " INSERT INTO team_member (grid_code, grid_path, officer_id, role, during)"
                " SELECT :grid, CAST(:path AS ltree), id, 'leader', '[2026-01-01,)' FROM o"
            ),
            values,
        )
        run(
            text(
                "INSERT INTO population_count (grid_code, grid_path, kind, count, counted_on)"
                " VALUES (:grid, CAST(:path AS ltree), 'elderly', 7, '2026-11-01')"
            ),
            values,
        )
    for path in ("d", "d.a", "d.a.a1", "d.b"):
        run(
            text(
                "WITH x AS (INSERT INTO draft (title, base, scope_path, author)"
                " VALUES (CAST(:path AS text), 1, CAST(CAST(:path AS text) AS ltree), 't') RETURNING id)"
                " INSERT INTO draft_operation (draft_id, position, operation, author)"
                " SELECT id, 1, jsonb_build_object('scope', CAST(:path AS text)), 't' FROM x"
            ),
            {"path": path},
        )
        of_draft = {"path": path, "lon": place_in(0)[0], "lat": place_in(0)[1]}
        run(
            text(
                "INSERT INTO draft_grid (draft_id, position, code, name, parent_code, kind, geom)"
                " SELECT id, 1, 'x', title, 'p', 'base', ST_Multi(ST_Expand(ST_Point(:lon, :lat, 4326), 0.001))"
                " FROM draft WHERE title = :path"
            ),
            of_draft,
        )
        run(
            text(
                "INSERT INTO draft_log (draft_id, actor, actor_key, action, to_state, note)"
                " SELECT id, 't', 'account:1', 'create', 'open', title FROM draft WHERE title = :path"
            ),
            {"path": path},
        )
    for code, first, last in (("PIPE", 2, 3), ("SHORT", 0, 1)):
        (west, south), (east, _) = place_in(first), place_in(last)
        run(
            text(
                "INSERT INTO component (code, code_scheme, class_code, geom) VALUES (:code, 'own', 'L',"
                " ST_SetSRID(ST_MakeLine(ST_MakePoint(:w, :s), ST_MakePoint(:e, :s)), 4326))"
            ),
            {"code": code, "w": west, "e": east, "s": south},
        )
    session.flush()


def look(session: Session, scope: RowScope) -> None:
    """Let what follows in this transaction see what ``scope`` allows."""
    session.execute(
        text(
            "SELECT set_config('wangge.scope', :q, true), set_config('wangge.acts', :acts, true), "
            "set_config('wangge.actor', :a, true)"
        ),
        {"q": scope.queries, "a": scope.actor, "acts": scope.acting_queries},
    )


def paths_seen(session: Session, table: str) -> list[tuple[str, ...]]:
    """The paths of the rows that this session sees, sorted."""
    rows = session.execute(text(f"SELECT {PATHS[table]} FROM {table}")).scalars()
    return sorted(tuple(sorted(paths or ())) for paths in rows)


def expected(rows: Sequence[tuple[str, ...]], sight: Sequence[str]) -> list[tuple[str, ...]]:
    """What should be seen of ``rows``: said in Python, by comparing labels."""

    def under(scope: str, path: str) -> bool:
        return scope.split(".") == path.split(".")[: scope.count(".") + 1]

    return sorted(
        row for row in rows if "" in sight or any(under(scope, path) for scope in sight for path in row)
    )


@contextmanager
def filled(server: ClusterInfo, name: str, arrange_: Callable[[Session], None]) -> Iterator[TestDatabase]:
    """A migrated database of its own, filled once by ``arrange_``, for tests that undo what they do."""
    own = throwaway.clone(server, name)
    with engine_on(own.owner_url, pool_size=1) as owner, Session(owner) as session, session.begin():
        arrange_(session)
    try:
        yield own
    finally:
        throwaway.drop(server, name)


@contextmanager
def undone(url: str) -> Iterator[Session]:
    """A session on ``url`` whose work is rolled back."""
    with engine_on(url, pool_size=1) as made, made.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()

"""Queries that only the checks need: the catalog of PostgreSQL, and looking through the service's eyes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.db.literals import sql_list
from app.db.session import RowScope
from app.drafts.states import REVIEWED
from app.publishing.registry import unit_path_tables

SERVICE_ROLE = "wangge_service"
# Table -> the condition under which a row lies in the unit :path.
SECURED = {name: table.within for name, table in unit_path_tables().items() if table.secured_by}
# Tables whose rows are seen with a row of another one.
FOLLOWING = ("incident_log", "component_share", "draft_operation", "draft_grid", "draft_log")
# What keeps each promise: (table, trigger). A trigger that is gone or switched off is found by its name.
HISTORY = tuple(
    (table, f"{table}_{rule}")
    for table, rules in (
        ("unit_version", ("guard", "no_truncate", "next", "whole")),
        ("excluded_land", ("guard", "no_truncate", "next", "whole")),
        ("edition", ("append_only", "no_truncate", "next", "whole")),
        ("edition_withdrawal", ("guard", "no_truncate", "whole")),
        ("lineage", ("append_only", "no_truncate", "next")),
        ("settlement", ("append_only", "no_truncate")),
    )
    for rule in rules
)
OWNERS = (("incident", "incident_owner"), ("component", "component_owner"), ("component", "component_shares"))
LOGS = (
    ("audit_log", "audit_log_append_only"),
    ("audit_log", "audit_log_no_truncate"),
    ("incident_log", "incident_log_append_only"),
    ("incident_log", "incident_log_no_truncate"),
    ("incident", "incident_logged"),
    ("draft_log", "draft_log_append_only"),
    ("draft_log", "draft_log_no_truncate"),
)
# What keeps a draft as it was reviewed, and its reviewer from being its author.
FOUR_EYES = (
    ("draft", "draft_guard"),
    ("draft_operation", "draft_operation_guard"),
    ("draft_grid", "draft_grid_guard"),
)
# The only things that may be drawn. A table of people with a place is what must never come to be.
DRAWN = {
    ("unit_version", "geom"),
    ("unit_version", "lattice"),
    ("excluded_land", "geom"),
    ("draft_grid", "geom"),
    ("component", "geom"),
    ("incident", "geom"),
}


def sql_owners(session: Session, lon: np.ndarray, lat: np.ndarray, edition: int) -> list[str | None]:
    """What the SQL function says of points, in order."""
    rows = session.execute(
        text(
            "SELECT o.grid_code FROM unnest(CAST(:lon AS float8[]), CAST(:lat AS float8[])) WITH ORDINALITY AS p(x, y, n) "
            "LEFT JOIN LATERAL point_owner(ST_SetSRID(ST_MakePoint(p.x, p.y), 4326), :edition) o ON true ORDER BY p.n"
        ),
        {"lon": lon.tolist(), "lat": lat.tolist(), "edition": edition},
    )
    return [row[0] for row in rows]


def role_of(session: Session, name: str) -> Row[bool, bool, int, list[str]] | None:
    """A role's powers: superuser, bypass of row security, tables owned, and other roles with such powers it can become."""
    return session.execute(
        text(
            "WITH owned AS (SELECT c.relowner AS role, count(*) AS n FROM pg_class c JOIN pg_namespace s "
            "ON s.oid = c.relnamespace WHERE s.nspname = 'public' GROUP BY 1) "
            "SELECT r.rolsuper, r.rolbypassrls, coalesce((SELECT n FROM owned WHERE role = r.oid), 0) AS owned, "
            "coalesce((SELECT array_agg(m.rolname ORDER BY 1) FROM pg_roles m WHERE m.oid <> r.oid AND NOT r.rolsuper "
            "AND pg_has_role(r.oid, m.oid, 'MEMBER') AND (m.rolsuper OR m.rolbypassrls "
            "OR m.oid IN (SELECT role FROM owned))), '{}') AS powers FROM pg_roles r WHERE r.rolname = :name"
        ),
        {"name": name},
    ).one_or_none()


def open_views(session: Session) -> list[str]:
    """Views that the service may read and that look past row security, with the eyes of whoever made them."""
    rows = session.execute(
        text(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace "
            "WHERE c.relkind IN ('v', 'm') AND s.nspname NOT IN ('pg_catalog', 'information_schema') "
            "AND NOT ('security_invoker=true' = ANY (coalesce(c.reloptions, '{}'))) "
            "AND has_table_privilege(:role, c.oid, 'SELECT') "
            "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"
        ),
        {"role": SERVICE_ROLE},
    )
    return [row[0] for row in rows]


def row_security(session: Session) -> dict[str, tuple[bool, int]]:
    """Table -> whether row security is on, and how many policies it has."""
    rows = session.execute(
        text(
            "SELECT c.relname, c.relrowsecurity, (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) "
            "FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = 'public' AND c.relkind = 'r'"
        )
    )
    return {name: (bool(on), int(policies)) for name, on, policies in rows}


def missing_triggers(session: Session, wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Of these (table, trigger), those that are not there or switched off, as ``table (trigger)``."""
    rows = session.execute(
        text(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace s "
            "ON s.oid = c.relnamespace WHERE s.nspname = 'public' AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
        )
    )
    there = {(table, trigger) for table, trigger in rows}
    return [f"{table} ({trigger})" for table, trigger in wanted if (table, trigger) not in there]


def forbidden_grants(session: Session, wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Where the service could change what may only be added to, of the tables of these guards."""
    rows = session.execute(
        text(
            "SELECT t || ': ' || p FROM unnest(CAST(:tables AS text[])) t, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) p "
            "WHERE has_table_privilege(:role, 'public.' || t, p) ORDER BY 1"
        ),
        {"tables": sorted({table for table, _ in wanted} - {"incident"}), "role": SERVICE_ROLE},
    )
    return [row[0] for row in rows]


@contextmanager
def eyes_of_service(session: Session, scope: RowScope) -> Iterator[None]:
    """For a while, see what the service would see for somebody."""
    session.execute(text("SAVEPOINT eyes"))
    session.execute(text(f"SET LOCAL ROLE {SERVICE_ROLE}"))
    session.execute(
        text("SELECT set_config('wangge.scope', :q, true), set_config('wangge.acts', :acts, true)"),
        {"q": scope.queries, "acts": scope.acting_queries},
    )
    try:
        yield
    finally:
        # Takes back the role and the sight with it.
        session.execute(text("ROLLBACK TO SAVEPOINT eyes"))


def seen_outside(session: Session, table: str, path: str) -> int:
    """Rows of a table that are visible now although they lie outside a unit."""
    return int(
        session.scalar(text(f"SELECT count(*) FROM {table} WHERE NOT ({SECURED[table]})"), {"path": path})
        or 0
    )


def seen(session: Session, table: str) -> int:
    """Rows of a table that are visible now."""
    return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def in_unit(session: Session, table: str, path: str) -> int:
    """Rows of a table that lie in a unit."""
    return int(
        session.scalar(text(f"SELECT count(*) FROM {table} WHERE {SECURED[table]}"), {"path": path}) or 0
    )


def incidents_without_log(session: Session) -> list[str]:
    """Numbers of incidents that nothing was ever written of."""
    rows = session.execute(
        text(
            "SELECT number FROM incident i WHERE NOT EXISTS (SELECT FROM incident_log l WHERE l.incident_id = i.id) "
            "ORDER BY number LIMIT 100"
        )
    )
    return [row[0] for row in rows]


def incidents_against_log(session: Session) -> list[str]:
    """Numbers of incidents whose state is not the one their log ends with."""
    rows = session.execute(
        text(
            "WITH last AS (SELECT DISTINCT ON (incident_id) incident_id, to_state FROM incident_log "
            "WHERE to_state IS NOT NULL ORDER BY incident_id, id DESC) "
            "SELECT i.number FROM incident i JOIN last ON last.incident_id = i.id "
            "WHERE last.to_state <> i.state ORDER BY 1 LIMIT 100"
        )
    )
    return [row[0] for row in rows]


def drafts_against_log(session: Session) -> list[str]:
    """Drafts without any log, or whose state is not the one their log ends with."""
    rows = session.execute(
        text(
            "SELECT d.id::text FROM draft d LEFT JOIN LATERAL (SELECT l.to_state FROM draft_log l "
            "WHERE l.draft_id = d.id ORDER BY l.id DESC LIMIT 1) last ON true "
            "WHERE last.to_state IS DISTINCT FROM d.state ORDER BY d.id LIMIT 100"
        )
    )
    return [row[0] for row in rows]


def drafts_with_two_eyes(session: Session) -> list[str]:
    """Drafts that were approved by nobody, or by somebody who had a hand in them."""
    rows = session.execute(
        text(
            f"SELECT d.id::text FROM draft d WHERE d.state IN {sql_list(REVIEWED)} AND ("
            "coalesce(d.reviewer_key, '') = '' OR d.reviewer_key IN (SELECT draft_contributors(d.id))) "
            "ORDER BY d.id LIMIT 100"
        )
    )
    return [row[0] for row in rows]


def placed_columns(session: Session) -> set[tuple[str, str]]:
    """Every (table, column) that holds a place: geometries, geographies, and numbers that are called a longitude."""
    rows = session.execute(
        text(
            "SELECT CASE s.nspname WHEN 'public' THEN '' ELSE s.nspname || '.' END || c.relname, a.attname "
            "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace s ON s.oid = c.relnamespace "
            "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'm') "
            "AND s.nspname !~ '^(pg_|information_schema$)' "
            "AND (a.atttypid IN (to_regtype('geometry'), to_regtype('geography'), to_regtype('point')) "
            "  OR lower(a.attname) IN ('lon', 'lng', 'longitude', '经度')) "
            "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
        )
    )
    return {(table, column) for table, column in rows}


def first_street_paths(session: Session, edition: int, *, limit: int) -> Sequence[str]:
    """Paths of units just under their district, to look through."""
    rows = session.execute(
        text(
            "SELECT path::text FROM unit_version WHERE editions @> CAST(:edition AS integer) AND nlevel(path) = 2 "
            "ORDER BY path LIMIT :limit"
        ),
        {"edition": edition, "limit": limit},
    )
    return [row[0] for row in rows]

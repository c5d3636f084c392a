"""What the check of invariant 8 asks of the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.verify.repository import SERVICE_ROLE

# What people wrote, who they are, and what leads to their door.
TEXTS = {
    "incident": (
        "address",
        "description",
        "source_id",
        "component_code",
        "attributes",
        "idempotency_key",
    ),
    "incident_log": ("actor", "note", "detail"),
}
# No layer for direct connections is made of these.
OF_PEOPLE = ("incident", "incident_log", "officer", "team_member", "population_count", "account")
_READER = "wangge_reader"


def small_people_shown(session: Session) -> list[str]:
    """Units whose people of a sensitive kind are told although they are fewer than three, or those of a grid."""
    rows = session.execute(
        text(
            "WITH unit AS (SELECT DISTINCT grid_path AS path, true AS is_grid FROM population_count WHERE sensitive "
            "UNION SELECT DISTINCT subpath(grid_path, 0, nlevel(grid_path) - 1), false FROM population_count "
            "WHERE sensitive AND nlevel(grid_path) > 1) "
            "SELECT u.path::text || ': ' || shown.kind FROM unit u, unit_population(u.path) shown "
            "WHERE shown.is_sensitive AND shown.people IS NOT NULL AND (u.is_grid OR shown.people < 3) "
            "ORDER BY 1 LIMIT 100"
        )
    )
    return [row[0] for row in rows]


def small_incidents_shown(session: Session) -> list[str]:
    """Rows of the public counts of sensitive incidents that are too small or too fine."""
    rows = session.execute(
        text(
            "WITH years AS (SELECT extract(year FROM min(occurred_at))::integer AS first, "
            "extract(year FROM now())::integer AS last FROM incident) "
            "SELECT t.unit::text || ' ' || t.period_from FROM years y, "
            "sensitive_incident_counts('UTC', y.first, y.last) t WHERE y.first IS NOT NULL AND (t.incidents < 3 "
            "OR t.period_to < (t.period_from + interval '3 months')::date OR t.period_to > current_date "
            "OR EXISTS (SELECT FROM unit_version u WHERE u.level = 'grid' AND u.path = t.unit)) ORDER BY 1 LIMIT 100"
        )
    )
    return [row[0] for row in rows]


def not_marked_sensitive(session: Session, table: str, codes: Sequence[str]) -> list[str]:
    """Of these codes, those that a table of classes has without the mark."""
    rows = session.execute(
        text(f"SELECT code FROM {table} WHERE code = ANY(:codes) AND NOT sensitive ORDER BY code"),
        {"codes": list(codes)},
    )
    return [row[0] for row in rows]


def readable_texts(session: Session) -> list[str]:
    """Columns of text that the service's role may select."""
    rows = session.execute(
        text(
            "SELECT t || '.' || c FROM unnest(CAST(:tables AS text[]), CAST(:columns AS text[])) AS x(t, c) "
            "WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :role) "
            "AND has_column_privilege(:role, 'public.' || t, c, 'SELECT') ORDER BY 1"
        ),
        {
            "role": SERVICE_ROLE,
            "tables": [table for table, columns in TEXTS.items() for _ in columns],
            "columns": [column for columns in TEXTS.values() for column in columns],
        },
    )
    return [row[0] for row in rows]


def layers_on_people(session: Session) -> list[str]:
    """Relations that the role for direct connections may read and that hold, or are made of, incidents or people."""
    rows = session.execute(
        text(
            "WITH reader AS (SELECT rolname FROM pg_roles WHERE rolname = :reader), "
            "people AS (SELECT ('public.' || t)::regclass AS oid FROM unnest(CAST(:tables AS text[])) t) "
            "SELECT DISTINCT p.oid::regclass::text FROM reader, people p "
            "WHERE has_any_column_privilege(reader.rolname, p.oid, 'SELECT') "
            "UNION SELECT DISTINCT r.ev_class::regclass::text FROM reader, pg_rewrite r "
            "JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid "
            "AND d.refclassid = 'pg_class'::regclass JOIN people p ON p.oid = d.refobjid "
            "WHERE has_any_column_privilege(reader.rolname, r.ev_class, 'SELECT') ORDER BY 1"
        ),
        {"reader": _READER, "tables": list(OF_PEOPLE)},
    )
    return [row[0] for row in rows]


def some_incidents(session: Session, path: str, *, limit: int = 200) -> list[int]:
    """Ids of the newest incidents of a unit."""
    rows = session.execute(
        text(
            "SELECT id FROM incident WHERE grid_path <@ text2ltree(:path) ORDER BY occurred_at DESC LIMIT :limit"
        ),
        {"path": path, "limit": limit},
    )
    return [row[0] for row in rows]


def counts_with_sensitive(session: Session, path: str) -> bool:
    """Whether the public counts of a unit have more incidents or components than those of ordinary classes."""
    return bool(
        session.scalar(
            text(
                "SELECT c.incidents_total <> (SELECT count(*) FROM incident i LEFT JOIN incident_class k "
                "ON k.code = i.class_code WHERE i.grid_path <@ u.path AND NOT i.is_void "
                "AND NOT coalesce(k.sensitive, false)) "
                "OR c.components <> (SELECT count(*) FROM component m JOIN component_class k ON k.code = m.class_code "
                "WHERE m.paths <@ u.path AND NOT k.sensitive) "
                "FROM (SELECT text2ltree(:path) AS path) u, unit_counts(u.path) c"
            ),
            {"path": path},
        )
    )


def texts_shown(session: Session, ids: Sequence[int]) -> list[str]:
    """The functions through which the one who looks now reads texts of these incidents."""
    queries = {
        "incident_text": "SELECT EXISTS (SELECT FROM incident_text(:ids))",
        "incident_log_text": "SELECT EXISTS (SELECT FROM unnest(CAST(:ids AS bigint[])) i, incident_log_text(i))",
        "incidents_with_words": "SELECT EXISTS (SELECT FROM incidents_with_words('%') i WHERE i = ANY(:ids))",
    }
    return [name for name, query in queries.items() if session.scalar(text(query), {"ids": list(ids)})]


def sensitive_rows_shown(session: Session) -> list[str]:
    """Tables of which the one who looks now sees rows of sensitive classes, with how many."""
    queries = {
        "incident": "SELECT count(*) FROM incident WHERE class_code = ANY ((SELECT sensitive_incident_classes())::text[])",
        "component": "SELECT count(*) FROM component "
        "WHERE class_code = ANY ((SELECT sensitive_component_classes())::text[])",
    }
    counted = {table: session.scalar(text(query)) for table, query in queries.items()}
    return [f"{table}: {count}" for table, count in counted.items() if count]

"""What the database's own catalogue says about the bounds of the service: also for tables that come later."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

# Tables with a path that may be seen by all: published boundaries; and those that say who may do what, which the
# service must read before it knows who is asking.
OPEN_PATHS = {"unit_version", "account_grant", "api_token"}
# Functions that run with the owner's rights: triggers, which nobody can call ...
TRIGGERS = {"set_incident_owner", "set_component_owner", "store_component_shares", "log_unlogged_incident"}
# ... those that count past row security on purpose, and give nothing but names of kinds, numbers and dates ...
COUNTERS = {"unit_counts", "unit_population", "sensitive_incident_counts"}
COUNTS = {"bigint", "boolean", "date"}
# ... and one that takes an edition back: what it may do is in the guards of the tables, which hold for the owner, too.
DOERS = {"withdraw_edition"}
NAMES = {"kind", "class_code", "unit"}
# ... and those that give text of incidents to those who act on them (tests/app/incidents/test_visibility.py).
TEXTS = {"incident_text", "incident_log_text", "incidents_with_words"}


def column(engine: Engine, query: str, **values: Any) -> set[Any]:
    with engine.connect() as connection:
        return set(connection.execute(text(query), values).scalars())


def test_the_service_is_nothing_special(owner_engine: Engine) -> None:
    with owner_engine.connect() as connection:
        role = (
            connection.execute(text("SELECT * FROM pg_roles WHERE rolname = 'wangge_service'"))
            .mappings()
            .one()
        )
    for power in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication"):
        assert role[power] is False, power


def test_the_service_is_a_member_of_nothing(owner_engine: Engine) -> None:
    """Neither of the owner nor of pg_read_all_data and the like."""
    assert not column(
        owner_engine,
        "SELECT r.rolname FROM pg_roles r WHERE r.rolname <> 'wangge_service'"
        " AND pg_has_role('wangge_service', r.oid, 'MEMBER')",
    )


def test_the_service_owns_nothing(owner_engine: Engine) -> None:
    for catalogue, owner in (
        ("pg_class", "relowner"),
        ("pg_proc", "proowner"),
        ("pg_namespace", "nspowner"),
        ("pg_type", "typowner"),
    ):
        assert not column(
            owner_engine, f"SELECT oid FROM {catalogue} WHERE {owner} = 'wangge_service'::regrole"
        )


def test_the_service_can_make_nothing_that_lasts(owner_engine: Engine) -> None:
    assert not column(
        owner_engine,
        "SELECT nspname FROM pg_namespace WHERE has_schema_privilege('wangge_service', oid, 'CREATE')"
        " AND nspname NOT LIKE 'pg_temp%'",
    )
    assert column(
        owner_engine, "SELECT has_database_privilege('wangge_service', current_database(), 'CREATE')"
    ) == {False}


def test_every_table_that_says_whose_area_a_row_is_in_is_guarded(owner_engine: Engine) -> None:
    """A table that comes later with a path must have a policy, or stand in OPEN_PATHS with a reason."""
    unguarded = column(
        owner_engine,
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped"
        " AND a.atttypid IN ('ltree'::regtype, 'ltree[]'::regtype)"
        " AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))",
    )
    assert unguarded == OPEN_PATHS


def test_what_hangs_on_a_guarded_row_is_guarded(owner_engine: Engine) -> None:
    unguarded = column(
        owner_engine,
        "SELECT DISTINCT c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
        " JOIN pg_class p ON p.oid = k.confrelid"
        " WHERE k.contype = 'f' AND p.relrowsecurity AND NOT c.relrowsecurity",
    )
    assert unguarded == set()


def test_every_policy_binds_reading_and_writing_alike(owner_engine: Engine) -> None:
    with owner_engine.connect() as connection:
        policies = (
            connection.execute(text("SELECT * FROM pg_policies WHERE schemaname = 'public'")).mappings().all()
        )
    assert {each["tablename"] for each in policies} >= {"incident", "component", "officer", "draft"}
    for each in policies:
        assert each["cmd"] == "ALL", each
        assert each["with_check"] == each["qual"], each
        assert each["permissive"] == "PERMISSIVE"
    tables = [each["tablename"] for each in policies]
    assert len(tables) == len(set(tables)), "two permissive policies on one table are joined by OR"


def test_what_runs_with_the_owners_rights_is_known(owner_engine: Engine) -> None:
    with owner_engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT p.proname AS name, p.prorettype::regtype::text AS gives, p.proconfig AS config,"
                "       ARRAY(SELECT t::regtype::text FROM unnest(p.proallargtypes, p.proargmodes) AS x(t, m)"
                "              WHERE m IN ('o', 't')) AS columns, p.proargnames AS names"
                " FROM pg_proc p LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'"
                " WHERE p.prosecdef AND d.objid IS NULL AND p.pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert {each.name for each in found} == TRIGGERS | COUNTERS | TEXTS | DOERS
    for each in found:
        # Otherwise a temporary table of the caller's would be taken for ours.
        assert each.config == ["search_path=public, pg_temp"]
        if each.name in TRIGGERS:
            assert each.gives == "trigger"
        elif each.name in DOERS:
            assert each.gives == "void"
        elif each.name in COUNTERS:
            told = dict(zip(each.names[-len(each.columns) :], each.columns, strict=True))
            assert {kind for name, kind in told.items() if name not in NAMES} <= COUNTS, told


def test_no_view_looks_with_the_owners_eyes(owner_engine: Engine) -> None:
    """A view without security_invoker passes row security by."""
    assert not column(
        owner_engine,
        "SELECT c.relname FROM pg_class c LEFT JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'e'"
        " WHERE c.relkind IN ('v', 'm') AND c.relnamespace = 'public'::regnamespace AND d.objid IS NULL"
        " AND NOT coalesce(c.reloptions::text LIKE '%security_invoker=true%', false)",
    )


@pytest.mark.parametrize("table", ["audit_log", "incident_log", "draft_log"])
def test_the_service_only_adds_to_logs(owner_engine: Engine, table: str) -> None:
    held = column(
        owner_engine,
        "SELECT r FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) r"
        " WHERE has_table_privilege('wangge_service', :table, r)"
        # Of the log of incidents it reads some columns only.
        " OR (r = 'SELECT' AND has_any_column_privilege('wangge_service', :table, r))",
        table=table,
    )
    assert held == {"SELECT", "INSERT"}


@pytest.mark.parametrize("right", ["TRUNCATE", "TRIGGER", "REFERENCES"])
def test_no_table_may_be_emptied_or_hooked(owner_engine: Engine, right: str) -> None:
    assert not column(
        owner_engine,
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND has_table_privilege('wangge_service', oid, :right)",
        right=right,
    )

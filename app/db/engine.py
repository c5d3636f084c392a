"""Engines made from URLs, with the timeouts that keep one slow request from holding up the rest."""

from __future__ import annotations

import json

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from app.db.calendar_limits import read_any_instant


def dump_json(value: object) -> str:
    """JSON for jsonb columns: Chinese stays readable in psql."""
    return json.dumps(value, ensure_ascii=False, default=str)


def make_engine(
    url: str,
    *,
    pool_size: int = 5,
    statement_timeout_s: int | None = None,
    application: str = "wangge",
    pooled: bool = True,
) -> Engine:
    """Make an engine for ``url`` (``postgresql+psycopg://…``).

    A lock that is not had within 5 s is an error a person can act on; a transaction left open for a minute is a
    bug that must not keep vacuum from its work.
    """
    options = ["-c lock_timeout=5s", "-c idle_in_transaction_session_timeout=60s", "-c timezone=UTC"]
    if statement_timeout_s:
        options.append(f"-c statement_timeout={statement_timeout_s}s")
    if not pooled:
        # Command lines and bulk loads may think for minutes between statements.
        options = [o for o in options if "idle_in" not in o]
    arguments: dict[str, object] = {
        "application_name": application,
        "options": " ".join(options),
        # The kernel would wait two minutes for a machine that is gone.
        "connect_timeout": 5,
    }
    if "options=" in url:
        # An external service URL brings its own options (the role); keep them and add ours.
        from sqlalchemy import make_url

        parsed = make_url(url)
        given = parsed.query.get("options", "")
        given_text = given if isinstance(given, str) else " ".join(given)
        arguments["options"] = f"{given_text} {arguments['options']}"
        url = parsed.difference_update_query(["options"]).render_as_string(hide_password=False)
    # A failed statement is logged without its values: hashes, telephone numbers, what people reported.
    common: dict[str, object] = {
        "connect_args": arguments,
        "json_serializer": dump_json,
        "hide_parameters": True,
    }
    if not pooled:
        engine = create_engine(url, poolclass=NullPool, **common)
    else:
        engine = create_engine(
            url, pool_size=pool_size, max_overflow=0, pool_timeout=3, pool_pre_ping=True, **common
        )
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: psycopg.Connection[tuple[object, ...]], _record: object) -> None:
    read_any_instant(connection.adapters)

"""The states of an incident: one table, from which Python, SQL and the pages take what is open and what is void.

The table ``incident`` carries the two answers as generated columns (``is_open``, ``is_void``); queries and SQL functions
ask those, never the names. Pages are told ``open`` by the server.
"""

from __future__ import annotations

from typing import NamedTuple

from app.db.literals import sql_list


class State(NamedTuple):
    """One state: what it means to others, and how files name it.

    ``is_open``: somebody still has to do something. ``is_timed``: its deadline runs, so a light is shown.
    ``action``: what the log calls the step that leads here. ``aliases``: names of it in imported files (case folded).
    """

    name: str
    is_open: bool
    is_timed: bool
    action: str
    aliases: tuple[str, ...] = ()


REPORTED, DISPATCHED, CLOSED, VOIDED = "reported", "dispatched", "closed", "voided"
_ACCEPTED = "accepted"

TABLE = (
    State(REPORTED, is_open=True, is_timed=True, action="report", aliases=("已上报", "待受理", "open")),
    State(_ACCEPTED, is_open=True, is_timed=True, action="advance", aliases=("已受理", "已立案")),
    State(DISPATCHED, is_open=True, is_timed=True, action="dispatch", aliases=("已派遣",)),
    State("handling", is_open=True, is_timed=True, action="advance", aliases=("处置中", "办理中")),
    State("verifying", is_open=True, is_timed=True, action="advance", aliases=("待核查",)),
    State(CLOSED, is_open=False, is_timed=False, action="close", aliases=("已结案", "已办结")),
    State(VOIDED, is_open=False, is_timed=False, action="void", aliases=("已作废",)),
    State("suspended", is_open=True, is_timed=False, action="suspend", aliases=("已挂账",)),
)

NAMES = tuple(state.name for state in TABLE)
OPEN = tuple(state.name for state in TABLE if state.is_open)
# Reached without anybody having been sent.
BEFORE_DISPATCH = (REPORTED, _ACCEPTED, VOIDED)
BY_ALIAS = {alias: state.name for state in TABLE for alias in (*state.aliases, state.name)}

_BY_NAME = {state.name: state for state in TABLE}


def is_open(name: str) -> bool:
    """Whether an incident in this state still waits for somebody."""
    return _BY_NAME[name].is_open


def is_timed(name: str) -> bool:
    """Whether the deadline of an incident in this state runs."""
    return _BY_NAME[name].is_timed


# What the generated columns of the table `incident` hold.
IS_OPEN_SQL = f"state NOT IN {sql_list(state.name for state in TABLE if not state.is_open)}"
IS_VOID_SQL = f"state = '{VOIDED}'"

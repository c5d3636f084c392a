"""From an error of the database's driver to a refusal: one table, for the service and for the command line."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db.errors import (
    DatabaseForbidden,
    DatabaseUnreachable,
    DiskFull,
    Locked,
    QueryTimeout,
    SchemaNotCurrent,
)
from app.errors import Conflict, Forbidden, Invalid
from app.kit.admission import Overloaded
from gis.errors import Refusal

# A value of the database's, too, but nobody asks for that one: it is a bug of ours.
_DIVISION_BY_ZERO = "22012"
_QUERY_CANCELED, _LOCK_NOT_AVAILABLE = "57014", "55P03"
# Deadlock, and a transaction that could not be put in order with others.
_TURNED_BACK = ("40P01", "40001")
_DISK_FULL, _TOO_MANY_CONNECTIONS = "53100", "53300"
# A table, a column or a function that is not there.
_OLD_SCHEMA = ("42P01", "42703", "42883")
_INSUFFICIENT_PRIVILEGE = "42501"
# The function of PostgreSQL that tells of missing grants; row security and our triggers have others.
_GRANTS = "aclcheck_error"


def refusal_of(error: BaseException, *, for_operator: bool = False) -> Refusal | None:
    """The refusal that an error of the database comes to; None where it is a bug of ours.

    Parameters
    ----------
    error : sqlalchemy.exc.DBAPIError, sqlalchemy.exc.TimeoutError or psycopg.Error
    for_operator : bool
        Whether the answer goes to the operator: it then has the server's own message, and names the
        command that brings an older schema up to date.
    """
    if isinstance(error, PoolTimeout):
        return Overloaded()
    cause: Any = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None) or ""
    lines = str(cause).strip().splitlines()
    first = f"：{lines[0]}" if lines and for_operator else ""
    first_en = f": {lines[0]}" if lines and for_operator else ""
    if (unavailable := _unavailable(state)) is not None:
        return unavailable
    if state.startswith("23"):
        name = getattr(cause.diag, "constraint_name", None) or "?"
        return Conflict(
            f"与约束 {name} 冲突{first}",
            f"conflicts with the constraint {name}{first_en}",
            code="constraint",
            constraint=name,
        )
    if state == _INSUFFICIENT_PRIVILEGE:
        if getattr(cause.diag, "source_function", None) == _GRANTS:
            return DatabaseForbidden(
                f"数据库角色没有这项权限{first}", f"the database role lacks this privilege{first_en}"
            )
        return Forbidden("超出您的管辖范围", "outside the area you may change", code="out-of-scope")
    if state in _OLD_SCHEMA and for_operator:
        return SchemaNotCurrent(
            f"数据库结构不是最新，请运行 wangge db migrate{first}",
            f"the database's schema is not current; run wangge db migrate{first_en}",
        )
    if state != _DIVISION_BY_ZERO and (
        state.startswith("22") or isinstance(error, DataError) or isinstance(cause, psycopg.DataError)
    ):
        # A number past every column, a text with NUL: what was asked cannot be there.
        reason = lines[0] if lines else "?"
        return Invalid(
            f"数据库里不可能有这样的值：{reason}",
            f"no such value can be stored: {reason}",
            code="unstorable-value",
        )
    if isinstance(cause, psycopg.OperationalError) or state.startswith("28"):
        return DatabaseUnreachable(
            f"数据库暂时无法连接，请稍后重试{f'，或运行 wangge db start{first}' if for_operator else ''}",
            f"the database cannot be reached right now; try again"
            f"{f', or run wangge db start{first_en}' if for_operator else ''}",
        )
    return None


def _unavailable(state: str) -> Refusal | None:
    """What the database cannot do right now, and when to try again."""
    if state == _QUERY_CANCELED:
        return QueryTimeout("查询超时，请缩小范围后重试", "the query took too long; narrow it and try again")
    if state == _LOCK_NOT_AVAILABLE or state in _TURNED_BACK:
        return Locked(
            "数据正被其他操作（如导入或发布）占用，本次没有写入任何内容，请稍后重试",
            "another operation, such as an import or a publication, holds what this one needs; nothing was written, "
            "try again in a moment",
            headers={"Retry-After": "2"},
        )
    if state == _DISK_FULL:
        return disk_full()
    if state == _TOO_MANY_CONNECTIONS:
        return Overloaded()
    return None


def disk_full() -> DiskFull:
    """The refusal of whatever needed room on the server's disk."""
    return DiskFull(
        "服务器磁盘已满，没有写入任何内容；请通知管理员",
        "the server's disk is full and nothing was written; tell an administrator",
        headers={"Retry-After": "60"},
    )


DRIVER_ERRORS = (DBAPIError, PoolTimeout, psycopg.Error)

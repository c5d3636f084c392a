"""Every refusal leaves as an RFC 9457 problem document, in the asker's language; only our own faults are logged.

Geometry errors know nothing of HTTP; the table here gives them their statuses.
"""

from __future__ import annotations

import errno
import re
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from app.errors import AppError, Conflict, Invalid, Unavailable
from app.i18n import Text
from app.kit.admission import Overloaded
from app.kit.language import language_of
from app.kit.methods import allowed_methods
from app.kit.validation import in_chinese
from app.kit.visible import encodable
from app.kit.whole_text import not_utf8
from gis.errors import CoverageError, GisError, InputRefused

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
# A value of the database's, too, but nobody asks for that one: it is a bug of ours.
_DIVISION_BY_ZERO = "22012"
_QUERY_CANCELED, _LOCK_NOT_AVAILABLE = "57014", "55P03"
# Deadlock, and a transaction that could not be put in order with others.
_TURNED_BACK = ("40P01", "40001")
_DISK_FULL, _TOO_MANY_CONNECTIONS = "53100", "53300"
_UNQUOTED = re.compile(r"(?:/[\w.~:-]+)+", re.ASCII)

# Where nothing better is known; what is worth waiting for longer says so itself.
_TRY_AGAIN_S = "5"

_TITLES = {
    400: Text("请求有误", "Bad request"),
    404: Text("未找到", "Not found"),
    405: Text("不支持这种请求方法", "Method not allowed"),
    406: Text("没有这种格式", "Not acceptable"),
    415: Text("不支持这种内容格式", "Unsupported media type"),
}


class ProblemDocument(JSONResponse):
    """A refusal can always be sent, also when it repeats something that could not."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """The document as bytes of JSON."""
        return super().render(encodable(content))


def problem(request: Request, error: AppError) -> JSONResponse:
    """The answer to an expected refusal."""
    headers = error.headers
    if error.status == 503:
        headers = {"Retry-After": _TRY_AGAIN_S, **headers}
    return ProblemDocument(
        error.problem(language_of(request), instance=_path(request)),
        status_code=error.status,
        headers=headers,
    )


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    # Most paths need no quoting, and taking an address apart costs more than the rest of a refusal.
    return path if _UNQUOTED.fullmatch(path) else request.url.path


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(AppError)
    async def _expected(request: Request, error: AppError) -> JSONResponse:
        # Overload is answered by the thousand: the request log has a line of each already.
        if error.status >= 500 and not isinstance(error, Overloaded):
            log.error("unavailable", code=error.code, detail=error.detail.en)
        return problem(request, error)

    @app.exception_handler(GisError)
    async def _geometry(request: Request, error: GisError) -> JSONResponse:
        return problem(
            request,
            Invalid(
                error.text("zh"),
                error.text("en"),
                code=error.code,
                places=[list(place) for place in error.places],
                **_more(error),
            ),
        )

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(request, _from_validation(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if (refusal := not_utf8(error)) is not None:
            return problem(request, refusal)
        lang = language_of(request)
        title = _TITLES.get(error.status_code, Text(str(error.detail), str(error.detail)))
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": title.in_(lang),
            "status": error.status_code,
            "detail": title.in_(lang),
            "instance": request.url.path,
        }
        headers = dict(error.headers or {})
        if error.status_code == 405:
            # Starlette knows the methods of the first route only.
            path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
            headers["Allow"] = ", ".join(allowed_methods(app, path))
        return ProblemDocument(body, status_code=error.status_code, headers=headers)

    @app.exception_handler(ClientDisconnect)
    async def _gone(_request: Request, _error: ClientDisconnect) -> Response:
        # Nobody hears this answer. The status is what proxies log for it: it is no fault of ours.
        return Response(status_code=499)

    @app.exception_handler(IntegrityError)
    async def _integrity(request: Request, error: IntegrityError) -> JSONResponse:
        diagnostic = getattr(error.orig, "diag", None)
        name = getattr(diagnostic, "constraint_name", None) or "?"
        return problem(
            request,
            Conflict(
                f"与约束 {name} 冲突",
                f"conflicts with the constraint {name}",
                code="constraint",
                constraint=name,
            ),
        )

    @app.exception_handler(PoolTimeout)
    async def _no_connection(request: Request, _error: PoolTimeout) -> JSONResponse:
        log.error("pool_exhausted")
        return problem(request, Overloaded())

    @app.exception_handler(OperationalError)
    async def _database(request: Request, error: OperationalError) -> JSONResponse:
        log.error("database", error=str(error.orig).splitlines()[0])
        return problem(request, _unavailable(getattr(error.orig, "sqlstate", None)))

    @app.exception_handler(OSError)
    async def _system(request: Request, error: OSError) -> JSONResponse:
        if error.errno != errno.ENOSPC:
            raise error
        log.error("disk_full", error=str(error))
        return problem(request, _unavailable(_DISK_FULL))

    @app.exception_handler(DBAPIError)
    async def _driver(request: Request, error: DBAPIError) -> JSONResponse:
        if getattr(error.orig, "sqlstate", "") == "42501":
            return problem(
                request, Conflict("超出您的管辖范围", "outside the area you may change", code="out-of-scope")
            )
        if isinstance(error, DataError) and getattr(error.orig, "sqlstate", "") != _DIVISION_BY_ZERO:
            # A number past every column, a text with NUL: what was asked cannot be there.
            reason = str(error.orig).splitlines()[0]
            return problem(
                request,
                Invalid(
                    f"数据库里不可能有这样的值：{reason}",
                    f"no such value can be stored: {reason}",
                    code="value",
                ),
            )
        log.exception("database_error")
        return problem(request, AppError("数据库出错，已记录", "the database failed; it has been logged"))

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> JSONResponse:
        log.error("bug", exc_info=error)
        return problem(
            request,
            AppError(
                "服务出错，已记录；请把请求编号告诉管理员",
                "the service failed and logged it; tell an administrator the request id",
                request_id=getattr(request.state, "request_id", None),
            ),
        )


def _unavailable(sqlstate: str | None) -> Unavailable:
    """What the database cannot do right now, and when to try again."""
    if sqlstate == _QUERY_CANCELED:
        return Unavailable(
            "查询超时，请缩小范围后重试",
            "the query took too long; narrow it and try again",
            code="timeout",
        )
    if sqlstate in (_LOCK_NOT_AVAILABLE, *_TURNED_BACK):
        return Unavailable(
            "数据正被其他操作占用，本次没有写入任何内容，请稍后重试",
            "another operation holds what this one needs; nothing was written, try again in a moment",
            code="locked",
            headers={"Retry-After": "2"},
        )
    if sqlstate == _DISK_FULL:
        return Unavailable(
            "服务器磁盘已满，没有写入任何内容；请通知管理员",
            "the server's disk is full and nothing was written; tell an administrator",
            code="disk-full",
            headers={"Retry-After": "60"},
        )
    if sqlstate == _TOO_MANY_CONNECTIONS:
        return Overloaded()
    return Unavailable(
        "数据库暂时无法连接，请稍后重试", "the database cannot be reached right now; try again"
    )


# Of a list that may be as long as a file; the first ones are enough to begin mending.
_MOST = 200
# Of a text that was refused; a refusal is no way to have anything sent back.
_LONGEST = 200


def _more(error: GisError) -> dict[str, Any]:
    """The defects of a coverage, the rows of a file."""
    if isinstance(error, CoverageError) and error.defects:
        return {"defects": [defect.as_dict() for defect in error.defects[:_MOST]]}
    if isinstance(error, InputRefused) and error.rows:
        return {
            "rows": [
                {
                    "row": row.row,
                    "column": row.column,
                    "value": row.value,
                    "reason_zh": row.reason_zh,
                    "reason_en": row.reason_en,
                }
                for row in error.rows[:_MOST]
            ]
        }
    return {}


def _from_validation(error: RequestValidationError) -> Invalid:
    fields: list[dict[str, Any]] = []
    expectations: list[str] = []
    for item in error.errors():
        place = [str(part) for part in item["loc"]]
        name = ".".join(part for part in place[1:] if not part.startswith("function-")) or place[0]
        came = item.get("input")
        if isinstance(came, bytes):
            # A body that is not text at all: its beginning is enough to recognise it.
            came = came[:40].decode("latin-1")
        if isinstance(came, str) and len(came) > _LONGEST:
            came = f"{came[:_LONGEST]}…"
        shown = came if isinstance(came, str | int | float | bool | type(None)) else type(came).__name__
        expected = Text(in_chinese(item["type"], item.get("ctx") or {}, item["msg"]), item["msg"])
        fields.append({"field": name, "expected": item["msg"], "came": shown, "kind": item["type"]})
        expectations.append(expected.zh)
    first = fields[0]
    return Invalid(
        f"{first['field']}：{expectations[0]}，收到 {first['came']!r}",
        f"{first['field']}: {first['expected']}, came {first['came']!r}",
        fields=fields,
    )

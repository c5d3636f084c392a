"""Every refusal leaves as an RFC 9457 problem document, in the asker's language; only our own faults are logged."""

from __future__ import annotations

import errno
import re

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from app.db.driver_errors import disk_full, refusal_of
from app.errors import TITLES, Internal, Invalid, status_of, title_of
from app.kit.admission import Overloaded
from app.kit.language import language_of
from app.kit.methods import allowed_methods
from app.kit.validation import in_chinese
from app.kit.visible import encodable
from app.kit.whole_text import not_utf8
from gis.errors import Refusal
from gis.spelling import nearest
from gis.text import Language, Text

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_UNQUOTED = re.compile(r"(?:/[\w.~:-]+)+", re.ASCII)

# Where nothing better is known; what is worth waiting for longer says so itself.
_TRY_AGAIN_S = "5"
# Of a list that may be as long as a file; the first ones are enough to begin mending.
_MOST = 200
# Of a text that was refused; a refusal is no way to have anything sent back.
_LONGEST = 200


class ProblemDocument(JSONResponse):
    """A refusal can always be sent, also when it repeats something that could not."""

    media_type = MEDIA_TYPE

    def render(self, content: object) -> bytes:
        """The document as bytes of JSON."""
        return super().render(encodable(content))


def problem_of(error: Refusal, lang: Language, *, instance: str | None = None) -> dict[str, object]:
    """The RFC 9457 document of a refusal."""
    body: dict[str, object] = {
        "type": f"/problems/{error.code}",
        "title": title_of(type(error)).in_(lang),
        "status": status_of(type(error)),
        "code": error.code,
        "detail": error.text(lang),
    }
    if instance:
        body["instance"] = instance
    return body | error.members(_MOST)


def problem(request: Request, error: Refusal) -> JSONResponse:
    """The answer to an expected refusal."""
    status = status_of(type(error))
    headers: dict[str, str] = getattr(error, "headers", {})
    if status == 503:
        headers = {"Retry-After": _TRY_AGAIN_S, **headers}
    return ProblemDocument(
        problem_of(error, language_of(request), instance=_path(request)), status_code=status, headers=headers
    )


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    # Most paths need no quoting, and taking an address apart costs more than the rest of a refusal.
    return path if _UNQUOTED.fullmatch(path) else request.url.path


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(Refusal)
    async def _expected(request: Request, error: Refusal) -> JSONResponse:
        # Overload is answered by the thousand: the request log has a line of each already.
        if status_of(type(error)) >= 500 and not isinstance(error, Overloaded):
            log.error("unavailable", code=error.code, detail=error.detail.en)
        return problem(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(request, _refusal_in(error) or _from_validation(error, _body_fields(request)))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if (refusal := not_utf8(error)) is not None:
            return problem(request, refusal)
        lang = language_of(request)
        title = TITLES.get(error.status_code, Text.same(str(error.detail)))
        body: dict[str, object] = {
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

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(DBAPIError)
    async def _database(request: Request, error: Exception) -> JSONResponse:
        refusal = refusal_of(error)
        if refusal is None:
            log.error("database_error", exc_info=error)
            refusal = Internal(
                "数据库出错，已记录", "the database failed; it has been logged", code="database-error"
            )
        elif status_of(type(refusal)) >= 500:
            log.error("database", code=refusal.code, error=str(getattr(error, "orig", error)).splitlines()[0])
        return problem(request, refusal)

    @app.exception_handler(OSError)
    async def _system(request: Request, error: OSError) -> JSONResponse:
        if error.errno != errno.ENOSPC:
            raise error
        log.error("disk_full", error=str(error))
        return problem(request, disk_full())

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> JSONResponse:
        log.error("bug", exc_info=error)
        return problem(
            request,
            Internal(
                "服务出错，已记录；请把请求编号告诉管理员",
                "the service failed and logged it; tell an administrator the request id",
                request_id=getattr(request.state, "request_id", None),
            ),
        )


def _refusal_in(error: RequestValidationError) -> Refusal | None:
    """What was refused while a body was read: it has its own word and places."""
    inside = ((item.get("ctx") or {}).get("error") for item in error.errors())
    return next((one for one in inside if isinstance(one, Refusal)), None)


def _body_fields(request: Request) -> list[str]:
    """Field names that the body of a request may have, for suggestions."""
    field = getattr(request.scope.get("route"), "body_field", None)
    kind = getattr(getattr(field, "field_info", None), "annotation", None)
    return [*getattr(kind, "model_fields", ())]


def _from_validation(error: RequestValidationError, body: list[str]) -> Invalid:
    fields: list[dict[str, object]] = []
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
        if item["type"] == "extra_forbidden" and (
            meant := next(iter(nearest(place[-1], body, limit=1)), None)
        ):
            expected = Text(f"{expected.zh}，是否为 {meant}", f"{expected.en}; did you mean {meant}")
        fields.append({"field": name, "expected": expected.en, "came": shown, "kind": item["type"]})
        expectations.append(expected.zh)
    first = fields[0]
    return Invalid(
        f"{first['field']}：{expectations[0]}，收到 {first['came']!r}",
        f"{first['field']}: {first['expected']}, came {first['came']!r}",
        fields=fields,
    )

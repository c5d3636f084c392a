"""Refusals as pages: a person with a browser gets words and a way on; programs get problem documents as before."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import WebSocketRequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from app.auth.authentication import current_principal
from app.auth.policy import PasswordChangeRequired, SecondFactorRequired
from app.auth.principal import NOBODY, Principal
from app.errors import Unauthorised
from app.kit.language import language_of
from app.kit.root_path import own_path
from app.web.responses import page_response
from gis.errors import Refusal

_FOR_PROGRAMS = (
    "/v1/",
    "/ogc",
    "/open311",
    "/maps/tiles",
    "/maps/units.json",
    "/static/",
    "/metrics",
    "/healthz",
    "/readyz",
    "/openapi",
)


def is_for_people(request: Request) -> bool:
    """Whether a browser is opening a page, as opposed to a script or program asking for data."""
    return (
        request.method in ("GET", "HEAD")
        and "text/html" in request.headers.get("accept", "")
        and not own_path(request.scope).startswith(_FOR_PROGRAMS)
    )


def install(app: FastAPI) -> None:
    """Wrap the handlers registered so far, which keep answering programs."""
    for kind, former in list(app.exception_handlers.items()):
        if kind is not WebSocketRequestValidationError:
            app.add_exception_handler(kind, _with_page(former))


def _with_page(
    former: Callable[[Request, Exception], Response | Awaitable[Response]],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        answered = former(request, error)
        response: Response = await answered if inspect.isawaitable(answered) else answered
        if not is_for_people(request) or response.status_code < 400:
            return response
        if isinstance(error, Unauthorised | PasswordChangeRequired | SecondFactorRequired):
            page = "account" if isinstance(error, SecondFactorRequired) else "signin"
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(
                f"{request.app.state.settings.root_path}/{page}?next={quote(wanted, safe='')}",
                status_code=303,
            )
        return await run_in_threadpool(_page, request, error, response, await _somebody(request, response))

    return handler


def _page(request: Request, error: Exception, response: Response, principal: Principal) -> Response:
    status = response.status_code
    kind = {401: "401", 403: "403", 404: "404", 422: "422"}.get(status, "5xx" if status >= 500 else "4xx")
    detail = error.text(language_of(request)) if isinstance(error, Refusal) else None
    page = page_response(
        request,
        "refusal.html",
        principal=principal,
        title=f"refusal.{kind}.title",
        page="refusal",
        status=status,
        detail=detail,
        meaning=f"refusal.{kind}.meaning",
        request_id=getattr(request.state, "request_id", None) if status >= 500 else None,
    )
    for name, value in response.headers.items():
        if name.lower() in ("retry-after", "x-request-id"):
            page.headers[name] = value
    return page


async def _somebody(request: Request, response: Response) -> Principal:
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None or response.status_code == 503:
        # The page that says the database is away, or busy, must not ask it who is reading.
        return known or NOBODY
    try:
        return await current_principal(request)
    except (Refusal, SQLAlchemyError):
        return NOBODY

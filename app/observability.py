"""Logs and request ids: one structured line a request, one id that ties everything to it."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.address import client_address
from app.auth.principal import Principal
from app.kit.root_path import own_path
from app.kit.visible import visible, visible_json, written_out
from app.metrics import Metrics
from app.settings import Settings

log = structlog.get_logger("wangge.request")
# What is below the level asked for is not even put together.
_standard = logging.getLogger("wangge.request")

# structlog shows the local variables of every frame by default: passwords, keys and what people reported.
_TRACEBACK = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
# Probes and pictures would drown what people do.
_QUIET = ("/healthz", "/readyz", "/metrics", "/static/")


def configure_logging(settings: Settings) -> None:
    """Send structlog and the standard library through one pipe, as text for people or JSON for machines."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        [_TRACEBACK, structlog.processors.JSONRenderer(ensure_ascii=False), _legible_json]
        if settings.log_format == "json"
        else [
            written_out,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
            _legible_text,
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # Alembic tells of its plans at every look at the revision.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        chatty = logging.getLogger(name)
        chatty.handlers[:] = []
        chatty.propagate = name != "uvicorn.access"


def _legible_text(_logger: object, _method: str, line: str) -> str:
    """Leave a terminal nothing to obey, in tracebacks neither; only their line breaks stay."""
    return visible(line, breaks=True)


def _legible_json(_logger: object, _method: str, line: str) -> str:
    return visible_json(line)


class RequestLog:
    """Gives each request an id, logs it once when answered, and counts it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        # The server runs each request in a context of its own, so nothing of another has to be cleared first.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = time.perf_counter()
        status = 500

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # A new list: an answer that was made beforehand may share its own among requests.
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answered)
        finally:
            self._count(scope, status, time.perf_counter() - began)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        self.metrics.answered(scope["method"], route, status, seconds)
        if status >= 500:
            write: Callable[..., Awaitable[None] | None] = log.error
        elif _standard.isEnabledFor(logging.INFO) and not own_path(scope).startswith(_QUIET):
            write = log.info
        else:
            return
        # The path only: queries may hold a name or a place that belongs in no log.
        write(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
            **_who(scope),
        )


def _who(scope: Scope) -> dict[str, str]:
    """Who asked, where that is known: the account or token by name, and the address behind our own proxies."""
    found: dict[str, str] = {}
    principal: Principal | None = scope["state"].get("principal")
    if principal is not None and principal.known:
        found["user"] = principal.actor
    application = scope.get("app")
    proxies = application.state.settings.trusted_proxies if application is not None else ""
    address = client_address(Request(scope), proxies=proxies)
    if address is not None:
        found["address"] = str(address)
    return found


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The asker's own id where it is one, else 32 hexadecimal digits by chance."""
    for name, value in headers:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _GIVEN_ID.fullmatch(given):
                return given
    return os.urandom(16).hex()

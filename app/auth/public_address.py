"""The address under which people reach the service, and which host a link may name.

``WANGGE_PUBLIC_URL`` says it outright, with the sub-path if a proxy publishes us under one; every request then counts as
made there. Without it, links name the host of the request only where that is an address of ours (this machine, the
address the connection came in on, or a name in ``WANGGE_ALLOWED_HOSTS``): anybody may write anything into ``Host``, and
what we link to is kept by caches and followed by programs. For any other host links are relative.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.address import is_trusted
from app.settings import Settings

_HOST = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
_REDIRECTS = range(300, 400)


class PublicAddress:
    """Gives each request the scheme, host and sub-path under which the asker sees it; the outermost of all."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.root = settings.root_path
        self.proxies = settings.trusted_proxies
        public = urlsplit(settings.public_url or "")
        self.scheme, self.host = public.scheme, public.netloc.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Complete the request and pass it on."""
        if scope["type"] == "http":
            self._complete(scope)
        await self.app(scope, receive, send)

    def _complete(self, scope: Scope) -> None:
        client = scope.get("client")
        scheme, host = self.scheme, self.host
        if not host and client and is_trusted(client[0], self.proxies):
            scheme, host = _forwarded(scope)
        if scheme:
            scope["scheme"] = scheme
        if host:
            said = _header(scope, b"host")
            # A page that was opened past the proxy still proves by it that a write comes from itself.
            scope.setdefault("state", {})["direct_host"] = said.decode("latin-1")
            scope["headers"] = [(b"host", host), *(h for h in scope["headers"] if h[0] != b"host")]
        if self.root:
            scope["root_path"] = self.root
            path: str = scope["path"]
            # Some proxies take the sub-path away, some pass it on.
            if path != self.root and not path.startswith(f"{self.root}/"):
                scope["path"] = self.root + path
                if scope.get("raw_path") is not None:
                    scope["raw_path"] = self.root.encode() + scope["raw_path"]


class RelativeRedirects:
    """Sends redirects of ours as paths: they lead to the host that was asked, whatever it is called."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and shorten where its answer leads."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def shorten(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REDIRECTS:
                headers = MutableHeaders(raw=list(message["headers"]))
                target = urlsplit(headers.get("location", ""))
                if target.netloc:
                    query = f"?{target.query}" if target.query else ""
                    # Two slashes in front would name a host again.
                    headers["location"] = f"/{target.path.lstrip('/')}{query}"
                message["headers"] = headers.raw
            await send(message)

        await self.app(scope, receive, shorten)


def _forwarded(scope: Scope) -> tuple[str, bytes]:
    scheme = _header(scope, b"x-forwarded-proto").decode("latin-1").strip().lower()
    host = _header(scope, b"x-forwarded-host").split(b",")[0].strip()
    return scheme if scheme in ("http", "https") else "", host


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def site(request: Request) -> str:
    """Where links begin, without a slash at the end: scheme, host and sub-path, or the sub-path alone."""
    settings: Settings = request.app.state.settings
    if settings.public_url:
        return settings.public_url
    host = request.headers.get("host", "")
    if is_our_host(host, request.scope, settings):
        return f"{request.scope['scheme']}://{host}{settings.root_path}"
    return settings.root_path


def is_our_host(host: str, scope: Scope, settings: Settings) -> bool:
    """Whether a ``Host`` is an address of this machine or a name that the settings know."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["name"].strip("[]").lower()
    if name == "localhost" or name in _names(settings.allowed_hosts, settings.host):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    server = scope.get("server")
    return address.is_loopback or (server is not None and str(address) == server[0])


@lru_cache(maxsize=16)
def _names(allowed: str, listens_on: str) -> frozenset[str]:
    names = [*allowed.split(","), listens_on, socket.gethostname()]
    return frozenset(name.strip().lower() for name in names if name.strip())

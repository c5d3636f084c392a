"""What a browser may do on behalf of our pages: nothing that we did not write down.

No inline script or style runs anywhere, with two exceptions that are named by their hash: the import map of the
shell (a browser reads it only inline) and the scripts that folium writes into a heat map.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE = re.compile(r"<(script|style)(?P<attributes>[^>]*)>(?P<text>.*?)</\1>", re.DOTALL | re.IGNORECASE)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
}
_DATA_ONLY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_DEFAULTS = [
    (name.lower().encode(), value.encode())
    for name, value in {**_ALWAYS, "Content-Security-Policy": _DATA_ONLY}.items()
]
_NAMES = {name for name, _ in _DEFAULTS}


def page_policy(html: str, *, basemap_url: str | None = None) -> str:
    """The policy of a page of the shell; the hash of its import map is taken from the page itself."""
    tiles = _origin(basemap_url)
    return _policy(
        {
            "default-src": ["'none'"],
            "script-src": ["'self'", *inline_hashes(html, "script")],
            "style-src": ["'self'"],
            "img-src": ["'self'", "data:", "blob:", *tiles],
            "connect-src": ["'self'", *tiles],
            # MapLibre starts its worker as a module from our own host.
            "worker-src": ["'self'"],
            "font-src": ["'self'"],
            "manifest-src": ["'self'"],
            "form-action": ["'self'"],
            "frame-ancestors": ["'self'"],
            "base-uri": ["'none'"],
        }
    )


def worker_policy(*, basemap_url: str | None = None) -> str:
    """The policy of a script: one that runs as a worker is bound by this and not by the page's."""
    return _policy(
        {
            "default-src": ["'none'"],
            "script-src": ["'self'"],
            "connect-src": ["'self'", *_origin(basemap_url)],
        }
    )


def figure_policy(html: str) -> str:
    """The policy of a folium page: its own scripts and styles, each by hash, and no connection at all."""
    return _policy(
        {
            "default-src": ["'none'"],
            "script-src": ["'self'", *inline_hashes(html, "script")],
            "style-src": ["'self'", *inline_hashes(html, "style")],
            "img-src": ["'self'", "data:", "blob:"],
            "form-action": ["'self'"],
            "frame-ancestors": ["'self'"],
            "base-uri": ["'none'"],
        }
    )


def inline_hashes(html: str, tag: str) -> list[str]:
    """``'sha256-…'`` for every inline ``script`` or ``style`` of a page, in order, each once."""
    found = []
    for match in _INLINE.finditer(html):
        attributes = match["attributes"]
        # A block of data is never run, so it needs no leave.
        if match[1].lower() != tag or "src=" in attributes or 'type="application/json"' in attributes:
            continue
        digest = base64.b64encode(hashlib.sha256(match["text"].encode()).digest()).decode()
        found.append(f"'sha256-{digest}'")
    return list(dict.fromkeys(found))


def _policy(rules: Mapping[str, Iterable[str]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


def _origin(url: str | None) -> list[str]:
    if not url:
        return []
    parts = urlsplit(url)
    # Templates such as https://{s}.tile.example/{z}/{x}/{y}.png stand for several hosts.
    host = re.sub(r"\{[^}]*\}", "*", parts.netloc)
    return [f"{parts.scheme}://{host}"] if parts.scheme and host else []


class SecurityHeaders:
    """Adds to every answer what it does not say itself; answers that are no page may load nothing at all."""

    def __init__(self, app: ASGIApp, *, hsts_seconds: int = 0) -> None:
        self.app = app
        value = f"max-age={hsts_seconds}".encode()
        self._hsts = [(b"strict-transport-security", value)] if hsts_seconds else []

    def _strict(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        # Browsers read it over HTTPS only (RFC 6797, 7.2). On localhost it would bind every other port of the machine too.
        if not self._hsts or scope["scheme"] != "https":
            return []
        host: bytes = next((value for name, value in scope["headers"] if name == b"host"), b"")
        return [] if host.partition(b":")[0].lower() == b"localhost" else self._hsts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [*message.get("headers", ()), *self._strict(scope)]
                said = {name.lower() for name, _ in given}
                # A new list: an answer that was made beforehand may share its own among requests.
                message["headers"] = [
                    *given,
                    *(_DEFAULTS if said.isdisjoint(_NAMES) else (d for d in _DEFAULTS if d[0] not in said)),
                ]
            await send(message)

        await self.app(scope, receive, complete)

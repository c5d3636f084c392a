"""Large texts travel compressed to those who take it.

What is made once and sent often is kept compressed (:func:`sent`); the rest is compressed on its way out
(:class:`Compression`). The tag of an answer names the version of what is told, not its bytes, so it stays the same.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WORTH_SQUEEZING = 1024
_WORTH_A_THREAD = 32 * 1024
_PIECE = 64 * 1024
# Not text/html: our pages hold the token against forged requests beside the address that was asked for, which
# together let the length of a compressed answer give the token away (BREACH).
_KINDS = re.compile(
    r"application/([\w.-]+\+)?json|application/(x-ndjson|xml|vnd\.mapbox-vector-tile|vnd\.google-earth\.kml\+xml)"
    r"|text/(plain|csv|css|javascript|xml|calendar)|image/svg\+xml"
)
_REFUSED = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)")


def takes_gzip(request: Request) -> bool:
    """Whether the asker reads gzip."""
    return _takes_gzip(request.headers)


def _takes_gzip(headers: Headers) -> bool:
    accepted = headers.get("accept-encoding", "").lower()
    return "gzip" in accepted and _REFUSED.search(accepted) is None


def squeeze(body: bytes) -> bytes:
    """The same bytes, the same result: no time stamp in it. In pieces, between which other threads have a turn."""
    packer = zlib.compressobj(5, wbits=31)
    pieces = [packer.compress(body[begin : begin + _PIECE]) for begin in range(0, len(body), _PIECE)]
    return b"".join([*pieces, packer.flush()])


def sent(
    request: Request,
    body: bytes,
    *,
    media_type: str,
    headers: Mapping[str, str],
    squeezed: bytes | None = None,
) -> Response:
    """A response with ``body``, compressed when that is worth it; ``squeezed`` is what was compressed before."""
    varied = {**headers, "Vary": ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))}
    if len(body) < WORTH_SQUEEZING or not takes_gzip(request):
        return Response(body, media_type=media_type, headers=varied)
    varied["Content-Encoding"] = "gzip"
    return Response(squeezed or squeeze(body), media_type=media_type, headers=varied)


class Compression:
    """Compresses answers of some size that are sent in one piece and are no pictures, archives, pages or events."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        held: Message | None = None

        async def squeezing(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _may_be_squeezed(message):
                held = message
                return
            if held is not None:
                begin, held = held, None
                if not message.get("more_body") and len(message.get("body", b"")) >= WORTH_SQUEEZING:
                    message = await _squeezed(scope, begin, message)
                await send(begin)
            await send(message)

        await self.app(scope, receive, squeezing)


def _may_be_squeezed(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        "content-encoding" not in headers
        and start["status"] not in (204, 206, 304)
        and _KINDS.fullmatch(kind) is not None
    )


async def _squeezed(scope: Scope, start: Message, message: Message) -> Message:
    # Of its own: an answer that was made beforehand may share its list among requests.
    start["headers"] = list(start["headers"])
    headers = MutableHeaders(raw=start["headers"])
    headers.add_vary_header("Accept-Encoding")
    if not _takes_gzip(Headers(scope=scope)):
        return message
    body = message["body"]
    packed = await run_in_threadpool(squeeze, body) if len(body) > _WORTH_A_THREAD else squeeze(body)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(packed))
    return {**message, "body": packed}

"""Large texts travel compressed to those who take it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

WORTH_SQUEEZING = 1024


def takes_gzip(request: Request) -> bool:
    """Whether the asker reads gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")


def squeeze(body: bytes) -> bytes:
    """The same bytes, the same result: no time stamp in it."""
    return gzip.compress(body, 5, mtime=0)


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

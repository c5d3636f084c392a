"""Routes that take short bodies only, and say so as problem documents.

(FastAPI's own ``max_body_size`` answers plain text.)
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from app.errors import TooLarge

SHORT = 64 * 1024


class ShortBody(APIRoute):
    """A route whose body may have 64 KiB; more is refused before it is held in memory."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler behind a counter."""
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            length = request.headers.get("content-length", "")
            if length.isdigit() and int(length) > SHORT:
                raise TooLarge(
                    f"请求内容最多 {SHORT // 1024} KiB，收到 {int(length) // 1024} KiB。",
                    f"The body may have {SHORT // 1024} KiB; {int(length) // 1024} KiB came.",
                )
            taken = 0

            async def counted() -> Message:
                nonlocal taken
                message = await request.receive()
                taken += len(message.get("body", b""))
                if taken > SHORT:
                    # FastAPI passes on this kind of error from under its reading of the body, and no other.
                    raise HTTPException(413, f"The body may have {SHORT // 1024} KiB.")
                return message

            return await handle(Request(request.scope, counted))

        return limited

"""The one kind of route of this service: who asks comes before what they send, and what they send is limited.

FastAPI reads and parses a body before it looks at any dependency. These routes do in this order: policy, length of the
body, the body itself, and only then all dependencies, of which a session is the last to take anything from others.
``Router`` makes them; a test fails for a route of another kind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from app.auth.policy import policies_of
from app.kit.body_limit import LimitedRequest
from app.settings import Settings

SHORT = 64 * 1024


class Route(APIRoute):
    """A route whose body is JSON of moderate length, held in memory."""

    held_in_memory = True

    @staticmethod
    def most_bytes(settings: Settings) -> int:
        """The longest body."""
        return settings.max_json_kb * 1024

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind policy and limits."""
        handle = super().get_route_handler()
        demands = policies_of(self)
        takes_body = self.body_field is not None

        async def guarded(request: Request) -> Response:
            state = request.app.state
            limited = LimitedRequest(
                request.scope,
                request.receive,
                most_bytes=self.most_bytes(state.settings),
                memory=state.body_memory if self.held_in_memory else None,
            )
            try:
                for demand in demands:
                    await demand(limited)
                limited.check_length()
                if takes_body:
                    await limited.load()
                return await handle(limited)
            finally:
                limited.forget()

        return guarded


class ShortBody(Route):
    """A route whose body has a few fields: a name and a password, not a map."""

    @staticmethod
    def most_bytes(settings: Settings) -> int:  # noqa: ARG004 - the same for all
        """The longest body."""
        return SHORT


class Upload(Route):
    """A route whose body is a file or a stream, taken piece by piece and not held in memory."""

    held_in_memory = False

    @staticmethod
    def most_bytes(settings: Settings) -> int:
        """The longest body."""
        return settings.max_upload_mb * 2**20


class Stream(Upload):
    """A route that works on what has come while the rest is on its way, and counts for itself what matters there."""

    @staticmethod
    def most_bytes(settings: Settings) -> int:  # noqa: ARG004 - the same for all
        """As long as it takes."""
        return sys.maxsize


class Router(APIRouter):
    """A router whose routes are of the kind above."""

    def __init__(self, *, route_class: type[Route] = Route, **options: Any) -> None:
        super().__init__(route_class=route_class, **options)

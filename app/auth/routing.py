"""The one kind of route of this service: who asks comes before what they send, and what they send is limited.

FastAPI reads and parses a body before it looks at any dependency. These routes do in this order: policy, names of the
query parameters, length of the body, the body itself, and only then all dependencies, of which a session is the last to
take anything from others. ``Router`` makes them; a test fails for a route of another kind.

The docstring of an endpoint is what the description of the API shows: its first paragraph is the summary, the rest the
description. The endpoint's name is the operation id.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from app.auth.policy import policies_of
from app.kit.body_limit import LimitedRequest
from app.kit.query_parameters import LANGUAGE, declared_parameters, refusal_for, refuse_unknown
from app.settings import Settings

SHORT = 64 * 1024


class Route(APIRoute):
    """A route whose body is JSON of moderate length, held in memory."""

    held_in_memory = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        summary, description = described_by(endpoint)
        options["summary"] = options.get("summary") or summary
        options["description"] = options.get("description") or description
        if refusal_for(path) is not None:
            options["dependencies"] = [*(options.get("dependencies") or ()), LANGUAGE]
        super().__init__(path, endpoint, **options)

    @staticmethod
    def most_bytes(settings: Settings) -> int:
        """The longest body."""
        return settings.max_json_kb * 1024

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind policy and limits."""
        handle = super().get_route_handler()
        demands = policies_of(self)
        takes_body = self.body_field is not None
        known, refusal = declared_parameters(self.dependant), refusal_for(self.path)

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
                if refusal is not None:
                    refuse_unknown(request, known, refusal)
                limited.check_length()
                if takes_body:
                    await limited.load()
                return await handle(limited)
            finally:
                limited.forget()

        return guarded


def described_by(endpoint: Callable[..., object]) -> tuple[str, str]:
    """Summary and description of an operation: the first paragraph of the docstring and what follows it.

    >>> def show() -> None:
    ...     '''Show a grid.
    ...
    ...     With its ancestors.
    ...     '''
    >>> described_by(show)
    ('Show a grid', 'With its ancestors.')
    """
    summary, _, rest = inspect.cleandoc(endpoint.__doc__ or "").partition("\n\n")
    summary = " ".join(summary.split())
    return summary.removesuffix("."), rest.strip() or summary


def operation_id(route: APIRoute) -> str:
    """The endpoint's name: what generated clients call the operation."""
    return route.name


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
        super().__init__(route_class=route_class, generate_unique_id_function=operation_id, **options)

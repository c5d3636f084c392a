"""What of an answer may be kept by browsers and proxies: nothing, unless its route says that it is the same for all.

A route says so on its policy (``public_if("public_layers", same_for_all=True)``) and then sets ``Cache-Control`` as it
likes. Whatever else is answered depends on who asks, or may one day, and leaves as ``private, no-store``; so does every
refusal that does not say otherwise. One mechanism for all routes, so that a new one is safe without a thought.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.policy import Policy

NO_STORE = "private, no-store"
# What an answer can depend on besides its address: who asks, and in which language.
ASKER = ("Cookie", "Authorization", "Accept-Language")
_ASK_AGAIN = "no-cache"


class CachePolicy:
    """Completes ``Cache-Control`` and ``Vary`` by the policy of the route that answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", ())))
                _complete(headers, message["status"], state.get("policy"), scope)
                message["headers"] = headers.raw
            await send(message)

        await self.app(scope, receive, complete)


def _complete(headers: MutableHeaders, status: int, policy: Policy | None, scope: Scope) -> None:
    chosen = headers.get("cache-control")
    same = policy is not None and policy.same_for_all
    refused = status >= 400
    if refused:
        headers["Cache-Control"] = chosen if same and chosen else NO_STORE
    elif not same:
        headers["Cache-Control"] = NO_STORE
    elif policy is not None and not policy.is_open(scope["app"].state.settings):
        # The same for all who may ask at all: for them only.
        rest = (chosen or _ASK_AGAIN).replace("public, ", "").replace("private, ", "")
        headers["Cache-Control"] = f"private, {rest}"
    else:
        headers["Cache-Control"] = chosen or _ASK_AGAIN
        return
    present = {name.strip().lower() for name in headers.get("vary", "").split(",")}
    for name in ASKER:
        if name.lower() not in present:
            headers.add_vary_header(name)

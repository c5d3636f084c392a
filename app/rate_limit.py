"""So many requests in a period by address, and by token or session; off unless the settings name a rate.

Off by default: a street office is one address for forty people, maps ask for a hundred tiles in a second, and programs
are meant to locate thousands of places; overload is bounded by turns at the database in any case. Whoever opens the
service to the internet sets the rates. Each worker counts for itself, in memory.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import address, sessions
from app.auth.principal import Principal
from app.errors import TooMany
from app.problems import problem
from app.settings import Settings

# Probes must not be kept out, and a page is made of many files.
_FREE = ("/healthz", "/readyz", "/metrics", "/static/")
_MOST_PROVEN = 10_000
_Key = tuple[str, str]


class RateLimit:
    """Counts requests, and refuses those above the rate with 429 and Retry-After; every answer says what is left.

    A token or session counts for itself once an answer has shown that it is a good one, and for its address until then:
    whoever invents some has none of their own to be counted by.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._settings = settings
        self._by_address = parse(settings.rate_limit) if settings.rate_limit else None
        self._by_token = parse(settings.rate_limit_token) if settings.rate_limit_token else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        # What came, to whose it is: the same token may be written in many ways.
        self._proven: OrderedDict[str, _Key] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})  # shared with what looks at the credential further in
        request = Request(scope, receive)
        place = address.bucket(address.client_address(request, proxies=self._settings.trusted_proxies)) or "?"
        credential = self._credential(request) if self._by_token is not None else None
        owner = self._proven.get(credential) if credential is not None else None
        item, key = (self._by_token, owner) if owner else (self._by_address, ("address", place))
        if item is not None and not self._limiter.hit(item, *key):
            await self._refuse(request, send, item, key)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                if credential is not None:
                    self._learn(request, credential, message["status"])
                if item is not None:
                    # A new list: an answer that was made beforehand may share its own among requests.
                    message["headers"] = [*message.get("headers", ()), *self._left(item, key)]
            await send(message)

        await self.app(scope, receive, counted)

    def _credential(self, request: Request) -> str | None:
        """What stands for the token or session that came, whether it is a good one or not."""
        shown = request.headers.get("authorization")
        if shown is None:
            shown = sessions.key_of(request, self._settings)
        return hashlib.sha256(shown.encode()).hexdigest()[:32] if shown else None

    def _learn(self, request: Request, credential: str, status: int) -> None:
        """Remember whose a credential is, or that it is nobody's any more, if somebody has looked at it."""
        principal: Principal | None = getattr(request.state, "principal", None)
        if principal is None and status != 401:
            return
        owner = _owner(principal) if principal is not None else None
        known = self._proven.pop(credential, None)
        if owner is None:
            return
        self._proven[credential] = owner
        if len(self._proven) > _MOST_PROVEN:
            self._proven.popitem(last=False)
        if known is None and self._by_token is not None:
            self._limiter.hit(self._by_token, *owner)

    def _left(self, item: RateLimitItem, key: tuple[str, str]) -> list[tuple[bytes, bytes]]:
        stats = self._limiter.get_window_stats(item, *key)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        return [
            (b"ratelimit-limit", str(item.amount).encode()),
            (b"ratelimit-remaining", str(stats.remaining).encode()),
            (b"ratelimit-reset", str(wait).encode()),
        ]

    async def _refuse(self, request: Request, send: Send, item: RateLimitItem, key: tuple[str, str]) -> None:
        headers = {name.decode(): value.decode() for name, value in self._left(item, key)}
        wait = headers["ratelimit-reset"]
        refusal = TooMany(
            f"请求过于频繁：每 {item.get_expiry()} 秒最多 {item.amount} 次，请在 {wait} 秒后再试。",
            f"Too many requests: at most {item.amount} in {item.get_expiry()} s; try again in {wait} s.",
            code="rate-limit",
            headers={**headers, "Retry-After": wait},
            retry_after_s=int(wait),
        )
        await problem(request, refusal)(request.scope, request.receive, send)


def _owner(principal: Principal) -> _Key | None:
    if principal.token_id is not None:
        return "token", str(principal.token_id)
    if principal.session_id is not None:
        return "session", str(principal.session_id)
    return None

"""What a route demands of whoever calls it, declared on the route itself.

::

    @router.get("/v1/incidents", dependencies=[allow("viewer")])
    @router.post("/v1/session", dependencies=[public()])
    APIRouter(dependencies=[public_if("public_layers")])

A route without a policy fails a test and cannot open a session on the database. Nobody at the door: 401. Somebody
without the role: 403. Having the role somewhere opens the route; the session then sees only the units where the role
is held (``app.auth.dependencies``), so the rest looks as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Literal

from fastapi import Request
from fastapi.params import Depends as DependsMarker
from starlette.responses import Response
from starlette.types import Scope

from app.auth import address, csrf
from app.auth.authentication import CHALLENGE, current_principal, settings_of
from app.auth.models import ROLES
from app.auth.principal import Principal
from app.auth.public_address import is_our_host
from app.auth.roles import EVERYWHERE
from app.auth.sessions import key_of
from app.db.session import RowScope
from app.errors import Forbidden, Unauthorised
from app.settings import Settings

# What proxies add, or a page of a browser that was talked into asking us.
_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via", "origin", "referer")
OpenSetting = Literal["public_locate", "public_layers"]


class PasswordChangeRequired(Forbidden):
    """The password was given by somebody else and must be replaced before anything else."""

    code = "password-change-required"


class SecondFactorRequired(Forbidden):
    """The settings demand a second factor of administrators, and this one has none yet."""

    code = "totp-enrolment-required"


def refuse_incomplete(principal: Principal) -> None:
    """Refuse somebody who must first replace a password or set up a second factor."""
    if principal.must_change_password:
        raise PasswordChangeRequired(
            "请先修改密码：当前密码由他人设定。", "Change your password first: somebody else set it."
        )
    if principal.must_enrol:
        raise SecondFactorRequired(
            "管理员须先启用二次验证（账户页面）。",
            "Administrators must set up a second factor first (on the page of the account).",
        )


class Policy:
    """The demand of one route; the marker by which tests find it, and the dependency that enforces it."""

    def __init__(
        self,
        kind: Literal["public", "signed_in", "allow"],
        *,
        roles: tuple[str, ...] = (),
        open_by: OpenSetting | None = None,
        everywhere: bool = False,
        people_only: bool = False,
        before_password_change: bool = False,
        same_for_all: bool = False,
        on_machine: bool = False,
    ) -> None:
        self.kind = kind
        self.roles = roles
        self.open_by = open_by
        self.everywhere = everywhere
        self.people_only = people_only
        self.before_password_change = before_password_change
        self.same_for_all = same_for_all
        self.on_machine = on_machine

    def __repr__(self) -> str:
        """As it is written on a route."""
        if self.open_by:
            return f"public_if({self.open_by!r})"
        return f"{self.kind}({', '.join(map(repr, self.roles))})"

    async def __call__(self, request: Request) -> None:
        """Let the request pass, or answer 401 or 403; asked again for the same request, it has passed."""
        if getattr(request.state, "policy", None) is self:
            return
        if request.method not in csrf.SAFE_METHODS and key_of(request, settings_of(request)):
            request.state.csrf_given = await csrf.given_token(request)
        settings = settings_of(request)
        if self.is_open(settings) or (self.on_machine and is_on_machine(request, settings)):
            if "authorization" in request.headers:
                # A program that shows a token means to use it: a bad one is told, not passed over.
                await current_principal(request)
        else:
            self.check(await current_principal(request))
        request.state.policy = self

    def is_open(self, settings: Settings) -> bool:
        """Whether anybody may pass, with these settings."""
        if self.on_machine:
            return settings.metrics == "open"
        if self.open_by is not None:
            return bool(getattr(settings, self.open_by))
        return self.kind == "public"

    def allows_anonymous(self, scope: Scope) -> bool:
        """Whether a request passes whoever sends it, with nothing to look up and nothing to refuse.

        For a route that cannot afford more; where the answer is no, ``__call__`` decides.
        """
        if scope["method"] not in csrf.SAFE_METHODS or not self.is_open(scope["app"].state.settings):
            return False
        for name, _ in scope["headers"]:  # noqa: SIM110 - a generator costs more than the rest
            if name == b"authorization":
                return False
        return True

    def check(self, principal: Principal) -> None:
        """Refuse a principal who may not pass."""
        if not principal.known:
            raise Unauthorised("请先登录。", "Sign in first.", headers=CHALLENGE)
        if not self.before_password_change:
            refuse_incomplete(principal)
        if self.people_only and principal.account_id is None:
            raise Forbidden(
                "此操作须由本人登录后进行，不接受令牌。",
                "This is for people who are signed in, not for tokens.",
                code="token-not-accepted",
            )
        if self.kind == "allow":
            held = principal.paths(*self.roles)
            if not held or (self.everywhere and EVERYWHERE not in held):
                needed = "、".join(self.roles), ", ".join(self.roles)
                scope = ("（全域）", " (everywhere)") if self.everywhere else ("", "")
                raise Forbidden(
                    f"需要角色 {needed[0]}{scope[0]}。",
                    f"Needs the role {needed[1]}{scope[1]}.",
                    needed=list(self.roles),
                    code="role-needed",
                )

    def row_scope(self, principal: Principal) -> RowScope:
        """What the database shows to this principal on this route: the units where a role of the route is held."""
        if principal.incomplete:
            return RowScope(paths=(), actor=principal.actor)
        return principal.row_scope(*self.roles)


def public(*, same_for_all: bool = False) -> DependsMarker:
    """Anybody; who is asking may still narrow or widen the answer, unless it is the ``same_for_all``.

    What is the same for all may be kept by browsers and proxies (``app.auth.caching``); nothing else is.
    """
    return DependsMarker(Policy("public", same_for_all=same_for_all))


def public_if(setting: OpenSetting, *, same_for_all: bool = False) -> DependsMarker:
    """Anybody while the setting is on, otherwise whoever is signed in or has a token."""
    return DependsMarker(Policy("signed_in", open_by=setting, same_for_all=same_for_all))


def signed_in(*, people_only: bool = False, before_password_change: bool = False) -> DependsMarker:
    """Whoever is signed in or has a token; ``people_only``: no tokens."""
    return DependsMarker(
        Policy("signed_in", people_only=people_only, before_password_change=before_password_change)
    )


def allow(*roles: str, everywhere: bool = False, people_only: bool = False) -> DependsMarker:
    """Whoever has one of ``roles`` (or a wider one) in some unit, or over everything when ``everywhere``.

    ``people_only``: no tokens, for what makes or changes trust.
    """
    unknown = set(roles) - set(ROLES)
    if unknown or not roles:
        raise ValueError(
            f"allow() takes some of {', '.join(ROLES)}; came {', '.join(sorted(unknown)) or 'none'}"
        )
    return DependsMarker(Policy("allow", roles=roles, everywhere=everywhere, people_only=people_only))


def for_operators() -> DependsMarker:
    """Programs of this machine, and administrators of everything from anywhere; ``WANGGE_METRICS`` widens or narrows it."""
    return DependsMarker(Policy("allow", roles=("admin",), everywhere=True, on_machine=True))


def is_on_machine(request: Request, settings: Settings) -> bool:
    """Whether a request comes from a program of this machine and was passed on by none.

    Where a proxy is known to stand in front everything comes from it, so nothing counts as local.
    """
    if settings.metrics != "local" or settings.public_url or settings.trusted_proxies:
        return False
    if any(name in _PASSED_ON or name.startswith("x-forwarded-") for name in request.headers):
        return False
    # A page of a stranger whose name was pointed at this machine says that name.
    if not is_our_host(request.headers.get("host", ""), request.scope, settings):
        return False
    peer = address.peer_of(request)
    return peer is not None and peer.is_loopback


Endpoint = Callable[[Request], Awaitable[Response]]


def demand_of(marker: DependsMarker) -> Policy:
    """The policy that ``public()``, ``signed_in()``, ``allow()`` and their like put on a route."""
    if not isinstance(marker.dependency, Policy):
        raise TypeError(f"a dependency without a policy: {marker.dependency!r}")
    return marker.dependency


def guarded(policy: DependsMarker) -> Callable[[Endpoint], Endpoint]:
    """Put a policy on a plain Starlette endpoint, which has no dependencies."""
    demand = demand_of(policy)

    def wrap(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def checked(request: Request) -> Response:
            await demand(request)
            return await endpoint(request)

        checked.wangge_policy = demand  # type: ignore[attr-defined]
        return checked

    return wrap


def policy_of(route: object) -> Policy | None:
    """The policy of a route: the nearest to the route wins; None when nobody declared one.

    Takes what ``fastapi.routing.iter_route_contexts(app.routes)`` gives, or a route itself.
    """
    found = getattr(getattr(route, "endpoint", None), "wangge_policy", None)
    if isinstance(found, Policy):
        return found
    declared = policies_of(route)
    return declared[-1] if declared else None


def policies_of(route: object) -> list[Policy]:
    """All policies that a route declares as dependencies, the nearest to the route last."""
    return [
        marker.dependency
        for marker in getattr(route, "dependencies", None) or ()
        if isinstance(marker, DependsMarker) and isinstance(marker.dependency, Policy)
    ]

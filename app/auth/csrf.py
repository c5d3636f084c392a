"""Against requests that another site makes a signed-in browser send.

Two walls: the browser's own word on where a request comes from (``Sec-Fetch-Site``, ``Origin``), and a token that only
our pages can read. Programs with a bearer token are exempt: no browser adds that header by itself.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from app.auth import secrets
from app.errors import Forbidden

HEADER = "x-csrf-token"
FIELD = "csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_FORM = "application/x-www-form-urlencoded"
_LONGEST_FORM = 64 * 1024


class ForgedRequest(Forbidden):
    """The request does not prove that it comes from one of our pages."""

    code = "forged-request"


def refuse_other_sites(request: Request) -> None:
    """Refuse an unsafe request that the browser says was started by a page of another site.

    Browsers tell with ``Sec-Fetch-Site`` (over HTTPS and to localhost) and with ``Origin``; programs send neither.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    elif origin is not None:
        ours = origin != "null" and urlsplit(origin).netloc.lower() in _our_hosts(request)
    else:
        return
    if not ours:
        raise ForgedRequest(
            f"拒绝从其他网站发起的请求（来源 {origin or site}）。",
            f"Requests started by another site are refused (from {origin or site}).",
        )


def _our_hosts(request: Request) -> set[str]:
    # The public one, or the one that a proxy of ours passed on (app.auth.public_address); and the one of the connection.
    hosts = {request.headers.get("host", "").lower(), getattr(request.state, "direct_host", "").lower()}
    return hosts - {""}


async def given_token(request: Request) -> str | None:
    """The token that came with a request, in the header or, for a short plain form, in its field."""
    token = request.headers.get(HEADER)
    if token is None and _is_short_form(request):
        await request.body()  # kept by the request: the route can still read it
        field = (await request.form()).get(FIELD)
        return field if isinstance(field, str) else None
    return token


def _is_short_form(request: Request) -> bool:
    # Nobody may make us hold a long body in memory before it is known who they are.
    length = request.headers.get("content-length", "")
    return (
        request.headers.get("content-type", "").lower().startswith(_FORM)
        and length.isdigit()
        and int(length) <= _LONGEST_FORM
    )


def check_token(given: str | None, expected: str | None) -> None:
    """Refuse a request without the session's own token."""
    if given is None or expected is None or not secrets.same(given, expected):
        raise ForgedRequest(
            "缺少或不正确的防伪令牌：请刷新页面后重试（请求头 X-CSRF-Token）。",
            "The token against forged requests is missing or wrong: reload the page and try again (header X-CSRF-Token).",
            field="X-CSRF-Token",
        )

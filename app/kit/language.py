"""The language of a page: the address says it, else what was chosen before, else what the browser prefers."""

from __future__ import annotations

from starlette.requests import Request

from app.i18n import Lang, negotiate

COOKIE = "wangge_lang"


def language_of(request: Request) -> Lang:
    """Chinese or English for this request."""
    # Taking an address and cookies apart is worth it only when they may hold the word.
    query = request.scope["query_string"]
    if b"lang" in query or b"%" in query:
        chosen = request.query_params.get("lang")
        if chosen in ("zh", "en"):
            return "en" if chosen == "en" else "zh"
    accepted = None
    for name, value in request.scope["headers"]:
        if name == b"accept-language" and accepted is None:
            accepted = value.decode("latin-1")
        elif name == b"cookie" and COOKIE.encode() in value:
            chosen = request.cookies.get(COOKIE)
            if chosen in ("zh", "en"):
                return "en" if chosen == "en" else "zh"
    return negotiate(accepted, request.app.state.settings.lang)

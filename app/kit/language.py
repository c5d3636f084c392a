"""The language of a page: the address says it, else what was chosen before, else what the browser prefers."""

from __future__ import annotations

from starlette.requests import Request

from app.i18n import Lang, negotiate

COOKIE = "wangge_lang"


def language_of(request: Request) -> Lang:
    """Chinese or English for this request."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen == "zh":
            return "zh"
        if chosen == "en":
            return "en"
    return negotiate(request.headers.get("accept-language"), request.app.state.settings.lang)

"""The language of a page: the address says it, else what was chosen before, else what the browser prefers."""

from __future__ import annotations

from starlette.requests import Request

from gis.text import Language

COOKIE = "wangge_lang"


def language_of(request: Request) -> Language:
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


def negotiate(accept_language: str | None, default: Language = "zh") -> Language:
    """Choose a language from an ``Accept-Language`` header; the first of ours that it names wins.

    >>> negotiate("en-GB,en;q=0.9,zh;q=0.8")
    'en'
    >>> negotiate(None)
    'zh'
    """
    ranked: list[tuple[float, int, Language]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        primary = tag.strip().lower().split("-")[0]
        if weight > 0 and primary in ("zh", "en"):
            ranked.append((-weight, position, "en" if primary == "en" else "zh"))
    return min(ranked)[2] if ranked else default

"""A page as an answer: rendered, with the policy that its own scripts need."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.auth.principal import Principal
from app.auth.sessions import is_secure
from app.kit.language import COOKIE as LANG_COOKIE
from app.kit.security_headers import page_policy
from app.settings import Settings
from app.web.pages import Pages

_YEAR = 365 * 86400


def page_response(
    request: Request,
    template: str,
    *,
    principal: Principal,
    title: str,
    page: str,
    boot: Mapping[str, object] | None = None,
    status: int = 200,
    **values: object,
) -> HTMLResponse:
    """Render a page and send it with its policy; a language named in the address is remembered."""
    pages: Pages = request.app.state.pages
    settings: Settings = request.app.state.settings
    html = pages.render(template, request, principal=principal, title=title, page=page, boot=boot, **values)
    headers = {
        "Content-Security-Policy": page_policy(html, basemap_url=settings.basemap_url),
    }
    response = HTMLResponse(html, status_code=status, headers=headers)
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie(
            LANG_COOKIE,
            request.query_params["lang"],
            max_age=_YEAR,
            samesite="lax",
            secure=is_secure(request, settings),
        )
    return response

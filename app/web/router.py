"""The pages: the map, dispatch, the editor, sign-in, the description of the API; and the files they are made of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from app.auth.dependencies import CurrentPrincipal
from app.auth.policy import allow, public, public_if, refuse_incomplete, signed_in
from app.auth.redirects import safe_next
from app.auth.routing import Router
from app.kit.language import language_of
from app.kit.security_headers import SecurityHeaders, worker_policy
from app.settings import Settings
from app.web import error_pages
from app.web.pages import Pages
from app.web.responses import page_response
from app.web.statics import PREFIX, Statics
from gis.io.formats import accepted_extensions, describe_formats

router = Router(include_in_schema=False, default_response_class=HTMLResponse)

# Tools of the editor with their icons, in order; static/js/editor/operations.js says what each means.
EDITOR_TOOLS = (
    ("select", "pointer"),
    ("split", "split"),
    ("cut", "cut"),
    ("reshape", "reshape"),
    ("transfer", "transfer"),
    ("vertex", "vertex"),
    ("add", "add"),
    ("exclude", "exclude"),
)


def install(app: FastAPI, settings: Settings) -> None:
    """Put the pages, their files and the headers that guard them into the application."""
    app.state.statics = Statics(root_path=settings.root_path)
    app.state.pages = Pages(app.state.statics, settings)
    app.include_router(router)
    app.add_middleware(SecurityHeaders, hsts_seconds=settings.hsts_seconds)
    error_pages.install(app)


@router.get("/", dependencies=[public_if("public_layers")])
def home(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """Whose place is this? The map of grids."""
    settings: Settings = request.app.state.settings
    return page_response(
        request,
        "map.html",
        principal=principal,
        title="map.title",
        page="map",
        boot={"basemap": _basemap(settings)},
    )


@router.get("/dispatch", dependencies=[allow("viewer")])
def dispatch(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """What needs me now? Incidents on a map and in a list."""
    settings: Settings = request.app.state.settings
    return page_response(
        request,
        "dispatch.html",
        principal=principal,
        title="dispatch.title",
        page="dispatch",
        boot={
            "basemap": _basemap(settings),
            "acts": principal.acts_on_all(principal.paths("viewer")),
        },
    )


@router.get("/editor", dependencies=[public_if("public_layers")])
def editor(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """What am I changing, and whom does it touch? Drafts of boundaries; others are told who may edit."""
    settings: Settings = request.app.state.settings
    may_edit = bool(principal.paths("gis-editor"))
    if may_edit:
        refuse_incomplete(principal)
    return page_response(
        request,
        "editor.html",
        principal=principal,
        title="editor.title",
        page="edit",
        boot={
            "basemap": _basemap(settings),
            "mayEdit": may_edit,
            "files": {"accept": accepted_extensions(), "formats": describe_formats(language_of(request))},
        },
        tools=EDITOR_TOOLS,
    )


@router.get("/signin", dependencies=[public()])
def signin(
    request: Request,
    principal: CurrentPrincipal,
    next_: Annotated[str | None, Query(alias="next")] = None,
    change: bool = False,
) -> Response:
    """Sign in, or change one's password."""
    root = request.app.state.settings.root_path
    after = safe_next(next_, root=root)
    changing = principal.known and (change or principal.must_change_password)
    if principal.known and not changing:
        if principal.must_enrol:
            after = f"{root}/account?next={quote(after, safe='')}"
        return RedirectResponse(after, status_code=303)
    return page_response(
        request,
        "signin.html",
        principal=principal,
        title="signin.change.title" if changing else "signin.title",
        page="signin",
        boot={"next": after, "changing": changing},
        changing=changing,
        forced=principal.must_change_password,
    )


@router.get("/account", dependencies=[signed_in(people_only=True, before_password_change=True)])
def account(
    request: Request,
    principal: CurrentPrincipal,
    next_: Annotated[str | None, Query(alias="next")] = None,
) -> Response:
    """Who am I here, and how is my account guarded? The second factor and API tokens."""
    settings: Settings = request.app.state.settings
    if principal.must_change_password:
        here = quote(f"{settings.root_path}/account", safe="")
        return RedirectResponse(f"{settings.root_path}/signin?change=1&next={here}", status_code=303)

    def clock(instant: datetime | None) -> str:
        return instant.astimezone(settings.zone).strftime("%H:%M") if instant else ""

    return page_response(
        request,
        "account.html",
        principal=principal,
        title="account.title",
        page="account",
        boot={"next": safe_next(next_, root=settings.root_path)} if next_ else {},
        idle=clock(principal.idle_ends_at),
        end=clock(principal.ends_at),
    )


@router.get("/docs", dependencies=[public()])
def docs(request: Request, principal: CurrentPrincipal) -> HTMLResponse:
    """The description of the API, with every request to try."""
    return page_response(
        request,
        "docs.html",
        principal=principal,
        title="docs.title",
        page="docs",
        boot={"openapi": f"{request.app.state.settings.root_path}{request.app.openapi_url}"},
    )


@router.get(PREFIX + "/{version}/{name:path}", dependencies=[public(same_for_all=True)])
async def static(request: Request, version: str, name: str) -> Response:
    """A script, style or picture; from memory, without a thread, from the second time on."""
    statics: Statics = request.app.state.statics
    settings: Settings = request.app.state.settings
    if statics.is_at_hand(name):
        response = statics.answer(request, version, name)
    else:
        response = await run_in_threadpool(statics.answer, request, version, name)
    if name.endswith((".mjs", ".js")):
        response.headers["Content-Security-Policy"] = worker_policy(basemap_url=settings.basemap_url)
    return response


def _basemap(settings: Settings) -> dict[str, str] | None:
    if not settings.basemap_url:
        return None
    return {"url": settings.basemap_url, "attribution": settings.basemap_attribution}

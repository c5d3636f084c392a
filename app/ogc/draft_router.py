"""The grids of a draft as OGC API Features with Part 4: read, create, replace, update, delete, one grid at a time.

Whatever a client sends becomes operations of the draft: neighbours follow, what would break the coverage is refused
with places, and everything can be undone. ``If-Match`` carries the ETag of the grid; the clients in use today send
none, and are then trusted to have seen the grid as it is.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Body, Depends, Header, Request
from starlette.responses import Response

from app.auth.dependencies import CurrentPrincipal, Read, Write
from app.auth.policy import allow
from app.auth.public_address import site
from app.auth.routing import Router
from app.drafts import access
from app.errors import NotFound, UnsupportedMedia
from app.i18n import Text
from app.kit.etag import is_known, tags
from app.kit.language import language_of
from app.ogc import answers, documents, editing, parameters
from app.ogc.documents import CRS84, Collection

router = Router(prefix="/ogc/drafts/{draft_id}", tags=["ogc"], dependencies=[allow("gis-editor")])
_GRIDS = "/collections/grid/items"
_ALL, _ONE = "GET, HEAD, OPTIONS, POST", "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"
_WORDS = ("code", "name", "community", "kind")
Feature = Annotated[dict[str, Any], Body(description="A GeoJSON Feature; PATCH takes any part of one.")]


def _of_wgs84(content_crs: Annotated[str | None, Header()] = None) -> None:
    """Refuse coordinates in another system than the one we list."""
    if content_crs is not None and content_crs.strip("<> ") != CRS84:
        raise UnsupportedMedia(
            f"Content-Crs 应为 {CRS84}，收到 {content_crs}", f"Content-Crs is {CRS84}, came {content_crs}"
        )


def _seen(if_match: Annotated[str | None, Header()] = None) -> frozenset[str]:
    return tags(if_match)


Seen = Annotated[frozenset[str], Depends(_seen)]
_WRITES: dict[int | str, dict[str, Any]] = {404: {}, 409: {}, 412: {}, 415: {}, 422: {}}


def _root(request: Request, draft_id: int) -> str:
    return f"{site(request)}/ogc/drafts/{draft_id}"


@router.get("", responses={404: {}})
def show_draft_landing(request: Request, session: Read, draft_id: int) -> Response:
    """What is here, and where."""
    draft = access.found(session, draft_id)
    title = Text(f"草案 {draft.id}：{draft.title}", f"Draft {draft.id}: {draft.title}")
    about = Text("可编辑的网格边界草案", "A draft of grid boundaries, to be edited")
    home = site(request)
    return answers.document(
        documents.landing(_root(request, draft_id), home, title, about, language_of(request))
    )


@router.get("/conformance", responses={404: {}})
def show_draft_conformance(session: Read, draft_id: int) -> Response:
    """The classes of the standard that hold here."""
    access.found(session, draft_id)
    return answers.document(documents.conformance(documents.WRITES))


def _layer(session: Any, draft_id: int) -> Collection:
    draft = access.found(session, draft_id)
    return Collection("grid", Text("网格（草案）", "Grids (draft)"), Text(draft.title, draft.title))


@router.get("/collections", responses={404: {}})
def list_draft_collections(request: Request, session: Read, draft_id: int) -> Response:
    """The one layer of a draft."""
    listed = [_layer(session, draft_id)]
    return answers.document(documents.collections(_root(request, draft_id), listed, language_of(request)))


@router.get("/collections/{collection}", responses={404: {}})
def show_draft_collection(request: Request, session: Read, draft_id: int, collection: str) -> Response:
    """The layer of grids."""
    found = _layer(session, draft_id)
    if collection != found.id:
        raise NotFound(f"没有图层 {collection}", f"there is no layer {collection}")
    return answers.document(documents.collection(_root(request, draft_id), found, language_of(request)))


@router.get(_GRIDS, responses={400: {}, 404: {}})
def list_draft_grids(request: Request, session: Read, draft_id: int) -> Response:
    """The draft's grids, paged by a cursor."""
    asked = parameters.read(request, _WORDS)
    draft = access.found(session, draft_id)
    features, more, matched = editing.page(
        session, draft, after=asked.after, limit=asked.limit, box=asked.box, equal=dict(asked.equal)
    )
    return answers.items(request, features, more=more, matched=matched)


@router.options(_GRIDS, status_code=204)
def tell_what_layer_allows(draft_id: int) -> Response:  # noqa: ARG001 - part of the address
    """Which methods the layer takes; clients ask before they offer to edit."""
    return Response(status_code=204, headers={"Allow": _ALL})


@router.options(f"{_GRIDS}/{{code}}", status_code=204)
def tell_what_grid_allows(draft_id: int, code: str) -> Response:  # noqa: ARG001 - part of the address
    """Which methods a grid takes."""
    return Response(status_code=204, headers={"Allow": _ONE, "Accept-Patch": "application/merge-patch+json"})


@router.post(_GRIDS, status_code=201, responses=_WRITES, dependencies=[Depends(_of_wgs84)])
def create_draft_grid(
    request: Request, session: Write, by: CurrentPrincipal, draft_id: int, feature: Feature
) -> Response:
    """Make a grid; its land is taken from the grids under it, or from nobody."""
    draft, code = editing.create(session, by, draft_id, feature)
    made = editing.as_feature(editing.grid(session, draft, code))
    # A header holds Latin letters only, a code any letters.
    where = f"{_root(request, draft_id)}{_GRIDS}/{quote(code, safe='')}"
    headers = {"Location": where, "ETag": f'"{editing.tag_of(made)}"'}
    return answers.item(request, made, headers=headers, status=201)


@router.get(f"{_GRIDS}/{{code}}", responses={404: {}})
def show_draft_grid(request: Request, session: Read, draft_id: int, code: str) -> Response:
    """One grid of the draft, with its version."""
    feature = editing.as_feature(editing.grid(session, access.found(session, draft_id), code))
    tag = f'"{editing.tag_of(feature)}"'
    headers = {"ETag": tag}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return answers.item(request, feature, headers=headers)


@router.put(f"{_GRIDS}/{{code}}", responses=_WRITES, dependencies=[Depends(_of_wgs84)])
def replace_draft_grid(
    request: Request,
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: int,
    code: str,
    feature: Feature,
) -> Response:
    """Give a grid another polygon or other words; its neighbours follow."""
    draft = editing.change(session, by, draft_id, code, feature, seen=seen)
    made = editing.as_feature(editing.grid(session, draft, code))
    return answers.item(request, made, headers={"ETag": f'"{editing.tag_of(made)}"'})


@router.patch(f"{_GRIDS}/{{code}}", responses=_WRITES, dependencies=[Depends(_of_wgs84)])
def update_draft_grid(
    request: Request,
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: int,
    code: str,
    feature: Feature,
) -> Response:
    """The same with a part of a feature."""
    return replace_draft_grid(request, session, by, seen, draft_id, code, feature)


@router.delete(f"{_GRIDS}/{{code}}", status_code=204, responses=_WRITES)
def delete_draft_grid(session: Write, by: CurrentPrincipal, seen: Seen, draft_id: int, code: str) -> Response:
    """Dissolve a grid: its land goes to the neighbour with the longest common border."""
    editing.remove(session, by, draft_id, code, seen=seen)
    return Response(status_code=204)

"""The grids of a draft as OGC API Features with Part 4: read, create, replace, update, delete, one grid at a time.

Whatever a client sends becomes operations of the draft: neighbours follow, what would break the coverage is refused
with places, and everything can be undone. ``If-Match`` carries the ETag of the grid; the clients in use today send
none, and are then trusted to have seen the grid as it is.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Body, Depends, Header, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.auth.dependencies import CurrentPrincipal, Read, Write
from app.auth.policy import allow
from app.auth.public_address import site
from app.auth.routing import Router
from app.drafts import policy
from app.errors import NotFound, UnsupportedMedia
from app.kit.etag import is_known, tags
from app.kit.geojson import GeoJsonResponse
from app.kit.language import language_of
from app.ogc import documents, parameters, responses, transactions
from app.ogc.documents import CRS84, Collection
from app.ogc.parameters import DraftGridsQuery
from app.ogc.queryables import DRAFT_GRIDS, schema
from app.ogc.responses import SchemaResponse
from app.ogc.schemas import (
    CollectionInfo,
    Collections,
    Conformance,
    DraftGridFeature,
    DraftGridPage,
    LandingPage,
    Queryables,
)
from gis.text import Text

router = Router(prefix="/ogc/drafts/{draft_id}", tags=["ogc"], dependencies=[allow("gis-editor")])
_GRIDS = "/collections/grid/items"
_ALL, _ONE = "GET, HEAD, OPTIONS, POST", "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"
DraftId = Annotated[int, Path(description="Number of the draft.", examples=[1])]
DraftCollectionId = Annotated[str, Path(description="`grid`.", examples=["grid"])]
GridCode = Annotated[str, Path(description="Code of a grid of the draft.", examples=["370211001001001"])]
Feature = Annotated[
    dict[str, object],
    Body(
        description="A GeoJSON Feature; PATCH takes any part of one.",
        examples=[{"type": "Feature", "properties": {"name": "东一网格"}}],
    ),
]


def _of_wgs84(
    content_crs: Annotated[
        str | None, Header(description=f"CRS of the geometry: `{CRS84}`, which is also the default.")
    ] = None,
) -> None:
    """Refuse coordinates in another system than the one we list."""
    if content_crs is not None and content_crs.strip("<> ") != CRS84:
        raise UnsupportedMedia(
            f"Content-Crs 应为 {CRS84}，收到 {content_crs}",
            f"Content-Crs is {CRS84}, came {content_crs}",
            code="content-crs",
        )


def _seen(
    if_match: Annotated[
        str | None,
        Header(
            description="The ETag of the grid that this write is based on; without it the grid as it is now."
        ),
    ] = None,
) -> frozenset[str]:
    return tags(if_match)


Seen = Annotated[frozenset[str], Depends(_seen)]
_DOCUMENT = [Depends(parameters.check_document)]
_FEATURE = [Depends(parameters.check_feature)]
_GONE: dict[int | str, dict[str, object]] = {
    404: {"description": "There is no such draft, grid or collection."}
}
_WRITES: dict[int | str, dict[str, object]] = {
    **_GONE,
    409: {"description": "The draft is not open for editing."},
    412: {"description": "The grid has changed since the ETag in If-Match."},
    415: {"description": "Coordinates in another CRS than the one listed."},
    422: {"description": "The change would break the coverage; `places` says where."},
}


def _root(request: Request, draft_id: int) -> str:
    return f"{site(request)}/ogc/drafts/{draft_id}"


@router.get("", dependencies=_DOCUMENT, response_model=LandingPage, responses=_GONE)
def show_draft_landing_page(request: Request, session: Read, draft_id: DraftId) -> Response:
    """Show the landing page of a draft.

    An OGC API of its own, which editing clients open: links to its conformance classes and its collection.
    """
    draft = policy.found(session, draft_id)
    title = Text(f"草案 {draft.id}：{draft.title}", f"Draft {draft.id}: {draft.title}")
    about = Text("可编辑的网格边界草案", "A draft of grid boundaries, to be edited")
    home = site(request)
    return responses.document(
        documents.landing(_root(request, draft_id), home, title, about, language_of(request))
    )


@router.get("/conformance", dependencies=_DOCUMENT, response_model=Conformance, responses=_GONE)
def show_draft_conformance(session: Read, draft_id: DraftId) -> Response:
    """List the OGC conformance classes of a draft.

    Parts 1 and 3 as for published units, and Part 4: create, replace, update and delete with optimistic locking.
    """
    policy.found(session, draft_id)
    return responses.document(documents.conformance(documents.WRITES))


def _layer(session: Session, draft_id: int) -> Collection:
    draft = policy.found(session, draft_id)
    return Collection("grid", Text("网格（草案）", "Grids (draft)"), Text(draft.title, draft.title))


@router.get("/collections", dependencies=_DOCUMENT, response_model=Collections, responses=_GONE)
def list_draft_collections(request: Request, session: Read, draft_id: DraftId) -> Response:
    """List the collections of a draft.

    There is one, its grids.
    """
    listed = [_layer(session, draft_id)]
    return responses.document(documents.collections(_root(request, draft_id), listed, language_of(request)))


@router.get(
    "/collections/{collection}", dependencies=_DOCUMENT, response_model=CollectionInfo, responses=_GONE
)
def show_draft_collection(
    request: Request,
    session: Read,
    draft_id: DraftId,
    collection: DraftCollectionId,
) -> Response:
    """Describe the collection of a draft's grids.

    Its title, CRS, and the address of its features.
    """
    found = _layer(session, draft_id)
    _refuse_others(collection)
    return responses.document(documents.collection(_root(request, draft_id), found, language_of(request)))


@router.get(
    "/collections/{collection}/queryables",
    dependencies=_DOCUMENT,
    response_class=SchemaResponse,
    response_model=Queryables,
    responses=_GONE,
)
def list_draft_queryables(
    request: Request, session: Read, draft_id: DraftId, collection: DraftCollectionId
) -> Response:
    """List the properties of a draft's grids that filters may name.

    A JSON Schema of the collection's queryables, each with its title and type.
    """
    found = _layer(session, draft_id)
    _refuse_others(collection)
    address = f"{_root(request, draft_id)}/collections/{collection}/queryables"
    return responses.schema(schema(address, found.title, DRAFT_GRIDS, language_of(request)))


def _refuse_others(collection: str) -> None:
    if collection != "grid":
        raise NotFound(f"没有图层 {collection}", f"there is no layer {collection}", code="no-such-collection")


@router.get(
    _GRIDS,
    response_class=GeoJsonResponse,
    response_model=DraftGridPage,
    responses={
        400: {"description": "A parameter is unknown or cannot be read."},
        **_GONE,
    },
)
def list_draft_grids(
    request: Request, session: Read, draft_id: DraftId, query: Annotated[DraftGridsQuery, Query()]
) -> Response:
    """List the grids of a draft as features.

    GeoJSON, by code, paged by a cursor. `bbox`, `filter` and equality of properties narrow the result.
    """
    asked = parameters.read(query, DRAFT_GRIDS)
    draft = policy.found(session, draft_id)
    features, more, matched = transactions.page(session, draft, asked)
    return responses.items(request, features, more=more, matched=matched)


@router.options(_GRIDS, status_code=204)
def list_collection_methods(draft_id: DraftId) -> Response:  # noqa: ARG001 - part of the address
    """Tell the methods of the collection of a draft's grids.

    In the header `Allow`; clients ask before they offer to edit.
    """
    return Response(status_code=204, headers={"Allow": _ALL})


@router.options(f"{_GRIDS}/{{code}}", status_code=204)
def list_feature_methods(draft_id: DraftId, code: GridCode) -> Response:  # noqa: ARG001 - part of the address
    """Tell the methods of one grid of a draft.

    In the header `Allow`.
    """
    return Response(status_code=204, headers={"Allow": _ONE, "Accept-Patch": "application/merge-patch+json"})


@router.post(
    _GRIDS,
    status_code=201,
    response_class=GeoJsonResponse,
    response_model=DraftGridFeature,
    responses=_WRITES,
    dependencies=[Depends(_of_wgs84)],
)
def create_draft_grid(
    request: Request, session: Write, by: CurrentPrincipal, draft_id: DraftId, feature: Feature
) -> Response:
    """Create a grid in a draft.

    Its land is taken from the grids under it, or from land of no grid.
    """
    draft, code = transactions.create(session, by, draft_id, feature)
    made = transactions.as_feature(transactions.grid(session, draft, code))
    # A header holds Latin letters only, a code any letters.
    where = f"{_root(request, draft_id)}{_GRIDS}/{quote(code, safe='')}"
    headers = {"Location": where, "ETag": f'"{transactions.tag_of(made)}"'}
    return responses.item(request, made, headers=headers, status=201)


@router.get(
    f"{_GRIDS}/{{code}}",
    dependencies=_FEATURE,
    response_class=GeoJsonResponse,
    response_model=DraftGridFeature,
    responses={304: {"description": "Unchanged."}, **_GONE},
)
def show_draft_grid(request: Request, session: Read, draft_id: DraftId, code: GridCode) -> Response:
    """Show one grid of a draft as a feature.

    With its ETag, which a write sends back as If-Match.
    """
    feature = transactions.as_feature(transactions.grid(session, policy.found(session, draft_id), code))
    tag = f'"{transactions.tag_of(feature)}"'
    headers = {"ETag": tag}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return responses.item(request, feature, headers=headers)


@router.put(
    f"{_GRIDS}/{{code}}",
    response_class=GeoJsonResponse,
    response_model=DraftGridFeature,
    responses=_WRITES,
    dependencies=[Depends(_of_wgs84)],
)
def replace_draft_grid(
    request: Request,
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: DraftId,
    code: GridCode,
    feature: Feature,
) -> Response:
    """Replace a grid of a draft.

    Its polygon and its properties; the neighbours follow a changed border.
    """
    draft = transactions.change(session, by, draft_id, code, feature, seen=seen)
    made = transactions.as_feature(transactions.grid(session, draft, code))
    return responses.item(request, made, headers={"ETag": f'"{transactions.tag_of(made)}"'})


@router.patch(
    f"{_GRIDS}/{{code}}",
    response_class=GeoJsonResponse,
    response_model=DraftGridFeature,
    responses=_WRITES,
    dependencies=[Depends(_of_wgs84)],
)
def update_draft_grid(
    request: Request,
    session: Write,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: DraftId,
    code: GridCode,
    feature: Feature,
) -> Response:
    """Change a grid of a draft in part.

    What the feature does not carry stays as it is.
    """
    return replace_draft_grid(request, session, by, seen, draft_id, code, feature)


@router.delete(f"{_GRIDS}/{{code}}", status_code=204, responses=_WRITES)
def delete_draft_grid(
    session: Write, by: CurrentPrincipal, seen: Seen, draft_id: DraftId, code: GridCode
) -> Response:
    """Dissolve a grid of a draft.

    Its land goes to the neighbour with the longest common border.
    """
    transactions.remove(session, by, draft_id, code, seen=seen)
    return Response(status_code=204)

"""The published units as OGC API Features: one layer a level, as they are in force, or were at any instant."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from app.auth.dependencies import Read
from app.auth.policy import public_if
from app.auth.public_address import site
from app.auth.routing import Router
from app.conditions.tree import Compare
from app.errors import NotFound
from app.kit.geojson import GeoJsonResponse
from app.kit.language import language_of
from app.ogc import documents, parameters, responses, service
from app.ogc.parameters import UnitQuery, UnitsQuery
from app.ogc.queryables import queryables, schema
from app.ogc.responses import SchemaResponse
from app.ogc.schemas import (
    CollectionInfo,
    Collections,
    Conformance,
    LandingPage,
    Queryables,
    UnitFeature,
    UnitPage,
)
from gis.text import Text

router = Router(prefix="/ogc", tags=["ogc"], dependencies=[public_if("public_layers", same_for_all=True)])
_TITLE = Text("网格边界", "Grid boundaries")
_ABOUT = Text(
    "已发布的网格、社区、镇街和区；用 datetime 查看任一时刻生效的版本",
    "Published grids, communities, streets and districts; datetime gives the edition in force at any instant",
)


_DOCUMENT = [Depends(parameters.check_document)]
CollectionId = Annotated[
    str, Path(description="`grid`, `community`, `street`, `district` or `excluded`.", examples=["grid"])
]


@router.get("", dependencies=_DOCUMENT, response_model=LandingPage)
def show_landing_page(request: Request) -> Response:
    """Show the landing page of the OGC API.

    Links to the description of the API, its conformance classes and its collections.
    """
    home = site(request)
    return responses.document(documents.landing(f"{home}/ogc", home, _TITLE, _ABOUT, language_of(request)))


@router.get("/conformance", dependencies=_DOCUMENT, response_model=Conformance)
def show_conformance() -> Response:
    """List the OGC conformance classes.

    Core and GeoJSON of OGC API Features Part 1, filters of Part 3 in CQL2.
    """
    return responses.document(documents.conformance(documents.READS))


@router.get("/collections", dependencies=_DOCUMENT, response_model=Collections)
def list_collections(request: Request, session: Read) -> Response:
    """List the collections.

    One for each level of units, and one for land that belongs to no grid, each with its extent in space and time.
    """
    root = f"{site(request)}/ogc"
    return responses.document(documents.collections(root, service.layers(session), language_of(request)))


@router.get(
    "/collections/{collection}",
    dependencies=_DOCUMENT,
    response_model=CollectionInfo,
    responses={404: {"description": "There is no such collection."}},
)
def show_collection(request: Request, session: Read, collection: CollectionId) -> Response:
    """Describe a collection.

    Its title, CRS, extent, and the address of its features.
    """
    level = _level(collection)
    root = f"{site(request)}/ogc"
    found = next(each for each in service.layers(session) if each.id == level)
    return responses.document(documents.collection(root, found, language_of(request)))


@router.get(
    "/collections/{collection}/queryables",
    dependencies=_DOCUMENT,
    response_class=SchemaResponse,
    response_model=Queryables,
    responses={404: {"description": "There is no such collection."}},
)
def list_queryables(request: Request, collection: CollectionId) -> Response:
    """List the properties that filters may name.

    A JSON Schema of the collection's queryables, each with its title and type.
    """
    level = _level(collection)
    address = f"{site(request)}/ogc/collections/{level}/queryables"
    title = service.LAYERS[level][0]
    return responses.schema(schema(address, title, queryables(level), language_of(request)))


@router.get(
    "/collections/{collection}/items",
    response_class=GeoJsonResponse,
    response_model=UnitPage,
    responses={
        400: {"description": "A parameter is unknown or cannot be read."},
        404: {"description": "There is no such collection."},
    },
)
def list_features(
    request: Request, session: Read, collection: CollectionId, query: Annotated[UnitsQuery, Query()]
) -> Response:
    """List the units of a collection.

    GeoJSON, by code, paged by a cursor. `bbox`, `datetime`, `filter` and equality of properties narrow the result.
    """
    level = _level(collection)
    asked = parameters.read(query, queryables(level))
    features, more, matched = service.page(session, level, asked)
    return responses.items(request, features, more=more, matched=matched)


@router.get(
    "/collections/{collection}/items/{feature}",
    response_class=GeoJsonResponse,
    response_model=UnitFeature,
    responses={
        400: {"description": "A parameter is unknown or cannot be read."},
        404: {"description": "There is no such collection, or no such unit in the edition."},
    },
)
def show_feature(
    request: Request,
    session: Read,
    collection: CollectionId,
    feature: Annotated[str, Path(description="Unit code.", examples=["370211001001001"])],
    query: Annotated[UnitQuery, Query()],
) -> Response:
    """Show one unit of a collection.

    The version of the edition in force, or of the one that `datetime` names.
    """
    level = _level(collection)
    asked = parameters.read(query)
    only = parameters.Asked(
        limit=1,
        begin=asked.begin,
        end=asked.end,
        timed=asked.timed,
        condition=Compare("code", "=", feature),
    )
    features, _, _ = service.page(session, level, only)
    if not features:
        raise NotFound(
            f"没有编码为 {feature} 的{service.LAYERS[level][0].zh}",
            f"there is no {level} {feature}",
            code="no-such-feature",
        )
    return responses.item(request, features[0])


def _level(collection: str) -> str:
    if collection not in service.LAYERS:
        listed = ", ".join(service.LAYERS)
        raise NotFound(
            f"没有图层 {collection}，可用：{listed}",
            f"there is no layer {collection}; there are: {listed}",
            code="no-such-collection",
        )
    return collection

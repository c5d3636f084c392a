"""The published units as OGC API Features: one layer a level, as they are in force, or were at any instant."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from app.auth.dependencies import Read
from app.auth.policy import public_if
from app.auth.public_address import site
from app.auth.routing import Router
from app.errors import NotFound
from app.i18n import Text
from app.kit.language import language_of
from app.ogc import answers, documents, parameters, service
from app.ogc.repository import COLUMNS

router = Router(prefix="/ogc", tags=["ogc"], dependencies=[public_if("public_layers", same_for_all=True)])
_TITLE = Text("网格边界", "Grid boundaries")
_ABOUT = Text(
    "已发布的网格、社区、镇街和区；用 datetime 查看任一时刻生效的版本",
    "Published grids, communities, streets and districts; datetime gives the edition in force at any instant",
)


@router.get("")
def show_landing(request: Request) -> Response:
    """What is here, and where."""
    home = site(request)
    return answers.document(documents.landing(f"{home}/ogc", home, _TITLE, _ABOUT, language_of(request)))


@router.get("/conformance")
def show_conformance() -> Response:
    """The classes of the standard that hold here."""
    return answers.document(documents.conformance(documents.READS))


@router.get("/collections")
def list_collections(request: Request, session: Read) -> Response:
    """The layers."""
    root = f"{site(request)}/ogc"
    return answers.document(documents.collections(root, service.layers(session), language_of(request)))


@router.get("/collections/{collection}", responses={404: {}})
def show_collection(request: Request, session: Read, collection: str) -> Response:
    """One layer."""
    level = _level(collection)
    root = f"{site(request)}/ogc"
    found = next(each for each in service.layers(session) if each.id == level)
    return answers.document(documents.collection(root, found, language_of(request)))


@router.get("/collections/{collection}/items", responses={400: {}, 404: {}})
def list_items(request: Request, session: Read, collection: str) -> Response:
    """Units of a level, paged by a cursor; ``bbox``, ``datetime`` and equality of properties narrow them."""
    level = _level(collection)
    asked = parameters.read(request, COLUMNS)
    features, more, matched = service.page(session, level, asked)
    return answers.items(request, features, more=more, matched=matched)


@router.get("/collections/{collection}/items/{feature}", responses={404: {}})
def show_item(request: Request, session: Read, collection: str, feature: str) -> Response:
    """One unit by its code."""
    level = _level(collection)
    asked = parameters.read(request, ())
    only = parameters.Asked(
        limit=1, begin=asked.begin, end=asked.end, timed=asked.timed, equal=(("code", feature),)
    )
    features, _, _ = service.page(session, level, only)
    if not features:
        raise NotFound(
            f"没有编码为 {feature} 的{service.LAYERS[level][0].zh}", f"there is no {level} {feature}"
        )
    return answers.item(request, features[0])


def _level(collection: str) -> str:
    if collection not in service.LAYERS:
        listed = ", ".join(service.LAYERS)
        raise NotFound(
            f"没有图层 {collection}，可用：{listed}", f"there is no layer {collection}; there are: {listed}"
        )
    return collection

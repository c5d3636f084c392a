"""Answers in the forms of the standard."""

from __future__ import annotations

from json import dumps
from urllib.parse import quote, urlencode

from fastapi import Request
from starlette.responses import JSONResponse, Response

from app.auth.public_address import site
from app.kit.clock import now
from app.kit.root_path import own_path
from app.ogc.documents import GEOJSON, SCHEMA, link, page

_IN_PATHS = "/:@!$&'()*+,;="


def _here(request: Request) -> str:
    return f"{site(request)}{quote(own_path(request.scope), safe=_IN_PATHS)}"


class SchemaResponse(JSONResponse):
    """A JSON answer that is a JSON Schema."""

    media_type = SCHEMA


_OF_LANGUAGE = {"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}


def document(content: dict[str, object]) -> Response:
    """A document about the service."""
    return JSONResponse(content, headers=_OF_LANGUAGE)


def schema(content: dict[str, object]) -> Response:
    """The properties of a collection as a JSON Schema."""
    return SchemaResponse(content, headers=_OF_LANGUAGE)


def items(request: Request, features: list[str], *, more: str | None, matched: int) -> Response:
    """A page of features with the way to the next one."""
    here = _here(request)
    query = f"?{request.url.query}" if request.url.query else ""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    links = [link(f"{here}{query}", "self", GEOJSON), link(here.rsplit("/", 1)[0], "collection")]
    if more is not None:
        links.append(link(f"{here}?{urlencode([*asked, ('cursor', more)])}", "next", GEOJSON))
    stamp = now().isoformat(timespec="seconds")
    body = page(features, links=links, matched=matched, stamp=stamp)
    return Response(body, media_type=GEOJSON, headers={"Cache-Control": "no-cache"})


def item(
    request: Request, feature: str, *, headers: dict[str, str] | None = None, status: int = 200
) -> Response:
    """One feature, with links."""
    here = _here(request)
    links = [link(here, "self", GEOJSON), link(here.rsplit("/items", 1)[0], "collection")]
    return Response(
        f'{feature[:-1]},"links":{dumps(links)}}}', status_code=status, media_type=GEOJSON, headers=headers
    )

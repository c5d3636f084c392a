"""Answers in the forms of the standard."""

from __future__ import annotations

from json import dumps
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import JSONResponse, Response

from app.kit.clock import now
from app.ogc.documents import GEOJSON, link, page


def site(request: Request) -> str:
    """The address of the service as the client knows it, without a slash at the end."""
    return str(request.base_url).rstrip("/")


def document(content: dict[str, Any]) -> Response:
    """A document about the service."""
    return JSONResponse(content, headers={"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"})


def items(request: Request, features: list[str], *, more: str | None, matched: int) -> Response:
    """A page of features with the way to the next one."""
    here = f"{site(request)}{request.url.path}"
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    links = [link(str(request.url), "self", GEOJSON), link(here.rsplit("/", 1)[0], "collection")]
    if more is not None:
        links.append(link(f"{here}?{urlencode([*asked, ('cursor', more)])}", "next", GEOJSON))
    stamp = now().isoformat(timespec="seconds")
    body = page(features, links=links, matched=matched, stamp=stamp)
    return Response(body, media_type=GEOJSON, headers={"Cache-Control": "no-cache"})


def item(
    request: Request, feature: str, *, headers: dict[str, str] | None = None, status: int = 200
) -> Response:
    """One feature, with links."""
    here = f"{site(request)}{request.url.path}"
    links = [link(here, "self", GEOJSON), link(here.rsplit("/items", 1)[0], "collection")]
    return Response(
        f'{feature[:-1]},"links":{dumps(links)}}}', status_code=status, media_type=GEOJSON, headers=headers
    )

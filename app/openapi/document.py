"""Puts the description of the API together: what FastAPI derives from the routes, and what only the service knows."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.auth.policy import policy_of
from app.openapi import refusals, security
from app.openapi.tags import described_tags
from app.settings import Settings

_DESCRIPTION = """\
网格: a geospatial service for the grids of Chinese city districts.

Coordinates are longitude before latitude, in degrees of EPSG:4326 unless a parameter says otherwise; lengths are metres,
areas square metres. Instants are RFC 3339 with an offset. Every refusal is a problem document (RFC 9457), in Chinese, or
in English for those who ask with `Accept-Language: en`; its `code` is the same in both.
"""


def install(app: FastAPI, settings: Settings) -> None:
    """Let ``app.openapi()`` tell the whole; to be called when all routes are there."""
    app.description = _DESCRIPTION
    app.license_info = _licence()
    app.contact = _contact(settings)
    app.openapi_tags = described_tags()
    app.servers = _servers(settings)
    # Said above for those who ask at another address than this process knows as its root.
    app.root_path_in_servers = False
    plain = app.openapi

    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            _complete(app, plain(), settings)
        return plain()

    app.openapi = described  # type: ignore[method-assign]


def _licence() -> dict[str, object]:
    """The licence that the package states."""
    stated = metadata.metadata("wangge").json.get("license_expression")
    return {"name": stated, "identifier": stated} if stated else {"name": "No licence is stated"}


def _contact(settings: Settings) -> dict[str, object]:
    """Who to turn to: whoever runs this installation."""
    where = {"url": settings.public_url} if settings.public_url else {}
    return {"name": "The administrators of this installation", **where}


def _servers(settings: Settings) -> list[dict[str, object]]:
    """Where the paths of the document begin: on the host it was read from first, so that trying works from any."""
    here: dict[str, object] = {
        "url": settings.root_path or "/",
        "description": "The host that this document was read from.",
    }
    if not settings.public_url:
        return [here]
    return [here, {"url": settings.public_url, "description": "The address that outsiders know."}]


def _complete(app: FastAPI, schema: dict[str, Any], settings: Settings) -> None:
    schema.setdefault("components", {})["securitySchemes"] = security.schemes(settings)
    refusals.add_schema(schema)
    for route in iter_route_contexts(app.routes):
        policy = policy_of(route)
        for method in route.methods or ():
            operation = schema["paths"].get(route.path_format or "", {}).get(method.lower())
            if operation is None:
                continue
            refusals.describe_refusals(operation, method.lower(), policy)
            if policy is not None:
                operation["security"] = security.demands(policy)
                operation["description"] = security.told(operation.get("description", ""), policy)

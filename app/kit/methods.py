"""Which methods a path takes, over all routes that have it: what ``Allow`` of a 405 has to list (RFC 9110, 15.5.6)."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods in alphabetical order; HEAD is answered wherever GET is."""
    found: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if route.path_regex.match(path):
            found |= set(route.methods or ())
    return sorted(found | ({"HEAD"} if "GET" in found else set()))

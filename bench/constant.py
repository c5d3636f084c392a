"""The application with one route more, which always says the same: what the server and its layers cost by themselves."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/bench/constant"


def create_app() -> FastAPI:
    """The real application; the constant is as long as an owner, plain Starlette, and found first of all routes."""
    from app.main import create_app as make

    made = make()
    body = b'{"constant":"' + b"x" * 280 + b'"}'

    async def constant(_: Request) -> Response:
        return Response(body, media_type="application/json")

    made.router.routes.insert(0, Route(PATH, constant))
    return made

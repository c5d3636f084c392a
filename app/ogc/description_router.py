"""The description of the OGC API in OpenAPI 3.0.3, which clients of the standard read to learn what may be asked."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import JSONResponse, Response

from app.auth.policy import public_if
from app.auth.routing import Router
from app.ogc.documents import OPENAPI_30
from app.openapi.downgrade import as_openapi_30
from app.openapi.schemas import OpenApiDocument

router = Router(prefix="/ogc", tags=["ogc"], dependencies=[public_if("public_layers", same_for_all=True)])


class OpenApiResponse(JSONResponse):
    """A JSON answer that is an OpenAPI document of the older kind."""

    media_type = OPENAPI_30


@router.get("/api", response_class=OpenApiResponse, response_model=OpenApiDocument)
def show_api(request: Request) -> Response:
    """Describe the OGC API in OpenAPI 3.0.3.

    The whole service is described in OpenAPI 3.1 at `/openapi.json`.
    """
    described = as_openapi_30(request.app.openapi(), wanted=lambda path: path.startswith("/ogc"))
    return OpenApiResponse(described, headers={"Cache-Control": "no-cache"})

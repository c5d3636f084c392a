"""Whether the service is alive, ready, and how it does."""

from __future__ import annotations

from functools import cache

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from app.auth.policy import public
from app.auth.routing import Router
from app.db.migrate import answers, current, head
from app.kit.clock import now

router = Router(tags=["health"])

# The revisions are files: they do not change under a running process.
_newest = cache(head)


@router.get("/healthz", dependencies=[public()])
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[public()], responses={503: {}})
def readyz(request: Request) -> JSONResponse:
    """The database is reachable, its schema is current, and an index is loaded."""
    checks: dict[str, bool] = {"database": False, "schema": False, "index": False}
    engine = request.app.state.engine
    try:
        checks["database"] = answers(engine)
        checks["schema"] = current(engine) == _newest()
    except SQLAlchemyError:
        pass
    editions = request.app.state.editions
    number = editions.number_at(now())
    checks["index"] = number is not None and editions.loaded(number) is not None
    ready = all(checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": checks, "edition": number}
    return JSONResponse(body, status_code=200 if ready else 503)


@router.get("/metrics", dependencies=[public()], response_class=Response)
def metrics(request: Request) -> Response:
    """Counters in the Prometheus text format, of this worker."""
    counted = request.app.state.metrics
    counted.edition.set(request.app.state.editions.number_at(now()) or 0)
    return Response(generate_latest(counted.registry), media_type=CONTENT_TYPE_LATEST)

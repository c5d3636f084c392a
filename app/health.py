"""Whether the service is alive, and how it does."""

from __future__ import annotations

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from app.auth.policy import for_operators, public
from app.auth.routing import Router
from app.kit.clock import now

router = Router(tags=["health"])


@router.get("/healthz", dependencies=[public()])
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/metrics", dependencies=[for_operators()], response_class=Response)
def metrics(request: Request) -> Response:
    """Counters in the Prometheus text format, over all workers."""
    state = request.app.state
    state.metrics.observe(state.engine, state.database_gate, state.editions.number_at(now()))
    return Response(state.metrics.exposed(state.settings), media_type=CONTENT_TYPE_LATEST)

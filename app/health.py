"""Whether the service is alive, and how it does."""

from __future__ import annotations

from typing import Literal

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import Response

from app.auth.policy import for_operators, public
from app.auth.routing import Router
from app.kit.clock import now

router = Router(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", dependencies=[public()])
async def show_health() -> Health:
    """Tell whether the process answers.

    For liveness probes: it looks at nothing else.
    """
    return Health()


@router.get(
    "/metrics",
    dependencies=[for_operators()],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def show_metrics(request: Request) -> Response:
    """Show the metrics.

    Counters in the Prometheus text format, over all workers.
    """
    state = request.app.state
    state.metrics.observe(state.engine, state.database_gate, state.editions.number_at(now()))
    return Response(state.metrics.exposed(state.settings), media_type=CONTENT_TYPE_LATEST)

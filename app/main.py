"""The web service: ``create_app(settings)`` puts the features together, and nothing else."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
import structlog
from fastapi import Depends, FastAPI

from app import health, problems, readiness
from app.auth.caching import CachePolicy
from app.auth.passwords import HashingGates
from app.auth.public_address import PublicAddress, RelativeRedirects
from app.auth.router import router as auth_router
from app.boundaries.bulk_router import router as bulk_router
from app.boundaries.edition_cache import EditionCache
from app.boundaries.edition_router import router as edition_router
from app.boundaries.index_store import index_store
from app.boundaries.locate_router import QuickLocate
from app.boundaries.locate_router import router as locate_router
from app.components.router import router as component_router
from app.db.engine import make_engine
from app.db.urls import database_urls
from app.drafts.impact_router import router as draft_impact_router
from app.drafts.router import router as draft_router
from app.drafts.upload_router import router as draft_upload_router
from app.drafts.withdrawal_router import router as withdrawal_router
from app.drafts.workflow_router import router as draft_workflow_router
from app.drafts.workload_router import router as draft_workload_router
from app.files.limits import upload_limits
from app.files.reader import FileReader
from app.files.receiving import FileLanes
from app.incidents.router import router as incident_router
from app.kit.admission import Gate
from app.kit.body_limit import BodyMemory
from app.kit.clock import now
from app.kit.compression import Compression
from app.kit.head_method import HeadAsGet
from app.kit.resources import version
from app.kit.whole_text import refuse_broken_text
from app.maps.router import router as map_router
from app.metrics import Metrics
from app.observability import RequestLog, configure_logging
from app.ogc.description_router import router as ogc_description_router
from app.ogc.draft_router import router as ogc_draft_router
from app.ogc.router import router as ogc_router
from app.openapi import document
from app.publishing.reassignment import activate_due
from app.rate_limit import RateLimit
from app.search.router import router as search_router
from app.settings import Settings, load_settings, unknown_variables
from app.tls.router import router as tls_router
from app.units.router import router as unit_router
from app.web.router import install as install_web

log = structlog.get_logger(__name__)

# Passwords, pages, long bodies: what takes a thread and no turn at the database.
_OTHER_THREADS = 40
_SWITCH_S = 0.001
_OBSERVE_S = 1.0


async def _observe(app: FastAPI) -> None:
    """Keep the numbers of this worker fresh for whichever worker is asked for them."""
    while True:
        app.state.metrics.observe(
            app.state.engine, app.state.database_gate, app.state.editions.number_at(now())
        )
        await asyncio.sleep(_OBSERVE_S)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application; nothing is opened until it starts."""
    settings = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_logging(settings)
        for variable in unknown_variables():
            log.warning("unknown_setting", variable=variable.name, nearest=variable.nearest)
        # The event loop asks for the interpreter after each wait, among as many threads as have a turn: at the usual
        # 5 ms each, whatever needs no thread would still wait for all of them.
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        # The gate decides who may use the database; for whoever has a turn there must always be a thread.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.pool_size + _OTHER_THREADS
        # A database that is away comes back; until then we answer what needs none.
        url = database_urls(settings, running=False).service
        engine = app.state.engine = make_engine(
            url,
            pool_size=settings.pool_size,
            statement_timeout_s=settings.statement_timeout_s,
            application="wangge-web",
        )
        editions = app.state.editions = EditionCache(
            engine,
            store=index_store(settings.home),
            taken_force=activate_due,
        )
        app.state.readiness = readiness.Readiness(
            make_engine(url, pool_size=1, statement_timeout_s=2, application="wangge-ready"),
            settings.home,
        )
        await anyio.to_thread.run_sync(editions.start)
        files = app.state.files = FileReader(
            settings, upload_limits(settings), closed_off=not settings.upload_unconfined
        )
        app.state.file_lanes = FileLanes(settings)
        await anyio.to_thread.run_sync(files.sweep)
        # What is here now stays: the collector need not look through all of it while everybody waits, a quarter of a second.
        gc.freeze()
        watching = asyncio.create_task(_observe(app))
        try:
            yield
        finally:
            watching.cancel()
            gc.unfreeze()
            sys.setswitchinterval(interval)
            editions.stop()
            await anyio.to_thread.run_sync(files.close)
            app.state.readiness.close()
            engine.dispose()

    app = FastAPI(
        title="网格 wangge",
        version=version(),
        summary="Which grid owns this place, and what happens there.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        dependencies=[Depends(refuse_broken_text)],
        # We count and log ourselves; looking for a telemetry provider with every request is not free.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.database_gate = Gate(
        settings.database_turns, most_waiting=settings.queue_length, patience_s=settings.queue_s
    )
    # As many as the machine has cores: more would only take the interpreter from one another, and from the rest.
    app.state.bulk_gate = Gate(
        max(2, os.cpu_count() or 2), most_waiting=settings.queue_length, patience_s=settings.queue_s
    )
    app.state.hashing_gates = HashingGates(patience_s=settings.queue_s)
    app.state.body_memory = BodyMemory(settings.body_memory_mb * 2**20)
    app.state.metrics = Metrics()
    app.add_middleware(RelativeRedirects)
    app.add_middleware(CachePolicy)
    app.add_middleware(Compression)
    app.add_middleware(HeadAsGet)
    # The one hot path; it answers inside the log, before any route is looked for.
    app.add_middleware(QuickLocate)
    if settings.rate_limit or settings.rate_limit_token:
        app.add_middleware(RateLimit, settings=settings)
    app.add_middleware(RequestLog, metrics=app.state.metrics)
    problems.install(app)
    for router in (
        health.router,
        readiness.router,
        tls_router,
        auth_router,
        locate_router,
        bulk_router,
        edition_router,
        withdrawal_router,
        unit_router,
        search_router,
        component_router,
        draft_router,
        draft_impact_router,
        draft_workload_router,
        draft_workflow_router,
        draft_upload_router,
        incident_router,
        map_router,
        ogc_router,
        ogc_description_router,
        ogc_draft_router,
    ):
        app.include_router(router)
    install_web(app, settings)
    document.install(app, settings)
    if settings.public_url or settings.trusted_proxies:
        app.add_middleware(PublicAddress, settings=settings)
    return app

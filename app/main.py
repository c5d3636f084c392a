"""The web service: ``create_app(settings)`` puts the features together, and nothing else."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI

from app import health, problems
from app.auth import openapi
from app.auth.router import router as auth_router
from app.boundaries.bulk_router import router as bulk_router
from app.boundaries.edition_router import router as edition_router
from app.boundaries.editions import EditionCache
from app.boundaries.index_store import index_store
from app.boundaries.locate_router import QuickLocate
from app.boundaries.locate_router import router as locate_router
from app.components.router import router as component_router
from app.db.engine import make_engine
from app.db.urls import database_urls
from app.drafts.impact_router import router as draft_impact_router
from app.drafts.load_router import router as draft_load_router
from app.drafts.review_router import router as draft_review_router
from app.drafts.router import router as draft_router
from app.drafts.upload_router import router as draft_upload_router
from app.files.limits import upload_limits
from app.files.reader import FileReader
from app.files.receiving import FileLanes
from app.grids.publication import settle_due
from app.grids.router import router as grid_router
from app.incidents.router import router as incident_router
from app.maps.router import router as map_router
from app.observability import Metrics, RequestLog, configure_logging
from app.ogc.draft_router import router as ogc_draft_router
from app.ogc.router import router as ogc_router
from app.settings import Settings, load_settings
from app.web.router import install as install_web


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application; nothing is opened until it starts."""
    settings = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_logging(settings)
        # More threads than connections would only wait for one another.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.pool_size + 4
        engine = app.state.engine = make_engine(
            database_urls(settings).service,
            pool_size=settings.pool_size,
            statement_timeout_s=settings.statement_timeout_s,
            application="wangge-web",
        )
        editions = app.state.editions = EditionCache(
            engine,
            store=index_store(settings.home),
            taken_force=settle_due,
        )
        await anyio.to_thread.run_sync(editions.start)
        files = app.state.files = FileReader(settings, upload_limits(settings))
        app.state.file_lanes = FileLanes(settings)
        await anyio.to_thread.run_sync(files.sweep)
        # What is here now stays: the collector need not look through all of it while everybody waits, a quarter of a second.
        gc.freeze()
        try:
            yield
        finally:
            gc.unfreeze()
            editions.stop()
            await anyio.to_thread.run_sync(files.close)
            engine.dispose()

    app = FastAPI(
        title="网格 wangge",
        version="0.1.0",
        summary="Which grid owns this place, and what happens there.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        # We count and log ourselves; looking for a telemetry provider with every request is not free.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.metrics = Metrics()
    # The one hot path; it answers inside the log, before any route is looked for.
    app.add_middleware(QuickLocate)
    app.add_middleware(RequestLog, metrics=app.state.metrics)
    problems.install(app)
    for router in (
        health.router,
        auth_router,
        locate_router,
        bulk_router,
        edition_router,
        grid_router,
        component_router,
        draft_router,
        draft_impact_router,
        draft_load_router,
        draft_review_router,
        draft_upload_router,
        incident_router,
        map_router,
        ogc_router,
        ogc_draft_router,
    ):
        app.include_router(router)
    install_web(app, settings)
    openapi.install(app)
    return app

"""What /metrics counts, in the Prometheus text format, over all workers of one service.

With a pool of workers each keeps its numbers in files that all of them read (prometheus-client's multiprocess mode);
what a worker counted stays when it dies. The files are in memory, not on the disk: a full disk must not end whoever
counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, QueuePool

from app.db.recovery.status import backup_status
from app.db.recovery.store import store_of
from app.kit import clock
from app.kit.admission import Gate
from app.kit.metrics_folder import FOLDER_VARIABLE
from app.settings import Settings
from gis.errors import Refusal

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The series of one application; one registry for each, so that tests can make many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "wangge_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "wangge_request_seconds",
            "Time from request to the last byte of its answer.",
            ["method", "route"],
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self.located = Counter("wangge_located_points", "Points located.", registry=self.registry)
        self.sign_ins = Counter(
            "wangge_sign_ins", "Attempts to sign in, by how they ended.", ["result"], registry=self.registry
        )
        self.edition = self._gauge("wangge_edition", "Edition in force.", "max")
        self.clock_difference = self._gauge(
            "wangge_clock_difference_seconds",
            "How far the database's clock is ahead of this machine's.",
            "mostrecent",
        )
        self.connections = Gauge(
            "wangge_database_connections",
            "Connections to the database, of all workers.",
            ["state"],
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.waiting = self._gauge(
            "wangge_requests_waiting", "Requests that wait for a turn at the database.", "livesum"
        )
        # Looking a series up by its labels costs more than counting: each is looked up once. Routes, not paths, name
        # them, so there are few.
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def _gauge(self, name: str, text: str, mode: Literal["max", "mostrecent", "livesum"]) -> Gauge:
        return Gauge(name, text, registry=self.registry, multiprocess_mode=mode)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        series = self._series.get((method, route, status))
        if series is None:
            # Anybody may send any word as a method; only known ones make a series.
            known = method if method in _METHODS else "other"
            series = (
                self.requests.labels(known, route, status),
                self.seconds.labels(known, route),
            )
            if known == method:
                self._series[method, route, status] = series
        series[0].inc()
        series[1].observe(seconds)

    def observe(self, engine: Engine, gate: Gate, edition: int | None) -> None:
        """Take down what changes by itself; called every second and before each reading."""
        self.edition.set(edition or 0)
        self.clock_difference.set(clock.difference().total_seconds())
        self.waiting.set(gate.waiting)
        pool = engine.pool
        if isinstance(pool, QueuePool):
            self.connections.labels("in_use").set(pool.checkedout())
            self.connections.labels("idle").set(pool.checkedin())

    def exposed(self, settings: Settings) -> bytes:
        """All series as text: of every worker, and of the installation."""
        everything = CollectorRegistry()
        folder = os.environ.get(FOLDER_VARIABLE)
        if folder:
            MultiProcessCollector(everything, path=folder)  # type: ignore[no-untyped-call]
        everything.register(_Backups(settings))
        own = b"" if folder else generate_latest(self.registry)
        return own + generate_latest(everything)


class _Backups(Collector):
    """How old the last good backup is; read when somebody asks, since another program writes it down."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        if self._settings.database_url is not None:
            return
        try:
            state = backup_status(store_of(self._settings.home, self._settings.backup_dir))
        except (Refusal, OSError):
            return
        kinds = (
            ("backup", "backup", state.backup_at, state.backup_failures),
            ("rehearsal", "rehearsal of a restore", state.rehearsal_at, state.rehearsal_failures),
        )
        for kind, words, at, failures in kinds:
            yield GaugeMetricFamily(
                f"wangge_{kind}_last_success_timestamp_seconds",
                f"When the last {words} succeeded; 0: never.",
                value=at.timestamp() if isinstance(at, datetime) else 0.0,
            )
            yield GaugeMetricFamily(
                f"wangge_{kind}_failures", f"Failures since the last {words} that succeeded.", value=failures
            )

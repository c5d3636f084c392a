"""Publishing an edit of two grids, its impact, and a vertex that is dragged, over HTTP, while others keep asking.

Beside it what a service without an idea of "changed grids" has to do: give everything its owner again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth import tokens
from app.auth.audit import AuditContext
from app.auth.principal import operator
from app.boundaries.assignment import index_in_force
from app.components import repository as component_rows
from app.components.service import reassign
from app.db.session import EVERYTHING, write_session
from app.incidents import repository as incident_rows
from app.incidents import service as incidents
from bench import wire
from bench.ground import Ground
from bench.options import Options
from bench.readers import A_SECOND, Answers, Readers, reading
from bench.record import Row
from bench.scaling import counted, scale_up
from gis.geometry import round_degrees

WORKERS = 2
_QUIET_S = 5.0
# Long enough for every worker to have the new index.
_AFTER_S = 3.0
_DRAGS = 30
_PLACES = 4000


def measure(ground: Ground, options: Options) -> list[Row]:
    """Rows of the table."""
    size = scale_up(ground.engine, ground.loaded) if options.scale == "full" else counted(ground.engine)
    note = f"{options.scale} scale"
    stored = Row("stored while editions are published", str(size), "", "", None, "", note)
    with _served(ground) as port:
        desk = Desk(ground, port)
        with reading(port, _questions(ground)) as readers:
            rows, publish_s = _measured(ground, desk, readers, note)
        return [stored, *rows, _everything(ground, note, publish_s)]


@contextmanager
def _served(ground: Ground) -> Iterator[int]:
    port = wire.free_port()
    env = {
        **os.environ,
        "WANGGE_HOME": str(ground.settings.home),
        "WANGGE_LOG_LEVEL": "error",
        "WANGGE_DATABASE_URL": "",
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", "--port", str(port)]
    with wire.running([*command, "--workers", str(WORKERS), *wire.QUIET], port, env):
        yield port


def _questions(ground: Ground) -> list[bytes]:
    """Places that somebody owns, before and after: any other answer is a failure."""
    rng = np.random.default_rng(5)
    west, south, east, north = shapely.total_bounds(ground.shapes)
    lon = rng.uniform(west, east, _PLACES * 8).round(6)
    lat = rng.uniform(south, north, _PLACES * 8).round(6)
    owned = np.flatnonzero(ground.loaded.index.locate(lon, lat) >= 0)[:_PLACES]
    return [wire.get(f"/v1/locate?lon={lon[at]:.6f}&lat={lat[at]:.6f}") for at in owned]


# ---------------------------------------------------------------- people and their drafts
class Desk:
    """Two programs with tokens, one that draws and one that reviews and publishes; all over HTTP."""

    def __init__(self, ground: Ground, port: int) -> None:
        self._port = port
        self._tokens = {
            role: _token(ground, role, scope="370211") for role in ("gis-editor", "gis-publisher")
        }

    def ask(
        self, role: str, method: str, path: str, body: Any = None, etag: str = ""
    ) -> tuple[int, Any, str, float]:
        """Status, JSON, ETag and seconds of one request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=600)
        headers = {"Authorization": f"Bearer {self._tokens[role]}", "Content-Type": "application/json"}
        if etag:
            headers["If-Match"] = etag
        began = time.perf_counter()
        try:
            connection.request(
                method, path, None if body is None else json.dumps(body).encode(), headers=headers
            )
            answer = connection.getresponse()
            told = answer.read()
            seconds = time.perf_counter() - began
            return answer.status, json.loads(told), answer.headers.get("ETag", ""), seconds
        finally:
            connection.close()


def _token(ground: Ground, role: str, *, scope: str) -> str:
    with write_session(ground.engine, EVERYTHING) as session:
        secret, _ = tokens.issue(
            session, operator("bench"), AuditContext("bench"), name=f"bench {role}", role=role, scope=scope
        )
    return secret


class Draft:
    """A draft in the hands of the editor, then of the publisher."""

    def __init__(self, desk: Desk, title: str) -> None:
        self._desk = desk
        status, told, self._etag, _ = desk.ask("gis-editor", "POST", "/v1/drafts", {"title": title})
        _refuse(status, 201, told)
        self.path = f"/v1/drafts/{told['id']}"

    def send(
        self, part: str, body: Mapping[str, Any], *, role: str = "gis-editor", ok: int = 200
    ) -> tuple[Any, float]:
        """A write that must be taken: what it answers, and the seconds it took."""
        told, seconds = self.tried(part, body, role=role)
        _refuse(told.get("status", ok) if isinstance(told, dict) else ok, ok, told)
        return told, seconds

    def tried(self, part: str, body: Mapping[str, Any], *, role: str = "gis-editor") -> tuple[Any, float]:
        """A write that may be refused."""
        status, told, etag, seconds = self._desk.ask(role, "POST", self.path + part, body, self._etag)
        if status < 300:
            self._etag = etag
            told.pop("status", None)
        else:
            told["status"] = status
        return told, seconds

    def get(self, part: str) -> tuple[Any, float]:
        """What a part of the draft says, and how long that took."""
        status, told, _, seconds = self._desk.ask("gis-editor", "GET", self.path + part)
        _refuse(status, 200, told)
        return told, seconds

    def approve(self) -> None:
        """Through review."""
        self.send("/submit", {})
        self.send("/review", {"decision": "approve", "comment": "bench"}, role="gis-publisher")

    def publish(self) -> tuple[Any, float]:
        """The answer of the publication, and its seconds."""
        return self.send("/publish", {}, role="gis-publisher")


def _refuse(status: int, expected: int, told: Any) -> None:
    if status != expected:
        raise RuntimeError(
            f"expected {expected}, came {status}: {json.dumps(told, ensure_ascii=False)[:600]}"
        )


# ---------------------------------------------------------------- what is edited
def _busiest(ground: Ground) -> list[str]:
    with Session(ground.engine) as session:
        query = (
            "SELECT grid_code FROM incident WHERE grid_code IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1"
        )
        return list(session.scalars(text(query)))


def _split(ground: Ground, busy: list[str]) -> tuple[str, dict[str, Any]]:
    """The busiest grid that a straight line cuts into two of like size, and the operation."""
    for code in busy:
        shape = _shape(ground, code)
        west, south, east, north = shape.bounds
        middle = shapely.get_coordinates(shape.centroid)[0]
        for angle in np.linspace(0, np.pi, 12, endpoint=False):
            reach = np.array([np.cos(angle), np.sin(angle)]) * max(east - west, north - south)
            line = shapely.LineString(round_degrees(np.array([middle - reach, middle + reach])))
            if len(shapely.get_parts(shapely.intersection(shape, line))) == 1:
                return code, {"op": "split", "grid": code, "by": shapely.geometry.mapping(line)}
    raise RuntimeError("no straight line cuts any grid in two")


def _border(ground: Ground, busy: list[str], away_from: Any) -> dict[str, Any]:
    """Land around the middle of a border between a busy grid and a neighbour, given to the one: touches no third."""
    tree = shapely.STRtree(ground.shapes)
    codes = ground.loaded.index.codes
    best: tuple[float, dict[str, Any]] = (0.0, {})
    for code in busy[:40]:
        shape = _shape(ground, code)
        if shape.distance(away_from) < 0.01:
            continue
        beside = tree.query(shape, predicate="intersects")
        for at in beside:
            border = shapely.line_merge(shapely.intersection(shape, ground.shapes[at]))
            if codes[at] == code or border.geom_type != "LineString":
                continue
            middle = shapely.line_interpolate_point(border, 0.5, normalized=True)
            near = tree.query(middle.buffer(0.01))
            others = ground.shapes[[n for n in near if codes[n] not in (code, codes[at])]]
            free = float(shapely.distance(others, middle).min(initial=0.01)) * 0.7
            if free > best[0]:
                area = shapely.transform(middle.buffer(free, quad_segs=4), round_degrees)
                best = (free, {"op": "transfer", "area": shapely.geometry.mapping(area), "to": code})
    if not best[1]:
        raise RuntimeError("no two busy grids share a border")
    return best[1]


def _drags(ground: Ground) -> Iterator[dict[str, Any]]:
    """Vertices that several grids share, here and there in the district, and places some metres off."""
    rng = np.random.default_rng(3)
    places, counts = np.unique(shapely.get_coordinates(ground.shapes), axis=0, return_counts=True)
    for at in rng.permutation(np.flatnonzero(counts > 1)):
        to = round_degrees(places[at] + rng.uniform(-3e-5, 3e-5, 2))
        yield {"op": "move_vertex", "from": places[at].tolist(), "to": to.tolist()}


def _shape(ground: Ground, code: str) -> Any:
    return ground.shapes[ground.loaded.index.codes.index(code)]


# ---------------------------------------------------------------- measuring
@dataclass(frozen=True)
class _Span:
    """Something that happened while readers were reading."""

    work: str
    seconds: float
    since: float
    until: float
    target: str
    note: str


def _measured(ground: Ground, desk: Desk, readers: Readers, note: str) -> tuple[list[Row], float]:
    busy = _busiest(ground)
    code, split = _split(ground, busy)
    transfer = _border(ground, busy, _shape(ground, code))
    time.sleep(_QUIET_S)
    begun = time.monotonic()
    spans = [_dragging(ground, desk)]
    for name, operation in (("split", split), ("moved border", transfer)):
        spans += _published(desk, name, operation)
    answers = readers.stop()
    quiet = answers.between(begun - _QUIET_S / 2, begun)
    rows = [_row(span, answers, note) for span in spans]
    whole = answers.between(begun, float("inf"))
    rows.append(
        Row(
            f"{len(whole.due):,} locate requests meanwhile",
            f"{whole.failed} failed, {whole}",
            "the same, nothing else going on",
            str(quiet),
            None,
            "none failed, none slow",
            f"{A_SECOND:,} a second asked of {WORKERS} workers; waits count from when each was due",
        )
    )
    return rows, max(span.seconds for span in spans if "publish" in span.work)


def _row(span: _Span, answers: Answers, note: str) -> Row:
    during = answers.between(span.since, span.until)
    return Row(
        span.work,
        f"{span.seconds * 1000:,.0f} ms",
        "locate meanwhile",
        f"{during.failed} failed, {during}",
        None,
        span.target,
        "; ".join(filter(None, (note, span.note))),
    )


def _dragging(ground: Ground, desk: Desk) -> _Span:
    draft = Draft(desk, "bench: vertices")
    took: list[float] = []
    refused = 0
    since = time.monotonic()
    for operation in _drags(ground):
        told, seconds = draft.tried("/operations", operation)
        if told.get("status", 0) == 422:
            refused += 1
            continue
        _refuse(told.get("status", 201), 201, told)
        took.append(seconds)
        if len(took) == _DRAGS:
            break
    half, worst = np.median(took), max(took)
    return _Span(
        f"a vertex is moved, {len(ground.shapes):,} grids (worst of {len(took)})",
        worst,
        since,
        time.monotonic(),
        "under 200 ms",
        f"median {half * 1000:.0f} ms, {refused} refused",
    )


def _published(desk: Desk, name: str, operation: Mapping[str, Any]) -> Iterator[_Span]:
    draft = Draft(desk, f"bench: {name}")
    since = time.monotonic()
    _, seconds = draft.send("/operations", operation, ok=201)
    yield _Span(f"{name}: the operation", seconds, since, time.monotonic(), "", "")
    since = time.monotonic()
    impact, seconds = draft.get("/impact")
    totals = impact["totals"]
    said = (
        f"{totals['components']:,} components, {totals['length_m']:,.0f} m of line, "
        f"{totals['incidents_open']:,} open and {totals['incidents_closed']:,} closed incidents change hands"
    )
    yield _Span(f"{name}: impact", seconds, since, time.monotonic(), "under 2 s", said)
    draft.approve()
    since = time.monotonic()
    told, seconds = draft.publish()
    time.sleep(_AFTER_S)
    grids = len({*told["created"], *told["changed"], *told["retired"]})
    moved = f"{told['components_reassigned']:,} components, {told['incidents_reassigned']:,} incidents re-assigned"
    yield _Span(
        f"{name}: publish {grids} grids",
        seconds,
        since,
        time.monotonic(),
        "under 2 s, readers not blocked",
        moved,
    )


class _TakeBack(Exception):
    """Rolls the measured work back."""


def _everything(ground: Ground, note: str, publish_s: float) -> Row:
    """Every component and every incident given its owner again, written where it differs."""
    began = time.perf_counter()
    seconds = 0.0
    try:
        with write_session(ground.engine, EVERYTHING) as session:
            loaded = index_in_force(session)
            for frame, _ in component_rows.stored_assignments(session):
                reassign(session, loaded, frame[["id", "geometry"]])
            for frame in incident_rows.stored_assignments(session):
                incidents.reassign(session, loaded, frame, actor="bench")
            seconds = time.perf_counter() - began
            raise _TakeBack
    except _TakeBack:
        pass
    return Row(
        "publish 2 grids",
        f"{publish_s * 1000:,.0f} ms",
        "re-assigning everything by the same engine",
        f"{seconds:,.1f} s",
        seconds / publish_s,
        "",
        note,
    )

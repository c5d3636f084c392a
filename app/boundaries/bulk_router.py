"""The owners of many places: JSON up to 100,000 points, an Arrow IPC stream of any length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.auth.policy import public_if
from app.auth.routing import Router, Upload
from app.boundaries.arrow import MEDIA_TYPE as ARROW
from app.boundaries.arrow import LocatedStream
from app.boundaries.asked import At, edition_asked, refuse_nowhere
from app.boundaries.editions import LoadedEdition
from app.errors import Invalid, TooLarge, UnsupportedMedia
from app.kit.arrow_messages import Messages
from app.kit.params import Crs
from app.kit.validation import in_chinese
from gis.crs import SourceCrs, parse_crs, to_wgs84

router = Router(route_class=Upload, tags=["locate"], dependencies=[public_if("public_locate")])

MOST_JSON_POINTS = 100_000
_JSON_BYTES = 16 * 2**20
_WORTH_A_THREAD = 2**20
_MANY = 1000
# curl and forms call JSON many things; these it cannot be.
_NEVER_JSON = (
    "multipart/",
    "image/",
    "text/csv",
    "text/html",
    "application/xml",
    "application/zip",
    "application/vnd.",
)


class Points(BaseModel):
    """Many places at once."""

    model_config = ConfigDict(extra="forbid")

    points: list[tuple[float, float]] = Field(description="[[lon, lat], …] in `crs`.")
    crs: str | None = Field(default=None, max_length=40)
    at: str | None = None


@router.post(
    "/v1/locate",
    responses={413: {}, 415: {}, 422: {}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": Points.model_json_schema()},
                ARROW: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def locate_many(request: Request, crs: Crs = "wgs84", at: At = None) -> Response:
    """The owners of many places, in order; ``null`` where nobody owns one. JSON or an Arrow IPC stream."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == ARROW:
        return await _locate_arrow(request, await edition_asked(request, at), parse_crs(crs))
    if kind.startswith(_NEVER_JSON) and not kind.endswith("json"):
        raise UnsupportedMedia(
            f"应为 application/json 或 {ARROW}，收到 {kind}",
            f"expected application/json or {ARROW}, came {kind}",
        )
    body = await _bounded(request)
    try:
        given = Points.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise Invalid(
            f"{place}：{in_chinese(first['type'], first.get('ctx') or {}, first['msg'])}",
            f"{place}: {first['msg']}",
            code="invalid",
            field=place,
        ) from error
    if len(given.points) > MOST_JSON_POINTS:
        raise _too_many(len(given.points))
    edition = await edition_asked(request, given.at or at)
    source = parse_crs(given.crs or crs)
    owners = await run_in_threadpool(_owners, edition, given.points, source)
    request.app.state.metrics.located.inc(len(owners))
    return JSONResponse({"edition": edition.number, "owners": owners})


def _too_many(count: int | None) -> TooLarge:
    came = f"{count} 个点" if count else "更多"
    return TooLarge(
        f"JSON 一次最多 {MOST_JSON_POINTS} 个点，收到{came}；更多的点请用 Arrow 流（{ARROW}）",
        f"JSON takes at most {MOST_JSON_POINTS} points, came {count or 'more'}; send an Arrow IPC stream ({ARROW})",
        code="too-many-points",
        most=MOST_JSON_POINTS,
    )


async def _bounded(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _JSON_BYTES:
            raise _too_many(None)
        chunks.append(chunk)
    return b"".join(chunks)


def _owners(edition: LoadedEdition, points: list[tuple[float, float]], source: SourceCrs) -> list[str | None]:
    if not points:
        return []
    given = np.asarray(points, dtype=np.float64)
    lon, lat = to_wgs84(given[:, 0], given[:, 1], source)
    on_earth = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    if not on_earth.any():
        # A place that is nowhere has no owner; when all of them are, it is the request that is wrong.
        refuse_nowhere(given[:, 0], given[:, 1], lon, lat, source)
    names = [*edition.index.codes, None]
    return [names[owner] for owner in edition.index.locate(lon, lat)]


async def _locate_arrow(request: Request, edition: LoadedEdition, source: SourceCrs) -> Response:
    """Locate what has come while the rest is on its way; a slow sender occupies no thread."""
    messages, stream = Messages(), LocatedStream(edition, source)
    waiting: list[memoryview] = []
    try:
        async for chunk in request.stream():
            waiting += messages.feed(chunk)
            # Many small batches at once: a thread for each of them would be most of the work.
            if sum(map(len, waiting)) >= _WORTH_A_THREAD or len(waiting) >= _MANY:
                await run_in_threadpool(stream.take, waiting)
                waiting = []
        messages.finish()
        await run_in_threadpool(stream.take, waiting)
        answer = await run_in_threadpool(stream.answer)
    except BaseException:
        stream.close()
        raise
    request.app.state.metrics.located.inc(stream.rows)
    return StreamingResponse(_chunks(answer), media_type=ARROW)


def _chunks(answer: IO[bytes]) -> Iterator[bytes]:
    with answer:
        while chunk := answer.read(1 << 20):
            yield chunk

"""The owners of many places: JSON up to 100,000 points, an Arrow IPC stream of any length."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import IO, Annotated

import numpy as np
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.auth.authentication import current_principal, place_of
from app.auth.forgery import ForgedRequest
from app.auth.policy import public_if
from app.auth.routing import Router, Stream
from app.boundaries.arrow import MEDIA_TYPE as ARROW
from app.boundaries.arrow import LocatedStream, StreamLimits
from app.boundaries.asked import At, edition_asked, refuse_nowhere
from app.boundaries.editions import LoadedEdition
from app.errors import Invalid, TooLarge, UnsupportedMedia
from app.kit.admission import Gate
from app.kit.arrow_messages import Messages
from app.kit.body_limit import BodyMemory, LimitedRequest
from app.kit.crs import read_crs
from app.kit.params import Crs
from app.kit.validation import in_chinese
from app.settings import Settings
from gis.crs import SourceCrs, to_wgs84

router = Router(
    route_class=Stream, tags=["locate"], dependencies=[public_if("public_locate", same_for_all=True)]
)

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


# Strict: neither `false` nor "120.05" is a number.
Degree = Annotated[float, Strict()]


class Points(BaseModel):
    """Many places at once."""

    model_config = ConfigDict(extra="forbid")

    points: list[tuple[Degree, Degree]] = Field(description="[[lon, lat], …] in `crs`.")
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
        source = await read_crs(crs, place=place_of(request))
        return await _locate_arrow(request, await edition_asked(request, at), source)
    if kind.startswith(_NEVER_JSON) and not kind.endswith("json"):
        raise UnsupportedMedia(
            f"应为 application/json 或 {ARROW}，收到 {kind}",
            f"expected application/json or {ARROW}, came {kind}",
        )
    given = await _points(request)
    edition = await edition_asked(request, given.at or at)
    source = await read_crs(given.crs or crs, place=place_of(request))
    async with _bulk_turn(request):
        owners = await run_in_threadpool(_owners, edition, given.points, source)
    request.app.state.metrics.located.inc(len(owners))
    return JSONResponse({"edition": edition.number, "owners": owners})


def _bulk_turn(request: Request) -> AbstractAsyncContextManager[None]:
    gate: Gate = request.app.state.bulk_gate
    return gate.turn(place_of(request))


async def _points(request: Request) -> Points:
    limited = LimitedRequest(
        request.scope,
        request.receive,
        most_bytes=_JSON_BYTES,
        memory=request.app.state.body_memory,
    )
    try:
        limited.check_length()
        body = await limited.body()
        async with _bulk_turn(request):
            return await run_in_threadpool(_read_points, body)
    except TooLarge as error:
        if error.code == "too-many-points":
            raise
        raise _too_many(None) from error
    finally:
        limited.forget()


def _read_points(body: bytes) -> Points:
    # Far too many are not even made into anything.
    if body.count(b"[") > 2 * MOST_JSON_POINTS or body.count(b",") > 4 * MOST_JSON_POINTS:
        raise _too_many(None)
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
    return given


def _too_many(count: int | None) -> TooLarge:
    came = f"{count} 个点" if count else "更多"
    return TooLarge(
        f"JSON 一次最多 {MOST_JSON_POINTS} 个点，收到{came}；更多的点请用 Arrow 流（{ARROW}）",
        f"JSON takes at most {MOST_JSON_POINTS} points, came {count or 'more'}; send an Arrow IPC stream ({ARROW})",
        code="too-many-points",
        most=MOST_JSON_POINTS,
    )


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
    state = request.app.state
    settings: Settings = state.settings
    memory: BodyMemory = state.body_memory
    limits = StreamLimits.of(settings, signed_in=await _is_signed_in(request))
    messages = Messages(most_bytes=limits.batch_bytes)
    stream = LocatedStream(edition, source, limits, folder=settings.home / "tmp")
    waiting: list[memoryview] = []
    held = 0
    try:
        async for chunk in request.stream():
            memory.take(len(chunk))
            held += len(chunk)
            waiting += messages.feed(chunk)
            # Many small batches at once: a thread for each of them would be most of the work.
            if sum(map(len, waiting)) >= _WORTH_A_THREAD or len(waiting) >= _MANY:
                async with _bulk_turn(request):
                    await run_in_threadpool(stream.take, waiting)
                waiting = []
                memory.give_back(held - messages.held_bytes)
                held = messages.held_bytes
        messages.finish()
        async with _bulk_turn(request):
            await run_in_threadpool(stream.take, waiting)
        answer = await run_in_threadpool(stream.answer)
    except BaseException:
        stream.close()
        raise
    finally:
        memory.give_back(held)
    request.app.state.metrics.located.inc(stream.rows)
    return StreamingResponse(_chunks(answer), media_type=ARROW)


async def _is_signed_in(request: Request) -> bool:
    try:
        return (await current_principal(request)).known
    except ForgedRequest:
        # A page that sends no token against forged requests is served, as somebody unknown.
        return False


def _chunks(answer: IO[bytes]) -> Iterator[bytes]:
    with answer:
        while chunk := answer.read(1 << 20):
            yield chunk

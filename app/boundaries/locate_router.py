"""Which grid owns this place? Answered from memory; the database is not asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.auth.policy import public_if
from app.boundaries.arrow import MEDIA_TYPE as ARROW
from app.boundaries.arrow import locate_stream, spool
from app.boundaries.editions import EditionCache, LoadedEdition
from app.errors import Invalid, NoOwner, TooLarge, UnsupportedMedia
from app.i18n import Text
from app.kit.clock import now
from app.kit.params import Crs, Lat, Lon, parse_instant
from app.kit.validation import in_chinese
from gis.crs import SourceCrs, check_degrees, parse_crs, to_wgs84

router = APIRouter(tags=["locate"], dependencies=[public_if("public_locate")])

MOST_JSON_POINTS = 100_000
_JSON_BYTES = 16 * 2**20
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

At = Annotated[str | None, Query(description="An instant with an offset; the edition in force then answers.")]


async def _edition(request: Request, at: str | None) -> LoadedEdition:
    editions: EditionCache = request.app.state.editions
    instant = parse_instant(at)
    number = editions.number_at(instant or now())
    held = editions.loaded(number) if number is not None else None
    # Only an edition that is not in memory yet is worth a thread.
    return held if held is not None else await run_in_threadpool(editions.in_force, instant)


@router.get("/v1/locate", responses={404: {"description": "Outside every grid."}, 422: {}})
async def locate(request: Request, lon: Lon, lat: Lat, crs: Crs = "wgs84", at: At = None) -> Response:
    """The grid that owns a place, with its community, street and district."""
    edition = await _edition(request, at)
    source = parse_crs(crs)
    x, y = to_wgs84(np.array([lon]), np.array([lat]), source)
    _refuse_nowhere([lon], [lat], x, y, source)
    owners, on_boundary = edition.index.locate_detail(x, y)
    owner = int(owners[0])
    tag = f'"{edition.scheduled.content_hash[:16]}-{owner}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie, Authorization"}
    request.app.state.metrics.located.inc()
    if owner < 0:
        other = _exchanged(edition, lon, lat, source)
        raise NoOwner(
            f"({lon}, {lat}) 不属于任何网格{other.zh}",
            f"no grid owns ({lon}, {lat}){other.en}",
            lon=lon,
            lat=lat,
            crs=crs,
            edition=edition.number,
        )
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    body = {**edition.descriptions[owner], "edition": edition.number, "on_boundary": bool(on_boundary[0])}
    return JSONResponse(body, headers=headers)


def _exchanged(edition: LoadedEdition, lon: float, lat: float, source: SourceCrs) -> Text:
    """A hint when the exchanged numbers would have an owner: the oldest slip with coordinates."""
    x, y = to_wgs84(np.array([lat]), np.array([lon]), source)
    owner = int(edition.index.locate(x, y)[0])
    if owner < 0:
        return Text("", "")
    code = edition.index.codes[owner]
    return Text(
        f"；经纬度对调后属于 {code}，应先经度后纬度",
        f"; with longitude and latitude exchanged {code} would own it: longitude comes first",
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
        return await _locate_arrow(request, await _edition(request, at), parse_crs(crs))
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
    edition = await _edition(request, given.at or at)
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
        _refuse_nowhere(given[:, 0], given[:, 1], lon, lat, source)
    names = [*edition.index.codes, None]
    return [names[owner] for owner in edition.index.locate(lon, lat)]


def _refuse_nowhere(x: Any, y: Any, lon: Any, lat: Any, source: SourceCrs) -> None:
    """Refuse a place that is no place on Earth, or none of its CRS, and say what is probably wrong."""
    check_degrees(lon, lat)
    if np.isnan(lon[0]) or np.isnan(lat[0]):
        raise Invalid(
            f"({x[0]:.10g}, {y[0]:.10g}) 不在 {source} 的范围内",
            f"({x[0]:.10g}, {y[0]:.10g}) lies outside {source}",
            code="outside-crs",
            field="crs",
        )


async def _locate_arrow(request: Request, edition: LoadedEdition, source: SourceCrs) -> Response:
    body = spool()
    limit = request.app.state.settings.max_upload_mb * 2**20
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise TooLarge(
                    f"请求超过 {limit >> 20} MB",
                    f"the request is larger than {limit >> 20} MB",
                    most_bytes=limit,
                )
            await run_in_threadpool(body.write, chunk)
        body.seek(0)
        answer, rows = await run_in_threadpool(locate_stream, body, edition, source)
    finally:
        body.close()
    request.app.state.metrics.located.inc(rows)
    return StreamingResponse(_chunks(answer), media_type=ARROW)


def _chunks(answer: IO[bytes]) -> Iterator[bytes]:
    with answer:
        while chunk := answer.read(1 << 20):
            yield chunk

"""Which grid owns this place? Answered from memory; the database is not asked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.auth.policy import public_if
from app.boundaries.editions import EditionCache, LoadedEdition
from app.errors import Invalid, NoOwner, TooLarge
from app.kit.clock import now
from app.kit.params import Crs, Lat, Lon, parse_instant
from app.kit.validation import in_chinese
from gis.crs import parse_crs, to_wgs84

router = APIRouter(tags=["locate"], dependencies=[public_if("public_locate")])

MOST_JSON_POINTS = 100_000
ARROW = "application/vnd.apache.arrow.stream"
_JSON_BYTES = 16 * 2**20

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
    x, y = to_wgs84(np.array([lon]), np.array([lat]), parse_crs(crs))
    owners, on_boundary = edition.index.locate_detail(x, y)
    owner = int(owners[0])
    tag = f'"{edition.scheduled.content_hash[:16]}-{owner}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie, Authorization"}
    request.app.state.metrics.located.inc()
    if owner < 0:
        raise NoOwner(
            f"({lon}, {lat}) 不属于任何网格",
            f"no grid owns ({lon}, {lat})",
            lon=lon,
            lat=lat,
            crs=crs,
            edition=edition.number,
        )
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    body = {**edition.descriptions[owner], "edition": edition.number, "on_boundary": bool(on_boundary[0])}
    return JSONResponse(body, headers=headers)


class Points(BaseModel):
    """Many places at once."""

    model_config = ConfigDict(extra="forbid")

    points: list[tuple[float, float]] = Field(description="[[lon, lat], …] in `crs`.")
    crs: str = Field(default="wgs84", max_length=40)
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
        edition = await _edition(request, at)
        source = await _spooled(request)
        return StreamingResponse(_arrow_answer(source, edition, crs), media_type=ARROW)
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
    owners = await run_in_threadpool(_owners, edition, given)
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


def _owners(edition: LoadedEdition, given: Points) -> list[str | None]:
    if not given.points:
        return []
    points = np.asarray(given.points, dtype=np.float64)
    lon, lat = to_wgs84(points[:, 0], points[:, 1], parse_crs(given.crs))
    names = [*edition.index.codes, None]
    return [names[owner] for owner in edition.index.locate(lon, lat)]


async def _spooled(request: Request) -> Any:
    """The body in a file that stays in memory while it is small."""
    import tempfile

    spool = tempfile.SpooledTemporaryFile(max_size=64 * 2**20)  # noqa: SIM115 - closed by the stream that reads it
    limit = request.app.state.settings.max_upload_mb * 2**20
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            spool.close()
            raise TooLarge(
                f"请求超过 {limit >> 20} MB", f"the request is larger than {limit >> 20} MB", most_bytes=limit
            )
        spool.write(chunk)
    spool.seek(0)
    try:
        reader = pa.ipc.open_stream(spool)
        columns = set(reader.schema.names)
    except (pa.ArrowInvalid, OSError) as error:
        spool.close()
        raise Invalid("不是 Arrow IPC 流", "not an Arrow IPC stream", code="not-arrow") from error
    if not {"lon", "lat"} <= columns:
        spool.close()
        raise Invalid(
            f"Arrow 流应有 lon 和 lat 两列，收到 {sorted(columns)}",
            f"the stream needs the columns lon and lat, came {sorted(columns)}",
            code="missing-column",
        )
    return reader


def _arrow_answer(reader: Any, edition: LoadedEdition, crs: str) -> Iterator[bytes]:
    """Batch by batch, so that memory does not grow with the stream."""
    source = parse_crs(crs)
    names = pa.array([*edition.index.codes, None], type=pa.string())
    schema = pa.schema([("grid_code", pa.string())], metadata={"edition": str(edition.number)})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in reader:
            lon = batch.column("lon").cast(pa.float64()).to_numpy(zero_copy_only=False)
            lat = batch.column("lat").cast(pa.float64()).to_numpy(zero_copy_only=False)
            x, y = to_wgs84(lon, lat, source)
            owners = edition.index.locate(x, y)
            taken = pa.array(np.where(owners < 0, len(edition.index.codes), owners))
            writer.write_batch(pa.record_batch([names.take(taken)], schema=schema))
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()

"""The owners of many places: JSON up to 100,000 points, an Arrow IPC stream of any length."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import IO, Annotated, NamedTuple

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, WithJsonSchema
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.auth.authentication import current_principal, place_of
from app.auth.csrf import ForgedRequest
from app.auth.policy import public_if
from app.auth.routing import Router, Stream
from app.boundaries.arrow import MEDIA_TYPE as ARROW
from app.boundaries.arrow import LocatedStream, StreamLimits
from app.boundaries.dependencies import HIGHEST_NUMBER, RequestedEdition, loaded_edition
from app.boundaries.edition_cache import LoadedEdition
from app.boundaries.edition_choice import IN_FORCE, EditionChoice, edition_choice
from app.boundaries.locate_batch import carried_columns, locate_batch
from app.boundaries.schemas import LocatedBatch
from app.errors import Invalid, TooLarge, UnsupportedMedia
from app.kit.admission import Gate
from app.kit.arrow_messages import Messages
from app.kit.body_limit import BodyMemory, LimitedRequest
from app.kit.crs import read_crs
from app.kit.language import language_of
from app.kit.params import Crs
from app.kit.validation import in_chinese
from app.settings import Settings
from gis.crs import SourceCrs

router = Router(
    route_class=Stream, tags=["locate"], dependencies=[public_if("public_locate", same_for_all=True)]
)

MOST_JSON_POINTS = 100_000
MOST_EXPLAINED = 1000
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


# As a tuple it would have no `items`, which some readers of the description demand of every list.
_Pair = Annotated[
    tuple[Degree, Degree],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]


class Points(BaseModel):
    """Many places at once."""

    model_config = ConfigDict(extra="forbid")

    points: list[_Pair] = Field(
        description="[[lon, lat], …] in `crs`, at most 100,000.",
        examples=[[[120.055, 35.885], [121.0, 37.0]]],
    )
    crs: str | None = Field(
        default=None, max_length=40, description="As the query parameter, which it overrides."
    )
    at: str | None = Field(default=None, description="RFC 3339 instant: the edition in force then answers.")
    datetime_: str | None = Field(default=None, alias="datetime", description="Synonym of `at`.")
    edition: int | None = Field(
        default=None,
        ge=1,
        le=HIGHEST_NUMBER,
        strict=True,
        description="Number of an edition, instead of `at`.",
    )
    names: bool | None = Field(
        default=None, strict=True, description="Carry the names of the owners in `units`."
    )
    levels: bool | None = Field(
        default=None,
        strict=True,
        description="Carry community, street and district of the owners in `units`.",
    )
    explain: bool = Field(
        default=False,
        strict=True,
        description="Say of each point why it has its owner or none; at most 1,000 points.",
    )

    def choice(self, query: EditionChoice) -> EditionChoice:
        """The edition that the body asks for, or the address where the body does not."""
        own = edition_choice(self.at, self.datetime_, self.edition)
        return query if own == IN_FORCE else own


class Carried(NamedTuple):
    """What an answer carries beside the codes of owners."""

    names: bool
    levels: bool


async def _carried(
    names: Annotated[
        bool, Query(description="Carry the names of the owners: in `units`, or as Arrow columns `…_name`.")
    ] = False,
    levels: Annotated[
        bool,
        Query(
            description="Carry community, street and district of the owners: in `units`, or as Arrow columns `…_code`."
        ),
    ] = False,
) -> Carried:
    return Carried(names, levels)


@router.post(
    "/v1/locate",
    response_model=LocatedBatch,
    responses={
        200: {
            "description": "The owners in the order of the points.",
            "content": {ARROW: {"schema": {"type": "string", "format": "binary"}}},
        },
        404: {"description": "No edition was in force at that instant."},
        413: {"description": "Too many points."},
        415: {"description": "Neither JSON nor an Arrow IPC stream."},
        422: {"description": "Not points, or a CRS, instant or edition that is not there."},
    },
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
async def locate_points(
    request: Request,
    choice: RequestedEdition,
    carried: Annotated[Carried, Depends(_carried)],
    crs: Crs = "wgs84",
) -> Response:
    """Find the grids that own many places.

    The owners in the order of the points, null where no grid owns one. Send JSON, or an Arrow IPC stream with the
    columns `lon` and `lat` for any number of points; the answer comes in the same format. `names` and `levels` add
    what the owners are called and which units they are part of; `explain` (JSON only) says why each point has its
    owner or none.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == ARROW:
        source = await read_crs(crs, place=place_of(request))
        return await _locate_arrow(request, await loaded_edition(request, choice), source, carried)
    if kind.startswith(_NEVER_JSON) and not kind.endswith("json"):
        raise UnsupportedMedia(
            f"应为 application/json 或 {ARROW}，收到 {kind}",
            f"expected application/json or {ARROW}, came {kind}",
        )
    given = await _points(request)
    edition = await loaded_edition(request, given.choice(choice))
    source = await read_crs(given.crs or crs, place=place_of(request))
    if given.names is not None:
        carried = carried._replace(names=given.names)
    if given.levels is not None:
        carried = carried._replace(levels=given.levels)
    async with _bulk_turn(request):
        answer = await run_in_threadpool(
            locate_batch,
            edition,
            given.points,
            source,
            names=carried.names,
            levels=carried.levels,
            explain_in=language_of(request) if given.explain else None,
        )
    request.app.state.metrics.located.inc(len(given.points))
    return JSONResponse(answer)


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
    if given.explain and len(given.points) > MOST_EXPLAINED:
        raise TooLarge(
            f"explain 一次最多 {MOST_EXPLAINED} 个点，收到 {len(given.points)} 个",
            f"explain takes at most {MOST_EXPLAINED} points, came {len(given.points)}",
            code="too-many-points",
            most=MOST_EXPLAINED,
        )
    return given


def _too_many(count: int | None) -> TooLarge:
    came = f"{count} 个点" if count else "更多"
    return TooLarge(
        f"JSON 一次最多 {MOST_JSON_POINTS} 个点，收到{came}；更多的点请用 Arrow 流（{ARROW}）",
        f"JSON takes at most {MOST_JSON_POINTS} points, came {count or 'more'}; send an Arrow IPC stream ({ARROW})",
        code="too-many-points",
        most=MOST_JSON_POINTS,
    )


async def _locate_arrow(
    request: Request, edition: LoadedEdition, source: SourceCrs, carried: Carried
) -> Response:
    """Locate what has come while the rest is on its way; a slow sender occupies no thread."""
    state = request.app.state
    settings: Settings = state.settings
    memory: BodyMemory = state.body_memory
    limits = StreamLimits.of(settings, signed_in=await _is_signed_in(request))
    messages = Messages(most_bytes=limits.batch_bytes)
    columns = carried_columns(edition, names=carried.names, levels=carried.levels)
    stream = LocatedStream(edition, source, limits, folder=settings.home / "tmp", columns=columns)
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

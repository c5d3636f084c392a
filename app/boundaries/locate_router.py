"""Which grid owns this place? Answered from memory; the database is not asked.

Two routes give the one answer. The documented one takes whatever may come and refuses what is wrong, as all others
do. In front of it stands a short one for the question as programs ask it (plain numbers, nobody to be checked), which
passes everything else on.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from app.auth.policy import public_if
from app.boundaries.answers import ASK_AGAIN, SETTLED, VARY, Answer
from app.boundaries.asked import At, edition_asked, refuse_nowhere
from app.boundaries.editions import EditionCache, LoadedEdition
from app.errors import NoOwner
from app.i18n import Text
from app.kit.etag import names
from app.kit.params import Crs, Lat, Lon, parse_instant
from app.problems import problem
from gis.crs import SourceCrs, parse_crs, to_wgs84

PATH = "/v1/locate"
_OPEN = public_if("public_locate")

router = APIRouter(tags=["locate"], dependencies=[_OPEN])

# What needs no decoding and no second thought: each parameter once, numbers in plain decimals.
_NUMBER = rb"(-?\d{1,9}(?:\.\d{1,17})?)"
_PLAIN = re.compile(
    rb"lon=" + _NUMBER + rb"&lat=" + _NUMBER + rb"(?:&crs=([A-Za-z0-9:-]{1,40}))?(?:&at=([0-9TZ:.-]{1,40}))?"
)
_NO_HINT = Text("", "")
_crs = lru_cache(maxsize=64)(parse_crs)


@router.get(
    PATH, responses={304: {"description": "Unchanged."}, 404: {"description": "Outside every grid."}, 422: {}}
)
async def locate(request: Request, lon: Lon, lat: Lat, crs: Crs = "wgs84", at: At = None) -> Response:
    """The grid that owns a place, with its community, street and district."""
    edition = await edition_asked(request, at)
    answer = _answer(request, edition, lon, lat, crs, at)
    unchanged = names(request.headers.get("if-none-match"), answer.tag.decode())
    response = Response(None if unchanged else answer.body, status_code=304 if unchanged else 200)
    response.raw_headers = answer.unchanged if unchanged else answer.headers
    return response


class QuickLocate(Route):
    """`locate` for a question in its plain form; any other passes by, as if this route were not there."""

    def __init__(self) -> None:
        super().__init__(PATH, endpoint=_Plain(), methods=["GET"], include_in_schema=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a plain question that nobody has to be checked for."""
        if (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and scope["path"] == scope.get("root_path", "") + PATH
        ):
            asked = _PLAIN.fullmatch(scope["query_string"])
            if asked is not None and _Plain.wangge_policy.waves_through(scope):
                return Match.FULL, {"wangge.asked": asked.groups()}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self.app(scope, receive, send)


class _Plain:
    """An ASGI application, since a request and a response object would cost more than the answer."""

    # Where the route's policy is looked for; `QuickLocate.matches` enforces it.
    wangge_policy = _OPEN.dependency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lon, lat, crs, at = scope["wangge.asked"]
        lon, lat = float(lon), float(lat)
        edition = scope["app"].state.editions.present()
        if crs is None and at is None and edition is not None and _on_earth(lon, lat):
            owner, on_boundary = edition.index.owner_of(lon, lat)
            if owner >= 0:
                scope["app"].state.metrics.located.inc()
                await _send(scope, send, edition.answers.get(owner, on_boundary=on_boundary))
                return
        request = Request(scope, receive)
        named, instant = crs.decode() if crs else "wgs84", at.decode() if at else None
        edition = await edition_asked(request, instant)
        try:
            answer = _answer(request, edition, lon, lat, named, instant)
        except NoOwner as error:
            # What the handler of refusals would send, without the way there.
            await problem(request, error)(scope, receive, send)
            return
        await _send(scope, send, answer)


async def _send(scope: Scope, send: Send, answer: Answer) -> None:
    for name, value in scope["headers"]:
        if name == b"if-none-match" and names(value.decode("latin-1"), answer.tag.decode()):
            await send({"type": "http.response.start", "status": 304, "headers": answer.unchanged})
            await send({"type": "http.response.body"})
            return
    await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


def _answer(
    request: Request, edition: LoadedEdition, lon: float, lat: float, crs: str, at: str | None
) -> Answer:
    source = _crs(crs)
    owner, on_boundary = _owner(edition, lon, lat, source)
    request.app.state.metrics.located.inc()
    if owner < 0:
        other = _exchanged(edition, lon, lat, source)
        raise NoOwner(
            f"({lon}, {lat}) 不属于任何网格{other.zh}",
            f"no grid owns ({lon}, {lat}){other.en}",
            headers={"Cache-Control": ASK_AGAIN.decode(), "Vary": VARY.decode()},
            lon=lon,
            lat=lat,
            crs=crs,
            edition=edition.number,
        )
    return edition.answers.get(owner, on_boundary=on_boundary, cache=_cache(request, at))


def _cache(request: Request, at: str | None) -> bytes:
    instant = parse_instant(at)
    editions: EditionCache = request.app.state.editions
    return SETTLED if instant is not None and editions.settled(instant) else ASK_AGAIN


def _owner(edition: LoadedEdition, lon: float, lat: float, source: SourceCrs) -> tuple[int, bool]:
    if source.family != "wgs84" or not _on_earth(lon, lat):
        x, y = to_wgs84(np.array([lon]), np.array([lat]), source)
        refuse_nowhere([lon], [lat], x, y, source)
        lon, lat = float(x[0]), float(y[0])
    return edition.index.owner_of(lon, lat)


def _exchanged(edition: LoadedEdition, lon: float, lat: float, source: SourceCrs) -> Text:
    """A hint when the exchanged numbers would have an owner: the oldest slip with coordinates."""
    x, y = lat, lon
    if source.family != "wgs84":
        x, y = (float(v[0]) for v in to_wgs84(np.array([lat]), np.array([lon]), source))
    owner = edition.index.owner_of(x, y)[0] if _on_earth(x, y) else -1
    if owner < 0:
        return _NO_HINT
    code = edition.index.codes[owner]
    return Text(
        f"；经纬度对调后属于 {code}，应先经度后纬度",
        f"; with longitude and latitude exchanged {code} would own it: longitude comes first",
    )


def _on_earth(lon: float, lat: float) -> bool:
    return -180 <= lon <= 180 and -90 <= lat <= 90


def install(app: Any) -> None:
    """Put both routes into the application, the short one in front."""
    app.router.routes.insert(0, QuickLocate())
    app.include_router(router)

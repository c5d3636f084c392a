"""Which grid owns this place? Answered from memory; the database is not asked.

The route takes whatever may come and refuses what is wrong, as all others do. In front of it stands a short way for the
question as programs ask it (plain numbers, nobody to be checked), which passes everything else on.
"""

from __future__ import annotations

import re

import numpy as np
from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth.authentication import place_of
from app.auth.policy import Policy, public_if
from app.auth.routing import Router
from app.boundaries.answers import ASK_AGAIN, SETTLED, VARY, Answer
from app.boundaries.asked import At, edition_asked, refuse_nowhere
from app.boundaries.editions import EditionCache, LoadedEdition
from app.errors import AppError, NoOwner
from app.i18n import Text
from app.kit.crs import read_crs, with_proj
from app.kit.etag import is_known, names
from app.kit.params import Crs, Lat, Lon, parse_instant
from app.problems import problem
from gis.crs import WGS84, SourceCrs, to_wgs84
from gis.errors import GisError

PATH = "/v1/locate"
_OPEN = public_if("public_locate", same_for_all=True)
_POLICY: Policy = _OPEN.dependency

router = Router(tags=["locate"], dependencies=[_OPEN])

# What needs no decoding and no second thought: each parameter once, numbers in plain decimals.
_NUMBER = rb"(-?\d{1,9}(?:\.\d{1,17})?)"
_PLAIN = re.compile(
    rb"lon=" + _NUMBER + rb"&lat=" + _NUMBER + rb"(?:&crs=([A-Za-z0-9:-]{1,40}))?(?:&at=([0-9TZ:.-]{1,40}))?"
)
_NO_HINT = Text("", "")


@router.get(
    PATH, responses={304: {"description": "Unchanged."}, 404: {"description": "Outside every grid."}, 422: {}}
)
async def locate(request: Request, lon: Lon, lat: Lat, crs: Crs = "wgs84", at: At = None) -> Response:
    """The grid that owns a place, with its community, street and district."""
    edition = await edition_asked(request, at)
    answer = await _located(request, edition, lon, lat, crs, at)
    unchanged = is_known(request, answer.tag.decode())
    response = Response(None if unchanged else answer.body, status_code=304 if unchanged else 200)
    response.raw_headers = answer.unchanged if unchanged else answer.headers
    return response


class QuickLocate:
    """`locate` for a question in its plain form; everything else, and what is refused, goes on as if it were not there.

    It stands inside the log and the counters, and outside the routes, whose finding costs more than the answer.
    """

    path = PATH

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        asked = plain_question(scope)
        answer = asked and await self._answer(scope, receive, *asked)
        if answer is None:
            await self.app(scope, receive, send)
            return
        # Counted as the documented route.
        scope["route"] = self
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"if-none-match" and names(value.decode("latin-1"), answer.tag.decode()):
                await send({"type": "http.response.start", "status": 304, "headers": answer.unchanged})
                await send({"type": "http.response.body"})
                return
        await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(
        self, scope: Scope, receive: Receive, lon: float, lat: float, crs: str | None, at: str | None
    ) -> Answer | Response | None:
        edition = scope["app"].state.editions.present()
        if crs is None and at is None and edition is not None and _on_earth(lon, lat):
            owner, on_boundary = edition.index.owner_of(lon, lat)
            if owner >= 0:
                scope["app"].state.metrics.located.inc()
                found: Answer = edition.answers.get(owner, on_boundary=on_boundary)
                return found
        request = Request(scope, receive)
        try:
            edition = await edition_asked(request, at)
            return await _located(request, edition, lon, lat, crs or "wgs84", at)
        except NoOwner as error:
            return problem(request, error)
        except (AppError, GisError):
            # Said again, and better, by the documented route.
            return None


def plain_question(scope: Scope) -> tuple[float, float, str | None, str | None] | None:
    """Longitude, latitude, CRS and instant of a plain question that nobody has to be checked for; None of others."""
    if (
        scope["type"] != "http"
        or scope["method"] != "GET"
        or scope["path"] != scope.get("root_path", "") + PATH
        or (asked := _PLAIN.fullmatch(scope["query_string"])) is None
        or not _POLICY.waves_through(scope)
    ):
        return None
    lon, lat, crs, at = asked.groups()
    return float(lon), float(lat), crs.decode() if crs else None, at.decode() if at else None


async def _located(
    request: Request, edition: LoadedEdition, lon: float, lat: float, crs: str, at: str | None
) -> Answer:
    source = await read_crs(crs, place=place_of(request)) if crs != "wgs84" else WGS84
    return await with_proj(source, _answer, request, edition, lon, lat, source, crs, at)


def _answer(
    request: Request,
    edition: LoadedEdition,
    lon: float,
    lat: float,
    source: SourceCrs,
    crs: str,
    at: str | None,
) -> Answer:
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

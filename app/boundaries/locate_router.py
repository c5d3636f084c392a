"""Which grid owns this place? Answered from memory; the database is not asked.

The route takes whatever may come and refuses what is wrong, as all others do. In front of it stands a short way for the
question as programs ask it (plain numbers, nobody to be checked), which passes everything else on.
"""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth.authentication import place_of
from app.auth.policy import demand_of, public_if
from app.auth.routing import Router
from app.boundaries.dependencies import RequestedEdition, loaded_edition, refuse_nowhere
from app.boundaries.edition_cache import EditionCache, LoadedEdition
from app.boundaries.edition_choice import edition_choice
from app.boundaries.explanation import explain_no_owner, is_on_earth
from app.boundaries.locate_responses import ASK_AGAIN, SETTLED, VARY, Answer
from app.boundaries.schemas import LocatedPlace
from app.errors import NoOwner
from app.kit.crs import read_crs, with_proj
from app.kit.etag import is_known, names
from app.kit.params import Crs, Lat, Lon
from app.problems import problem
from gis.crs import WGS84, SourceCrs, to_wgs84
from gis.errors import Refusal

PATH = "/v1/locate"
_OPEN = public_if("public_locate", same_for_all=True)
_POLICY = demand_of(_OPEN)

router = Router(tags=["locate"], dependencies=[_OPEN])

# What needs no decoding and no second thought: each parameter once, numbers in plain decimals.
_NUMBER = rb"(-?\d{1,9}(?:\.\d{1,17})?)"
_PLAIN = re.compile(
    rb"lon=" + _NUMBER + rb"&lat=" + _NUMBER + rb"(?:&crs=([A-Za-z0-9:-]{1,40}))?(?:&at=([0-9TZ:.-]{1,40}))?"
)


@router.get(
    PATH,
    response_model=LocatedPlace,
    response_description="The owner.",
    responses={
        304: {"description": "Unchanged."},
        404: {"description": "Outside every grid (`no-owner`); `excluded` says why where that is meant."},
        422: {"description": "Not a coordinate, CRS, instant or edition."},
    },
)
async def locate_point(
    request: Request, lon: Lon, lat: Lat, choice: RequestedEdition, crs: Crs = "wgs84"
) -> Response:
    """Find the grid that owns a place.

    Answers the grid with its community, street and district. A place on a shared boundary belongs to the touching
    grid with the lowest code; a place outside every grid belongs to none (404), never to the nearest.
    """
    edition = await loaded_edition(request, choice)
    answer = await _located(request, edition, lon, lat, crs, choice.instant)
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
        if crs is None and at is None and edition is not None and is_on_earth(lon, lat):
            owner, on_boundary = edition.index.owner_of(lon, lat)
            if owner >= 0:
                scope["app"].state.metrics.located.inc()
                found: Answer = edition.answers.get(owner, on_boundary=on_boundary)
                return found
        request = Request(scope, receive)
        try:
            choice = edition_choice(at, None, None)
            edition = await loaded_edition(request, choice)
            return await _located(request, edition, lon, lat, crs or "wgs84", choice.instant)
        except NoOwner as error:
            return problem(request, error)
        except Refusal:
            # Said again, and better, by the documented route.
            return None


def plain_question(scope: Scope) -> tuple[float, float, str | None, str | None] | None:
    """Longitude, latitude, CRS and instant of a plain question that nobody has to be checked for; None of others."""
    if (
        scope["type"] != "http"
        or scope["method"] != "GET"
        or scope["path"] != scope.get("root_path", "") + PATH
        or (asked := _PLAIN.fullmatch(scope["query_string"])) is None
        or not _POLICY.allows_anonymous(scope)
    ):
        return None
    lon, lat, crs, at = asked.groups()
    return float(lon), float(lat), crs.decode() if crs else None, at.decode() if at else None


async def _located(
    request: Request, edition: LoadedEdition, lon: float, lat: float, crs: str, instant: datetime | None
) -> Answer:
    source = await read_crs(crs, place=place_of(request)) if crs != "wgs84" else WGS84
    return await with_proj(source, _answer, request, edition, lon, lat, source, crs, instant)


def _answer(
    request: Request,
    edition: LoadedEdition,
    lon: float,
    lat: float,
    source: SourceCrs,
    crs: str,
    instant: datetime | None,
) -> Answer:
    x, y = _in_wgs84(edition, lon, lat, source)
    owner, on_boundary = edition.index.owner_of(x, y)
    request.app.state.metrics.located.inc()
    if owner < 0:
        found = explain_no_owner(edition, lon, lat, source, x=x, y=y)
        refusal = NoOwner(
            found.detail.zh,
            found.detail.en,
            headers={"Cache-Control": ASK_AGAIN.decode(), "Vary": VARY.decode()},
            lon=lon,
            lat=lat,
            crs=crs,
            edition=edition.number,
        )
        if found.excluded is not None:
            refusal.extra["excluded"] = {"reason": found.excluded}
        raise refusal
    return edition.answers.get(owner, on_boundary=on_boundary, cache=_cache(request, instant))


def _cache(request: Request, instant: datetime | None) -> bytes:
    editions: EditionCache = request.app.state.editions
    return SETTLED if instant is not None and editions.settled(instant) else ASK_AGAIN


def _in_wgs84(edition: LoadedEdition, lon: float, lat: float, source: SourceCrs) -> tuple[float, float]:
    if source.family != "wgs84" or not is_on_earth(lon, lat):
        x, y = to_wgs84(np.array([lon]), np.array([lat]), edition.index.settle_crs(source))
        refuse_nowhere([lon], [lat], x, y, source)
        return float(x[0]), float(y[0])
    return lon, lat

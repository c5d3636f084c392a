"""Which grid owns this place? Answered from memory; the database is not asked."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.auth.policy import public_if
from app.boundaries.asked import At, edition_asked, refuse_nowhere
from app.boundaries.editions import LoadedEdition
from app.errors import NoOwner
from app.i18n import Text
from app.kit.params import Crs, Lat, Lon
from gis.crs import SourceCrs, parse_crs, to_wgs84

router = APIRouter(tags=["locate"], dependencies=[public_if("public_locate")])


@router.get("/v1/locate", responses={404: {"description": "Outside every grid."}, 422: {}})
async def locate(request: Request, lon: Lon, lat: Lat, crs: Crs = "wgs84", at: At = None) -> Response:
    """The grid that owns a place, with its community, street and district."""
    edition = await edition_asked(request, at)
    source = parse_crs(crs)
    x, y = to_wgs84(np.array([lon]), np.array([lat]), source)
    refuse_nowhere([lon], [lat], x, y, source)
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

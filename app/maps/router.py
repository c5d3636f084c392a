"""Addresses of maps: vector tiles with their description, the tree of units, heat maps, and one place in four systems."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from app.auth.authentication import engine_of, place_of
from app.auth.dependencies import CurrentPrincipal, Read, in_database
from app.auth.policy import allow, public_if
from app.auth.public_address import site
from app.auth.routing import Router
from app.kit.clock import now
from app.kit.compression import sent
from app.kit.crs import read_crs, with_proj
from app.kit.etag import is_known
from app.kit.language import language_of
from app.kit.params import Crs, Lat, Lon
from app.kit.security_headers import figure_policy
from app.maps import heat, service
from app.maps.rules import Tile
from gis.viz import Assets, to_html

router = Router(tags=["maps"])

MVT = "application/vnd.mapbox-vector-tile"
EditionNumber = Annotated[int | None, Query(ge=1, description="Edition; the one in force without it.")]
Zoom = Annotated[int, Path(description="Zoom, 0 to 20.")]


def _may_stay(request: Request, *, fixed: bool) -> str:
    reach = "public" if request.app.state.settings.public_layers else "private"
    return f"{reach}, max-age=31536000, immutable" if fixed else f"{reach}, max-age=30"


def _cache(request: Request) -> service.MapCache:
    state = request.app.state
    if not hasattr(state, "map_cache"):
        state.map_cache = service.MapCache()
    cache: service.MapCache = state.map_cache
    return cache


@router.get(
    "/maps/tiles/units/{z}/{x}/{y}.pbf",
    dependencies=[public_if("public_layers", same_for_all=True)],
    response_class=Response,
    responses={200: {"content": {MVT: {}}}, 204: {"description": "Nothing lies in this tile."}, 404: {}},
)
async def unit_tile(
    request: Request,
    z: Zoom,
    x: int,
    y: int,
    edition: EditionNumber = None,
    v: Annotated[
        str | None, Query(description="Content mark from the TileJSON; may then be kept for ever.")
    ] = None,
) -> Response:
    """Vector tile of grids, communities, streets and districts, each with a layer of label points."""
    shown = service.edition_to_show(request.app.state.editions, edition)
    content = service.version_of(shown)
    headers = {
        "Cache-Control": _may_stay(request, fixed=v == content and edition is not None),
        "ETag": f'"{content}"',
        "X-Edition": str(shown.number),
    }
    tile = Tile(z, x, y)
    if tile.exists and is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    cache = _cache(request)
    made = service.kept(cache, shown, tile)
    if made is None:
        made = await in_database(request, service.unit_tile, engine_of(request), cache, shown, tile)
    if not made.body:
        return Response(status_code=204, headers=headers)
    return sent(request, made.body, squeezed=made.squeezed, media_type=MVT, headers=headers)


@router.get(
    "/maps/tiles/units.json",
    dependencies=[public_if("public_layers", same_for_all=True)],
    responses={404: {}},
)
def unit_tiles(request: Request, session: Read, edition: EditionNumber = None) -> JSONResponse:
    """TileJSON of the unit tiles of an edition."""
    shown = service.edition_to_show(request.app.state.editions, edition)
    address = f"{site(request)}/maps/tiles/units/{{z}}/{{x}}/{{y}}.pbf?edition={shown.number}&v={service.version_of(shown)}"
    described = service.tile_description(session, shown, address=address)
    return JSONResponse(described, headers={"Cache-Control": _may_stay(request, fixed=False)})


@router.get(
    "/maps/units.json", dependencies=[public_if("public_layers", same_for_all=True)], responses={404: {}}
)
async def unit_tree(request: Request, edition: EditionNumber = None, v: str | None = None) -> Response:
    """Every unit of an edition with its name, parent and bounds, without its shape."""
    shown = service.edition_to_show(request.app.state.editions, edition)
    content = service.version_of(shown)
    headers = {
        "Cache-Control": _may_stay(request, fixed=v == content and edition is not None),
        "ETag": f'"{content}"',
    }
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    cache = _cache(request)
    made = service.kept(cache, shown, service.UNITS)
    if made is None:
        made = await in_database(request, service.unit_tree, engine_of(request), cache, shown)
    return sent(request, made.body, squeezed=made.squeezed, media_type="application/json", headers=headers)


@router.get(
    "/maps/tiles/components/{z}/{x}/{y}.pbf",
    dependencies=[allow("viewer")],
    response_class=Response,
    responses={
        200: {"content": {MVT: {}}},
        204: {"description": "Nothing to see lies in this tile."},
        404: {},
    },
)
def component_tile(session: Read, z: Zoom, x: int, y: int) -> Response:
    """Vector tile of components, from zoom 14, as far as the asker may see them."""
    body = service.component_tile(session, Tile(z, x, y))
    if not body:
        return Response(status_code=204)
    return Response(body, media_type=MVT)


@router.get(
    "/maps/heat/{code}", dependencies=[allow("viewer")], response_class=HTMLResponse, responses={404: {}}
)
def heat_page(
    request: Request,
    session: Read,
    principal: CurrentPrincipal,
    code: str,
    days: Annotated[int, Query(description="Days back from today.")] = 365,
    class_code: Annotated[
        str | None, Query(alias="class", description="Class of incidents; all without it.")
    ] = None,
) -> Response:
    """Heat map of the incidents of one unit, as a page that loads nothing from outside."""
    statics = request.app.state.statics
    drawn = heat.draw(
        session,
        heat.HeatRequest(code=code, days=days, class_code=class_code or None, lang=language_of(request)),
        viewer=principal,
        instant=now(),
        zone=request.app.state.settings.zone,
        assets=Assets.linked(lambda name: statics.url(f"vendor/{name}")),
    )
    html = to_html(drawn.map)
    return sent(
        request,
        html.encode(),
        media_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": figure_policy(html),
        },
    )


@router.get("/v1/convert", dependencies=[public_if("public_locate", same_for_all=True)])
async def convert(request: Request, lon: Lon, lat: Lat, crs: Crs = "wgs84") -> dict[str, list[float]]:
    """One place in WGS84, CGCS2000, GCJ-02 and BD-09, longitude first."""
    source = await read_crs(crs, place=place_of(request))
    return await with_proj(source, service.in_every_crs, lon, lat, source)

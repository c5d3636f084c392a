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
from app.boundaries.dependencies import RequestedEdition
from app.kit.clock import now
from app.kit.compression import sent
from app.kit.crs import read_crs, with_proj
from app.kit.etag import is_known
from app.kit.language import language_of
from app.kit.params import Crs, Lat, Lon
from app.kit.security_headers import figure_policy
from app.maps import heat, service
from app.maps.rules import Tile
from app.maps.schemas import PlaceInEveryCrs, TileJson, UnitTree
from gis.viz import Assets, to_html

router = Router(tags=["maps"])

MVT = "application/vnd.mapbox-vector-tile"
Zoom = Annotated[int, Path(description="Zoom, 0 to 20.", examples=[12])]
Column = Annotated[int, Path(description="Column of the tile, from the west.", examples=[3414])]
Row = Annotated[int, Path(description="Row of the tile, from the north.", examples=[1605])]
ContentMark = Annotated[
    str | None,
    Query(description="Content mark, from the TileJSON; the answer may then be kept for ever."),
]
_NO_EDITION: dict[int | str, dict[str, object]] = {404: {"description": "There is no such edition."}}


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
    responses={
        200: {"content": {MVT: {}}},
        204: {"description": "Nothing lies in this tile."},
        304: {"description": "Unchanged."},
        404: {"description": "There is no such edition, or no such tile."},
    },
)
async def show_unit_tile(
    request: Request, z: Zoom, x: Column, y: Row, choice: RequestedEdition, v: ContentMark = None
) -> Response:
    """Show a vector tile of units.

    Grids, communities, streets and districts, each with a layer of label points (Mapbox Vector Tile, Web Mercator).
    """
    shown = service.edition_to_show(request.app.state.editions, choice)
    content = service.version_of(shown)
    headers = {
        "Cache-Control": _may_stay(request, fixed=v == content and choice.number is not None),
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
    response_model=TileJson,
    responses=_NO_EDITION,
)
def describe_unit_tiles(request: Request, session: Read, choice: RequestedEdition) -> JSONResponse:
    """Describe the vector tiles of units.

    TileJSON 3.0: the address of the tiles of an edition, their layers and fields, and the bounds of the district.
    """
    shown = service.edition_to_show(request.app.state.editions, choice)
    address = f"{site(request)}/maps/tiles/units/{{z}}/{{x}}/{{y}}.pbf?edition={shown.number}&v={service.version_of(shown)}"
    described = service.tile_description(session, shown, address=address)
    return JSONResponse(described, headers={"Cache-Control": _may_stay(request, fixed=False)})


@router.get(
    "/maps/units.json",
    dependencies=[public_if("public_layers", same_for_all=True)],
    response_model=UnitTree,
    responses={304: {"description": "Unchanged."}, **_NO_EDITION},
)
async def list_units(request: Request, choice: RequestedEdition, v: ContentMark = None) -> Response:
    """List all units of an edition.

    With name, parent and bounds, without shapes: upper levels first, so that it reads as a tree.
    """
    shown = service.edition_to_show(request.app.state.editions, choice)
    content = service.version_of(shown)
    headers = {
        "Cache-Control": _may_stay(request, fixed=v == content and choice.number is not None),
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
        204: {"description": "Nothing that the caller may see lies in this tile."},
        404: {"description": "There is no such tile; components begin at zoom 14."},
    },
)
def show_component_tile(session: Read, z: Zoom, x: Column, y: Row) -> Response:
    """Show a vector tile of components.

    From zoom 14, those that the caller may see (Mapbox Vector Tile, Web Mercator).
    """
    body = service.component_tile(session, Tile(z, x, y))
    if not body:
        return Response(status_code=204)
    return Response(body, media_type=MVT)


@router.get(
    "/maps/heat/{code}",
    dependencies=[allow("viewer")],
    response_class=HTMLResponse,
    responses={404: {"description": "There is no such unit in force."}},
)
def show_heat_map(
    request: Request,
    session: Read,
    principal: CurrentPrincipal,
    code: Annotated[str, Path(description="Code of the unit.", examples=["370211001"])],
    days: Annotated[int, Query(description="Days back from today.")] = 365,
    class_code: Annotated[
        str | None,
        Query(alias="class", description="Class of incidents; all without it.", examples=["0102"]),
    ] = None,
) -> Response:
    """Show the heat map of a unit.

    Where its incidents happen, as a page that loads nothing from outside.
    """
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


@router.get(
    "/v1/convert",
    dependencies=[public_if("public_locate", same_for_all=True)],
    response_model=PlaceInEveryCrs,
    response_model_exclude_unset=True,
)
async def convert_coordinates(request: Request, lon: Lon, lat: Lat, crs: Crs = "wgs84") -> dict[str, object]:
    """Convert a place into the other coordinate systems.

    WGS84, CGCS2000, GCJ-02 and BD-09, longitude first; from another datum also by which published transformation.
    """
    source = await read_crs(crs, place=place_of(request))
    return await with_proj(source, service.in_every_crs, lon, lat, source)

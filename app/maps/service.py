"""Vector tiles of published editions and of components: what to put into one, how long it may be kept."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.boundaries.edition_cache import EditionCache, Scheduled
from app.boundaries.edition_choice import EditionChoice
from app.db.session import NOTHING, read_session
from app.errors import Invalid, NotFound
from app.kit.compression import WORTH_SQUEEZING, squeeze
from app.maps import repository
from app.maps.rules import COMPONENTS_FROM_ZOOM, FORMAT, MAX_ZOOM, UNIT_LAYERS, Tile, labels_at, shapes_at
from gis.crs import CrsLike, check_degrees, describe_shift, from_wgs84, to_wgs84
from gis.errors import Refusal

_CACHE_BYTES = 64 * 2**20
UNITS = "units"
OFFERED_CRS = ("wgs84", "cgcs2000", "gcj02", "bd09")


class TileNotFound(NotFound):
    """The address names no tile of the pyramid."""

    code = "no-such-tile"


@dataclass(frozen=True)
class Made:
    """A tile or document ready to be sent: its bytes, plain and compressed. Empty when nothing lies there."""

    body: bytes
    squeezed: bytes

    @classmethod
    def of(cls, body: bytes) -> Made:
        """Compressed once, since what an edition holds is sent many times; a short one is not worth it."""
        return cls(body, squeeze(body) if len(body) >= WORTH_SQUEEZING else b"")


class MapCache:
    """Tiles and lists of editions, which never change, kept in memory up to a number of bytes; the least used goes first."""

    def __init__(self, limit: int = _CACHE_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[str, Hashable], Made] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, content: str, what: Hashable) -> Made | None:
        """A tile (or list, by name) of this content, if it was made before."""
        with self._lock:
            made = self._kept.get((content, what))
            if made is not None:
                self._kept.move_to_end((content, what))
            return made

    def put(self, content: str, what: Hashable, made: Made) -> None:
        """Keep one."""
        with self._lock:
            if (content, what) not in self._kept:
                self._kept[content, what] = made
                self._size += _weight(made)
            while self._size > self._limit and self._kept:
                _, dropped = self._kept.popitem(last=False)
                self._size -= _weight(dropped)


def _weight(made: Made) -> int:
    # What Python itself spends on an entry counts too: most tiles of a pyramid are empty.
    return len(made.body) + len(made.squeezed) + 400


def edition_to_show(editions: EditionCache, choice: EditionChoice) -> Scheduled:
    """The edition of a choice; NotFound when there is none. Nothing is loaded for it."""
    number = editions.number_of(choice)
    if number is None:
        return editions.in_force(choice.instant).scheduled  # which says why there is none
    found = next((e for e in editions.schedule if e.number == number), None)
    if found is None:
        raise NotFound(f"没有第 {number} 版", f"there is no edition {number}", code="no-such-edition")
    return found


def version_of(edition: Scheduled) -> str:
    """What stands in the address of tiles that may be kept for ever: the content and our own format."""
    return f"{edition.content_hash[:12]}{FORMAT}"


def kept(cache: MapCache, edition: Scheduled, what: Hashable) -> Made | None:
    """A tile, or the list of :data:`UNITS`, of an edition, if it was made before."""
    return cache.get(version_of(edition), what)


def unit_tile(engine: Engine, cache: MapCache, edition: Scheduled, tile: Tile) -> Made:
    """The units of an edition in one tile."""
    _must_exist(tile)
    content = version_of(edition)
    made = cache.get(content, tile)
    if made is None:
        with read_session(engine, NOTHING) as session:
            body = repository.unit_tile(
                session,
                tile,
                edition=edition.number,
                shapes=shapes_at(tile.z),
                labels=labels_at(tile.z),
            )
        made = Made.of(body)
        cache.put(content, tile, made)
    return made


def component_tile(session: Session, tile: Tile) -> bytes:
    """The components in one tile, as far as the session sees them; only where there is room to draw them."""
    _must_exist(tile)
    if tile.z < COMPONENTS_FROM_ZOOM:
        raise TileNotFound(
            f"部件从第 {COMPONENTS_FROM_ZOOM} 级起显示，请求的是第 {tile.z} 级",
            f"components are there from zoom {COMPONENTS_FROM_ZOOM}; zoom {tile.z} was asked for",
        )
    return repository.component_tile(session, tile)


def tile_description(session: Session, edition: Scheduled, *, address: str) -> dict[str, object]:
    """The TileJSON 3.0 document of the unit tiles of an edition; ``address`` is the template of their addresses."""
    fields = {"code": "String", "name": "String", "kind": "String", "parent": "String"}
    layers = [
        {"id": layer.level, "fields": fields, "minzoom": layer.shapes_from, "maxzoom": MAX_ZOOM}
        for layer in UNIT_LAYERS
    ]
    layers += [
        {
            "id": f"{layer.level}_label",
            "fields": {"code": "String", "name": "String", "kind": "String", "area_m2": "Number"},
            "minzoom": layer.labels_from,
            "maxzoom": MAX_ZOOM,
        }
        for layer in UNIT_LAYERS
    ]
    grids = next(layer for layer in UNIT_LAYERS if layer.level == "grid")
    layers += [
        {
            "id": name,
            "fields": {"code": "String", "reason": "String", **more},
            "minzoom": since,
            "maxzoom": MAX_ZOOM,
        }
        for name, since, more in (
            ("excluded", grids.shapes_from, {}),
            ("excluded_label", grids.labels_from, {"area_m2": "Number"}),
        )
    ]
    bounds = repository.edition_bounds(session, edition.number)
    described: dict[str, object] = {
        "tilejson": "3.0.0",
        "name": f"wangge units, edition {edition.number}",
        "scheme": "xyz",
        "tiles": [address],
        "minzoom": 0,
        "maxzoom": 16,
        "vector_layers": layers,
    }
    if bounds:
        west, south, east, north = bounds
        # TileJSON has no boxes across the 180th meridian; ``view`` says what to show, west beyond east there.
        described["bounds"] = [west, south, east, north] if west <= east else [-180.0, south, 180.0, north]
        described["view"] = [west, south, east, north]
        middle = (west + east + (360.0 if west > east else 0.0)) / 2
        described["center"] = [middle if middle <= 180.0 else middle - 360.0, (south + north) / 2, 9]
    return described


def unit_tree(engine: Engine, cache: MapCache, edition: Scheduled) -> Made:
    """Every unit of an edition by name, upper levels first, with its bounds: a tree that a page can search by itself."""
    content = version_of(edition)
    made = cache.get(content, UNITS)
    if made is None:
        with read_session(engine, NOTHING) as session:
            units = [
                {
                    "level": row.level,
                    "code": row.code,
                    "name": row.name,
                    **({"kind": row.kind} if row.kind else {}),
                    "parent": row.parent,
                    "bbox": [round(v, 6) for v in (row.west, row.south, row.east, row.north)],
                }
                for row in repository.unit_list(session, edition.number)
            ]
        document = {"edition": edition.number, "synthetic": edition.synthetic, "units": units}
        made = Made.of(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
        cache.put(content, UNITS, made)
    return made


def in_every_crs(lon: float, lat: float, crs: CrsLike) -> dict[str, object]:
    """One place in the four systems that Chinese maps use, longitude first, to seven decimals (about 1 cm).

    From another datum it also says by which published transformation it came, and how accurate that is.
    """
    try:
        x, y = to_wgs84(lon, lat, crs)
        if not (np.isfinite(x) and np.isfinite(y)):
            raise Invalid(
                f"坐标 ({lon}, {lat}) 在 {crs} 中没有意义",
                f"({lon}, {lat}) has no meaning in {crs}",
                field="lon",
                code="outside-crs",
            )
        check_degrees(x, y)
        shift = describe_shift(crs, x, y)
        found = {name: from_wgs84(x, y, name) for name in OFFERED_CRS}
    except Refusal as error:
        raise Invalid(*error.detail, code=error.code) from error
    places: dict[str, object] = {
        name: [round(float(a), 7), round(float(b), 7)] for name, (a, b) in found.items()
    }
    if shift is not None:
        places["transformation"] = {"name": shift[0], "accuracy_m": shift[1]}
    return places


def _must_exist(tile: Tile) -> None:
    if not tile.exists:
        raise TileNotFound(
            f"没有瓦片 {tile.z}/{tile.x}/{tile.y}：级别为 0…{MAX_ZOOM}，行列号为 0…2^级别-1",
            f"there is no tile {tile.z}/{tile.x}/{tile.y}: zooms are 0…{MAX_ZOOM}, columns and rows 0…2^zoom-1",
        )

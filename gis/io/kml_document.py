"""What stands in a KML document: folders, placemarks with all their columns, and shapes with all their rings.

GDAL's LIBKML takes one ring of each ``innerBoundaryIs`` and makes one column of names that differ in letters other
than ASCII only, so documents are read here. KML 2.0 to 2.3 and Google's ``gx`` are taken, whatever their prefixes;
links are never followed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import shapely
from shapely import LinearRing
from shapely.geometry.base import BaseGeometry

from gis.io.kml_geometry import BrokenShape, build_polygon, build_ring, collect, positions, track_position
from gis.io.markup import local_name, parse_xml
from gis.text import Text

__all__ = ["Container", "Document", "Placemark", "read_document"]

_CONTAINERS = {"Document", "Folder"}
_SEVERAL = {"MultiGeometry", "MultiTrack", "MultiPoint", "MultiLineString", "MultiPolygon"}
_SHAPES = {"Point", "LineString", "LinearRing", "Polygon", "Track"}
# Features without a shape of their own that is a place.
_OTHER_FEATURES = {"NetworkLink", "GroundOverlay", "PhotoOverlay", "ScreenOverlay", "Model", "Tour"}


@dataclass
class Container:
    """A document or folder: its name as written, and what it lies in."""

    name: str | None
    parent: int | None


@dataclass
class Placemark:
    """A placemark: where it lies, its columns, its shape or why there is none."""

    container: int
    identifier: str | None = None
    name: str | None = None
    description: str | None = None
    data: dict[str, str | None] = field(default_factory=dict)
    shape: BaseGeometry | None = None
    broken: Text | None = None


@dataclass
class Document:
    """All of a document; `types` are those that its schemas declare for their columns."""

    containers: list[Container] = field(default_factory=list)
    placemarks: list[Placemark] = field(default_factory=list)
    types: dict[str, set[str]] = field(default_factory=dict)
    closed_rings: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def read_document(stream: IO[bytes], *, name: str) -> Document:
    """Read a document in UTF-8 to its end.

    Raises
    ------
    gis.errors.UnreadableFile
        As for `gis.io.markup.parse_xml`.
    """
    walk = _Walk()
    parse_xml(stream, name=name, start=walk.start, end=walk.end, text=walk.text, encoding="utf-8")
    return walk.document


@dataclass
class _Geometry:
    """A shape under way: its kind, the rings of a polygon, the places of a track, the parts of a collection."""

    kind: str
    outer: list[LinearRing] = field(default_factory=list)
    inner: list[LinearRing] = field(default_factory=list)
    places: list[list[float]] = field(default_factory=list)
    parts: list[BaseGeometry] = field(default_factory=list)
    ring: LinearRing | None = None


class _Walk:
    """Follows the elements of a document and keeps what they say."""

    def __init__(self) -> None:
        self.document = Document()
        self._path: list[str] = []
        self._folders: list[int] = []
        self._bare: int | None = None
        self._mark: Placemark | None = None
        self._shapes: list[_Geometry] = []
        self._key = ""
        # Where the text that is collected began, and the text.
        self._depth = 0
        self._text: list[str] | None = None

    # ------------------------------------------------------------ events
    def start(self, label: str, attributes: Mapping[str, str]) -> None:
        local, parent = local_name(label), self._path[-1] if self._path else ""
        self._path.append(local)
        if self._text is not None:
            return  # Markup inside a text, which somebody forgot to wrap.
        if self._mark is None:
            self._start_outside(local, parent, attributes)
        else:
            self._start_inside(local, parent, attributes)

    def end(self, _label: str) -> None:
        local = self._path.pop()
        if self._text is not None:
            if len(self._path) < self._depth:
                text, self._text = "".join(self._text), None
                self._take(local, text)
            return
        if local in _CONTAINERS and self._mark is None:
            self._folders.pop()
        elif self._mark is not None:
            self._end_inside(local)

    def text(self, piece: str) -> None:
        if self._text is not None:
            self._text.append(piece)

    def _collect_text(self) -> None:
        self._depth, self._text = len(self._path), []

    # ------------------------------------------------------------ outside of placemarks
    def _start_outside(self, local: str, parent: str, attributes: Mapping[str, str]) -> None:
        if local in _CONTAINERS:
            self._folders.append(self._new_container(None))
        elif local == "Placemark":
            self._mark = Placemark(self._container(), identifier=attributes.get("id"))
            self._shapes = []
        elif local == "name" and parent in _CONTAINERS:
            self._collect_text()
        elif local == "SimpleField":
            name, kind = attributes.get("name"), attributes.get("type", "string")
            if name:
                self.document.types.setdefault(name, set()).add(local_name(kind).lower())
        elif local in _OTHER_FEATURES:
            self.document.skipped[local] += 1

    def _container(self) -> int:
        if self._folders:
            return self._folders[-1]
        # A document of one placemark and nothing around it.
        if self._bare is None:
            self._bare = self._new_container(None)
        return self._bare

    def _new_container(self, name: str | None) -> int:
        self.document.containers.append(Container(name, self._folders[-1] if self._folders else None))
        return len(self.document.containers) - 1

    # ------------------------------------------------------------ inside of a placemark
    def _start_inside(self, local: str, parent: str, attributes: Mapping[str, str]) -> None:
        if local in _SHAPES | _SEVERAL:
            self._shapes.append(_Geometry(local))
        elif (local in ("coordinates", "coord") and self._shapes) or (
            local in ("name", "description") and parent == "Placemark"
        ):
            self._collect_text()
        elif local == "Data" and parent == "ExtendedData":
            self._key = attributes.get("name") or "Data"
        elif local == "value" and parent == "Data":
            self._collect_text()
        elif local == "SimpleData":
            self._key = attributes.get("name") or "SimpleData"
            self._collect_text()
        elif parent == "ExtendedData" and local != "SchemaData":
            # Elements of a namespace of its own stand there for columns, too.
            self._key = local
            self._collect_text()
        elif local in _OTHER_FEATURES:
            self.document.skipped[local] += 1

    def _take(self, local: str, text: str) -> None:
        """Keep a text that has come to its end."""
        mark = self._mark
        if mark is None:
            container = self.document.containers[self._folders[-1]]
            container.name = container.name or text.strip() or None
        elif local in ("coordinates", "coord"):
            self._take_places(text, one=local == "coord")
        elif local == "name" and self._path[-1] == "Placemark":
            mark.name = text
        elif local == "description" and self._path[-1] == "Placemark":
            mark.description = text
        else:
            mark.data[_free(self._key, mark.data)] = text or None

    def _take_places(self, text: str, *, one: bool) -> None:
        shape, mark = self._shapes[-1], self._mark
        try:
            if one:
                shape.places.append(track_position(text))
                return
            found = positions(text)
            if shape.kind == "Point":
                shape.parts.append(shapely.points(found[0]))
            elif shape.kind == "LinearRing":
                shape.ring, was_open = build_ring(found)
                self.document.closed_rings += was_open
            elif len(found) == 1:
                raise BrokenShape("线只有 1 个点", "a line of one place")
            else:
                shape.parts.append(shapely.LineString(found))
        except BrokenShape as error:
            if mark is not None:
                mark.broken = mark.broken or error.reason

    def _end_inside(self, local: str) -> None:
        mark = self._mark
        if mark is None:
            return
        if local == "Placemark":
            self.document.placemarks.append(mark)
            self._mark = None
        elif local in _SHAPES | _SEVERAL and self._shapes:
            self._finish(self._shapes.pop(), mark)

    def _finish(self, shape: _Geometry, mark: Placemark) -> None:
        """Hand a finished shape to what it is part of."""
        around = self._shapes[-1] if self._shapes else None
        if shape.kind == "LinearRing" and around is not None and around.kind == "Polygon":
            if shape.ring is not None:
                side = around.inner if "innerBoundaryIs" in self._path[-2:] else around.outer
                side.append(shape.ring)
            return
        try:
            built = _built(shape)
        except BrokenShape as error:
            mark.broken = mark.broken or error.reason
            return
        if built is None:
            return
        if around is not None:
            around.parts.append(built)
        else:
            mark.shape = built if mark.shape is None else collect([mark.shape, built])


def _built(shape: _Geometry) -> BaseGeometry | None:
    if shape.kind == "Polygon":
        return build_polygon(shape.outer, shape.inner)
    if shape.kind == "LinearRing":
        return None if shape.ring is None else shapely.LineString(shape.ring)
    if shape.kind == "Track":
        if len({len(place) for place in shape.places}) > 1:
            shape.places = [place[:2] for place in shape.places]
        if len(shape.places) < 2:
            return shapely.points(shape.places[0]) if shape.places else None
        return shapely.LineString(shape.places)
    return collect(shape.parts)


def _free(key: str, taken: Mapping[str, object]) -> str:
    """Give a name that is not taken: two values under one name would leave one of them."""
    name, copy = key, 2
    while name in taken:
        name, copy = f"{key}_{copy}", copy + 1
    return name

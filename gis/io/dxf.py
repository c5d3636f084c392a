"""Boundaries out of CAD drawings: closed polylines and hatches of one drawing layer become polygons.

A drawing has no CRS, so the caller must name it, and no attribute table: a polygon gets, as its columns, the
drawing layer, the handle of the entity, and the text that is written inside it (which is how drawings carry codes).
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from gis.crs import CrsLike
from gis.errors import BadRow, LayerNotFound
from gis.geometry import polygon_parts
from gis.io.encoding import decoded, text_encoding
from gis.io.layer import LayerData, LayerInfo, assemble, bad_row, digest_of, given_or_found
from gis.io.vector import read_table, shapes_of

__all__ = ["list_dxf", "read_dxf"]

Geometries = NDArray[np.object_]
_CODE_POINT = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
_TEXT, _OPEN, _AREA = "text", "open", "area"


def _words(columns: pd.DataFrame, encoding: str) -> pd.DataFrame:
    """Read the texts of a drawing: by the encoding of its bytes, or escaped as code points."""

    def meant(text: Any) -> Any:
        if not isinstance(text, str):
            return None
        return _CODE_POINT.sub(lambda found: chr(int(found[1], 16)), decoded(text, encoding))

    return columns.assign(**{name: [meant(text) for text in columns[name]] for name in ("Layer", "Text")})


def _entities(source: Path) -> tuple[pd.DataFrame, Geometries, NDArray[np.str_]]:
    """Read all entities, close what is closed, and say of each what it is to us."""
    encoding = text_encoding(source)
    # The code page a drawing states is often not the one it is in, and recoding depends on the machine: the bytes
    # are passed through and read here.
    pyogrio.set_gdal_config_options({"DXF_ENCODING": "ISO-8859-1"})
    raw = read_table(source, layer="entities", name=source.name)
    columns = _words(raw.columns, encoding)
    shapes, _ = shapes_of(raw.wkb)
    kinds = np.full(len(shapes), "other", dtype="<U5")
    for at, shape in enumerate(shapes):
        if shape is None or shapely.is_empty(shape):
            continue
        closed = _closed(shape)
        if closed is not None:
            shapes[at], kinds[at] = closed, _AREA
        elif shape.geom_type in ("LineString", "MultiLineString"):
            kinds[at] = _OPEN
        elif shape.geom_type == "Point" and isinstance(columns["Text"].iloc[at], str):
            kinds[at] = _TEXT
    return columns, shapes, kinds


def _closed(shape: Any) -> Any:
    """Turn a closed line or a hatch into a polygon; None for anything else."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    if (
        shape.geom_type == "LineString"
        and shapely.is_closed(shape)
        and shapely.get_num_coordinates(shape) >= 4
    ):
        return shapely.Polygon(shape)
    if shape.geom_type in ("GeometryCollection", "MultiSurface"):
        parts, _ = polygon_parts(shape)
        if len(parts):
            return shapely.multipolygons(parts) if len(parts) > 1 else parts[0]
    return None


def list_dxf(source: Path) -> list[LayerInfo]:
    """List the drawing layers that hold closed shapes."""
    columns, _, kinds = _entities(source)
    counts = Counter(columns["Layer"][kinds == _AREA].tolist())
    return [LayerInfo(str(name), "Polygon", counts[name]) for name in sorted(counts)]


def read_dxf(source: Path, *, layer: str | None, crs: CrsLike | None) -> LayerData:
    """Read the closed shapes of one drawing layer.

    Raises
    ------
    gis.errors.LayerNotFound
        No such drawing layer with closed shapes, or several and none named.
    gis.errors.CrsMissing
        A drawing never says its CRS.
    """
    settled, crs_source = given_or_found(crs, None, name=source.name)
    columns, shapes, kinds = _entities(source)
    names = sorted(set(columns["Layer"][kinds == _AREA].tolist()))
    listing = ", ".join(names) or "-"
    if layer is None and len(names) > 1:
        raise LayerNotFound(
            f"图形文件 {source.name} 有多个含封闭图形的图层，请用 layer 指明：{listing}",
            f"drawing {source.name} has several layers with closed shapes, name one: {listing}",
            code="several_layers",
        )
    chosen = names[0] if layer is None and names else layer
    if chosen not in names:
        raise LayerNotFound(
            f"图形文件 {source.name} 的图层 {chosen or '-'} 中没有封闭图形；有封闭图形的图层：{listing}",
            f"drawing {source.name} has no closed shapes on layer {chosen or '-'}; layers with some: {listing}",
        )
    on_layer = (columns["Layer"] == chosen).to_numpy(dtype=bool)
    rows = np.flatnonzero(on_layer & ((kinds == _AREA) | (kinds == _OPEN)))
    texts = np.flatnonzero(kinds == _TEXT)
    table = pd.DataFrame(
        {
            "layer": chosen,
            "handle": columns["EntityHandle"].to_numpy()[rows],
            "text": _inside(shapes[rows], kinds[rows], shapes[texts], columns["Text"].to_numpy()[texts]),
        }
    )
    bad: list[BadRow] = [
        bad_row(
            number + 1,
            "geometry",
            "线没有闭合，不能成面",
            "the line is not closed",
            table["handle"].iloc[number],
        )
        for number in np.flatnonzero(kinds[rows] == _OPEN).tolist()
    ]
    return assemble(
        table,
        shapes[rows],
        crs=settled,
        crs_source=crs_source,
        driver="DXF",
        sha256=digest_of([source]),
        layer=chosen,
        bad_rows=bad,
    )


def _inside(
    shapes: Geometries, kinds: NDArray[np.str_], spots: Geometries, words: NDArray[np.object_]
) -> list[str | None]:
    """Give each polygon the text written inside it; several are joined by blanks, in drawing order."""
    found: list[list[int]] = [[] for _ in shapes]
    areas = np.flatnonzero(kinds == _AREA)
    areas = areas[shapely.is_valid(shapes[areas])]
    if len(areas) and len(spots):
        spot, area = shapely.STRtree(shapes[areas]).query(spots, predicate="within")
        for s, a in zip(spot.tolist(), area.tolist(), strict=True):
            found[int(areas[a])].append(s)
    return [" ".join(str(words[s]).strip() for s in sorted(mine)) or None for mine in found]

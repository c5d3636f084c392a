"""Boundaries out of CAD drawings: closed polylines, circles and hatches of a drawing layer become polygons.

A drawing has no CRS, so the caller must name it, and no attribute table: a polygon gets, as its columns, the
drawing layer, the handle of the entity, and the texts that are written inside it (which is how drawings carry codes
and names). Blocks are read with what is inserted; lines that do not close are not joined to others.
"""

from __future__ import annotations

import mmap
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Geometries
from gis.crs import CrsLike
from gis.errors import BadRow, LayerNotFound
from gis.geometry import one_or_many, polygon_parts
from gis.io.cells import decoded
from gis.io.dxf_symbols import SYMBOLS, symbols_spelled
from gis.io.dxf_text import DrawnText, text_columns, texts_inside
from gis.io.gdal_tables import Table, read_table, shapes_of
from gis.io.layer import (
    ALL_LAYERS,
    LayerData,
    LayerInfo,
    assemble,
    bad_row,
    digest_of,
    given_or_found,
    together_note,
)
from gis.io.text_encoding import drawing_encoding
from gis.text import Text

__all__ = ["list_dxf", "read_dxf"]

_CODE_POINT = re.compile(r"\\U\+([0-9A-Fa-f]{4})")
_CODE_PAGE_POINT = re.compile(r"\\M\+([1-5])([0-9A-Fa-f]{4})")
_CODE_PAGES = {"1": "cp932", "2": "cp950", "3": "cp949", "4": "johab", "5": "gb18030"}
_HEIGHT = re.compile(r"\bs:([0-9.eE+-]+)g\b")
# Both sides of a border that is an arc get the same chords, since GDAL begins at the same end for both.
_ARC_STEP_DEGREES = 0.5
_CURVES = re.compile(
    rb"\n\s*(?:0\s*\n(?:CIRCLE|ARC|ELLIPSE|SPLINE)\s|42\s*\n\s*-?(?!0*\.?0*\s)[0-9.])", re.IGNORECASE
)
_SQL = "SELECT *, OGR_STYLE AS ogr_style FROM entities"
_TEXT, _OPEN, _AREA = "text", "open", "area"


@dataclass(frozen=True)
class _Drawing:
    """The entities of a drawing's model space: columns, shapes, and what each is to us."""

    columns: pd.DataFrame
    shapes: Geometries
    kinds: NDArray[np.str_]
    curved: bool

    def layers(self) -> list[str]:
        """Layers with closed shapes."""
        return sorted(set(self.columns["Layer"][self.kinds == _AREA].tolist()))

    def texts(self) -> list[DrawnText]:
        """All texts, line by line."""
        out = []
        for at in np.flatnonzero(self.kinds == _TEXT).tolist():
            row = self.columns.iloc[at]
            style = row["ogr_style"]
            height = _HEIGHT.search(style) if isinstance(style, str) else None
            spot = self.shapes[at]
            out += [
                DrawnText(spot.x, spot.y, str(row["Layer"]), float(height[1]) if height else None, line)
                for line in (words.strip() for words in str(row["Text"]).splitlines())
                if line
            ]
        return out


def _words(columns: pd.DataFrame, encoding: str) -> pd.DataFrame:
    """Read the texts of a drawing: by the encoding of its bytes, or escaped as code points."""

    def meant(text: object) -> Any:
        if not isinstance(text, str):
            return None
        text = _CODE_POINT.sub(lambda found: chr(int(found[1], 16)), decoded(text, encoding))
        return _CODE_PAGE_POINT.sub(
            lambda found: bytes.fromhex(found[2]).decode(_CODE_PAGES[found[1]], "replace"), text
        )

    return columns.assign(**{name: [meant(text) for text in columns[name]] for name in ("Layer", "Text")})


def _read(source: Path, given: str | None = None) -> _Drawing:
    """Read all entities, close what is closed, and say of each what it is to us."""
    encoding = drawing_encoding(source, given=given)
    # Recoding by GDAL depends on the machine: the bytes are passed through and read here.
    options = {
        "DXF_ENCODING": "ISO-8859-1",
        "DXF_MERGE_BLOCK_GEOMETRIES": "FALSE",
        "OGR_ARC_STEPSIZE": str(_ARC_STEP_DEGREES),
    }
    with source.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        curved = _CURVES.search(content) is not None
        symbols = SYMBOLS.search(content) is not None
    raw = _entities(source, options)
    columns = raw.columns
    if symbols:
        plain = _entities(source, {**options, "DXF_TRANSLATE_ESCAPE_SEQUENCES": "FALSE"})
        spelled = symbols_spelled(columns["Text"], plain.columns["Text"])
        columns = columns.assign(Text=pd.Series(spelled, dtype=object, index=columns.index))
    columns = _words(columns, encoding)
    shapes, _ = shapes_of(raw.wkb)
    # What lies in paper space frames a print and is nowhere on Earth.
    model = ~columns["PaperSpace"].fillna(False).to_numpy(dtype=bool)
    columns, shapes = columns[model].reset_index(drop=True), shapes[model]
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
    return _Drawing(columns, shapes, kinds, curved)


def _entities(source: Path, options: dict[str, str]) -> Table:
    pyogrio.set_gdal_config_options(options)
    try:
        return read_table(source, layer=None, name=source.name, sql=_SQL, sql_dialect="OGRSQL")
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(options))


def _closed(shape: BaseGeometry) -> BaseGeometry | None:
    """Turn a closed line or a hatch into a polygon; None for anything else."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    if (
        isinstance(shape, shapely.LineString)
        and shapely.is_closed(shape)
        and shapely.get_num_coordinates(shape) >= 4
    ):
        return shapely.Polygon(shape)
    if shape.geom_type in ("GeometryCollection", "MultiSurface"):
        parts, _ = polygon_parts([shape])
        if len(parts):
            return one_or_many(parts)
    return None


def list_dxf(source: Path) -> list[LayerInfo]:
    """List the drawing layers that hold closed shapes."""
    drawing = _read(source)
    counts = Counter(drawing.columns["Layer"][drawing.kinds == _AREA].tolist())
    return [LayerInfo(str(name), "Polygon", counts[name]) for name in sorted(counts)]


def read_dxf(
    source: Path, *, layer: str | None, crs: CrsLike | None, encoding: str | None = None
) -> LayerData:
    """Read the closed shapes of one drawing layer, or of all of them for ``*``.

    Raises
    ------
    gis.errors.LayerNotFound
        No such drawing layer with closed shapes, or several and none named.
    gis.errors.CrsMissing
        A drawing never says its CRS.
    """
    settled, crs_source = given_or_found(crs, None, name=source.name)
    drawing = _read(source, encoding)
    chosen, layers = _choose(drawing, layer, source.name)
    on_layer = drawing.columns["Layer"].isin(layers).to_numpy(dtype=bool)
    rows = np.flatnonzero(on_layer & ((drawing.kinds == _AREA) | (drawing.kinds == _OPEN)))
    rows, twice = _without_repeats(drawing, rows)
    shapes, areas = drawing.shapes[rows], drawing.kinds[rows] == _AREA
    texts, notes = text_columns(texts_inside(shapes, areas, drawing.texts()))
    handles = drawing.columns["EntityHandle"].to_numpy()[rows]
    table = pd.DataFrame(
        {
            "layer": drawing.columns["Layer"].to_numpy()[rows],
            "handle": handles,
            **{name: pd.Series(values, dtype="str") for name, values in texts.items()},
        }
    )
    bad: list[BadRow] = [
        bad_row(
            at + 1,
            "geometry",
            "线没有闭合，不能成面；请在 CAD 中闭合，或用 BOUNDARY、PEDIT 生成闭合多段线",
            "the line is not closed; close it in the CAD program, or make closed polylines with BOUNDARY or PEDIT",
            handles[at],
        )
        for at in np.flatnonzero(~areas).tolist()
    ]
    return assemble(
        table,
        shapes,
        crs=settled,
        crs_source=crs_source,
        driver="DXF",
        sha256=digest_of([source]),
        layer=chosen,
        bad_rows=bad,
        notes=[*notes, *_remarks(drawing, layers, twice)],
    )


def _choose(drawing: _Drawing, wanted: str | None, file: str) -> tuple[str, list[str]]:
    names = drawing.layers()
    listing = ", ".join(names) or "-"
    counts = Counter(drawing.columns["Layer"][drawing.kinds == _AREA].tolist())
    # Where each has one shape, a layer is what names a grid, and not what one could choose.
    if names and (wanted == ALL_LAYERS or (wanted is None and max(counts.values()) == 1)):
        return (names[0] if len(names) == 1 else ALL_LAYERS), names
    if wanted is None and len(names) > 1:
        raise LayerNotFound(
            f"图形文件 {file} 有多个含封闭图形的图层，请用 layer 指明一个，或用 {ALL_LAYERS} 全部读取：{listing}",
            f"drawing {file} has several layers with closed shapes, name one, or {ALL_LAYERS} for all of them: "
            f"{listing}",
            code="several-layers",
        )
    chosen = names[0] if wanted is None and names else wanted
    if chosen not in names:
        raise LayerNotFound(
            f"图形文件 {file} 的图层 {chosen or '-'} 中没有封闭图形；有封闭图形的图层：{listing}",
            f"drawing {file} has no closed shapes on layer {chosen or '-'}; layers with some: {listing}",
            code="no-closed-shapes",
        )
    return str(chosen), [str(chosen)]


def _without_repeats(drawing: _Drawing, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], int]:
    """Leave out shapes that are on one layer twice: a hatch and the line around it say the same."""
    seen: set[tuple[str, bytes]] = set()
    kept = []
    for at in rows.tolist():
        shape = drawing.shapes[at]
        key = (
            str(drawing.columns["Layer"].iloc[at]),
            shapely.to_wkb(shapely.normalize(shapely.force_2d(shape))),
        )
        if drawing.kinds[at] == _AREA and key in seen:
            continue
        seen.add(key)
        kept.append(at)
    return np.asarray(kept, dtype=np.intp), len(rows) - len(kept)


def _remarks(drawing: _Drawing, layers: Sequence[str], twice: int) -> Sequence[Text]:
    notes = []
    if len(layers) > 1:
        notes.append(together_note(len(layers)))
    if twice:
        notes.append(
            Text(
                f"{twice} 个图形与同一图层上的另一个完全相同（如填充与其边界线），只读取一次",
                f"{twice} shapes are the same as another on their layer (a hatch and the line around it), and are "
                "read once",
            )
        )
    if drawing.curved:
        notes.append(
            Text(
                "图形中的圆弧按每 0.5 度一段弦读取，偏离圆弧不超过半径的十万分之一（半径 100 米时 1 毫米）；"
                "样条曲线按 GDAL 的取样",
                "arcs of the drawing are read as chords of half a degree, off by at most a hundred-thousandth of the "
                "radius (1 mm at 100 m); splines as GDAL samples them",
            )
        )
    return notes

"""Formats that GDAL reads: GeoPackage, Shapefile, GeoJSON, FlatGeobuf, File Geodatabase, MapInfo."""

from __future__ import annotations

import codecs
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis.crs import WGS84, CrsLike, SourceCrs, parse_crs
from gis.errors import CrsUnknown, UnknownEncoding, UnreadableFile
from gis.io.dbase import exact_columns
from gis.io.dbase_encoding import DbaseHeader
from gis.io.dbase_text import drop_memos, read_dbase_names, read_dbase_texts, refuse_text_behind_nul
from gis.io.esri_json import esri_json_crs
from gis.io.flatgeobuf_values import exact_unsigned
from gis.io.formats import Format
from gis.io.gdal_tables import Table, choose_layer, names_of, read_table, shapes_in
from gis.io.geojson import geojson_crs, only_layer
from gis.io.geojson_values import exact_properties
from gis.io.geopackage import refuse_lost_rows
from gis.io.json_text import parsable_numbers, refuse_unkept_escapes
from gis.io.layer import (
    ALL_LAYERS,
    CrsSource,
    LayerData,
    assemble,
    digest_of,
    given_or_found,
)
from gis.io.sqlite_columns import exact_columns as geopackage_columns
from gis.io.text import refuse_broken_utf8
from gis.text import Text

__all__ = ["declared_crs", "read_vector"]

# Text stays text, and the key of a table, which people know as fid, is one of its columns.
_OPTIONS: dict[str, dict[str, object]] = {
    "GeoJSON": {"DATE_AS_STRING": "YES"},
    "GeoPackage": {"return_fids": True},
}


def _crs_of(meta: dict[str, object], source: Path) -> tuple[SourceCrs | None, CrsSource]:
    """Find the CRS a file declares."""
    text = _prj_with_parameters(source) or meta.get("crs")
    if not text:
        return None, "file"
    try:
        return declared_crs(text), "file"
    except CRSError as error:
        raise CrsUnknown(
            f"文件 {source.name} 的坐标系说明无法识别", f"the CRS of file {source.name} cannot be read"
        ) from error


@lru_cache(maxsize=64)
def declared_crs(text: str) -> SourceCrs | None:
    """Read the CRS that a file declares; None where it says that it has none.

    Raises
    ------
    pyproj.exceptions.CRSError
        It is no definition.
    gis.errors.CrsUnknown
        It is one that cannot be used.
    """
    definition = CRS.from_user_input(text)
    # GeoPackage spells "unknown" as an engineering CRS or an "Undefined" entry.
    if definition.type_name == "Engineering CRS" or definition.name.lower().startswith("undefined"):
        return None
    return parse_crs(definition)


def _prj_with_parameters(source: Path) -> str | None:
    """Read a .prj that states its own shift to WGS84: the driver finds the registry's entry for it and drops that."""
    beside = [one for one in (source.with_suffix(".prj"), source.with_suffix(".PRJ")) if one.is_file()]
    text = beside[0].read_text(encoding="utf-8", errors="replace") if beside else ""
    return text if "TOWGS84" in text and source.suffix.lower() == ".shp" else None


def read_vector(
    source: Path,
    form: Format,
    *,
    name: str,
    layer: str | None,
    crs: CrsLike | None,
    dbf: DbaseHeader | None = None,
    latin: str | None = None,
    encoding: str | None = None,
    parts: list[Path] | None = None,
) -> LayerData:
    """Read a layer by GDAL.

    Parameters
    ----------
    source : Path
        What GDAL opens.
    form : Format
    name : str
        How the file is called to the user.
    layer : str or None
        Which layer; None when there is only one.
    crs : CRS or None
        The caller's word.
    dbf : DbaseHeader or None
        Of a dBASE table in `encoding`; its bytes are passed through GDAL unread and decoded here, since GDAL's
        recoding depends on what the machine has installed.
    latin : str or None
        Encoding of texts that GDAL takes for ISO-8859-1, because the copy that it reads says so.
    encoding : str or None
        To report, and to read a dBASE table in.
    parts : list of Path, optional
        The files the checksum is over; `source` alone by default.
    """
    # Looked at before GDAL is: it would fetch what a crs member links to.
    declared = geojson_crs(source, given=crs is not None) if form.name == "GeoJSON" else None
    if form.name in ("GeoJSON", "Esri JSON"):
        refuse_broken_utf8(source)
        refuse_unkept_escapes(source)
    stated = esri_json_crs(source) if form.name == "Esri JSON" and crs is None else None
    passed = "ISO-8859-1" if dbf else None
    try:
        chosen, raw = _read_chosen(source, form, name=name, layer=layer, encoding=passed)
    except UnreadableFile as error:
        if form.name != "GeoJSON" or "Unrecognized number" not in error.detail.en:
            raise
        with parsable_numbers(source) as opened:
            chosen, raw = _read_chosen(opened, form, name=name, layer=layer, encoding=passed)
    notes = [] if dbf is None else _read_dbase(raw, dbf, encoding or "ascii", name)
    if latin is not None:
        raw.table = _read_latin(raw.table, latin, name)
    columns = raw.columns
    if form.name == "GeoPackage":
        columns, whole = geopackage_columns(columns, source, layer=chosen, geometry=raw.wkb_column)
        if not whole:
            refuse_lost_rows(source, layer=chosen, rows=len(columns), name=name)
    for part in parts or ():
        if part.suffix.lower() == ".dbf":
            if dbf is not None:
                refuse_text_behind_nul(part, dbf)
            columns, more = exact_columns(columns, part, encoding=encoding)
            notes += more
    if dbf is not None:
        columns, more = drop_memos(columns, dbf)
        notes += more
    if form.name == "FlatGeobuf":
        columns = exact_unsigned(columns, source)
    if form.name in ("GeoJSON", "Esri JSON"):
        columns = exact_properties(columns, raw.table.schema, source)
    shapes, bad = shapes_in(raw.wkb)
    found: SourceCrs | None
    said_by: CrsSource
    if declared == "absent":
        found, said_by = WGS84, "format"
    elif form.name == "GeoJSON":
        found, said_by = declared, "file"
    elif form.name == "Esri JSON":
        found, said_by = stated, "file"
    elif crs is not None:
        found, said_by = None, "argument"
    else:
        found, said_by = _crs_of(raw.meta, source)
    settled, crs_source = given_or_found(crs, found, name=name, source=said_by)
    return assemble(
        columns,
        shapes,
        crs=settled,
        crs_source=crs_source,
        driver=form.name,
        sha256=digest_of(parts or [source]),
        encoding=encoding,
        layer=chosen,
        bad_rows=bad,
        notes=notes,
    )


def _read_chosen(
    source: Path, form: Format, *, name: str, layer: str | None, encoding: str | None
) -> tuple[str, Table]:
    """Choose a layer and read it."""
    options = _OPTIONS.get(form.name, {})
    # To list the layer of GeoJSON, GDAL reads all of the file.
    only = only_layer(source) if form.name == "GeoJSON" and layer in (None, ALL_LAYERS) else None
    if only is not None:
        raw = read_table(source, layer=None, name=name, encoding=encoding, **options)
        if raw.meta["geometry_type"] is not None:
            return only, raw
    layers = names_of(source, name=name)
    if not layers:
        raise UnreadableFile(
            f"文件 {name} 已损坏或不完整", f"file {name} is damaged or truncated", code="damaged"
        )
    chosen = choose_layer(layers, layer, name=name)
    return chosen, read_table(source, layer=chosen, name=name, encoding=encoding, **options)


def _read_dbase(raw: Table, header: DbaseHeader, codec: str, name: str) -> list[Text]:
    """Read the names and texts of a dBASE table in place; GDAL gives its columns in the order of the header."""
    names, notes = read_dbase_names(header, codec, file=name)
    shapes = [column for column in raw.table.column_names if column == raw.wkb_column]
    if raw.table.num_columns != len(names) + len(shapes):
        raise UnreadableFile(
            f"文件 {name} 的属性表有 {len(names)} 列，只能读出 {raw.table.num_columns - len(shapes)} 列",
            f"the table of file {name} has {len(names)} columns, {raw.table.num_columns - len(shapes)} can be read",
            code="damaged",
        )
    own = [*names, *shapes]
    if raw.wkb_column in names:
        raw.wkb_column = f"{raw.wkb_column}\x00"
        own[-1:] = [raw.wkb_column]
    table, more = read_dbase_texts(raw.table.rename_columns(own), header, codec, file=name)
    raw.table = table
    return [*notes, *more]


def _read_latin(table: pa.Table, codec: str, name: str) -> pa.Table:
    """Read names and texts that GDAL took for ISO-8859-1; a character that a field cuts in half is left out."""

    def meant(text: str | None) -> str | None:
        return None if text is None else codecs.getincrementaldecoder(codec)().decode(text.encode("latin-1"))

    try:
        columns = [
            pa.array([meant(text) for text in column.to_pylist()], column.type)
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            else column
            for column in table.columns
        ]
        return pa.table(columns, names=[str(meant(label)) for label in table.column_names])
    except UnicodeDecodeError as error:
        raise UnknownEncoding(
            f"文件 {name} 的文字不全是 {codec} 编码：{bytes(error.object)[:40]!r}；请用 encoding 指明",
            f"not all text of file {name} is in {codec}: {bytes(error.object)[:40]!r}; name the encoding",
        ) from error

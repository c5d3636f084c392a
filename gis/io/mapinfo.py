"""MapInfo tables, native (TAB with DAT, MAP and ID) and for exchange (MIF with MID), in the encoding they declare."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gis.crs import CrsLike
from gis.errors import UnreadableFile
from gis.io.cells import Cell
from gis.io.code_pages import mapinfo_charset
from gis.io.datasets import SIDECARS, parts_beside
from gis.io.dbase_encoding import DbaseHeader, read_dbase_header, table_cells
from gis.io.dbase_text import refuse_text_behind_nul
from gis.io.encoding import Declaration, choose_encoding
from gis.io.formats import FORMATS
from gis.io.gdal_tables import layers_of
from gis.io.layer import LayerData, LayerInfo
from gis.io.nul import refuse_nul_bytes
from gis.io.text_encoding import line_cells
from gis.io.vector import read_vector

__all__ = ["list_mapinfo", "read_mapinfo"]

_HEAD = 1 << 16
_CHARSET = re.compile(rb'(charset\s+)"?([A-Za-z0-9_-]+)"?', re.IGNORECASE)
# What a .tab may be besides a table of its own: all of them lead to other files.
_POINTER = re.compile(
    rb"^\s*(?:create\s+view|type\s+(?!native)\w+|\"\\istab_seamless\"|\"\\isseamless\")",
    re.IGNORECASE | re.MULTILINE,
)
_FIELD = re.compile(
    rb"^[ \t]+\S.*?[ \t]+(char|integer|smallint|largeint|float|decimal|date|time|datetime|logical)\b[^\r\n]*;",
    re.IGNORECASE | re.MULTILINE,
)
_NEEDED = {".tab": (".dat", ".map", ".id"), ".mif": (".mid",)}


def read_mapinfo(
    path: Path,
    kind: str,
    *,
    crs: CrsLike | None,
    encoding: str | None,
    name: str | None = None,
    layer: str | None = None,
) -> LayerData:
    """Read a MapInfo table and the parts beside it.

    Parameters
    ----------
    path : Path
    kind : {".tab", ".mif"}
    name : str, optional
        How the user calls the file.
    layer : str, optional
        How the one layer is called; by the name of the file otherwise.

    Raises
    ------
    gis.errors.UnreadableFile
        A part is missing or damaged, or the table is a pointer to other files.
    gis.errors.UnknownEncoding
    """
    label = name or path.name
    parts = _parts(path, kind, label)
    _refuse_nul(parts)
    form = FORMATS["MapInfo TAB" if kind == ".tab" else "MapInfo MIF"]
    with _passed_through(parts, kind) as (opened, charset):
        found = _encoding(parts, charset, given=encoding, label=label)
        data = read_vector(
            opened,
            form,
            name=label,
            layer=None,
            crs=crs,
            latin=found or "ascii",
            encoding=found or "ascii",
            parts=[parts[suffix] for suffix in SIDECARS[kind] if suffix in parts],
        )
    return replace(data, layer=layer or path.stem)


def list_mapinfo(path: Path, kind: str) -> list[LayerInfo]:
    """List the one layer of a MapInfo table."""
    with _passed_through(_parts(path, kind, path.name), kind) as (opened, _):
        infos = layers_of(opened, name=path.name)
    return [LayerInfo(path.stem, info.geometry_type, info.features) for info in infos]


def _parts(path: Path, kind: str, label: str) -> dict[str, Path]:
    parts = parts_beside(path) if path.suffix.lower() == kind else {kind: path}
    with path.open("rb") as stream:
        if _POINTER.search(stream.read(_HEAD)) and kind == ".tab":
            raise UnreadableFile(
                f"MapInfo 表 {label} 只指向其他数据（视图、无缝图层、栅格或外部表），请在 MapInfo 中另存为普通表",
                f"MapInfo table {label} only points to other data (a view, seamless or linked table, a raster); save "
                "it as a table of its own in MapInfo",
                code="linked-table",
            )
    for suffix in _NEEDED[kind]:
        if suffix not in parts:
            raise UnreadableFile(
                f"MapInfo 数据 {label} 缺少同名的 {suffix} 文件",
                f"MapInfo table {label} lacks its {suffix} file",
                code="missing-part",
            )
    return parts


@contextmanager
def _passed_through(parts: Mapping[str, Path], main: str) -> Iterator[tuple[Path, str]]:
    """Give a copy that says it is Latin-1, so that GDAL hands on the bytes, and the charset that it really declares.

    GDAL recodes by what the machine has installed, and in a closed root there is nothing.
    """
    with parts[main].open("rb") as stream:
        head = stream.read(_HEAD)
    found = _CHARSET.search(head)
    with tempfile.TemporaryDirectory(prefix="wangge-mapinfo-") as folder:
        for suffix, part in parts.items():
            target = Path(folder) / f"layer{suffix}"
            if suffix != main:
                shutil.copyfile(part, target)
                continue
            with part.open("rb") as source, target.open("wb") as out:
                source.seek(len(head))
                out.write(_CHARSET.sub(rb'\1"ISO8859_1"', head))
                shutil.copyfileobj(source, out, 1 << 20)
        yield Path(folder) / f"layer{main}", (found[2].decode("ascii") if found else "Neutral")


def _encoding(parts: Mapping[str, Path], charset: str, *, given: str | None, label: str) -> str | None:
    """Find the encoding of names and texts by the one rule."""
    codec = mapinfo_charset(charset)
    declared = [Declaration(codec, f'Charset "{charset}"')] if codec else []
    return choose_encoding(list(_cells(parts)), file=label, declared=declared, given=given)


def _cells(parts: Mapping[str, Path]) -> Iterator[Cell]:
    for suffix in (".mif", ".mid", ".tab"):
        if suffix in parts:
            with parts[suffix].open("rb") as stream:
                yield from line_cells(stream)
    if ".dat" in parts:
        yield from table_cells(parts[".dat"], _text_fields(parts[".dat"], parts[".tab"]))


def _refuse_nul(parts: Mapping[str, Path]) -> None:
    """Refuse texts that GDAL would take to end at a NUL."""
    for suffix in (".mif", ".mid"):
        if suffix in parts:
            with parts[suffix].open("rb") as stream:
                refuse_nul_bytes(stream, name=parts[suffix].name)
    if ".dat" in parts:
        refuse_text_behind_nul(parts[".dat"], _text_fields(parts[".dat"], parts[".tab"]))


def _text_fields(dat: Path, tab: Path) -> DbaseHeader:
    """Read the header of a .dat, which calls columns of binary numbers text; the .tab has their types."""
    header = read_dbase_header(dat)
    with tab.open("rb") as stream:
        kinds = [found[1].lower() for found in _FIELD.finditer(stream.read(_HEAD))]
    fields = [
        replace(one, kind="C" if at < len(kinds) and kinds[at] == b"char" else "N")
        for at, one in enumerate(header.fields)
    ]
    return replace(header, fields=fields)

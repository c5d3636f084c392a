"""Shapefiles: several files that belong together, with a dBASE table in some encoding."""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gis.crs import CrsLike
from gis.errors import UnreadableFile
from gis.io.counts import refuse_differing_counts
from gis.io.datasets import SIDECARS, parts_beside
from gis.io.dbase_encoding import dbase_encoding, read_dbase_header
from gis.io.formats import FORMATS
from gis.io.gdal_tables import layers_of
from gis.io.layer import LayerData, LayerInfo
from gis.io.vector import read_vector

__all__ = ["list_shapefile", "read_shapefile"]

_PARTS = SIDECARS[".shp"]
_LONGEST_CPG = 80


def read_shapefile(
    shp: Path, *, crs: CrsLike | None, encoding: str | None, name: str | None = None, layer: str | None = None
) -> LayerData:
    """Read a Shapefile and the parts beside it.

    Raises
    ------
    gis.errors.UnreadableFile
        A part is missing or damaged.
    """
    label = name or shp.name
    parts = _parts_of(shp)
    for needed in (".shx", ".dbf"):
        if needed not in parts:
            raise UnreadableFile(
                f"Shapefile {label} 缺少同名的 {needed} 文件",
                f"Shapefile {label} lacks its {needed} file",
                code="missing-part",
            )
    _refuse_truncated(parts, label)
    refuse_differing_counts(parts, name=label)
    cpg = parts[".cpg"].read_bytes()[:_LONGEST_CPG].decode("latin-1") if ".cpg" in parts else None
    header = read_dbase_header(parts[".dbf"])
    found = dbase_encoding(parts[".dbf"], header, cpg=cpg, given=encoding, name=label)
    with _plainly_named(shp, parts) as opened:
        data = read_vector(
            opened,
            FORMATS["Shapefile"],
            name=label,
            layer=None,
            crs=crs,
            dbf=header,
            encoding=found or "ascii",
            parts=[parts[suffix] for suffix in _PARTS if suffix in parts],
        )
    return replace(data, layer=layer or shp.stem)


def list_shapefile(shp: Path) -> list[LayerInfo]:
    """List the one layer of a Shapefile."""
    with _plainly_named(shp, _parts_of(shp)) as opened:
        (info,) = layers_of(opened, name=shp.name)
    return [LayerInfo(shp.stem, info.geometry_type, info.features)]


def _parts_of(shp: Path) -> dict[str, Path]:
    """Find the parts, also of one that is called as nobody calls them (an upload)."""
    return parts_beside(shp) if shp.suffix.lower() == ".shp" else {".shp": shp}


@contextmanager
def _plainly_named(shp: Path, parts: dict[str, Path]) -> Iterator[Path]:
    """Give a Shapefile whose parts are called alike: GDAL looks for them under one name, in one case."""
    if all(part.name == f"{shp.stem}{suffix}" for suffix, part in parts.items()):
        yield shp
        return
    with tempfile.TemporaryDirectory(prefix="wangge-shp-") as folder:
        for suffix, part in parts.items():
            shutil.copyfile(part, Path(folder) / f"layer{suffix}")
        yield Path(folder) / "layer.shp"


def _refuse_truncated(parts: dict[str, Path], label: str) -> None:
    """Compare the sizes that the headers state with those on disk: GDAL reads half a file without a word."""
    for suffix in (".shp", ".shx", ".dbf"):
        with parts[suffix].open("rb") as stream:
            head = stream.read(100)
        if suffix == ".dbf" and len(head) >= 32:
            records, header, width = struct.unpack_from("<IHH", head, 4)
            stated = header + records * width
        elif suffix != ".dbf" and len(head) == 100:
            (words,) = struct.unpack_from(">i", head, 24)
            stated = 2 * words
        else:
            stated = 100
        if parts[suffix].stat().st_size < stated:
            raise UnreadableFile(
                f"Shapefile {label} 的 {suffix} 文件不完整：应有 {stated} 字节，实际 {parts[suffix].stat().st_size}",
                f"the {suffix} of Shapefile {label} is truncated: expected {stated} bytes, "
                f"got {parts[suffix].stat().st_size}",
                code="damaged",
            )

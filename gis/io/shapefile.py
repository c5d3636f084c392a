"""Shapefiles: several files that belong together, loose or in a zip, with a dBASE table in some encoding."""

from __future__ import annotations

import lzma
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gis.crs import CrsLike
from gis.errors import GisError, LayerNotFound, UnreadableFile
from gis.io.encoding import dbf_encoding
from gis.io.formats import FORMATS
from gis.io.layer import LayerData, LayerInfo
from gis.io.limits import current_limits
from gis.io.vector import layers_of, read_vector

__all__ = ["list_zipped", "read_shapefile", "read_zipped"]

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def _beside(shp: Path) -> dict[str, Path]:
    """Find the parts of a Shapefile whatever the case of their extensions."""
    found = {}
    for other in shp.parent.iterdir():
        if other.stem == shp.stem and other.suffix.lower() in _PARTS:
            found[other.suffix.lower()] = other
    return found


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
    parts = _beside(shp)
    for needed in (".shx", ".dbf"):
        if needed not in parts:
            raise UnreadableFile(
                f"Shapefile {label} 缺少同名的 {needed} 文件",
                f"Shapefile {label} lacks its {needed} file",
                code="missing_part",
            )
    _refuse_truncated(parts, label)
    cpg = parts[".cpg"].read_text(encoding="ascii", errors="replace") if ".cpg" in parts else None
    found = dbf_encoding(parts[".dbf"], cpg=cpg, given=encoding)
    data = read_vector(
        shp,
        FORMATS["Shapefile"],
        name=label,
        layer=None,
        crs=crs,
        dbf=found,
        encoding=found or "ascii",
        parts=[parts[suffix] for suffix in _PARTS if suffix in parts],
    )
    return data if layer is None else _renamed(data, layer)


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


def _renamed(data: LayerData, layer: str) -> LayerData:
    fields = {**vars(data), "layer": layer}
    return LayerData(**fields)


# ---------------------------------------------------------------- zipped
@dataclass(frozen=True)
class _Member:
    """A Shapefile inside an archive: its layer name, and which member each part is."""

    name: str
    parts: dict[str, zipfile.ZipInfo]


def _members(archive: zipfile.ZipFile) -> list[_Member]:
    groups: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for info in archive.infolist():
        path = PurePosixPath(_member_name(info).replace("\\", "/"))
        if info.is_dir() or path.name.startswith("._") or "__MACOSX" in path.parts:
            continue
        if path.suffix.lower() in _PARTS:
            groups.setdefault(str(path.with_suffix("")), {})[path.suffix.lower()] = info
    return [
        _Member(PurePosixPath(stem).name, parts) for stem, parts in sorted(groups.items()) if ".shp" in parts
    ]


def _member_name(info: zipfile.ZipInfo) -> str:
    """Read a member's name: Chinese tools write GBK without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        if isinstance(error, GisError):
            raise
        raise UnreadableFile(
            f"压缩包 {path.name} 已损坏、加密或不完整",
            f"archive {path.name} is damaged, encrypted or truncated",
            code="damaged",
        ) from error


def list_zipped(path: Path) -> list[LayerInfo]:
    """List the Shapefiles in an archive."""
    with _opened(path) as archive:
        found = []
        for member in _members(archive):
            with _unpacked(archive, member) as shp:
                (info,) = layers_of(shp, name=path.name)
            found.append(LayerInfo(member.name, info.geometry_type, info.features))
    return found


def read_zipped(path: Path, *, layer: str | None, crs: CrsLike | None, encoding: str | None) -> LayerData:
    """Read a Shapefile out of an archive.

    Raises
    ------
    gis.errors.LayerNotFound
        No such Shapefile inside, or several and none named.
    gis.errors.UnreadableFile
        Damaged, encrypted, incomplete, or far too large when unpacked.
    """
    with _opened(path) as archive:
        members = _members(archive)
        listing = ", ".join(member.name for member in members)
        chosen = [member for member in members if layer is None or member.name == layer]
        if not chosen:
            raise LayerNotFound(
                f"压缩包 {path.name} 中没有图层 {layer!r}；现有：{listing}",
                f"archive {path.name} has no layer {layer!r}; it has: {listing}",
            )
        if len(chosen) > 1:
            raise LayerNotFound(
                f"压缩包 {path.name} 有多个图层，请用 layer 指明：{listing}",
                f"archive {path.name} has several layers, name one: {listing}",
                code="several_layers",
            )
        with _unpacked(archive, chosen[0]) as shp:
            data = read_shapefile(shp, crs=crs, encoding=encoding, name=path.name, layer=chosen[0].name)
    return LayerData(**{**vars(data), "driver": FORMATS["zipped Shapefile"].name})


@contextmanager
def _unpacked(archive: zipfile.ZipFile, member: _Member) -> Iterator[Path]:
    """Unpack the parts under plain names, so that names in any encoding cannot trouble GDAL."""
    current_limits().refuse_over_bytes(sum(info.file_size for info in member.parts.values()))
    with tempfile.TemporaryDirectory(prefix="wangge-shp-") as folder:
        for suffix, info in member.parts.items():
            with archive.open(info) as packed, (Path(folder) / f"layer{suffix}").open("wb") as out:
                shutil.copyfileobj(packed, out, 1 << 20)
        yield Path(folder) / "layer.shp"

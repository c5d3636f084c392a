"""KMZ: KML in an archive, which GDAL knows by the name of the file alone."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from gis.crs import CrsLike
from gis.errors import UnreadableFile
from gis.io.formats import FORMATS
from gis.io.layer import LayerData, LayerInfo
from gis.io.limits import current_limits
from gis.io.vector import layers_of, read_vector

__all__ = ["list_kmz", "read_kmz"]


def _refuse_large(source: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            total = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableFile(
            f"压缩包 {source.name} 已损坏或不完整",
            f"archive {source.name} is damaged or truncated",
            code="damaged",
        ) from error
    current_limits().refuse_over_bytes(total)


def read_kmz(source: Path, *, layer: str | None, crs: CrsLike | None) -> LayerData:
    """Read a layer of a KMZ whatever the file is called.

    Raises
    ------
    gis.errors.LimitExceeded
        It unpacks to more than is taken.
    gis.errors.InputRefused
        As for any other file.
    """
    _refuse_large(source)
    form = FORMATS["KMZ"]
    if source.suffix.lower() == ".kmz":
        return read_vector(source, form, name=source.name, layer=layer, crs=crs)
    with tempfile.TemporaryDirectory(prefix="wangge-kmz-") as folder:
        named = Path(shutil.copyfile(source, Path(folder) / "layer.kmz"))
        return read_vector(named, form, name=source.name, layer=layer, crs=crs)


def list_kmz(source: Path) -> list[LayerInfo]:
    """List the layers of a KMZ whatever the file is called."""
    _refuse_large(source)
    if source.suffix.lower() == ".kmz":
        return layers_of(source, name=source.name)
    with tempfile.TemporaryDirectory(prefix="wangge-kmz-") as folder:
        named = Path(shutil.copyfile(source, Path(folder) / "layer.kmz"))
        return layers_of(named, name=source.name)

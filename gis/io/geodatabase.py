"""File Geodatabases: folders of tables, read by GDAL's own driver, which writes nothing into them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis.crs import CrsLike
from gis.io.formats import FORMATS
from gis.io.gdal_tables import layers_of
from gis.io.layer import LayerData, LayerInfo
from gis.io.vector import read_vector

__all__ = ["list_geodatabase", "read_geodatabase"]


def _files(folder: Path) -> list[Path]:
    """List the files of a geodatabase; the locks that ArcGIS leaves there are none of its content."""
    return [one for one in sorted(folder.iterdir()) if one.is_file() and one.suffix.lower() != ".lock"]


@contextmanager
def _named(folder: Path) -> Iterator[Path]:
    """Give a geodatabase under a name that GDAL knows one by, whatever people have made of it."""
    if folder.suffix.lower() == ".gdb":
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="wangge-gdb-") as scratch:
        copy = Path(scratch) / "layer.gdb"
        copy.mkdir()
        for part in _files(folder):
            shutil.copyfile(part, copy / part.name)
        yield copy


def read_geodatabase(
    folder: Path, *, layer: str | None, crs: CrsLike | None, name: str | None = None
) -> LayerData:
    """Read a layer of a File Geodatabase.

    Parameters
    ----------
    folder : Path
    name : str, optional
        How the user calls it.

    Raises
    ------
    gis.errors.InputRefused
    """
    with _named(folder) as opened:
        return read_vector(
            opened,
            FORMATS["File Geodatabase"],
            name=name or folder.name,
            layer=layer,
            crs=crs,
            parts=_files(folder),
        )


def list_geodatabase(folder: Path, *, name: str | None = None) -> list[LayerInfo]:
    """List the layers of a File Geodatabase."""
    with _named(folder) as opened:
        return layers_of(opened, name=name or folder.name)

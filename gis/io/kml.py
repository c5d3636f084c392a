"""KMZ: KML in an archive. GDAL knows it by the name of the file alone, and reads no columns out of it."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis.crs import CrsLike
from gis.errors import UnreadableFile
from gis.io.formats import FORMATS
from gis.io.layer import LayerData, LayerInfo
from gis.io.limits import current_limits
from gis.io.vector import layers_of, read_vector

__all__ = ["list_kmz", "read_kmz"]


@contextmanager
def _opened(source: Path) -> Iterator[Path]:
    """Give the one document of an archive, unpacked; the archive where there are several that refer to each other."""
    with tempfile.TemporaryDirectory(prefix="wangge-kmz-") as folder:
        try:
            with zipfile.ZipFile(source) as archive:
                current_limits().refuse_over_bytes(sum(info.file_size for info in archive.infolist()))
                documents = [one for one in archive.infolist() if one.filename.lower().endswith(".kml")]
                if len(documents) == 1:
                    target = Path(folder) / "doc.kml"
                    with archive.open(documents[0]) as packed, target.open("wb") as out:
                        shutil.copyfileobj(packed, out, 1 << 20)
                else:
                    target = Path(shutil.copyfile(source, Path(folder) / "doc.kmz"))
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            OSError,
        ) as error:
            raise UnreadableFile(
                f"压缩包 {source.name} 已损坏、加密或不完整",
                f"archive {source.name} is damaged, encrypted or truncated",
                code="damaged",
            ) from error
        yield target


def read_kmz(source: Path, *, layer: str | None, crs: CrsLike | None) -> LayerData:
    """Read a layer of a KMZ whatever the file is called.

    Raises
    ------
    gis.errors.LimitExceeded
        It unpacks to more than is taken.
    gis.errors.InputRefused
        As for any other file.
    """
    with _opened(source) as document:
        return read_vector(document, FORMATS["KMZ"], name=source.name, layer=layer, crs=crs, parts=[source])


def list_kmz(source: Path) -> list[LayerInfo]:
    """List the layers of a KMZ whatever the file is called."""
    with _opened(source) as document:
        return layers_of(document, name=source.name)

"""The files of a folder, their partitions, and the pieces that Spark hands out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow.fs as pa_fs
import pyarrow.parquet as pq
from pyarrow.parquet import FileMetaData

from gis.bulk_arrow import OWNER_COLUMN, Places, damaged
from gis.bulk_files.columns import places_in_parquet
from gis.crs import CrsLike
from gis.errors import MissingColumn, UnreadableFile
from gis.spark.worker import Piece, opened

__all__ = ["PIECE_ROWS", "Dataset", "list_dataset", "location"]

PIECE_ROWS = 4_000_000
"""Rows of a piece, roughly: a few seconds of work, so that little is lost with an executor."""

_SUFFIXES = {".parquet", ".geoparquet", ".pq"}


@dataclass(frozen=True)
class Dataset:
    """What there is to do.

    Parameters
    ----------
    pieces : tuple of Piece
        In the order of file names, then of rows.
    partitions : tuple of str
        The folders that hold files, relative to the root, ``""`` for the root itself.
    rows : int
    """

    pieces: tuple[Piece, ...]
    partitions: tuple[str, ...]
    rows: int


def location(given: Path | str) -> str:
    """Give a path or URI as every machine of the cluster must be able to open it.

    Examples
    --------
    >>> location("s3a://bucket/points"), location("/data/points/")
    ('s3://bucket/points', '/data/points')
    """
    text = str(given)
    if "://" not in text:
        return str(Path(text).resolve())
    # Hadoop's name for the same storage.
    return text.rstrip("/").replace("s3a://", "s3://", 1)


def list_dataset(
    source: str,
    *,
    lon: str | None,
    lat: str | None,
    crs: CrsLike | None,
    piece_rows: int = PIECE_ROWS,
) -> Dataset:
    """List the Parquet files of a folder (or the one file), read their footers, and cut them into pieces.

    Raises
    ------
    gis.errors.InputRefused
        Nothing there, no Parquet in it, a damaged footer, or a file without places.
    gis.errors.CrsMissing, gis.errors.CrsUnknown
    """
    fs, root = opened(source)
    info = fs.get_file_info(root)
    if info.type == pa_fs.FileType.NotFound:
        raise UnreadableFile(f"没有 {source}", f"there is no {source}", code="no-such-file")
    if info.type == pa_fs.FileType.File:
        names, root = [PurePosixPath(root).name], str(PurePosixPath(root).parent)
    else:
        names = _files(fs, root)
    if not names:
        raise UnreadableFile(
            f"{source} 里没有 Parquet 文件", f"there is no Parquet file in {source}", code="no-parquet-files"
        )
    _refuse_partitioned_by_owner(names)

    def footer(name: str) -> FileMetaData:
        with damaged(name):
            return pq.read_metadata(f"{root}/{name}", filesystem=fs)

    with ThreadPoolExecutor(8) as readers:
        footers = list(readers.map(footer, names))
    pieces: list[Piece] = []
    for name, found in zip(names, footers, strict=True):
        places = places_in_parquet(found.schema.to_arrow_schema(), name, lon=lon, lat=lat, crs=crs)
        pieces += _cut(name, found, places, piece_rows)
    folders = sorted({_folder(name) for name in names})
    return Dataset(tuple(pieces), tuple(folders), sum(found.num_rows for found in footers))


def _files(fs: pa_fs.FileSystem, root: str) -> list[str]:
    prefix = root.rstrip("/") + "/"
    selected = fs.get_file_info(pa_fs.FileSelector(root, recursive=True))
    names = [
        one.path.removeprefix(prefix)
        for one in selected
        if one.type == pa_fs.FileType.File and PurePosixPath(one.path).suffix.lower() in _SUFFIXES
    ]
    # Marks of other writers, half-written files and our own staging begin like this, for every reader of Parquet.
    return sorted(n for n in names if not any(part.startswith(("_", ".")) for part in n.split("/")))


def _folder(name: str) -> str:
    folder = str(PurePosixPath(name).parent)
    return "" if folder == "." else folder


def _refuse_partitioned_by_owner(names: list[str]) -> None:
    for name in names:
        if any(part.startswith(f"{OWNER_COLUMN}=") for part in name.split("/")[:-1]):
            raise MissingColumn(
                f"输入已按 {OWNER_COLUMN} 分区（{name}），请先改名",
                f"the input is partitioned by {OWNER_COLUMN} already ({name}); rename that first",
                code="column-taken",
            )


def _cut(name: str, found: FileMetaData, places: Places, piece_rows: int) -> list[Piece]:
    """Cut a file between its row groups; a small one is one piece, and keeps its name."""
    groups = [found.row_group(at).num_rows for at in range(found.num_row_groups)]
    if found.num_rows <= piece_rows or len(groups) == 1:
        return [Piece(name, name, None, 0, places)]
    path = PurePosixPath(name)
    numbered: Callable[[int], str] = lambda number: str(  # noqa: E731
        path.with_name(f"{path.stem}-{number:05d}{path.suffix}")
    )
    pieces: list[Piece] = []
    taken: list[int] = []
    first = done = 0
    for at, rows in enumerate(groups):
        taken.append(at)
        done += rows
        if done - first >= piece_rows or at == len(groups) - 1:
            pieces.append(Piece(name, numbered(len(pieces)), tuple(taken), first, places))
            taken, first = [], done
    return pieces

"""One piece of a file on an executor: read, located and written by Arrow, batch by batch.

An executor needs numpy, pyarrow, shapely, pyproj and numba; this package comes with the job where it is not there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.fs as pa_fs
import pyarrow.parquet as pq

from gis.bulk_arrow import BulkResult, Places, located_batches, owned_schema, writing
from gis.errors import Refusal
from gis.locate import GridIndex

if TYPE_CHECKING:
    from pyspark import Broadcast

__all__ = ["Job", "Piece", "index_of", "located_piece", "opened", "write_piece"]


@dataclass(frozen=True)
class Piece:
    """Rows of a file, and where they go.

    Parameters
    ----------
    source, target : str
        Files, relative to the roots of input and output.
    row_groups : tuple of int or None
        Which; None for all of them.
    first_row : int
        Rows of the file before these.
    places : Places
        Where the coordinates are in this file.
    """

    source: str
    target: str
    row_groups: tuple[int, ...] | None
    first_row: int
    places: Places


@dataclass(frozen=True)
class Job:
    """What all pieces have in common.

    Parameters
    ----------
    source, staging : str
        Roots of the input, and of the output until all of it is there: paths or URIs that every machine can open.
    index : pyspark.Broadcast of bytes
        The saved index, which Spark brings to each executor once.
    name : str
        Of the file it becomes there.
    patience : int
        A refusal is believed at this attempt; before it, Spark tries again, in case it was the machine.
    """

    source: str
    staging: str
    index: Broadcast[bytes]
    name: str
    patience: int


def opened(root: str) -> tuple[pa_fs.FileSystem, str]:
    """Give the file system of a path or URI, and the path in it."""
    if "://" not in root:
        return pa_fs.LocalFileSystem(), root
    fs, path = pa_fs.FileSystem.from_uri(root)
    return fs, path


@lru_cache(maxsize=2)
def _mapped(path: str) -> GridIndex:
    return GridIndex.open(path)


def index_of(job: Job, folder: str) -> GridIndex:
    """Open the index of a job from a folder of the executor, where its first process puts it.

    Each process opens it once, by memory map, so that all of them share its pages.
    """
    path = Path(folder, job.name)
    if not path.exists():
        part = path.with_name(f".{job.name}.{uuid.uuid4().hex}")
        part.write_bytes(job.index.value)
        part.replace(path)
    return _mapped(str(path))


def located_piece(
    job: Job, piece: Piece, told: Callable[[int], object]
) -> tuple[Piece, BulkResult | Refusal]:
    """Locate a piece, on an executor.

    The file takes its name only when it is whole, so a second attempt, or one beside it, does no harm. A refusal is
    given back, not raised: trying again would not help.
    """
    from pyspark import SparkFiles, TaskContext

    task = TaskContext.get()
    try:
        counts = write_piece(index_of(job, SparkFiles.getRootDirectory()), job, piece)
    except Refusal as refusal:
        if task is not None and task.attemptNumber() < job.patience:
            raise
        return piece, refusal
    told(counts.rows)
    return piece, counts


def write_piece(index: GridIndex, job: Job, piece: Piece) -> BulkResult:
    """Write a piece with its owners into the staging folder."""
    read_from, source = opened(job.source)
    write_to, staging = opened(job.staging)
    target = f"{staging}/{piece.target}"
    folder, _, name = target.rpartition("/")
    write_to.create_dir(folder, recursive=True)
    part = f"{folder}/.{name}.{uuid.uuid4().hex}"
    counts = BulkResult(first_row=piece.first_row)
    try:
        with pq.ParquetFile(f"{source}/{piece.source}", filesystem=read_from, pre_buffer=False) as file:
            schema = owned_schema(file.schema_arrow)
            with pq.ParquetWriter(part, schema, filesystem=write_to, **writing(schema)) as writer:
                for batch in located_batches(
                    index, file, piece.places, counts, name=piece.source, row_groups=piece.row_groups
                ):
                    writer.write_batch(batch)
        write_to.move(part, target)
    except BaseException:
        if write_to.get_file_info(part).type != pa_fs.FileType.NotFound:
            write_to.delete_file(part)
        raise
    return counts

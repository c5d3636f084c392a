"""The driver's part: what is in the input, the job, and the moment when the output becomes the output."""

from __future__ import annotations

import posixpath
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.fs as pa_fs

from gis.bulk_arrow import BulkResult
from gis.crs import CrsLike
from gis.errors import EngineError, Refusal, UnreadableFile
from gis.locate import GridIndex
from gis.spark.pieces import PIECE_ROWS, Dataset, list_dataset, location
from gis.spark.session import connected, first_line, refuse_missing
from gis.spark.worker import Job, Piece, located_piece, opened

if TYPE_CHECKING:
    from pyspark import SparkContext

__all__ = ["locate_dataset"]

_LOOK_S = 0.3
_DONE = "_SUCCESS"


def locate_dataset(
    index: GridIndex,
    source: Path | str,
    target: Path | str,
    *,
    master: str = "local[*]",
    lon: str | None = None,
    lat: str | None = None,
    crs: CrsLike | None = None,
    piece_rows: int = PIECE_ROWS,
    configuration: dict[str, str] | None = None,
    advance: Callable[[int, int | None], object] | None = None,
) -> BulkResult:
    """Write the rows of a folder of (Geo)Parquet with the owner of each, on a Spark cluster.

    Parameters
    ----------
    index : GridIndex
        Broadcast once; opened on each executor from one file by memory map.
    source : path or URI
        A Parquet file, or a folder of them, also one partitioned as Hive does (``day=2026-11-22/…``). Driver and
        executors must all be able to open it: a shared mount, ``s3://…``, ``hdfs://…``, ``gs://…``.
    target : path or URI
        A folder. Each input file becomes the file of the same name, its rows in the same order with one column
        more; one of more than `piece_rows` rows is cut between its row groups into ``name-00000``, ``name-00001``,
        …, so that the rows of all files, in the order of their names, are in the order of the input.
    master : str
        The cluster: ``local[*]``, ``spark://host:7077``, ``yarn``, ``k8s://…``.
    lon, lat, crs : optional
        As for `gis.bulk_files.locate_file`.
    configuration : dict, optional
        More settings of Spark.
    advance : callable, optional
        Told the rows done and the rows there will be, now and then.

    Returns
    -------
    BulkResult
        Bad rows are listed with the name of their file.

    Notes
    -----
    Everything is first written aside, in ``_wangge-…`` in the target, and takes its place when all of it is there;
    a failed run changes nothing. Partitions that the input has are replaced as a whole: files of an earlier run that
    this one does not make are removed there. Other partitions stay as they are.

    Raises
    ------
    gis.errors.EngineError
        No pyspark or Java here, or the job failed.
    gis.errors.InputRefused, gis.errors.CrsMissing, gis.errors.SwappedCoordinates
        As for `gis.bulk_files.locate_file`.
    """
    refuse_missing()
    read_from, write_to = location(source), location(target)
    if read_from == write_to or write_to.startswith(read_from + "/"):
        raise UnreadableFile(
            "输出文件夹不能在输入里面", "the output must not be inside the input", code="same-file"
        )
    dataset = list_dataset(read_from, lon=lon, lat=lat, crs=crs, piece_rows=piece_rows)
    fs, root = opened(write_to)
    if fs.get_file_info(root).type == pa_fs.FileType.File:
        raise UnreadableFile(
            f"{target} 是文件；Spark 的输出是一个文件夹",
            f"{target} is a file; what Spark writes is a folder",
            code="not-a-folder",
        )
    read_root = _parent(read_from) if _is_file(read_from) else read_from
    name = f"_wangge-{uuid.uuid4().hex[:12]}"
    # Executors open it by the same name, so it is one they can reach.
    staging = f"{write_to}/{name}"
    fs.create_dir(f"{root}/{name}", recursive=True)
    try:
        with connected(master, configuration=configuration) as context:
            result = _run(context, index, dataset, read_root, staging, advance)
        result.refuse_strays()
        _take_place(fs, root, f"{root}/{name}", dataset)
    finally:
        if fs.get_file_info(f"{root}/{name}").type != pa_fs.FileType.NotFound:
            fs.delete_dir(f"{root}/{name}")
    return result


def _is_file(place: str) -> bool:
    fs, path = opened(place)
    return bool(fs.get_file_info(path).type == pa_fs.FileType.File)


def _parent(place: str) -> str:
    return place.rpartition("/")[0]


def _run(
    context: SparkContext,
    index: GridIndex,
    dataset: Dataset,
    source: str,
    staging: str,
    advance: Callable[[int, int | None], object] | None,
) -> BulkResult:
    # One machine has nobody else to ask; a cluster has, so a refusal must come twice.
    alone = str(context.master).startswith("local") and not str(context.master).startswith("local-")
    sent = context.broadcast(_saved(index))
    job = Job(source, staging, sent, f"wangge-{uuid.uuid4().hex[:12]}.index", 0 if alone else 1)
    done = context.accumulator(0)
    work = context.parallelize(dataset.pieces, len(dataset.pieces)).map(
        partial(located_piece, job, told=done.add)
    )
    with ThreadPoolExecutor(1) as waiting:
        running = waiting.submit(work.collect)
        try:
            while True:
                try:
                    found = running.result(_LOOK_S)
                    break
                except NotYet:
                    if advance:
                        advance(min(int(done.value), dataset.rows), dataset.rows)
        except KeyboardInterrupt:
            context.cancelAllJobs()
            raise
        except Exception as error:
            raise EngineError(
                f"Spark 任务失败：{first_line(error)}", f"the Spark job failed: {first_line(error)}"
            ) from error
        finally:
            # Not waited for: executors that are gone would not answer.
            sent.unpersist(blocking=False)
    if advance:
        advance(dataset.rows, dataset.rows)
    return _together(found)


def _saved(index: GridIndex) -> bytes:
    with tempfile.TemporaryDirectory(prefix="wangge-index-") as folder:
        index.save(Path(folder, "index"))
        return Path(folder, "index").read_bytes()


def _together(found: list[tuple[Piece, BulkResult | Refusal]]) -> BulkResult:
    total = BulkResult()
    for piece, counts in found:
        if isinstance(counts, Refusal):
            raise counts
        total.merge(counts, file=piece.source)
    return total


def _take_place(fs: pa_fs.FileSystem, root: str, staging: str, dataset: Dataset) -> None:
    """Replace the partitions of the output by what was written aside."""
    mark = f"{root}/{_DONE}"
    if fs.get_file_info(mark).type == pa_fs.FileType.File:
        # Not whole until the end of this.
        fs.delete_file(mark)
    made: dict[str, set[str]] = {folder: set() for folder in dataset.partitions}
    for piece in dataset.pieces:
        folder, name = posixpath.split(piece.target)
        made[folder].add(name)
    for folder, names in made.items():
        here = f"{root}/{folder}".rstrip("/")
        fs.create_dir(here, recursive=True)
        before = {
            one.base_name
            for one in fs.get_file_info(pa_fs.FileSelector(here))
            if one.type == pa_fs.FileType.File and not one.base_name.startswith(("_", "."))
        }
        for name in sorted(names):
            fs.move(f"{staging}/{folder}/{name}".replace("//", "/"), f"{here}/{name}")
        for name in sorted(before - names):
            fs.delete_file(f"{here}/{name}")
    with fs.open_output_stream(mark):
        pass

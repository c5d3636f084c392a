"""Built indexes on disk, so that a worker's start costs milliseconds and all workers share one copy in memory.

A file is named by what it was built from: the content hash of the edition, and its number. What is damaged, foreign
or of another format is thrown away and built again; a folder that cannot be written to costs time, never an answer.
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from gis.errors import Refusal
from gis.locate import GridIndex

log = structlog.get_logger(__name__)

KEPT = 16
"""Files that stay; those used last."""
_SUFFIX = ".wgix"
_LEFTOVER_S = 3600


class IndexStore:
    """The folder of built indexes; any number of processes may use it at the same time."""

    def __init__(self, folder: Path, *, kept: int = KEPT) -> None:
        self.folder = folder
        self.kept = kept

    def path(self, content_hash: str, edition: int) -> Path:
        """Where the index of an edition lies."""
        return self.folder / f"{content_hash}-{edition}{_SUFFIX}"

    def get(
        self,
        content_hash: str,
        edition: int,
        *,
        codes: Sequence[str],
        build: Callable[[], GridIndex],
    ) -> GridIndex:
        """The index of an edition, from disk or else built and put there.

        ``codes`` are what the database says it must hold, in order. Of several processes that need it at once, one
        builds and the others wait for its file.
        """
        path = self.path(content_hash, edition)
        found = self._open(path, codes)
        if found is not None:
            return found
        try:
            with self._alone(path):
                found = self._open(path, codes)
                if found is None:
                    built = build()
                    # What was written is what is used: workers share its pages.
                    found = self._save(built, path) or built
                return found
        except OSError as error:
            log.warning("index_folder_unusable", folder=str(self.folder), error=str(error))
            return build()

    def _open(self, path: Path, codes: Sequence[str]) -> GridIndex | None:
        if not path.exists():
            return None
        try:
            index = GridIndex.open(path)
            if index.codes != tuple(codes):
                raise ValueError("it holds other grids than the edition")
            os.utime(path)
        except (Refusal, OSError, ValueError, LookupError, TypeError) as error:
            log.warning("index_discarded", file=path.name, error=str(error).splitlines()[0])
            with _whatever_the_disk_says():
                path.unlink(missing_ok=True)
            return None
        return index

    def _save(self, index: GridIndex, path: Path) -> GridIndex | None:
        draft = self.folder / f".{uuid.uuid4().hex}.part"
        try:
            index.save(draft)
            draft.replace(path)
            self._forget_oldest()
            return GridIndex.open(path)
        except (Refusal, OSError) as error:
            log.warning("index_not_kept", file=path.name, error=str(error).splitlines()[0])
            return None
        finally:
            with _whatever_the_disk_says():
                draft.unlink(missing_ok=True)

    @contextmanager
    def _alone(self, path: Path) -> Iterator[None]:
        """Hold the lock of one file; it ends with the process that holds it."""
        # Whoever may write here decides who owns a place: nobody else may.
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.with_suffix(".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def _forget_oldest(self) -> None:
        """Remove what was used longest ago, and what a killed process left. An open file stays readable."""
        files = [(_used(path), path) for path in self.folder.glob(f"*{_SUFFIX}")]
        oldest = sorted(files, reverse=True)[self.kept :]
        left = [path for path in self.folder.glob(".*.part*") if time.time() - _used(path) > _LEFTOVER_S]
        for path in [path for _, path in oldest] + left:
            with _whatever_the_disk_says():
                path.unlink(missing_ok=True)
                path.with_suffix(".lock").unlink(missing_ok=True)


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@contextmanager
def _whatever_the_disk_says() -> Iterator[None]:
    """Tidying up may fail; the next one tidies."""
    try:
        yield
    except OSError as error:
        log.debug("index_folder", error=str(error))


def index_store(home: Path) -> IndexStore:
    """The store of an installation, which its service and its commands share."""
    return IndexStore(home / "cache" / "index")

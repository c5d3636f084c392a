"""The one reader of files: commands and requests go through it, and it through the sandbox."""

from __future__ import annotations

import errno
import tempfile
import threading
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import structlog

from app.files.errors import UploadStorageFull, UploadsUnconfined
from app.files.limits import uploads_folder
from app.settings import Settings
from gis.io import LayerData, ReadLimits
from gis.sandbox import Cancellation, Replacement, Sandbox, Unconfined, sweep_folders
from gis.sandbox.confine import is_closed_off
from gis.sandbox.refusals import ReaderCrashed
from gis.sandbox.replacement import Step

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

_PROTECTIONS = {
    "user": "a system user of its own (needs root)",
    "root": "a closed root folder (needs root)",
    "files": "Landlock (Linux 5.13 and later)",
    "calls": "a filter of system calls (Linux on x86_64 or aarch64)",
}


class FileReader:
    """Reads files within limits; one for a process.

    With `closed_off`, files are refused where a reader cannot be closed off from other files and the network.
    """

    def __init__(
        self, settings: Settings, limits: ReadLimits, *, closed_off: bool = False, make_home: bool = True
    ) -> None:
        self.limits = limits
        # A command that only looks at a file leaves no folder behind where there was none.
        self._elsewhere = (
            None if make_home or settings.home.is_dir() else tempfile.TemporaryDirectory(prefix="wangge-")
        )
        self.folder = Path(self._elsewhere.name) if self._elsewhere else uploads_folder(settings)
        self._sandbox = Sandbox(self.folder, closed_off=closed_off)
        self._told = threading.Event()

    def __enter__(self) -> FileReader:
        """Begin to start the sandbox, which takes a moment, while other things are done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sandbox.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the sandbox."""
        self.close()

    def close(self) -> None:
        """Stop the sandbox, and whatever it reads."""
        self._sandbox.close()
        if self._elsewhere is not None:
            self._elsewhere.cleanup()

    def sweep(self) -> None:
        """Remove what processes that were killed left behind."""
        removed = sweep_folders(self.folder)
        if removed:
            log.info("uploads_swept", removed=removed)

    def read_layer(
        self, path: str | PathLike[str], *, cancellation: Cancellation | None = None, **options: Any
    ) -> LayerData:
        """Read one layer; options as for `gis.io.read_layer`."""
        return self._logged(
            lambda: self._sandbox.read_layer(path, limits=self.limits, cancellation=cancellation, **options)
        )

    def compute_replacement(
        self, asked: Replacement, *, cancellation: Cancellation | None = None
    ) -> list[Step]:
        """Compute what the grids of a file make of a coverage."""
        return self._logged(
            lambda: self._sandbox.compute_replacement(asked, limits=self.limits, cancellation=cancellation)
        )

    def _logged(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except ReaderCrashed as error:
            # The asker learns that the file is damaged; whoever mends the reader learns how.
            log.warning("reader_crashed", detail=error.ending)
            raise
        except Unconfined as error:
            raise UploadsUnconfined from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UploadStorageFull from error
            raise
        finally:
            self._tell_missing()

    def _tell_missing(self) -> None:
        """Say once what this machine does not protect readers by."""
        protection = self._sandbox.protection
        if not protection or self._told.is_set():
            return
        self._told.set()
        # As an ordinary user, the rights of others are nothing one could give up.
        missing = [text for name, text in _PROTECTIONS.items() if not protection.get(name)]
        if missing and not is_closed_off(protection):
            log.warning("sandbox_is_weak", missing=missing)

"""The caller's side of the sandbox: jobs to confined processes, and their answers."""

from __future__ import annotations

import array
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from gis.crs import CrsLike
from gis.io.formats import readable_file
from gis.io.layer import LayerData
from gis.io.limits import ReadLimits, limit_exceeded
from gis.sandbox.confine import Place
from gis.sandbox.drivers import GDAL_ENVIRONMENT
from gis.sandbox.layers import layer_of
from gis.sandbox.messages import Message, MessageDamaged, read_message, write_message
from gis.sandbox.refusals import crash_refusal, refusal_of
from gis.sandbox.replacement import Replacement, Step, describe_replacement
from gis.sandbox.staging import Places
from gis.sandbox.steps import steps_of

__all__ = ["Cancellation", "Cancelled", "Sandbox", "SandboxFailed", "Unconfined"]

_ROOT = Path(__file__).resolve().parent.parent.parent
# -I: neither the folder it starts in nor the environment decide what is imported.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from gis.sandbox.zygote import main; main()"
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Memory from the system's own allocator: others take addresses in gigabytes, which the limit counts.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    **GDAL_ENVIRONMENT,
}


class SandboxFailed(RuntimeError):
    """The sandbox itself does not work; says nothing about the file."""


class Unconfined(RuntimeError):
    """This machine cannot close a reader off from files and network, and the caller wants nothing less."""


class Cancelled(Exception):
    """The caller has stopped the job."""


class Cancellation:
    """Stops a job from another thread, whether it has begun or not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Kill the process of the job."""
        with self._lock:
            self.cancelled = True
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    def watch(self, own: socket.socket) -> None:
        """Say which socket stops the job."""
        with self._lock:
            self._socket = own
            if self.cancelled:
                raise Cancelled

    def forget(self) -> None:
        """The job has ended."""
        with self._lock:
            self._socket = None


class Sandbox:
    """Reads files in confined processes; one for many threads.

    Parameters
    ----------
    folder : Path
        Where the folders of jobs are made, and removed again.
    closed_off : bool, default False
        Whether a reader that cannot be closed off from files and network ends with `Unconfined` before it opens
        anything; without it, it reads with what protection there is.
    """

    def __init__(self, folder: Path, *, closed_off: bool = False) -> None:
        self.folder = folder
        self.closed_off = closed_off
        self.protection: dict[str, bool] = {}
        self._places = Places(folder)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Sandbox:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.close()

    # ------------------------------------------------------------ jobs
    def read_layer(
        self,
        path: str | os.PathLike[str],
        *,
        limits: ReadLimits,
        layer: str | None = None,
        crs: CrsLike | None = None,
        lon: str | None = None,
        lat: str | None = None,
        wkt: str | None = None,
        encoding: str | None = None,
        cancellation: Cancellation | None = None,
    ) -> LayerData:
        """Read one layer as `gis.io.read_layer` does, in a process of its own.

        Raises
        ------
        gis.errors.Refusal
            As `gis.io.read_layer`; `LimitExceeded` for what takes more than agreed.
        Cancelled
            By `cancellation`.
        SandboxFailed, Unconfined
            The sandbox does not work here, or not well enough.
        """
        source = readable_file(path)
        words = {"layer": layer, "crs": crs, "lon": lon, "lat": lat, "wkt": wkt, "encoding": encoding}
        header = {"task": "read", "name": source.name, "options": words}
        with self._places.prepared(source) as place:
            message = self._ask(header, {}, place, limits, cancellation)
        try:
            return layer_of(message, limits)
        except MessageDamaged as error:
            # Only a file that took the reader over, or a fault of ours: in both cases it is not to be had.
            raise crash_refusal(None, limits, detail=f"nonsense: {error}") from error

    def compute_replacement(
        self, asked: Replacement, *, limits: ReadLimits, cancellation: Cancellation | None = None
    ) -> list[Step]:
        """Turn the grids of a file into operations on a coverage, and apply them.

        Raises
        ------
        gis.errors.Refusal
            As `gis.editing.operations_from_frame` and `gis.editing.apply`.
        Cancelled, SandboxFailed, Unconfined
            As for `read_layer`.
        """
        words, tables = describe_replacement(asked)
        with self._places.prepared(None) as place:
            message = self._ask({"task": "replace", **words}, tables, place, limits, cancellation)
        try:
            return steps_of(message, asked)
        except MessageDamaged as error:
            # As for a layer: it is looked at before it is believed.
            raise crash_refusal(None, limits, detail=f"nonsense: {error}") from error

    def _ask(
        self,
        header: Mapping[str, object],
        tables: Mapping[str, pa.Table],
        place: Place,
        limits: ReadLimits,
        cancellation: Cancellation | None,
    ) -> Message:
        question = os.memfd_create("question", os.MFD_CLOEXEC)
        reply = os.memfd_create("reply", os.MFD_CLOEXEC)
        try:
            words = {"place": asdict(place), "limits": asdict(limits), "closed_off": self.closed_off}
            write_message(question, {**header, **words}, tables)
            ended = self._run(question, reply, limits, cancellation or Cancellation())
            if ended != 0:
                raise crash_refusal(ended, limits)
            message = read_message(reply)
        except MessageDamaged as error:
            raise crash_refusal(None, limits, detail=f"nonsense: {error}") from error
        finally:
            os.close(question)
            os.close(reply)
        self.protection = dict(message.header.pop("protection", {}))
        if "unconfined" in message.header:
            raise Unconfined
        if "refusal" in message.header:
            raise refusal_of(message.header["refusal"])
        if "failure" in message.header:
            raise crash_refusal(None, limits, detail=str(message.header["failure"]))
        return message

    def _run(self, question: int, reply: int, limits: ReadLimits, cancellation: Cancellation) -> int:
        """Have a job done, and return the exit code of its process."""
        deadline = time.monotonic() + limits.wall_s
        for attempt in (1, 2):
            own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            with own:
                try:
                    with other:
                        self._send([question, reply, other.fileno()])
                    cancellation.watch(own)
                    status = self._wait(own, deadline, limits)
                finally:
                    cancellation.forget()
            if status is not None:
                return status
            if cancellation.cancelled:
                raise Cancelled
            # Between two jobs the zygote may have ended for want of work.
            if attempt == 1:
                os.ftruncate(reply, 0)
                os.lseek(reply, 0, os.SEEK_SET)
        raise SandboxFailed("the process that forks readers has ended")

    def _wait(self, own: socket.socket, deadline: float, limits: ReadLimits) -> int | None:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise limit_exceeded(limits, "wall_s")
            # Not select(), which knows no descriptor above 1023: a busy service has more.
            own.settimeout(min(left, 3600.0))
            try:
                content = own.recv(4)
            except TimeoutError:
                continue
            return int(struct.unpack("=i", content)[0]) if len(content) == 4 else None

    # ------------------------------------------------------------ the zygote
    def start(self) -> None:
        """Start the process that forks readers, without waiting until it is ready."""
        with self._lock:
            self._ensure()
        self._places.make_ready()

    def close(self) -> None:
        """Stop it, and whatever it has forked."""
        with self._lock:
            self._stop()
        self._places.close()

    def _ensure(self) -> socket.socket:
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self._stop()
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(_ROOT)],
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        self._control = own
        return own

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _send(self, files: list[int]) -> None:
        with self._lock:
            for attempt in (1, 2):
                control = self._ensure()
                try:
                    rights = array.array("i", files).tobytes()
                    control.sendmsg([b"job"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                except OSError as error:
                    self._stop()
                    if attempt == 2:
                        raise SandboxFailed(
                            f"the process that forks readers cannot start: {error}"
                        ) from error
                else:
                    return

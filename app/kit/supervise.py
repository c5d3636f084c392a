"""A child process that ends when its parent does, and with everything it started."""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1


class Stopped(BaseException):
    """Raised out of a signal handler: somebody asked us to stop. No ordinary error, so nobody swallows it."""


def raise_on_signals() -> None:
    """From now on Ctrl-C, a polite kill and a closed terminal raise :class:`Stopped`."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Once: a second one must not interrupt the tidying up that the first one began.
        _on_signals(_ignore)
        raise Stopped

    _on_signals(stop)


def call_on_signals(action: Callable[[], None]) -> None:
    """From now on the same signals call ``action`` instead."""

    def act(_number: int, _frame: FrameType | None) -> None:
        action()

    _on_signals(act)


@contextmanager
def held_back() -> Iterator[None]:
    """Within the block a request to stop waits; it is raised at the end."""
    asked: list[bool] = []
    call_on_signals(lambda: asked.append(True))
    try:
        yield
    finally:
        raise_on_signals()
    if asked:
        _on_signals(_ignore)
        raise Stopped


def _ignore(_number: int, _frame: FrameType | None) -> None:
    # Not SIG_IGN: children would inherit it, and Python complains of a signal that came just before it was ignored.
    return


def _on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def end_with_parent(parent: int) -> None:
    """From now on the kernel ends this process politely when ``parent``, which started it, is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # gone before we asked
        os.kill(os.getpid(), signal.SIGTERM)


def stop_with_parent(parent: int) -> None:
    """From now on this process is interrupted when ``parent`` (make) is interrupted or gone.

    On a terminal Ctrl-C reaches both. A program that signals make alone would otherwise wait for ever: on SIGINT make
    tells its children nothing and waits for them. It shows in its signal mask, though: the handler that it had for
    SIGINT is taken away as soon as the signal has come.
    """
    end_with_parent(parent)
    if not _catches(parent, signal.SIGINT):
        return

    def watch() -> None:
        while _catches(parent, signal.SIGINT):
            time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _catches(pid: int, number: signal.Signals) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    mask = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(mask, 16) >> (number - 1) & 1)


class Child:
    """A program run in a process group of its own.

    The terminal's Ctrl-C does not reach the group, so the parent alone decides the order of the end. For the case that
    the parent is killed outright the child calls :func:`end_with_parent`.
    """

    def __init__(
        self, command: Sequence[str], *, env: dict[str, str] | None = None, pass_fds: Sequence[int] = ()
    ) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, process_group=0, env=env, pass_fds=tuple(pass_fds)
        )

    @property
    def ended(self) -> int | None:
        """The exit status, once there is one."""
        return self.process.poll()

    def stop(self, *, patience_s: float = 15.0) -> None:
        """Ask the child to end, wait, and end what is left of its group by force."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.kill()
        self.kill()
        self.process.wait()

    def kill(self) -> None:
        """End the whole group at once."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def wait_until_answering(
    host: str,
    port: int,
    path: str,
    *,
    alive: Callable[[], bool],
    patience_s: float = 120,
    tls: ssl.SSLContext | None = None,
) -> bool:
    """Wait until a GET of ``path`` is answered with 200; False when ``alive`` ceases or patience ends.

    With ``tls`` it is asked over HTTPS, and an answer with a certificate that ``tls`` does not accept is none.
    """
    deadline = time.monotonic() + patience_s
    while alive() and time.monotonic() < deadline:
        connection = (
            http.client.HTTPConnection(host, port, timeout=5)
            if tls is None
            else http.client.HTTPSConnection(host, port, timeout=5, context=tls)
        )
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.client.OK:
                return True
        except (OSError, http.client.HTTPException):
            pass  # not listening yet
        finally:
            connection.close()
        time.sleep(0.05)
    return False

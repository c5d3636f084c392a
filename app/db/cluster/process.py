"""The running server: found by its pid file and its working directory, started and stopped."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.db.cluster.account import Account
from app.db.cluster.binaries import Binaries

PROC = Path("/proc")


@dataclass(frozen=True)
class Postmaster:
    """What a live server wrote into its ``postmaster.pid``."""

    pid: int
    port: int | None
    socket_folder: str | None
    ready: bool


def running(data: Path) -> Postmaster | None:
    """The live server over ``data``, or None; a pid file whose process is gone or is another program is nothing."""
    try:
        lines = (data / "postmaster.pid").read_text("utf-8", "surrogateescape").split("\n")
        pid = abs(int(lines[0]))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    if not works_in(pid, data):
        return None

    def line(number: int) -> str:
        return lines[number - 1].strip() if len(lines) >= number else ""

    port = int(line(4)) if line(4).isdigit() else None
    return Postmaster(pid, port, line(5) or None, ready=line(8) == "ready")


def works_in(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is a server over ``data``.

    PostgreSQL makes its data folder its working directory; the kernel knows it by inode, so this holds after the
    folder was moved, and a number given to another program since is not mistaken for the server.
    """
    try:
        there = (PROC / str(pid) / "cwd").stat()
        here = data.stat()
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino) and _state(pid) != "Z"


def processes_in(data: Path) -> list[int]:
    """Every process whose working directory is ``data``: the server and what a killed server left behind."""
    pids = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    return [pid for pid in pids if works_in(pid, data) and _is_postgres(pid)]


def _is_postgres(pid: int) -> bool:
    # A shell that somebody left standing in the data folder is not ours to end.
    try:
        return (PROC / str(pid) / "comm").read_text().startswith("postgres")
    except OSError:
        return False


def _state(pid: int) -> str:
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def clear_orphans(data: Path, *, patience_s: float = 10.0) -> int:
    """End the backends that a killed server left behind; gives their number.

    They hold the shared memory that forbids a new start. They notice the server's death by themselves as soon as
    they wait for something; one deep in a computation is told, then made, to end. Nothing is lost by that: what was
    not committed is rolled back by recovery either way.
    """
    found = processes_in(data)
    started = time.monotonic()
    told = False
    while left := processes_in(data):
        waited = time.monotonic() - started
        if waited > patience_s / 2 and not told:
            _signal(left, signal.SIGTERM)
            told = True
        if waited > patience_s:
            _signal(left, signal.SIGKILL)
        if waited > patience_s + 20:
            break  # the start will say what is wrong
        time.sleep(0.1)
    return len(found)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def launch(binaries: Binaries, account: Account, data: Path, log: Path, *, wait_s: float) -> str | None:
    """Start the server and wait until it takes connections (recovery after a crash included).

    Gives None when it does, else what was printed besides the log. ``pg_ctl start`` is not used: it hands its paths
    to a shell. ``setsid --fork`` cuts the server loose from us and from the terminal, so that Ctrl-C is ours alone;
    the far end of a pipe stays with it, and the pipe's end tells its death at once.
    """
    watch, lifeline = os.pipe()
    try:
        command = ["setsid", "--fork", binaries.program("postgres"), "-D", str(data)]
        with _append(log, account) as output:
            done = subprocess.run(
                command,
                check=False,
                stdout=output,
                stderr=output,
                pass_fds=(lifeline,),
                **account.spawn_options(),
            )
        os.close(lifeline)
        lifeline = -1
        if done.returncode != 0:
            return f"setsid: {done.returncode}"
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            died = bool(select.select([watch], [], [], 0.03)[0])
            live = running(data)
            if live is not None and live.ready:
                return None
            if died:
                return ""
        return f"no connection was accepted within {wait_s:.0f} s"
    finally:
        os.close(watch)
        if lifeline >= 0:
            os.close(lifeline)


def settled(data: Path, *, wait_s: float) -> Postmaster | None:
    """The live server once it takes connections: one that somebody else started may still be recovering."""
    deadline = time.monotonic() + wait_s
    while (live := running(data)) is not None and not live.ready and time.monotonic() < deadline:
        time.sleep(0.05)
    return live


def halt(postmaster: Postmaster, data: Path, *, immediate: bool = False, wait_s: float = 60) -> bool:
    """Stop the server and wait; gives whether it went.

    Fast shutdown (SIGINT) ends connections and writes everything out; immediate (SIGQUIT) leaves it to recovery.
    """
    _signal([postmaster.pid], signal.SIGQUIT if immediate else signal.SIGINT)
    deadline = time.monotonic() + wait_s
    while works_in(postmaster.pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _append(log: Path, account: Account) -> BinaryIO:
    handle = log.open("ab")
    account.own(log)
    log.chmod(0o600)
    return handle

"""The peers' own environment, ``.venv-bench``: none of them is in the product's lock file.

Installed from ``requirements-bench.lock`` (by hash) by ``make bench`` alone. Where that cannot be, the table says so
and the rest is measured.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv-bench"
LOCK = ROOT / "requirements-bench.lock"
PYTHON = FOLDER / "bin" / "python"
_STAMP = FOLDER / "wangge-bench"


class PeerUnavailable(Exception):
    """A peer cannot be had or does not run here; the text says why."""


def ensure() -> None:
    """Make the environment match its lock file."""
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return
    sys.stderr.write("bench: installing the peers into .venv-bench (over 1 GB)\n")
    shutil.rmtree(FOLDER, ignore_errors=True)
    uv = _uv()
    if uv:
        _run([uv, "venv", "-q", "-p", sys.executable, str(FOLDER)])
        _run([uv, "pip", "sync", "-q", "--require-hashes", "-p", str(PYTHON), str(LOCK)])
    else:
        _run([sys.executable, "-m", "venv", str(FOLDER)])
        _run([str(PYTHON), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCK)])
    _STAMP.write_text(wanted)


def _uv() -> str | None:
    own = ROOT / ".venv" / "uv-tool" / "bin" / "uv"
    return str(own) if own.exists() else shutil.which("uv")


@cache
def _ready() -> str | None:
    try:
        ensure()
    except (OSError, PeerUnavailable) as error:
        return str(error)
    return None


def python() -> Path:
    """The peers' interpreter.

    Raises
    ------
    PeerUnavailable
        Their environment cannot be installed.
    """
    trouble = _ready()
    if trouble:
        raise PeerUnavailable(trouble)
    return PYTHON


def run(script: str, *arguments: object) -> dict[str, Any]:
    """Run one of ``bench/peers`` and read the JSON it prints."""
    path = Path(__file__).parent / "peers" / f"{script}.py"
    found: dict[str, Any] = json.loads(
        _run([str(python()), str(path), *map(str, arguments)]).splitlines()[-1]
    )
    return found


def _run(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        raise PeerUnavailable(f"{Path(command[0]).name} {' '.join(command[1:3])}: {last[:200]}")
    return done.stdout


def version_of(package: str) -> str:
    """The version of a peer's package."""
    words = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    return _run([str(python()), "-c", words, package]).strip()

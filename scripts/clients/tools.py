"""Where things are, and running a program that must succeed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-clients"
UV = ROOT / ".venv" / "uv-tool" / "bin" / "uv"


class ToolFailed(Exception):
    """A program failed; the text is the end of what it said."""


def run(command: Sequence[str | Path], *, cwd: Path = ROOT) -> str:
    """Run a program and give what it printed."""
    words = [str(word) for word in command]
    # Programs of the environment find one another, whichever environment is active.
    path = os.pathsep.join([str(VENV / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    environment.pop("VIRTUAL_ENV", None)
    try:
        done = subprocess.run(
            words, cwd=cwd, env=environment, check=False, capture_output=True, text=True, errors="replace"
        )
    except FileNotFoundError as error:
        raise ToolFailed(f"{words[0]} is not there; run: python3 scripts/setup clients") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-60:]
        raise ToolFailed("\n".join([f"$ {' '.join(words)}  (exit {done.returncode})", *said]))
    return done.stdout + done.stderr

"""What set-up tells people, Chinese first; and the way it ends when a step fails."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A bare system's terminal may be set to ASCII: a message must never be the thing that fails.
for stream in (sys.stdout, sys.stderr):
    with contextlib.suppress(AttributeError):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]


class SetupFailed(Exception):
    """A step failed; says why and what to do, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n  {en}")


def step(zh: str, en: str) -> None:
    """Announce a step that is about to do something."""
    print(f"• {zh} / {en}", flush=True)


def done(seconds: float) -> None:
    """The last line, after anything was done."""
    print(f"✓ 准备就绪 / set up ({seconds:.0f} s)", flush=True)


def run(
    command: Sequence[str],
    *,
    why: tuple[str, str],
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    quiet: bool = True,
) -> None:
    """Run a command; if it fails, show the end of what it printed and ``why`` (what failed and what to do)."""
    if quiet:
        process = subprocess.run(
            command,
            cwd=cwd,
            env=dict(env or os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        printed = process.stdout
    else:
        process = subprocess.run(command, cwd=cwd, env=dict(env or os.environ), check=False)
        printed = ""
    if process.returncode != 0:
        shown = "\n".join(f"    {line}" for line in printed.strip().splitlines()[-25:])
        raise SetupFailed(
            f"{why[0]}\n    $ {' '.join(command)}  (exit {process.returncode})\n{shown}\n ", why[1]
        )

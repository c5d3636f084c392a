"""The steps in their order."""

from __future__ import annotations

import fcntl
import sys
import time

import client_tools
import environment
import frontend
import packages
from say import ROOT, SetupFailed, done


def main(arguments: list[str]) -> int:
    """Prepare for ``run``, ``test`` or ``clients``; the exit status."""
    if arguments not in (["run"], ["test"], ["clients"]):
        sys.stderr.write("usage: python3 scripts/setup run|test|clients\n")
        return 2
    mode = arguments[0]
    began = time.monotonic()
    try:
        # One set-up of a checkout at a time; a second one waits and then finds all of it done.
        with (ROOT / "Makefile").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            did = [
                packages.ensure(mode),
                environment.ensure(mode),
                client_tools.ensure(mode),
                frontend.ensure(),
            ]
    except SetupFailed as failure:
        sys.stderr.write(f"\n✗ {failure}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    if any(did):
        done(time.monotonic() - began)
    return 0

"""Remembering what was done: a step is repeated only when its inputs changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def digest(*inputs: Path | str) -> str:
    """One hash over files and texts."""
    total = hashlib.sha256()
    for item in inputs:
        content = item.read_bytes() if isinstance(item, Path) else item.encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def matches(stamp: Path, wanted: str) -> bool:
    """Whether the step was done with these inputs."""
    try:
        return stamp.read_text() == wanted
    except OSError:
        return False


def write(stamp: Path, value: str) -> None:
    """Remember; written whole, so that an interrupted step is done again."""
    beside = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    beside.write_text(value)
    beside.replace(stamp)

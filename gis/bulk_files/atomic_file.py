"""A file that appears only when all of it is written, and how its making is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Progress", "part_file"]

Progress = Callable[[int, int | None], object]
"""Told after each batch how many rows are done, and how many there will be: known for Parquet, estimated for CSV."""


@contextmanager
def part_file(target: Path) -> Iterator[Path]:
    """Work on a file beside the target that takes its name only at the end, and is gone after a failure."""
    part = target.with_name(target.name + ".part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)

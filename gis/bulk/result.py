"""What became of the rows of a file, and the file that appears only when all of them are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis.batches import LocatedBatch
from gis.crs import check_degrees
from gis.errors import BadRow

__all__ = ["LISTED", "BulkResult", "Progress", "part_file"]

LISTED = 1000
"""How many rows without a place are listed by number."""

Progress = Callable[[int, int | None], object]
"""Told after each batch how many rows are done, and how many there will be: known for Parquet, estimated for CSV."""


@dataclass
class BulkResult:
    """Counts of rows, and those without a usable place (the first 1,000 of them by number)."""

    rows: int = 0
    owned: int = 0
    unusable: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    stray: tuple[float, float] | None = None
    on_earth: bool = False

    def add(
        self,
        found: LocatedBatch,
        column: str,
        values: Callable[[NDArray[np.int64]], Sequence[str]],
    ) -> None:
        """Count a batch; `values` gives what stands in rows of it that are listed."""
        listed = found.unusable[: max(0, LISTED - len(self.bad_rows))]
        if listed.size:
            self.bad_rows += [
                BadRow(self.rows + int(at) + 1, column, "没有可用的坐标", "no usable place", value)
                for at, value in zip(listed, values(listed), strict=True)
            ]
        if found.stray is None and len(found.owners) > found.unusable.size:
            self.on_earth = True
        self.stray = self.stray or found.stray
        self.rows += len(found.owners)
        self.owned += len(found.owners) - found.owners.null_count
        self.unusable += int(found.unusable.size)

    def refuse_strays(self) -> None:
        """Refuse a file no place of which is on Earth: the numbers are exchanged, or of another CRS.

        Raises
        ------
        gis.errors.SwappedCoordinates
        gis.errors.GeometryError
        """
        if self.stray is not None and not self.on_earth:
            check_degrees([self.stray[0]], [self.stray[1]])


@contextmanager
def part_file(target: Path) -> Iterator[Path]:
    """Work on a file beside the target that takes its name only at the end, and is gone after a failure."""
    part = target.with_name(target.name + ".part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)

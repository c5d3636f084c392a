"""What became of the rows of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gis.bulk_arrow.owners import LocatedBatch
from gis.crs import check_degrees
from gis.errors import BadRow
from gis.text import Text

__all__ = ["LISTED", "BulkResult"]

LISTED = 1000
"""How many rows without a place are listed by number."""


@dataclass
class BulkResult:
    """Counts of rows, and those without a usable place (the first 1,000 of them by number).

    Attributes
    ----------
    rows, owned, unusable : int
    bad_rows : list of BadRow
    first_row : int
        Rows of the file before these, where a part of it is counted.
    stray : tuple of (lon, lat) or None
        A place that is nowhere on Earth.
    on_earth : bool
        Whether any place is.
    """

    rows: int = 0
    owned: int = 0
    unusable: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    first_row: int = 0
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
                BadRow(
                    self.first_row + self.rows + int(at) + 1,
                    column,
                    Text("没有可用的坐标", "no usable place"),
                    value,
                )
                for at, value in zip(listed, values(listed), strict=True)
            ]
        if found.stray is None and len(found.owners) > found.unusable.size:
            self.on_earth = True
        self.stray = self.stray or found.stray
        self.rows += len(found.owners)
        self.owned += len(found.owners) - found.owners.null_count
        self.unusable += int(found.unusable.size)

    def merge(self, other: BulkResult, *, file: str) -> None:
        """Count the rows of one of several files, too; its bad rows are listed with the file's name."""
        self.bad_rows += [
            replace(row, column=f"{file}: {row.column}")
            for row in other.bad_rows[: max(0, LISTED - len(self.bad_rows))]
        ]
        self.stray = self.stray or other.stray
        self.on_earth = self.on_earth or other.on_earth
        self.rows += other.rows
        self.owned += other.owned
        self.unusable += other.unusable

    def refuse_strays(self) -> None:
        """Refuse a file no place of which is on Earth: the numbers are exchanged, or of another CRS.

        Raises
        ------
        gis.errors.SwappedCoordinates
        gis.errors.GeometryError
        """
        if self.stray is not None and not self.on_earth:
            check_degrees([self.stray[0]], [self.stray[1]])

"""Shapes written in a column: WKT and WKB, each row with a spatial reference of its own where it names one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import WGS84, SourceCrs, parse_crs, transform_geometries
from gis.curves import CURVED, straight_from_wkb, straight_from_wkt
from gis.errors import BadRow, CrsError
from gis.io.layer import bad_row
from gis.io.plausible import refuse_implausible
from gis.io.wrapping import cut_over_meridian
from gis.text import Text

__all__ = ["WrittenShapes", "read_written"]

_SRID = re.compile(r"\s*SRID\s*=\s*(\d{1,9})\s*;\s*", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-Fa-f]{10,}")


@dataclass(frozen=True)
class WrittenShapes:
    """Shapes of a column, as they were written.

    Parameters
    ----------
    column : str
    shapes : ndarray of shapely geometries, shape (n,)
        None where nothing could be read.
    srids : ndarray of int, shape (n,)
        What each row names; 0 where it names nothing.
    bad : list of BadRow
    """

    column: str
    shapes: NDArray[np.object_]
    srids: NDArray[np.int64]
    bad: list[BadRow]

    @property
    def _named(self) -> list[int]:
        return sorted(set(self.srids[~shapely.is_missing(self.shapes) & (self.srids > 0)].tolist()))

    @property
    def crs_name(self) -> str:
        """What the coordinates came in; several with commas between them."""
        return ", ".join(parse_crs(srid).name for srid in self._named if _is_known(srid))

    def overruled(self, crs: SourceCrs) -> list[Text]:
        """Say that rows name another reference than the caller, whose word stands."""
        others = [srid for srid in self._named if not _is_known(srid) or parse_crs(srid).name != crs.name]
        if not others:
            return []
        listed = ", ".join(map(str, others))
        return [
            Text(
                f"{self.column} 列写有 SRID {listed}；按指明的 {crs.name} 读取，各行所写的不用",
                f"column {self.column} names SRID {listed}; it is read in {crs.name} as you said, whatever rows name",
            )
        ]

    def settled(self) -> tuple[NDArray[np.object_], list[BadRow], SourceCrs]:
        """Bring every row out of the reference that it names.

        Returns
        -------
        shapes : ndarray of shapely geometries
            In `crs`: the one reference of all rows, or WGS84 when they name several.
        bad : list of BadRow
            Also rows that name none beside others that do, and those whose reference cannot be used.
        crs : SourceCrs

        Raises
        ------
        gis.errors.CrsError
            All rows name one reference, and it cannot be used.
        """
        named = self._named
        present = ~shapely.is_missing(self.shapes)
        bad = {one.row: one for one in self.bad}
        shapes = self.shapes.copy()
        silent = present & (self.srids == 0)
        for at in np.flatnonzero(silent).tolist():
            zh, en = "没有写 SRID，而其他行写了", "no SRID, while other rows name one"
            bad[at + 1] = bad_row(at + 1, self.column, zh, en, shapes[at].wkt)
        shapes[silent] = None
        if len(named) == 1:
            return shapes, list(bad.values()), parse_crs(named[0])
        for srid in named:
            of_this = present & (self.srids == srid)
            try:
                crs = parse_crs(srid)
                degrees, _ = cut_over_meridian(transform_geometries(shapes[of_this], crs))
            except CrsError as error:
                for at in np.flatnonzero(of_this).tolist():
                    bad[at + 1] = bad_row(
                        at + 1, self.column, error.text("zh"), error.text("en"), f"SRID={srid}"
                    )
                shapes[of_this] = None
                continue
            # Judged in its own reference: a place far from where that is used is a wrong reference.
            off = refuse_implausible(shapes[of_this], degrees, crs)
            for at in np.flatnonzero(of_this)[off].tolist():
                zh, en = "坐标不是有效的经纬度", "coordinates are not a place on Earth"
                bad[at + 1] = bad_row(at + 1, self.column, zh, en, shapes[at].wkt)
            degrees[off] = None
            shapes[of_this] = degrees
        return shapes, list(bad.values()), WGS84


def _is_known(srid: int) -> bool:
    try:
        parse_crs(srid)
    except CrsError:
        return False
    return True


def read_written(values: Sequence[object], column: str, *, known: Sequence[BadRow]) -> WrittenShapes:
    """Build shapes from WKT, EWKT, or WKB and EWKB as hexadecimal digits or bytes.

    Parameters
    ----------
    values : sequence
    column : str
        For bad rows.
    known : sequence of BadRow
        What is wrong already; such rows keep their first reason.

    Examples
    --------
    >>> written = read_written(["SRID=4549;POINT (500000 3985000)", "POINT (120 36)", "?"], "wkt", known=[])
    >>> written.srids.tolist(), [bad.row for bad in written.bad]
    ([4549, 0, 0], [3])
    """
    count = len(values)
    srids = np.zeros(count, dtype=np.int64)
    wkt, wkb = np.full(count, None, dtype=object), np.full(count, None, dtype=object)
    for at, value in enumerate(values):
        if isinstance(value, bytes):
            wkb[at] = value or None
        elif isinstance(value, str):
            text = value.strip()
            named = _SRID.match(text)
            if named:
                srids[at], text = int(named[1]), text[named.end() :]
            (wkb if _HEX.fullmatch(text) else wkt)[at] = text or None
    shapes, curved = straight_from_wkt(wkt)
    binary, curved_too = straight_from_wkb(wkb)
    curved |= curved_too
    from_binary = ~shapely.is_missing(binary)
    shapes[from_binary] = binary[from_binary]
    embedded = np.zeros(count, dtype=np.int64)
    embedded[from_binary] = shapely.get_srid(binary[from_binary])
    srids = np.where(embedded > 0, embedded, srids)
    bad = {row.row: row for row in known}
    for at in np.flatnonzero(shapely.is_missing(shapes)).tolist():
        value = values[at]
        nothing = not isinstance(value, str | bytes) or not value.strip()
        zh, en = ("没有图形", "no geometry") if nothing else ("不是有效的 WKT 或 WKB", "not valid WKT or WKB")
        if curved[at]:
            zh, en = CURVED
        shown = value.hex() if isinstance(value, bytes) else value if isinstance(value, str) else None
        bad.setdefault(at + 1, bad_row(at + 1, column, zh, en, None if nothing else shown))
    return WrittenShapes(column, shapes, srids, list(bad.values()))

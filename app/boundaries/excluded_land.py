"""Land that is nobody's on purpose, from one edition to the next."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from app.boundaries import excluded_repository
from gis.arrays import GeometryArrayLike
from gis.coverage import EXCLUDED_PREFIX, ExcludedLand, fit_declared
from gis.editing import TOLERANCE_M2
from gis.measures import geodesic_area_m2


@dataclass(frozen=True)
class ExcludedChanges:
    """What an edition does to land that is nobody's: rows to close, and rows to add."""

    closing: list[int]
    adding: pd.DataFrame
    # Shapes of what is closed.
    ended: tuple[BaseGeometry, ...] = ()

    @property
    def count(self) -> int:
        """How many rows are written."""
        return len(self.closing) + len(self.adding)


def no_rows() -> pd.DataFrame:
    """No land, in the columns of `excluded_repository.excluded_in`."""
    return pd.DataFrame(columns=excluded_repository.COLUMNS)


def as_land(rows: pd.DataFrame) -> ExcludedLand:
    """Rows as `gis.coverage` takes them."""
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = rows["geometry"].tolist()
    return ExcludedLand(shapes, tuple(rows["reason"]), tuple(rows["code"]))


def standing_land(grids: pd.DataFrame, rows: pd.DataFrame) -> ExcludedLand:
    """What of the land declared before is still nobody's, now that the grids are these."""
    return fit_declared(
        grids["code"].tolist(), grids["geometry"].to_numpy(), as_land(rows), standing=True
    ).land


def rows_of(session: Session, land: ExcludedLand, own: pd.DataFrame, *, district: str) -> pd.DataFrame:
    """Rows for declared land: what was declared before keeps its code, everything else gets a new one."""
    shapes = multipolygons(land.polygons)
    known = {shapely.to_wkb(shape): code for shape, code in zip(own["geometry"], own["code"], strict=True)}
    codes = []
    for shape in shapes:
        # Taken out, so that two pieces never share a code.
        code = known.pop(shapely.to_wkb(shape), None)
        if code is None:
            code = f"{EXCLUDED_PREFIX}{excluded_repository.next_number(session)}"
        codes.append(code)
    return pd.DataFrame(
        {
            "id": np.zeros(len(land), dtype=np.int64),
            "code": codes,
            "reason": list(land.reasons),
            "district_code": [district] * len(land),
            "area_m2": geodesic_area_m2(shapes) if len(land) else np.empty(0),
            "geometry": shapes,
        },
        columns=excluded_repository.COLUMNS,
    )


def multipolygons(shapes: GeometryArrayLike) -> np.ndarray:
    """Shapes as they are stored: multipolygons, rings in their canonical order."""
    out = np.empty(len(shapes), dtype=object)
    out[:] = [shapely.multipolygons([s]) if s.geom_type == "Polygon" else s for s in shapes]
    return np.asarray(shapely.normalize(out), dtype=object)


def difference(own: pd.DataFrame, new: pd.DataFrame) -> ExcludedChanges:
    """What differs between the land of two editions; equal rows are left alone."""
    was, will = _signed(own), _signed(new)
    kept = set(was) & set(will)
    closing = [int(i) for i, row in zip(own["id"], was, strict=True) if row not in kept]
    ended = tuple(shape for shape, row in zip(own["geometry"], was, strict=True) if row not in kept)
    adding = new[np.array([row not in kept for row in will], dtype=bool)]
    return ExcludedChanges(closing, adding.reset_index(drop=True), ended)


def _signed(rows: pd.DataFrame) -> list[tuple[str, str, str, bytes]]:
    wkb = [shapely.to_wkb(shape) for shape in rows["geometry"]]
    return list(zip(rows["code"], rows["reason"], rows["district_code"], wkb, strict=True))


def write(session: Session, changes: ExcludedChanges, *, edition: int) -> None:
    """Close and add what an edition changes."""
    excluded_repository.close_excluded(session, changes.closing, before=edition)
    excluded_repository.add_excluded(session, changes.adding, edition=edition)


def add_to_hash(digest: hashlib._Hash, rows: pd.DataFrame | None) -> None:
    """Let a digest of an edition cover its declared land; where there is none the digest stays what it was."""
    if rows is None or not len(rows):
        return
    for row in sorted(_signed(rows)):
        digest.update("\x1f".join(map(str, row[:3])).encode() + b"\x1d")
        digest.update(hashlib.sha256(row[3]).digest())


def lineage_of_excluded(
    was: pd.DataFrame, now: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame, *, edition: int
) -> list[dict[str, object]]:
    """Rows of the lineage table for land that grids gave up to nobody on purpose, and that they took from it.

    ``was`` and ``now`` are grids that changed, before and after; ``before`` and ``after`` all declared land.
    """
    given_up = [
        _row(edition, code, None, "excluded", area, area / whole) for code, area, whole in _common(was, after)
    ]
    taken = [_row(edition, None, code, "included", area, None) for code, area, _ in _common(now, before)]
    return given_up + taken


def _common(grids: pd.DataFrame, land: pd.DataFrame) -> list[tuple[str, float, float]]:
    """Grids by code with the area of theirs that is declared land, and their own."""
    if not len(grids) or not len(land):
        return []
    union = shapely.union_all(land["geometry"].to_numpy())
    shapes = grids["geometry"].to_numpy()
    areas = geodesic_area_m2(shapely.intersection(shapes, union))
    whole = geodesic_area_m2(shapes)
    return [
        (str(code), float(area), float(all_of_it))
        for code, area, all_of_it in zip(grids["code"], areas, whole, strict=True)
        if area > TOLERANCE_M2
    ]


def _row(
    edition: int, from_code: str | None, to_code: str | None, kind: str, area: float, share: float | None
) -> dict[str, object]:
    return {
        "edition": edition,
        "from_code": from_code,
        "to_code": to_code,
        "kind": kind,
        "area_m2": area,
        "share_of_from": None if share is None else min(1.0, share),
    }

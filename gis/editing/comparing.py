"""What two coverages differ in, and where the land went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.editing.model import Coverage
from gis.editing.rings import steps_of
from gis.geometry import SCALE
from gis.measures import geodesic_area_m2

__all__ = ["Changes", "Lineage", "LineageKind", "diff", "lineage"]

LineageKind = Literal[
    "split", "merged", "moved_border", "recoded", "renamed", "relocated", "rekinded", "added", "removed"
]
_DUST = 1.0
"""Steps: land that vanishes when its border is drawn in by so much is the rounding of a vertex."""


@dataclass(frozen=True)
class Changes:
    """What differs, by code, sorted.

    Parameters
    ----------
    created, retired : tuple of str
        Codes only after, only before.
    changed : tuple of str
        Codes in both with another border or other attributes; all that follow are parts of it, apart from
        `recoded`.
    moved_border, renamed, relocated, rekinded : tuple of str
        Another polygon, name, community, kind.
    recoded : tuple of (str, str)
        Old and new code of the same polygon.
    """

    created: tuple[str, ...]
    changed: tuple[str, ...]
    retired: tuple[str, ...]
    moved_border: tuple[str, ...]
    renamed: tuple[str, ...]
    relocated: tuple[str, ...]
    rekinded: tuple[str, ...]
    recoded: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Lineage:
    """Land that went from one grid to another; None stands for nobody.

    `share_of_from` is the part of the old grid's area, 0 to 1 (geodesic); None when it was nobody's.
    """

    from_code: str | None
    to_code: str | None
    kind: LineageKind
    area_m2: float
    share_of_from: float | None


def diff(before: Coverage, after: Coverage) -> Changes:
    """Compare two coverages by code.

    Polygons are the same when they have the same vertices; where a ring begins does not matter.

    Examples
    --------
    >>> from gis.editing.model import GridAttributes
    >>> one = Coverage.build(["a"], [shapely.box(0, 0, 1, 1)], [GridAttributes("东", "c")])
    >>> other = Coverage.build(["b"], [shapely.box(0, 0, 1, 1)], [GridAttributes("东", "c")])
    >>> diff(one, other).recoded
    (('a', 'b'),)
    """
    created = tuple(code for code in after.codes if code not in before)
    retired = tuple(code for code in before.codes if code not in after)
    both = [code for code in after.codes if code in before]
    moved = _moved(before, after, both)
    words = [(code, before.attributes_of(code), after.attributes_of(code)) for code in both]
    renamed = tuple(code for code, old, new in words if old.name != new.name)
    relocated = tuple(code for code, old, new in words if old.community != new.community)
    rekinded = tuple(code for code, old, new in words if old.kind != new.kind)
    shapes = {_key(before.polygon(code)): code for code in retired}
    recoded = tuple(
        sorted((shapes[key], code) for code in created if (key := _key(after.polygon(code))) in shapes)
    )
    changed = tuple(sorted({*moved, *renamed, *relocated, *rekinded}))
    return Changes(created, changed, retired, moved, renamed, relocated, rekinded, recoded)


def _key(shape: Any) -> bytes:
    return bytes(shapely.to_wkb(shapely.normalize(shape)))


def _moved(before: Coverage, after: Coverage, codes: list[str]) -> tuple[str, ...]:
    pairs = [(code, before.polygon(code), after.polygon(code)) for code in codes]
    return tuple(
        code
        for code, old, new in pairs
        if old is not new and not shapely.equals_exact(old, new, 0.0, normalize=True)
    )


def lineage(before: Coverage, after: Coverage) -> list[Lineage]:
    """Say where the land of every grid that differs went.

    Returns
    -------
    list of Lineage
        By code. A grid whose border is the same and whose attributes changed has one row ``relocated``,
        ``renamed`` or ``rekinded`` (the first of these that holds). Land of no width (a vertex put into a border)
        has no row.

    Examples
    --------
    >>> from gis.editing.model import GridAttributes
    >>> grid = GridAttributes("", "c")
    >>> whole = Coverage.build(["a"], [shapely.box(120, 36, 120.02, 36.01)], [grid])
    >>> halves = [shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01, 36, 120.02, 36.01)]
    >>> cut = Coverage.build(["a", "b"], halves, [grid, grid])
    >>> [(row.from_code, row.to_code, row.kind, round(row.share_of_from, 6)) for row in lineage(whole, cut)]
    [('a', 'a', 'split', 0.5), ('a', 'b', 'split', 0.5)]
    """
    changes = diff(before, after)
    old = sorted({*changes.retired, *changes.moved_border})
    new = sorted({*changes.created, *changes.moved_border})
    rows = _same_border(after, changes)
    b, a = _shapes(before, old), _shapes(after, new)
    one, other, pieces = _pieces(steps_of(b), steps_of(a))
    areas = geodesic_area_m2(shapely.transform(pieces, lambda xy: xy / SCALE)) if len(pieces) else np.empty(0)
    whole = geodesic_area_m2(b) if len(b) else np.empty(0)
    fan_out, fan_in = np.bincount(one, minlength=len(old)), np.bincount(other, minlength=len(new))
    created, retired, recoded = set(changes.created), set(changes.retired), set(changes.recoded)
    splits, merges = _splits(one, other, old, new, created), _merges(one, other, old, new, retired)
    for i, j, area in zip(one.tolist(), other.tolist(), areas.tolist(), strict=True):
        kind: LineageKind = "moved_border"
        if (old[i], new[j]) in recoded or (old[i] != new[j] and fan_out[i] == 1 and fan_in[j] == 1):
            kind = "recoded"
        elif old[i] in splits and (new[j] in created or new[j] == old[i]):
            kind = "split"
        elif new[j] in merges and (old[i] in retired or new[j] == old[i]):
            kind = "merged"
        if old[i] == new[j] and fan_out[i] == 1 and fan_in[j] == 1 and _hairline(b[i], a[j]):
            continue
        rows.append(Lineage(old[i], new[j], kind, area, min(1.0, area / float(whole[i]))))
    rows += _outside(b, a, old, new)
    return sorted(rows, key=lambda row: (row.from_code or "", row.to_code or "", row.kind))


def _shapes(coverage: Coverage, codes: list[str]) -> NDArray[np.object_]:
    out = np.empty(len(codes), dtype=object)
    out[:] = [coverage.polygon(code) for code in codes]
    return out


def _pieces(
    b: NDArray[np.object_], a: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.object_]]:
    if len(a) == 0 or len(b) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, dtype=object)
    one, other = shapely.STRtree(a).query(b, predicate="intersects")
    pieces = shapely.intersection(b[one], a[other])
    kept = ~shapely.is_empty(shapely.buffer(pieces, -_DUST))
    return one[kept].astype(np.int64), other[kept].astype(np.int64), pieces[kept]


def _hairline(one: Any, other: Any) -> bool:
    """Whether two polygons differ by rounding alone."""
    moved = shapely.symmetric_difference(*steps_of([one, other]))
    return bool(shapely.is_empty(shapely.buffer(moved, -_DUST)))


def _splits(one: Any, other: Any, old: list[str], new: list[str], created: set[str]) -> set[str]:
    """Old grids with land in a grid that is new, and in another one."""
    targets: dict[str, set[str]] = {}
    for i, j in zip(one.tolist(), other.tolist(), strict=True):
        targets.setdefault(old[i], set()).add(new[j])
    return {code for code, to in targets.items() if len(to) > 1 and to & created}


def _merges(one: Any, other: Any, old: list[str], new: list[str], retired: set[str]) -> set[str]:
    """New grids with land of a grid that is gone, and of another one."""
    sources: dict[str, set[str]] = {}
    for i, j in zip(one.tolist(), other.tolist(), strict=True):
        sources.setdefault(new[j], set()).add(old[i])
    return {code for code, of in sources.items() if len(of) > 1 and of & retired}


def _same_border(after: Coverage, changes: Changes) -> list[Lineage]:
    kinds: dict[str, LineageKind] = dict.fromkeys(changes.rekinded, "rekinded")
    kinds |= dict.fromkeys(changes.renamed, "renamed")
    kinds |= dict.fromkeys(changes.relocated, "relocated")
    codes = sorted(set(kinds) - set(changes.moved_border))
    areas = geodesic_area_m2(_shapes(after, codes)) if codes else np.empty(0)
    return [
        Lineage(code, code, kinds[code], float(area), 1.0) for code, area in zip(codes, areas, strict=True)
    ]


def _outside(b: NDArray[np.object_], a: NDArray[np.object_], old: list[str], new: list[str]) -> list[Lineage]:
    """Land that was nobody's, and land that is nobody's now."""
    steps_b, steps_a = steps_of(b), steps_of(a)
    rows = []
    for codes, mine, theirs, degrees, kind in (
        (old, steps_b, steps_a, b, "removed"),
        (new, steps_a, steps_b, a, "added"),
    ):
        if len(mine) == 0:
            continue
        union = shapely.union_all(theirs) if len(theirs) else shapely.Polygon()
        rest = shapely.difference(mine, union)
        for at in np.flatnonzero(~shapely.is_empty(shapely.buffer(rest, -_DUST))).tolist():
            area = float(geodesic_area_m2([shapely.transform(rest[at], lambda xy: xy / SCALE)])[0])
            if kind == "removed":
                share = min(1.0, area / float(geodesic_area_m2([degrees[at]])[0]))
                rows.append(Lineage(codes[at], None, "removed", area, share))
            else:
                rows.append(Lineage(None, codes[at], "added", area, None))
    return rows

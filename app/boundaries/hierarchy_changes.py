"""What an edition changes in the hierarchy: units of each level that appear, end, or are called or placed otherwise."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely

from app.kit.unit_levels import LEVELS
from gis.arrays import GeometryArrayLike
from gis.editing import is_noded


@dataclass(frozen=True)
class LevelChanges:
    """The changes of one level, each by code.

    A unit with the same outline under another code is ``recoded``: it is neither new nor retired. ``moved`` are units
    whose parent is another one, and not just the same under another code.
    """

    level: str
    before: int
    after: int
    new: tuple[tuple[str, str], ...] = ()
    retired: tuple[tuple[str, str], ...] = ()
    renamed: tuple[tuple[str, str, str], ...] = ()
    moved: tuple[tuple[str, str, str], ...] = ()
    recoded: tuple[tuple[str, str], ...] = ()
    kinds: tuple[tuple[str, str, str], ...] = ()
    reshaped: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(
            (self.new, self.retired, self.renamed, self.moved, self.recoded, self.kinds, self.reshaped)
        )

    def as_dict(self) -> dict[str, object]:
        """As ``--json`` and ``--report`` have it."""
        return {
            "level": self.level,
            "before": self.before,
            "after": self.after,
            "new": [{"code": code, "name": name} for code, name in self.new],
            "retired": [{"code": code, "name": name} for code, name in self.retired],
            "renamed": [{"code": code, "from": was, "to": now} for code, was, now in self.renamed],
            "moved": [{"code": code, "from": was, "to": now} for code, was, now in self.moved],
            "recoded": [{"from": was, "to": now} for was, now in self.recoded],
            "kinds": [{"code": code, "from": was, "to": now} for code, was, now in self.kinds],
            "reshaped": list(self.reshaped),
        }


class _Unit(NamedTuple):
    """A unit of one level, and its outline as WKB."""

    code: str
    name: str
    kind: str | None
    parent: str | None
    wkb: bytes


def compare_hierarchies(old: pd.DataFrame, new: pd.DataFrame) -> tuple[LevelChanges, ...]:
    """Compare the units of a district before and after.

    Parameters
    ----------
    old, new : DataFrame
        With ``level, code, name, kind, parent_code`` and a normalised ``geometry``; ``old`` may have no rows.

    Returns
    -------
    tuple of LevelChanges
        One for each level that either has, from the district down.
    """
    out = []
    recoded_above: dict[str, str] = {}
    for level in LEVELS:
        was = _by_code(old, level)
        now = _by_code(new, level)
        if not was and not now:
            continue
        gone = {code for code in was if code not in now}
        fresh = {code for code in now if code not in was}
        recoded = _recoded({c: was[c] for c in sorted(gone)}, {c: now[c] for c in sorted(fresh)})
        pairs = [(code, code) for code in sorted(was.keys() & now.keys())] + sorted(recoded.items())
        out.append(
            LevelChanges(
                level,
                before=len(was),
                after=len(now),
                new=tuple((c, now[c].name) for c in sorted(fresh - set(recoded.values()))),
                retired=tuple((c, was[c].name) for c in sorted(gone - recoded.keys())),
                renamed=tuple(
                    (b, was[a].name, now[b].name)
                    for a, b in pairs
                    if was[a].name != now[b].name and not _named_by_code(was[a], now[b])
                ),
                moved=tuple(
                    (b, str(was[a].parent), str(now[b].parent))
                    for a, b in pairs
                    if recoded_above.get(str(was[a].parent), was[a].parent) != now[b].parent
                ),
                recoded=tuple(sorted(recoded.items())),
                kinds=tuple(
                    (b, str(was[a].kind), str(now[b].kind))
                    for a, b in pairs
                    if level == "grid" and was[a].kind != now[b].kind
                ),
                reshaped=tuple(b for a, b in pairs if _is_reshaped(was[a].wkb, now[b].wkb)),
            )
        )
        recoded_above = recoded
    return tuple(out)


def _by_code(units: pd.DataFrame, level: str) -> dict[str, _Unit]:
    if not len(units):
        return {}
    part = units[units["level"] == level]
    rows = zip(
        part["code"],
        part["name"],
        part["kind"],
        [None if pd.isna(parent) else str(parent) for parent in part["parent_code"]],
        shapely.to_wkb(part["geometry"].to_numpy()),
        strict=True,
    )
    return {
        str(code): _Unit(str(code), str(name), kind, parent, wkb) for code, name, kind, parent, wkb in rows
    }


def same_land(codes: Collection[str], old: pd.DataFrame, shapes: GeometryArrayLike) -> list[str]:
    """Those of the codes of ``old`` whose outline one of the shapes has: they are called otherwise, not gone."""
    flat = np.asarray(shapes, dtype=object)
    parts = np.array(
        [shapely.multipolygons([s]) if s.geom_type == "Polygon" else s for s in flat], dtype=object
    )
    outlines = set(shapely.to_wkb(shapely.normalize(parts)).tolist())
    was = old[(old["level"] == "grid") & old["code"].isin(codes)]
    return [
        str(code)
        for code, wkb in zip(was["code"], shapely.to_wkb(was["geometry"].to_numpy()), strict=True)
        if wkb in outlines
    ]


def _recoded(gone: dict[str, _Unit], fresh: dict[str, _Unit]) -> dict[str, str]:
    """Old code -> new code of units with the same outline."""
    by_outline = {unit.wkb: code for code, unit in fresh.items()}
    return {code: by_outline[unit.wkb] for code, unit in gone.items() if unit.wkb in by_outline}


def _is_reshaped(was: bytes, now: bytes) -> bool:
    """Whether the land is another one; common nodes that came or went are no change."""
    return was != now and not is_noded(shapely.from_wkb(was), shapely.from_wkb(now))


def _named_by_code(was: _Unit, now: _Unit) -> bool:
    """A unit without a name is called by its code, also after that changed."""
    return bool(was.name == was.code and now.name == now.code)


def as_document(changes: tuple[LevelChanges, ...]) -> list[dict[str, object]]:
    """All levels as a JSON-ready list."""
    return [one.as_dict() for one in changes]


__all__ = ["LevelChanges", "as_document", "compare_hierarchies", "same_land"]

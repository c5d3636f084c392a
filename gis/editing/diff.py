"""What two coverages differ in, by code."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from gis.editing.model import Coverage
from gis.editing.noded import is_noded

__all__ = ["Changes", "diff"]


@dataclass(frozen=True)
class Changes:
    """What differs, by code, sorted.

    Parameters
    ----------
    created, retired : tuple of str
        Codes only after, only before.
    changed : tuple of str
        Codes in both with other land or other attributes; all that follow are parts of it, apart from
        `recoded` and `noded`.
    moved_border, renamed, relocated, rekinded : tuple of str
        Other land, another name, community, kind.
    recoded : tuple of (str, str)
        Old and new code of the same polygon.
    noded : tuple of str
        Codes in both whose border only got or lost common nodes (`gis.editing.noded`), and nothing else changed:
        to be stored, since borders have to match, and not to be counted.
    """

    created: tuple[str, ...]
    changed: tuple[str, ...]
    retired: tuple[str, ...]
    moved_border: tuple[str, ...]
    renamed: tuple[str, ...]
    relocated: tuple[str, ...]
    rekinded: tuple[str, ...]
    recoded: tuple[tuple[str, str], ...]
    noded: tuple[str, ...] = ()

    @property
    def stored(self) -> tuple[str, ...]:
        """Every code whose grid afterwards is not, vertex for vertex and word for word, what it was."""
        return tuple(sorted({*self.created, *self.changed, *self.noded}))

    def __bool__(self) -> bool:
        """Whether anything differs at all."""
        return bool(self.stored or self.retired)


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
    differing = _differing(before, after, both)
    noded = {code for code in differing if is_noded(before.polygon(code), after.polygon(code))}
    moved = tuple(code for code in differing if code not in noded)
    words = [(code, before.attributes_of(code), after.attributes_of(code)) for code in both]
    renamed = tuple(code for code, old, new in words if old.name != new.name)
    relocated = tuple(code for code, old, new in words if old.community != new.community)
    rekinded = tuple(code for code, old, new in words if old.kind != new.kind)
    shapes = {_key(before.polygon(code)): code for code in retired}
    recoded = tuple(
        sorted((shapes[key], code) for code in created if (key := _key(after.polygon(code))) in shapes)
    )
    changed = tuple(sorted({*moved, *renamed, *relocated, *rekinded}))
    only_noded = tuple(sorted(noded - set(changed)))
    return Changes(created, changed, retired, moved, renamed, relocated, rekinded, recoded, only_noded)


def _key(shape: BaseGeometry) -> bytes:
    return bytes(shapely.to_wkb(shapely.normalize(shape)))


def _differing(before: Coverage, after: Coverage, codes: list[str]) -> tuple[str, ...]:
    pairs = [(code, before.polygon(code), after.polygon(code)) for code in codes]
    return tuple(
        code
        for code, old, new in pairs
        if old is not new and not shapely.equals_exact(old, new, 0.0, normalize=True)
    )

"""The path of a unit: its ancestors' codes and its own as labels of an ``ltree``, and the label of "nobody"."""

from __future__ import annotations

from collections.abc import Iterable

from gis.ltree import from_ltree_label, ltree_label

OUTSIDE = "outside"


def label(code: str) -> str:
    """One code as a label; a district called ``outside`` must not be taken for "no owner".

    >>> label("A-1"), label("outside")
    ('A_2D1', '_6Futside')
    """
    return ltree_label(code, reserved=(OUTSIDE,))


def code_of(path_label: str) -> str:
    """The code a label was made from."""
    return from_ltree_label(path_label)


def path(codes: Iterable[str]) -> str:
    """The path of the last of ``codes``, outermost first.

    >>> path(["370211", "370211001"])
    '370211.370211001'
    """
    return ".".join(label(code) for code in codes)

"""Any code as a label of a PostgreSQL ``ltree``, and back: the hierarchy is kept as paths of such labels."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from gis.errors import CodeError

__all__ = ["LONGEST_LABEL", "from_ltree_label", "from_ltree_path", "ltree_label", "ltree_path"]

LONGEST_LABEL = 255
"""Characters PostgreSQL 15 takes in one label."""
_PLAIN = re.compile(r"[A-Za-z0-9]")
_LABEL = re.compile(r"(?:[A-Za-z0-9]|_[0-9A-F]{2})+")
_ESCAPES = re.compile(r"(?:_[0-9A-F]{2})+")


def _escaped(code: str) -> str:
    return "".join(c if _PLAIN.fullmatch(c) else "".join(f"_{byte:02X}" for byte in c.encode()) for c in code)


def ltree_label(code: str, *, reserved: Collection[str] = ()) -> str:
    """Write any code as a label of a PostgreSQL 15 ``ltree``, which takes only letters, digits and underscore.

    Letters (ASCII) and digits stand for themselves; every other character becomes ``_`` and two upper-case
    hexadecimal digits for each of its UTF-8 bytes. `from_ltree_label` undoes it, so different codes never collide.

    Parameters
    ----------
    code : str
    reserved : collection of str
        Labels that mean something else; a code that would read the same has its first character escaped.

    Raises
    ------
    gis.errors.CodeError
        An empty code, one whose label would pass 255 characters, or one with half a surrogate pair.

    Examples
    --------
    >>> ltree_label("370211001"), ltree_label("HD-07"), ltree_label("青")
    ('370211001', 'HD_2D07', '_E9_9D_92')
    >>> ltree_label("outside", reserved=["outside"])
    '_6Futside'
    """
    try:
        label = _escaped(code)
    except UnicodeEncodeError:
        label = ""
    if label in reserved:
        label = f"_{ord(code[0]):02X}{label[1:]}"
    if not label or len(label) > LONGEST_LABEL:
        raise CodeError(
            f"编码 {code!r} 不能作层级标签：占 {len(label)} 个字符，应为 1 至 {LONGEST_LABEL}",
            f"code {code!r} cannot be a label of the hierarchy: it takes {len(label)} of 1 to {LONGEST_LABEL} characters",
            code="label-too-long",
        )
    return label


def from_ltree_label(label: str) -> str:
    """Read a label back into the code it was made from.

    Raises
    ------
    gis.errors.CodeError
        Not a label that `ltree_label` makes.

    Examples
    --------
    >>> from_ltree_label("HD_2D07")
    'HD-07'
    """
    try:
        if _LABEL.fullmatch(label) is None:
            raise ValueError
        return _ESCAPES.sub(lambda found: bytes.fromhex(found[0].replace("_", "")).decode(), label)
    except ValueError:
        raise CodeError(
            f"{label!r} 不是本系统的层级标签",
            f"{label!r} is not a label of this hierarchy",
            code="not-a-label",
        ) from None


def ltree_path(codes: Sequence[str]) -> str:
    """Write a chain of codes, from the district down, as an ``ltree`` path.

    Examples
    --------
    >>> ltree_path(["370211", "370211001", "A-1"])
    '370211.370211001.A_2D1'
    """
    return ".".join(ltree_label(code) for code in codes)


def from_ltree_path(path: str) -> list[str]:
    """Read a path back into its codes.

    Examples
    --------
    >>> from_ltree_path("370211.370211001.A_2D1")
    ['370211', '370211001', 'A-1']
    """
    return [from_ltree_label(label) for label in path.split(".")] if path else []

"""Names of columns: those that were cut to what a dBASE header holds, and those that would be one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gis.text import Text

__all__ = ["cut_forms", "distinct_names", "name_notes", "plain_name"]

_DBASE_BYTES = (10, 11)
# What writers of Shapefiles append to a second name that would be cut to the first.
_COPY = re.compile(r"_?\d{1,2}")
# Encodings that names are cut in; of one-byte ones, any stands for all.
_CUT_IN = ("utf-8", "gb18030", "cp950", "cp932", "cp949", "cp1252")


def plain_name(name: str) -> str:
    """Give a name without what editors and headers put around it: byte order marks, NULs, blanks.

    Examples
    --------
    >>> plain_name("\\ufeff 网格编码\\x00\\x00")
    '网格编码'
    """
    return name.split("\x00")[0].strip().strip("\ufeff").strip()


def distinct_names(
    names: Sequence[str], *, taken: Iterable[str] = ()
) -> tuple[list[str], list[tuple[int, str]]]:
    """Give every column a name of its own; the first of several keeps it.

    Parameters
    ----------
    names : sequence of str
        In the order of the columns. One that is empty becomes ``column_N``.
    taken : iterable of str, optional
        Names that none may get.

    Returns
    -------
    names : list of str
    changed : list of (int, str)
        Columns that would have had the name of another: their number from 0, and that name.

    Examples
    --------
    >>> distinct_names(["code", "name", "code", ""])
    (['code', 'name', 'code_2', 'column_4'], [(2, 'code')])
    """
    plain = [plain_name(name) or f"column_{at + 1}" for at, name in enumerate(names)]
    # A name that stands in the file is not given to another: code, code, code_2 -> code, code_3, code_2.
    reserved = {*plain, *taken}
    used: set[str] = set(taken)
    out: list[str] = []
    changed: list[tuple[int, str]] = []
    for at, label in enumerate(plain):
        name, copy = label, 2
        if label in used:
            changed.append((at, label))
            while name in used or name in reserved:
                name, copy = f"{label}_{copy}", copy + 1
        used.add(name)
        out.append(name)
    return out, changed


def name_notes(names: Sequence[str], changed: Iterable[tuple[int, str]]) -> list[Text]:
    """Say which columns had the name of another, as `distinct_names` found them.

    Examples
    --------
    >>> name_notes(["code", "code_2"], [(1, "code")])[0].in_("en")
    'column 2 has the name of an earlier one (code) and reads code_2'
    """
    return [
        Text(
            f"第 {at + 1} 列与前面的列同名（{label}），读作 {names[at]}",
            f"column {at + 1} has the name of an earlier one ({label}) and reads {names[at]}",
        )
        for at, label in changed
    ]


def cut_forms(names: Iterable[str], wanted: str) -> list[str]:
    """Give the names that `wanted` may have become in a dBASE header, which keeps ten bytes of each.

    Examples
    --------
    >>> cut_forms(["网格编", "名称"], "网格编码"), cut_forms(["community_", "name"], "community_code")
    (['网格编'], ['community_'])
    >>> cut_forms(["网格编", "网格编_2"], "网格编码")
    ['网格编', '网格编_2']
    """
    stems = {stem for codec in _CUT_IN for width in _DBASE_BYTES if (stem := _cut(wanted, codec, width))}
    shorter = {stem for codec in _CUT_IN for width in (8, 9) if (stem := _cut(wanted, codec, width))}
    if not stems:
        return []
    found = []
    for name in names:
        plain = plain_name(name)
        copy = _copied(plain, stems | shorter)
        if plain.casefold() in {stem.casefold() for stem in stems} or copy:
            found.append(name)
    return found


def _cut(wanted: str, codec: str, width: int) -> str | None:
    """Cut a name at a number of bytes, dropping a character that is left in part; None where it is short enough."""
    try:
        whole = wanted.encode(codec)
    except UnicodeEncodeError:
        return None
    if len(whole) <= _DBASE_BYTES[0]:
        return None
    return whole[:width].decode(codec, "ignore")


def _copied(name: str, stems: set[str]) -> bool:
    return any(
        name.casefold().startswith(stem.casefold()) and _COPY.fullmatch(name[len(stem) :]) for stem in stems
    )

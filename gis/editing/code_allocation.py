"""New codes, and the order in which grids are numbered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import GeometryArrayLike
from gis.codes import check_unit_code
from gis.editing.refusals import refuse
from gis.errors import CodeError
from gis.geometry import geometry_array

__all__ = ["check_new_code", "next_code", "north_west_order"]

_TAIL = re.compile(r"(.*?)(\d+)", re.DOTALL)


def next_code(community: str, used: Collection[str], *, siblings: Iterable[str] = ()) -> str:
    """Give the next free code in a community.

    The national form is the community code and three digits. Where the community's grids are coded in another
    way, the most common lead of theirs is gone on with, and as many digits.

    Parameters
    ----------
    community : str
    used : collection of str
        Every code in use, or ever used.
    siblings : iterable of str, optional
        Codes of the community's grids.

    Returns
    -------
    str
        The number after the highest ever used; when that has no room in the digits, the lowest never used.

    Raises
    ------
    OperationRefused
        ``numbers-used-up``, ``bad-code``.

    Examples
    --------
    >>> next_code("370211001001", {"370211001001001", "370211001001007"})
    '370211001001008'
    >>> next_code("370211001001", {"HD-07", "HD-08"}, siblings=["HD-07"])
    'HD-09'
    >>> next_code("海滨社区", set())
    '海滨社区001'
    """
    lead, digits = _layout(community, siblings)
    pattern = re.compile(re.escape(lead) + rf"(\d{{{digits}}})")
    taken = {int(found.group(1)) for code in used if (found := pattern.fullmatch(code))}
    most = 10**digits - 1
    number = max(taken, default=0) + 1
    if number > most:
        number = next((free for free in range(1, most + 1) if free not in taken), 0)
    if number == 0:
        refuse(
            "numbers-used-up",
            f"{community} 的网格顺序号已用完（{lead} 加 {digits} 位数字）",
            f"{community} has used up its grid numbers ({lead} and {digits} digits)",
        )
    return check_new_code(f"{lead}{number:0{digits}d}", used)


def _layout(community: str, siblings: Iterable[str]) -> tuple[str, int]:
    national = re.compile(re.escape(community) + r"\d{3}")
    layouts: Counter[tuple[str, int]] = Counter()
    for code in siblings:
        if national.fullmatch(code):
            return community, 3
        if found := _TAIL.fullmatch(code):
            layouts[found.group(1), len(found.group(2))] += 1
    # A code of digits alone has no lead to go on with; cutting it would be guessing.
    layouts = Counter({layout: count for layout, count in layouts.items() if layout[0]})
    return min(layouts, key=lambda layout: (-layouts[layout], layout)) if layouts else (community, 3)


def check_new_code(code: str, used: Collection[str]) -> str:
    """Refuse a code that cannot be stored (``bad-code``) or that is or was in use (``code-used``)."""
    try:
        check_unit_code(code)
    except CodeError as error:
        refuse("bad-code", error.detail.zh, error.detail.en)
    if code in used:
        refuse("code-used", f"编码 {code} 已经用过，不能再用", f"the code {code} is or was in use")
    return code


def north_west_order(polygons: GeometryArrayLike) -> NDArray[np.int64]:
    """Order areas as they are numbered: in rows from north to south, each row from west to east.

    A row holds the areas whose middle is less than half the median height below that of its northernmost.

    Returns
    -------
    ndarray of int64
        Positions in `polygons`.

    Examples
    --------
    >>> south, east, west = shapely.box(0, 0, 2, 1), shapely.box(1, 1.1, 2, 2.1), shapely.box(0, 1, 1, 2)
    >>> north_west_order([south, east, west]).tolist()
    [2, 1, 0]
    """
    flat = geometry_array(polygons)
    if len(flat) == 0:
        return np.empty(0, dtype=np.int64)
    bounds = shapely.bounds(flat)
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    half = float(np.median(bounds[:, 3] - bounds[:, 1])) / 2
    down = np.lexsort((x, -y))
    rows, top = np.zeros(len(flat), dtype=np.int64), float(y[down[0]])
    row = 0
    for at in down.tolist():
        if top - y[at] >= half and top != y[at]:
            row, top = row + 1, float(y[at])
        rows[at] = row
    return np.lexsort((y, x, rows)).astype(np.int64)

"""Shapes out of WKB and WKT that may hold curves: GEOS reads arcs, Shapely has no class for them and raises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["CURVED", "straight_from_wkb", "straight_from_wkt"]

CURVED = (
    "图形含曲线（圆弧），请先转换为折线",
    "a curved shape (with arcs); turn its arcs into straight lines first",
)


def straight_from_wkb(wkb: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Build shapes from WKB; one curve among them does not cost the others.

    Parameters
    ----------
    wkb : ndarray of bytes, str (hexadecimal) or None, shape (n,)

    Returns
    -------
    shapes : ndarray of shapely geometries, shape (n,)
        None where there is none or none can be built.
    curved : ndarray of bool, shape (n,)
        Where the reason is that the shape has arcs.

    Examples
    --------
    >>> straight_from_wkb(np.array([shapely.to_wkb(shapely.Point(1, 2)), b"?", None], dtype=object))
    (array([<POINT (1 2)>, None, None], dtype=object), array([False, False, False]))
    """
    return _built(shapely.from_wkb, wkb)


def straight_from_wkt(wkt: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Build shapes from WKT, as `straight_from_wkb` does.

    Examples
    --------
    >>> straight_from_wkt(np.array(["POINT (1 2)", "CIRCULARSTRING (0 0, 1 1, 2 0)"], dtype=object))
    (array([<POINT (1 2)>, None], dtype=object), array([False,  True]))
    """
    return _built(shapely.from_wkt, wkt)


def _built(
    build: Callable[..., object], written: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    curved = np.zeros(len(written), dtype=bool)
    try:
        return np.asarray(build(written, on_invalid="ignore"), dtype=object).reshape(-1), curved
    except NotImplementedError:
        pass
    shapes = np.full(len(written), None, dtype=object)
    for at, one in enumerate(written):
        try:
            shapes[at] = build(one, on_invalid="ignore")
        except NotImplementedError:
            curved[at] = True
    return shapes, curved

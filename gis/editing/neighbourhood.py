"""What an operation has to see, so that a caller can load only that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis.editing.model import Coverage
from gis.editing.operations import (
    Add,
    DeleteVertex,
    Exclude,
    InsertVertex,
    Merge,
    MoveBorder,
    MoveVertex,
    Operation,
    Paint,
    Remove,
    Renumber,
    Replace,
    Reshape,
    Split,
    Transfer,
)

__all__ = ["Reach", "reach"]

_ROOM = 1e-6


@dataclass(frozen=True)
class Reach:
    """Grids by code, all grids of some communities, and all whose envelope meets a box; and all touching those.

    Parameters
    ----------
    codes, communities : tuple of str
    box : (west, south, east, north) or None
        Degrees.
    """

    codes: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    box: tuple[float, float, float, float] | None = None


def reach(operation: Operation, coverage: Coverage | None = None) -> Reach:
    """Say what an operation needs.

    Parameters
    ----------
    operation : Operation
    coverage : Coverage, optional
        Where the named grids are known from; with it the box covers them as well, so that the box alone will do.

    Returns
    -------
    Reach

    Examples
    --------
    >>> reach(DeleteVertex((120.0, 36.0))).box
    (119.999999, 35.999999, 120.000001, 36.000001)
    >>> reach(Merge(("a", "b"))).codes
    ('a', 'b')
    """
    codes, boxes = _needs(operation)
    communities = (operation.community,) if isinstance(operation, Renumber) else ()
    if coverage is not None:
        known = [coverage.polygon(code) for code in codes if code in coverage]
        boxes += [tuple(shapely.bounds(shape).tolist()) for shape in known]
    if not boxes:
        return Reach(codes, communities)
    corners = np.array(boxes)
    west, south = (corners[:, :2].min(axis=0) - _ROOM).round(9).tolist()
    east, north = (corners[:, 2:].max(axis=0) + _ROOM).round(9).tolist()
    return Reach(codes, communities, (west, south, east, north))


def _needs(operation: Operation) -> tuple[tuple[str, ...], list[tuple[float, ...]]]:
    match operation:
        case Split(grid=grid):
            return (grid,), []
        case Merge(grids=grids) | MoveBorder(grids=grids):
            return tuple(grids), []
        case Reshape(line=line, grids=grids):
            return grids, [_bounds(line)]
        case Transfer(area=area, to=to):
            return (to,), [_bounds(area)]
        case Add(area=area, to=to):
            return ((to,) if to is not None else ()), [_bounds(area)]
        case Exclude(area=area, grid=grid):
            return ((grid,) if grid is not None else ()), [] if area is None else [_bounds(area)]
        case Paint(area=area, grid=grid):
            return ((grid,) if grid is not None else ()), [_bounds(area)]
        case MoveVertex(from_=old, to=new):
            return (), [(*old, *old), (*new, *new)]
        case InsertVertex(at=at) | DeleteVertex(at=at):
            return (), [(*at, *at)]
        case Remove(grid=grid, to=to):
            return (grid, *(to or ())), []
        case Replace(grids=grids, removed=removed):
            return (*(grid.code for grid in grids), *removed), [_bounds(grid.geometry) for grid in grids]
        case Renumber():
            return (), []
        case _:
            return (operation.grid,), []


def _bounds(shape: shapely.Geometry) -> tuple[float, ...]:
    return tuple(shapely.bounds(shape).tolist())

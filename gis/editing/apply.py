"""One door for all operations."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from gis.editing.antimeridian_guard import refuse_changed_meridian
from gis.editing.attributes import recode, relocate, rename, renumber, set_kind
from gis.editing.context import Context
from gis.editing.exclusion import exclude, refuse_excluded
from gis.editing.merge import merge, remove
from gis.editing.model import Coverage, Edit
from gis.editing.narrow import refuse_slivers
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
    Recode,
    Relocate,
    Remove,
    Rename,
    Renumber,
    Replace,
    Reshape,
    SetKind,
    Split,
    Transfer,
)
from gis.editing.paint import paint
from gis.editing.replace import replace_grids
from gis.editing.reshape import reshape
from gis.editing.split import split
from gis.editing.transfer import add, transfer
from gis.editing.vertices import delete_vertex, insert_vertex, move_border, move_vertex

__all__ = ["apply"]

_DOORS: dict[type[object], Callable[[Context, Any], Edit]] = {
    Split: split,
    Merge: merge,
    Reshape: reshape,
    Transfer: transfer,
    MoveVertex: move_vertex,
    MoveBorder: move_border,
    InsertVertex: insert_vertex,
    DeleteVertex: delete_vertex,
    Add: add,
    Exclude: exclude,
    Paint: paint,
    Remove: remove,
    Recode: recode,
    Rename: rename,
    Relocate: relocate,
    SetKind: set_kind,
    Renumber: renumber,
    Replace: replace_grids,
}


def apply(
    coverage: Coverage,
    operation: Operation,
    *,
    used_codes: Collection[str] = (),
    communities: Collection[str] | None = None,
    district: str = "",
    excluded_number: int | None = None,
) -> Edit:
    """Do one operation.

    Parameters
    ----------
    coverage : Coverage
        Clean; it stays as it is. A part of an edition will do that has what `reach` asks for and all grids
        touching that.
    operation : Operation
    used_codes : collection of str
        Every code ever used anywhere; none of them is given out or accepted. Those of `coverage` need not be
        among them.
    communities : collection of str, optional
        The communities there are; without it any code is taken for one.
    district : str, optional
        What land that is declared to be nobody's belongs to; without it the community of a grid beside it.

    excluded_number : int, optional
        The number of such land, one that none ever had; without it the next one of the coverage.

    Returns
    -------
    Edit
        The coverage afterwards, clean and on the lattice; no grid in it is a sliver that was none before. Grids that are not in `created`, `changed` or `retired`
        are the same objects as before.

    Raises
    ------
    OperationRefused
        With a machine word, a sentence and places; see there.

    Examples
    --------
    >>> import shapely
    >>> from gis.editing.model import GridAttributes
    >>> grid = GridAttributes("", "370299001001")
    >>> coverage = Coverage.build(["370299001001001"], [shapely.box(120, 36, 120.02, 36.01)], [grid])
    >>> line = shapely.LineString([(120.005, 35.99), (120.005, 36.02)])
    >>> edit = apply(coverage, Split("370299001001001", line))
    >>> edit.created, edit.changed, edit.inserted_vertices
    (('370299001001002',), ('370299001001001',), ((120.005, 36.0), (120.005, 36.01)))
    """
    context = Context(coverage, used_codes, communities, district, excluded_number)
    refuse_excluded(coverage, operation)
    edit = _DOORS[type(operation)](context, operation)
    refuse_slivers(coverage, edit)
    refuse_changed_meridian(coverage, edit)
    return edit

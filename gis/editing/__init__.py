"""Editing a coverage by topological operations: a clean one goes in, a clean one comes out, or a named refusal.

::

    operation = parse_operation({"op": "split", "grid": "370299001001001", "by": {...}})
    edit = apply(coverage, operation, used_codes=..., communities=...)
    edit.coverage, edit.created, edit.changed, edit.retired

Every grid an operation does not touch is handed on as the same object. New vertices that land on a neighbour's
border are put into the neighbour too, which then counts as changed. Coordinates stay on the lattice.

========================= =================================================================
`apply`                   do one operation
`parse_operation`         from JSON; `operation_as_json` back
`reach`                   which grids an operation has to see
`check_changes`           defects around what changed
`diff`, `lineage`         what two coverages differ in; where the land went
`conflicts`, `rebased`    two drafts on one base
`operations_from_frame`   what somebody edited in QGIS, as operations
========================= =================================================================
"""

from gis.editing.applying import apply
from gis.editing.checking import check_changes
from gis.editing.comparing import Changes, Lineage, diff, lineage
from gis.editing.drawing import MAX_VERTICES
from gis.editing.files import operations_from_frame
from gis.editing.model import Coverage, Edit, GridAttributes, GridKind
from gis.editing.numbering import next_code, north_west_order
from gis.editing.operations import (
    Add,
    DeleteVertex,
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
    ReplacedGrid,
    Reshape,
    SetKind,
    Split,
    Transfer,
)
from gis.editing.reaching import Reach, reach
from gis.editing.rebasing import Conflict, conflicts, rebased
from gis.editing.refusals import OperationRefused
from gis.editing.requests import LONGEST_TEXT, operation_as_json, parse_operation

__all__ = [
    "LONGEST_TEXT",
    "MAX_VERTICES",
    "Add",
    "Changes",
    "Conflict",
    "Coverage",
    "DeleteVertex",
    "Edit",
    "GridAttributes",
    "GridKind",
    "InsertVertex",
    "Lineage",
    "Merge",
    "MoveBorder",
    "MoveVertex",
    "Operation",
    "OperationRefused",
    "Paint",
    "Reach",
    "Recode",
    "Relocate",
    "Remove",
    "Rename",
    "Renumber",
    "Replace",
    "ReplacedGrid",
    "Reshape",
    "SetKind",
    "Split",
    "Transfer",
    "apply",
    "check_changes",
    "conflicts",
    "diff",
    "lineage",
    "next_code",
    "north_west_order",
    "operation_as_json",
    "operations_from_frame",
    "parse_operation",
    "reach",
    "rebased",
]

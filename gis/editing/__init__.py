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

from gis.editing.apply import apply
from gis.editing.attributes import LONGEST_TEXT
from gis.editing.code_allocation import next_code, north_west_order
from gis.editing.diff import Changes, diff
from gis.editing.exclusion import exclude_gap
from gis.editing.file_changes import operations_from_frame
from gis.editing.lineage import TOLERANCE_M2, Lineage, lineage
from gis.editing.model import Coverage, Edit, GridAttributes, GridKind
from gis.editing.neighbourhood import Reach, reach
from gis.editing.noded import is_noded
from gis.editing.operation_input import OperationInput, parse_operation
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
    ReplacedGrid,
    Reshape,
    SetKind,
    Split,
    Transfer,
)
from gis.editing.rebase import Conflict, conflicts, rebased
from gis.editing.refusals import OperationRefused
from gis.editing.serialization import operation_as_json
from gis.editing.sketch_input import MAX_VERTICES
from gis.editing.validation import check_changes

__all__ = [
    "LONGEST_TEXT",
    "MAX_VERTICES",
    "TOLERANCE_M2",
    "Add",
    "Changes",
    "Conflict",
    "Coverage",
    "DeleteVertex",
    "Edit",
    "Exclude",
    "GridAttributes",
    "GridKind",
    "InsertVertex",
    "Lineage",
    "Merge",
    "MoveBorder",
    "MoveVertex",
    "Operation",
    "OperationInput",
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
    "exclude_gap",
    "is_noded",
    "lineage",
    "next_code",
    "north_west_order",
    "operation_as_json",
    "operations_from_frame",
    "parse_operation",
    "reach",
    "rebased",
]

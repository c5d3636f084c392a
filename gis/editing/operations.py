"""What can be done to a coverage: one frozen value for each operation.

A value says what is meant, not what comes of it; `gis.editing.apply` does it. `gis.editing.parse_operation` makes
these from JSON. Geometry is shapely, EPSG:4326; places are (lon, lat).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shapely.geometry.base import BaseGeometry

from gis.editing.model import GridKind
from gis.errors import Place

__all__ = [
    "Add",
    "DeleteVertex",
    "Exclude",
    "InsertVertex",
    "Merge",
    "MoveBorder",
    "MoveVertex",
    "Operation",
    "Paint",
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
]


@dataclass(frozen=True)
class Split:
    """Cut a grid by a line or a polygon.

    Every connected piece of a part that was cut becomes a grid; parts (islands) that were not cut stay with the
    piece that keeps the code. Without `codes` the largest piece keeps code and attributes and the others get new
    codes, from north to south and west to east. `codes` names the pieces in that order: all of them, or all but the largest.
    """

    op: ClassVar[str] = "split"
    grid: str
    by: BaseGeometry
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Merge:
    """Make one grid of several that touch along borders.

    The largest keeps its code and attributes, unless `code` says otherwise (one of them, or a new one). Grids of
    several communities need `community`.
    """

    op: ClassVar[str] = "merge"
    grids: tuple[str, ...]
    code: str | None = None
    community: str | None = None


@dataclass(frozen=True)
class Reshape:
    """Lead the border between neighbours along a drawn line.

    The line starts and ends on the border; what overhangs is cut off. `grids` names the grid whose border is
    meant and those it may exchange land with; without it the line has to tell.
    """

    op: ClassVar[str] = "reshape"
    line: BaseGeometry
    grids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transfer:
    """Give all land of other grids inside a polygon to a grid; nobody's land stays nobody's."""

    op: ClassVar[str] = "transfer"
    area: BaseGeometry
    to: str


@dataclass(frozen=True)
class MoveVertex:
    """Move a vertex in all grids that have it; one of the outer border moves the outer border."""

    op: ClassVar[str] = "move_vertex"
    from_: Place
    to: Place


@dataclass(frozen=True)
class MoveBorder:
    """Move the whole common border of two grids, ends included, by an offset (degrees east, degrees north)."""

    op: ClassVar[str] = "move_border"
    grids: tuple[str, str]
    by: tuple[float, float]


@dataclass(frozen=True)
class InsertVertex:
    """Put a vertex into a border, in all grids that have it."""

    op: ClassVar[str] = "insert_vertex"
    at: Place


@dataclass(frozen=True)
class DeleteVertex:
    """Take a vertex out of a border, in all grids that have it; where three borders meet it has to stay."""

    op: ClassVar[str] = "delete_vertex"
    at: Place


@dataclass(frozen=True)
class Add:
    """Make a grid of the land inside a polygon that nobody owns, or give that land to the grid `to`: fill a gap.

    Nobody's is also what was declared so; as far as it is taken the declaration ends.
    """

    op: ClassVar[str] = "add"
    area: BaseGeometry
    community: str | None = None
    code: str | None = None
    kind: GridKind = "base"
    name: str = ""
    to: str | None = None


@dataclass(frozen=True)
class Exclude:
    """Declare land to be nobody's, with a reason: what lies inside a polygon, or a whole grid.

    It is taken from grids and from nobody; land that is declared already stays as it was declared. `Add` over it makes
    it a grid again, `Remove` of its code gives it to its neighbours, `Rename` changes the reason.
    """

    op: ClassVar[str] = "exclude"
    reason: str
    area: BaseGeometry | None = None
    grid: str | None = None


@dataclass(frozen=True)
class Remove:
    """Dissolve a grid, or take back land that was declared to be nobody's.

    Its land goes, part by part, to the neighbour with the longest common border (ties: lowest code); with `to`,
    each place to the one of these grids whose border is nearest. An empty `to` gives the land to nobody.
    """

    op: ClassVar[str] = "remove"
    grid: str
    to: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Paint:
    """Lay a polygon over the coverage: exactly that becomes the grid's land, or a new grid's.

    What it covers is taken from other grids and from nobody; what an existing grid gives up goes, piece by piece,
    to the neighbour with the longest common border (ties: lowest code). It is what a client does that knows
    features and not coverages. Without `grid` a new one is made, in `community`.
    """

    op: ClassVar[str] = "paint"
    area: BaseGeometry
    grid: str | None = None
    community: str | None = None
    code: str | None = None
    kind: GridKind = "base"
    name: str = ""


@dataclass(frozen=True)
class Recode:
    """Give a grid another code, one that was never used."""

    op: ClassVar[str] = "recode"
    grid: str
    code: str


@dataclass(frozen=True)
class Rename:
    """Give a grid another name."""

    op: ClassVar[str] = "rename"
    grid: str
    name: str


@dataclass(frozen=True)
class Relocate:
    """Move a grid to another community; its code stays, since codes are names."""

    op: ClassVar[str] = "relocate"
    grid: str
    community: str


@dataclass(frozen=True)
class SetKind:
    """Make a grid a base grid 基础网格 or a dedicated grid 专属网格."""

    op: ClassVar[str] = "kind"
    grid: str
    kind: GridKind


@dataclass(frozen=True)
class Renumber:
    """Give all grids of a community new codes, in rows from north to south, each from west to east.

    The old codes are retired and not used again, so the numbers go on after the highest ever used. The coverage
    has to hold all grids of the community.
    """

    op: ClassVar[str] = "renumber"
    community: str


@dataclass(frozen=True)
class ReplacedGrid:
    """A grid of a file: its new polygon, and attributes where they change; a new code needs a community."""

    code: str
    geometry: BaseGeometry
    name: str | None = None
    community: str | None = None
    kind: GridKind | None = None


@dataclass(frozen=True)
class Replace:
    """Take over grids drawn elsewhere: changed and new ones, and those that are no longer there."""

    op: ClassVar[str] = "replace"
    grids: tuple[ReplacedGrid, ...]
    removed: tuple[str, ...] = ()


Operation = (
    Split
    | Merge
    | Reshape
    | Transfer
    | MoveVertex
    | MoveBorder
    | InsertVertex
    | DeleteVertex
    | Add
    | Exclude
    | Paint
    | Remove
    | Recode
    | Rename
    | Relocate
    | SetKind
    | Renumber
    | Replace
)
"""Any operation."""

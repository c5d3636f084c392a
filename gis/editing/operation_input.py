"""Operations as requests carry them: one typed model for each, told apart by ``op``.

`parse_operation` reads one; `OperationInput` is the same as a model, for whoever wants the schema with it. What comes
of a model is a value of `gis.editing.operations`. Members that nobody knows are refused, ``null`` counts as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    ValidationError,
    model_validator,
)

from gis.editing import operations as core
from gis.editing.geojson_input import Offset, Shape
from gis.editing.input_refusals import refusal_of
from gis.editing.operation_fields import (
    Area,
    Code,
    Codes,
    Community,
    Grid,
    Kind,
    Line,
    LineOrArea,
    Name,
    NewCode,
    Reason,
    Vertex,
)
from gis.editing.operations import Operation

__all__ = ["OperationInput", "OperationModel", "parse_operation"]

_MOST_GRIDS = 10_000

_LINE = {"type": "LineString", "coordinates": [[120.401, 36.1], [120.401, 36.11]]}
_SQUARE = {
    "type": "Polygon",
    "coordinates": [[[120.4, 36.1], [120.402, 36.1], [120.402, 36.102], [120.4, 36.102], [120.4, 36.1]]],
}


class _Members(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        known = {field.alias or name for name, field in cls.model_fields.items()}
        # A null says that a member is not given; one that there is not stays, to be refused by its name.
        return {key: value for key, value in given.items() if value is not None or key not in known}

    def _values(self, where: str = "") -> dict[str, Any]:
        """The members that were given, as `gis.editing.operations` has them."""
        names = [name for name in type(self).model_fields if name in self.model_fields_set and name != "op"]
        return {name: _core_value(f"{where}{name.rstrip('_')}", getattr(self, name)) for name in names}


def _core_value(what: str, value: Any) -> Any:
    if isinstance(value, Shape):
        return value.checked(what)
    if isinstance(value, ReplacedGridInput):
        return core.ReplacedGrid(**value._values(f"{what}."))
    if isinstance(value, list):
        return tuple(_core_value(f"{what}[{at}]", one) for at, one in enumerate(value))
    return value


class _Operation(_Members):
    makes: ClassVar[Callable[..., Operation]]
    _operation: Operation = PrivateAttr()

    @property
    def operation(self) -> Operation:
        """What the core does; places and shapes as given, rounded to the lattice only when it is applied."""
        return self._operation

    @model_validator(mode="after")
    def _make(self) -> _Operation:
        self._operation = self.makes(**self._values())
        return self


def _example(**members: object) -> dict[str, object]:
    return {"examples": [members]}


# ---------------------------------------------------------------- borders
class SplitOperation(_Operation, json_schema_extra=_example(op="split", grid="370211001001001", by=_LINE)):
    """Cut a grid by a line, or by the border of an area.

    The largest piece keeps code and attributes; the others get new codes, from north to south and west to east.
    """

    makes = core.Split
    op: Literal["split"]
    grid: Grid
    by: LineOrArea
    codes: Codes | None = Field(
        None, description="Codes of the pieces, in that order: of all of them, or of all but the largest."
    )


class MergeOperation(
    _Operation, json_schema_extra=_example(op="merge", grids=["370211001001001", "370211001001002"])
):
    """Make one grid of several that share borders. The largest keeps its code and attributes."""

    makes = core.Merge
    op: Literal["merge"]
    grids: Annotated[Codes, Field(description="Codes of at least two grids that share borders.")]
    code: Code | None = Field(None, description="The code to keep: that of one of the grids, or a new one.")
    community: Community | None = Field(None, description="Needed when the grids are of several communities.")


class ReshapeOperation(_Operation, json_schema_extra=_example(op="reshape", line=_LINE)):
    """Lead the border between neighbours along a drawn line, which starts and ends on that border."""

    makes = core.Reshape
    op: Literal["reshape"]
    line: Line
    grids: Codes | None = Field(
        None,
        description="The grid whose border is meant, and those it may exchange land with; by default the line tells.",
    )


class TransferOperation(
    _Operation, json_schema_extra=_example(op="transfer", area=_SQUARE, to="370211001001001")
):
    """Give all land of other grids inside an area to one grid; land that belongs to nobody stays so."""

    makes = core.Transfer
    op: Literal["transfer"]
    area: Area
    to: Grid


class MoveVertexOperation(
    _Operation,
    json_schema_extra={
        "examples": [{"op": "move_vertex", "from": [120.4012345, 36.1012345], "to": [120.4013, 36.1012]}]
    },
):
    """Move a vertex, in all grids that share it."""

    makes = core.MoveVertex
    op: Literal["move_vertex"]
    from_: Vertex = Field(alias="from", description="The vertex as it is: [longitude, latitude].")
    to: Vertex = Field(description="Where it is to be: [longitude, latitude].")


class MoveBorderOperation(
    _Operation,
    json_schema_extra=_example(
        op="move_border", grids=["370211001001001", "370211001001002"], by=[0.0001, 0.0]
    ),
):
    """Move the whole common border of two grids, its ends included."""

    makes = core.MoveBorder
    op: Literal["move_border"]
    grids: Annotated[list[Code], Field(min_length=2, max_length=2, description="Codes of the two grids.")]
    by: Annotated[Offset, Field(description="Degrees to the east and to the north.")]


class InsertVertexOperation(_Operation, json_schema_extra=_example(op="insert_vertex", at=[120.4013, 36.1])):
    """Put a vertex into a border, in all grids that share it."""

    makes = core.InsertVertex
    op: Literal["insert_vertex"]
    at: Vertex = Field(description="A place on a border: [longitude, latitude].")


class DeleteVertexOperation(_Operation, json_schema_extra=_example(op="delete_vertex", at=[120.4013, 36.1])):
    """Take a vertex out of a border, in all grids that share it; where three borders meet it has to stay."""

    makes = core.DeleteVertex
    op: Literal["delete_vertex"]
    at: Vertex = Field(description="The vertex: [longitude, latitude].")


# ---------------------------------------------------------------- land
class AddOperation(
    _Operation, json_schema_extra=_example(op="add", area=_SQUARE, community="370211001001", name="市场")
):
    """Make a grid of land in an area that no grid owns, or give that land to the grid `to`."""

    makes = core.Add
    op: Literal["add"]
    area: Area
    community: Community | None = Field(None, description="The community of the new grid.")
    code: NewCode | None = None
    kind: Kind = "base"
    name: Name = ""
    to: Grid | None = Field(None, description="The grid that gets the land, instead of a new one.")


class PaintOperation(
    _Operation, json_schema_extra=_example(op="paint", area=_SQUARE, grid="370211001001001")
):
    """Make exactly this area the land of a grid, or of a new one; neighbours give up and take over what differs."""

    makes = core.Paint
    op: Literal["paint"]
    area: Area
    grid: Grid | None = Field(None, description="The grid that gets the area; without it a new grid is made.")
    community: Community | None = Field(None, description="The community of a new grid.")
    code: NewCode | None = None
    kind: Kind = "base"
    name: Name = ""


class ExcludeOperation(_Operation, json_schema_extra=_example(op="exclude", area=_SQUARE, reason="军事用地")):
    """Declare land to belong to no grid, with the reason: the land in an area, or a whole grid."""

    makes = core.Exclude
    op: Literal["exclude"]
    reason: Reason
    area: Area | None = None
    grid: Grid | None = Field(None, description="The grid that ends, instead of an area.")


class RemoveOperation(_Operation, json_schema_extra=_example(op="remove", grid="370211001001001")):
    """Dissolve a grid: its land goes, part by part, to the neighbour with the longest common border."""

    makes = core.Remove
    op: Literal["remove"]
    grid: Grid
    to: Codes | None = Field(
        None,
        description="The neighbours that get the land, each what lies nearest to it; an empty list: nobody.",
    )


# ---------------------------------------------------------------- attributes
class RecodeOperation(
    _Operation, json_schema_extra=_example(op="recode", grid="370211001001001", code="370211001001012")
):
    """Give a grid another code."""

    makes = core.Recode
    op: Literal["recode"]
    grid: Grid
    code: Annotated[Code, Field(description="A code that was never used.")]


class RenameOperation(
    _Operation, json_schema_extra=_example(op="rename", grid="370211001001001", name="东一网格")
):
    """Give a grid another name."""

    makes = core.Rename
    op: Literal["rename"]
    grid: Grid
    name: Name


class RelocateOperation(
    _Operation, json_schema_extra=_example(op="relocate", grid="370211001001001", community="370211001002")
):
    """Move a grid to another community; it keeps its code."""

    makes = core.Relocate
    op: Literal["relocate"]
    grid: Grid
    community: Community


class KindOperation(
    _Operation, json_schema_extra=_example(op="kind", grid="370211001001001", kind="dedicated")
):
    """Make a grid a base grid 基础网格 or a dedicated grid 专属网格."""

    makes = core.SetKind
    op: Literal["kind"]
    grid: Grid
    kind: Kind


class RenumberOperation(_Operation, json_schema_extra=_example(op="renumber", community="370211001001")):
    """Give all grids of a community new codes, from north to south and west to east."""

    makes = core.Renumber
    op: Literal["renumber"]
    community: Community


# ---------------------------------------------------------------- many at once
class ReplacedGridInput(_Members):
    """A grid as it is to be: its polygon, and attributes where they change; a new code needs a community."""

    code: Grid
    geometry: Area
    name: Name | None = None
    community: Community | None = None
    kind: Kind | None = None


class ReplaceOperation(
    _Operation,
    json_schema_extra=_example(op="replace", grids=[{"code": "370211001001001", "geometry": _SQUARE}]),
):
    """Take over grids that were drawn elsewhere: changed ones, new ones, and those that end."""

    makes = core.Replace
    op: Literal["replace"]
    grids: Annotated[list[ReplacedGridInput], Field(max_length=_MOST_GRIDS, fail_fast=True)]
    removed: Codes | None = Field(None, description="Codes of grids that end.")


OperationModel = (
    SplitOperation
    | MergeOperation
    | ReshapeOperation
    | TransferOperation
    | MoveVertexOperation
    | MoveBorderOperation
    | InsertVertexOperation
    | DeleteVertexOperation
    | AddOperation
    | PaintOperation
    | ExcludeOperation
    | RemoveOperation
    | RecodeOperation
    | RenameOperation
    | RelocateOperation
    | KindOperation
    | RenumberOperation
    | ReplaceOperation
)


_MEMBERS = {
    str(get_args(model.model_fields["op"].annotation)[0]): [
        field.alias or name for name, field in model.model_fields.items() if name != "op"
    ]
    for model in get_args(OperationModel)
}


class OperationInput(RootModel[Annotated[OperationModel, Field(discriminator="op")]]):
    """One operation on the grids of a draft; `op` says which."""

    @property
    def operation(self) -> Operation:
        """What the core does."""
        return self.root.operation

    @model_validator(mode="wrap")
    @classmethod
    def _refuse(cls, given: object, handler: Callable[[object], OperationInput]) -> OperationInput:
        try:
            return handler(given)
        except ValidationError as error:
            raise refusal_of(error, _MEMBERS) from None


def parse_operation(given: Mapping[str, object]) -> Operation:
    """Read one operation of the HTTP interface.

    Parameters
    ----------
    given : mapping
        ``op`` and the members of that operation; ``null`` counts as absent.

    Returns
    -------
    Operation
        Places and shapes as given; they are rounded to the lattice when the operation is applied.

    Raises
    ------
    OperationRefused
        Names the member, what was expected and what came.

    Examples
    --------
    >>> parse_operation({"op": "recode", "grid": "a", "code": "b"})
    Recode(grid='a', code='b')
    >>> parse_operation({"op": "recode", "grid": "a"})
    Traceback (most recent call last):
    gis.editing.refusals.OperationRefused: recode 缺少字段 code | recode lacks the field code
    """
    try:
        return OperationInput.model_validate(given).operation
    except ValidationError as error:
        raise error.errors()[0]["ctx"]["error"] from None

"""What leaves as JSON of a draft: models that describe the answers, and that tests hold them to.

Large answers are written as text and sent as they are; the models do not stand on the way.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.drafts.states import DraftState
from app.kit.geojson import Area, Position
from gis.codes import UnitLevel
from gis.defects import Kind as DefectKind
from gis.defects import Severity
from gis.editing.lineage import LineageKind
from gis.editing.model import GridKind, MemberKind

Level = UnitLevel
Codes = Annotated[list[str], Field(examples=[["370211001001001"]])]


# ---------------------------------------------------------------- the draft
class DraftScope(BaseModel):
    """The unit that a draft is bound to."""

    path: str = Field(description="Codes from the district down, joined by dots; empty: everywhere.")
    code: str | None = Field(description="null: everywhere, or a unit that is no more.")
    name: str | None
    level: str | None


class _Draft(BaseModel):
    id: int
    title: str
    base: int = Field(description="The edition that the draft changes.")
    latest: int = Field(description="The newest edition there is.")
    behind: bool = Field(description="A newer edition than the base was published; see POST …/rebase.")
    state: DraftState
    version: int = Field(description="Counts every write; it stands in ETag.")
    operations: int = Field(description="Operations that are done.")
    undone: int = Field(description="Operations that were taken back and can be done again.")
    scope: DraftScope
    author: str
    reviewer: str | None
    edition: int | None = Field(description="The edition that the draft became.")
    created_at: AwareDatetime
    updated_at: AwareDatetime


class DraftSummary(_Draft):
    """A draft as lists show it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 12,
                    "title": "东区调整",
                    "base": 3,
                    "latest": 4,
                    "behind": False,
                    "state": "published",
                    "version": 7,
                    "operations": 3,
                    "undone": 0,
                    "scope": {"path": "370211", "code": "370211", "name": "黄岛区", "level": "district"},
                    "author": "王工",
                    "reviewer": "李工",
                    "edition": 4,
                    "created_at": "2026-11-21T14:05:00+08:00",
                    "updated_at": "2026-11-21T14:25:00+08:00",
                }
            ]
        }
    )


class DraftList(BaseModel):
    """Drafts in sight, the last changed first."""

    drafts: list[DraftSummary]


class GridEffect(BaseModel):
    """What was done to grids, by code; land excluded from the grids has codes of its own."""

    created: Codes
    changed: Codes
    retired: Codes
    noded: Codes = Field(
        default_factory=list,
        description="Neighbours whose border only got or lost common nodes: stored anew, and not changed.",
    )


class HistoryItem(GridEffect):
    """One operation of a draft and what it did."""

    position: int = Field(description="Counts from 1 in the order of application.")
    op: str = Field(examples=["split"])
    undone: bool
    author: str
    at: AwareDatetime


class HistoryItemWithOperation(HistoryItem):
    """One operation of a draft, with what was drawn."""

    operation: dict[str, object] = Field(
        description="As it was applied, with the members that POST …/operations takes.",
        examples=[{"op": "rename", "grid": "370211001001001", "name": "东一网格"}],
    )


class DraftOperationList(BaseModel):
    """The operations of a draft in order; undone ones at the end."""

    operations: list[HistoryItemWithOperation]


class DraftLogEntry(BaseModel):
    """One step in the life of a draft."""

    at: AwareDatetime
    actor: str
    action: str = Field(examples=["submit"])
    from_state: DraftState | None
    to_state: DraftState
    note: str | None
    op: str | None = Field(description="The operation, where one was done, undone or done again.")


class ScheduledEdition(BaseModel):
    """The newest edition, while it is yet to come into force."""

    edition: int
    effective_from: AwareDatetime
    note: str


class EffectiveBounds(BaseModel):
    """The instants between which an edition may come into force."""

    earliest: AwareDatetime
    latest: AwareDatetime


class DraftRights(BaseModel):
    """What the asker may do with the draft now."""

    edit: bool
    submit: bool
    review: bool
    publish: bool
    discard: bool
    withdraw: bool


class DraftDetail(_Draft, GridEffect):
    """A draft with what it changes, its operations and its log."""

    scheduled: ScheduledEdition | None
    effective: EffectiveBounds
    history: list[HistoryItem]
    log: list[DraftLogEntry] = Field(description="Oldest first.")
    may: DraftRights


# ---------------------------------------------------------------- its grids
class DraftCoverageProperties(BaseModel):
    """What a grid of a draft is called."""

    code: str = Field(examples=["370211001001001"])
    name: str = Field(description="Of excluded land: the reason.")
    community: str = Field(description="Code of the community; of excluded land that of the district.")
    kind: MemberKind
    change: Literal["created", "changed", "retired"] | None = Field(description="Beside the base.")


class DraftCoverageFeature(BaseModel):
    """A grid of a draft."""

    type: Literal["Feature"]
    id: str = Field(description="The code.")
    properties: DraftCoverageProperties
    geometry: Area


class DraftCoverageFeatures(BaseModel):
    """Grids of a draft, by code."""

    type: Literal["FeatureCollection"]
    features: list[DraftCoverageFeature]


class DraftCoverage(DraftCoverageFeatures):
    """The grids of a draft, or those that differ from its base."""

    retired: Codes
    draft: int
    base: int


class OperationResult(GridEffect):
    """What an operation, or taking one back, made of the grids."""

    draft: int
    version: int
    operations: int
    undone: int
    op: str = Field(examples=["split"])
    inserted_vertices: list[Position] = Field(
        description="Put into borders of neighbours, to keep them matched."
    )
    grids: DraftCoverageFeatures = Field(
        description="The grids that were created or changed, as they are now."
    )


class FileStep(GridEffect):
    """One operation that a file became; the shapes of the grids are in GET …/operations."""

    op: Literal["replace", "rename", "relocate", "kind", "exclude"]
    grid: str | None = Field(None, description="Of `rename`, `relocate` and `kind`.")
    name: str | None = Field(None, description="Of `rename`.")
    community: str | None = Field(None, description="Of `relocate`.")
    kind: GridKind | None = Field(None, description="Of `kind`.")
    removed: Codes | None = Field(None, description="Of `replace`: grids that the file does not have.")
    area: Area | None = Field(None, description="Of `exclude`: a gap of the file.")
    reason: str | None = Field(None, description="Of `exclude`.")


class UnitLabel(BaseModel):
    """A unit by code and name."""

    code: str
    name: str


class UnitRenaming(BaseModel):
    """A unit that is called, placed or used otherwise."""

    code: str
    was: str = Field(alias="from")
    now: str = Field(alias="to")


class UnitRecoding(BaseModel):
    """A unit under another code."""

    was: str = Field(alias="from")
    now: str = Field(alias="to")


class LevelChangeList(BaseModel):
    """What changes among the units of one level."""

    level: Level
    before: int = Field(description="How many there were.")
    after: int
    new: list[UnitLabel]
    retired: list[UnitLabel]
    renamed: list[UnitRenaming]
    moved: list[UnitRenaming] = Field(description="Under another parent.")
    recoded: list[UnitRecoding]
    kinds: list[UnitRenaming]
    reshaped: Codes


class CoverageDefect(BaseModel):
    """A defect of the grids."""

    kind: DefectKind
    severity: Severity = Field(description="An error keeps the draft from being submitted.")
    codes: Codes
    place: Position = Field(description="Where to look.")
    detail_zh: str
    detail_en: str
    rows: list[int] | None = Field(None, description="Rows of the file, counted from 1; absent without one.")
    width_m: float | None = Field(
        None, description="Widest extent across, metres; absent where there is none."
    )
    area_m2: float | None = Field(None, description="Square metres; absent where there is none.")


class FileResult(OperationResult):
    """The operations computed from a file, with their effect on the grids."""

    steps: list[FileStep]
    notes: list[str] = Field(description="How the file was read, in the asker's language.")
    hierarchy: list[LevelChangeList]
    warnings: list[CoverageDefect]


# ---------------------------------------------------------------- beside the base
class DraftLineage(BaseModel):
    """Land that goes from one grid to another."""

    was: str | None = Field(alias="from", description="Code in the base; null: nobody's land.")
    now: str | None = Field(alias="to", description="Code in the draft; null: nobody's land.")
    kind: LineageKind
    area_m2: float
    share_of_from: float | None = Field(description="Part of the former grid's area, 0 to 1.")


class DraftDiff(GridEffect):
    """What a draft changes: features before and after, and where the land goes."""

    before: DraftCoverageFeatures
    after: DraftCoverageFeatures
    moved_border: Codes
    lineage: list[DraftLineage]


class ImpactTotals(BaseModel):
    """What changes hands."""

    area_m2: float
    components: int
    length_m: float = Field(description="Metres of lines in the land that changes hands.")
    incidents_open: int
    incidents_closed: int


class ImpactPair(ImpactTotals):
    """What goes from one grid to another."""

    was: str | None = Field(alias="from", description="null: nobody.")
    now: str | None = Field(alias="to", description="null: nobody.")


class ImpactCount(BaseModel):
    """A count by grid before, grid after, layer and class."""

    was: str | None = Field(alias="from", description="null: nobody.")
    now: str | None = Field(alias="to", description="null: nobody.")
    layer: Literal["components", "incidents", "people"]
    class_code: str | None = Field(
        alias="class", description="Class of the layer; of people the kind counted."
    )
    class_zh: str | None = None
    class_en: str | None = None
    open: int | None = Field(None, description="Of incidents.")
    closed: int | None = Field(None, description="Of incidents.")
    count: int | None = Field(description="null: a number of a sensitive kind.")
    length_m: float | None = Field(None, description="Metres of lines in the land that changes hands.")
    estimated: bool | None = Field(None, description="Of people: a part of a grid, by its area.")


class DraftImpact(BaseModel):
    """What changes hands with a draft."""

    base: int
    pairs: list[ImpactPair]
    totals: ImpactTotals
    counts: list[ImpactCount]


class GridLoadOut(BaseModel):
    """What one grid carries."""

    code: str
    components: int
    incidents: int
    area_m2: float


class DraftLoad(BaseModel):
    """The load of a draft's grids."""

    days: int
    until: AwareDatetime = Field(description="Incidents are counted back from here.")
    grids: list[GridLoadOut]


# ---------------------------------------------------------------- its way
class RebasedDraft(_Draft):
    """A draft on the newest edition."""

    rebased_from: int | None = Field(description="The base it had; null: it stood on the newest already.")


class PublishedDraft(GridEffect):
    """The edition that a draft became."""

    id: int
    state: Literal["published"]
    edition: int
    effective_from: AwareDatetime
    excluded: Codes = Field(description="Codes of land that belongs to no grid from now on.")
    included: Codes = Field(description="Codes of such land that ended.")
    components_reassigned: int
    incidents_reassigned: int
    rebased_from: int | None


class WithdrawnDraftEdition(GridEffect):
    """An edition that was taken back before it took effect; its number is not used again."""

    edition: int
    effective_from: AwareDatetime
    withdrawn_at: AwareDatetime
    reason: str
    draft: int | None = Field(description="The draft that had become it; it is approved again.")
    rebased_drafts: list[int] = Field(description="Drafts that stood on it and stand on the one before now.")
    newest: int | None = Field(description="The edition that is the newest now.")

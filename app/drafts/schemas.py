"""What comes in and goes out over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import pandas as pd
from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.drafts import states
from app.drafts.models import Draft, DraftLog, DraftOperation
from gis.geojson import collection_text, feature_text, geojson_texts

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
DraftId = Annotated[int, Path(description="Number of the draft.", examples=[12])]
EditionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class NewDraft(BaseModel):
    """A draft to begin."""

    model_config = ConfigDict(extra="forbid")

    title: Words = Field(description="What the draft is about.", examples=["东区调整"])
    base: EditionNumber | None = Field(None, description="The edition to begin from; the newest by default.")
    scope: Annotated[str, StringConstraints(max_length=80)] | None = Field(
        None, description="The unit that the draft is bound to; needed by whoever may edit several."
    )


class Comment(BaseModel):
    """Words that go with a step."""

    model_config = ConfigDict(extra="forbid")

    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = Field(
        "", description="It stays in the log of the draft."
    )


class Review(Comment):
    """A decision on a submitted draft."""

    decision: Literal["approve", "return"] = Field(description="`return` opens the draft again.")


class Publication(BaseModel):
    """When the new edition comes into force: at once unless an instant with an offset is given."""

    model_config = ConfigDict(extra="forbid")

    effective_from: datetime | None = Field(
        default=None,
        description="An instant with an offset; at once by default.",
        examples=["2026-12-01T00:00:00+08:00"],
    )
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = Field(
        default="", description="What the edition is for; the title of the draft by default."
    )


def as_draft(
    draft: Draft, *, done: int, undone: int, latest: int, scope: Mapping[str, object] | None
) -> dict[str, object]:
    """A draft as lists show it."""
    return {
        "id": draft.id,
        "title": draft.title,
        "base": draft.base,
        "latest": latest,
        "behind": latest > draft.base and draft.state in states.ACTIVE,
        "state": draft.state,
        "version": draft.version,
        "operations": done,
        "undone": undone,
        "scope": scope,
        "author": draft.author,
        "reviewer": draft.reviewer,
        "edition": draft.edition,
        "created_at": draft.created_at,
        "updated_at": draft.updated_at,
    }


def as_history(operations: Sequence[DraftOperation], *, whole: bool = False) -> list[dict[str, object]]:
    """Operations in order; with what was drawn only when asked for."""
    return [
        {
            "position": each.position,
            "op": each.operation.get("op"),
            **each.effect,
            "undone": each.undone,
            "author": each.author,
            "at": each.created_at,
            **({"operation": each.operation} if whole else {}),
        }
        for each in operations
    ]


def as_log(entries: Iterable[DraftLog]) -> list[dict[str, object]]:
    """The log, oldest first."""
    return [
        {
            "at": each.at,
            "actor": each.actor,
            "action": each.action,
            "from_state": each.from_state,
            "to_state": each.to_state,
            "note": each.note,
            "op": _op_of(each.detail),
        }
        for each in entries
    ]


def _op_of(detail: Mapping[str, object]) -> object:
    operation = detail.get("operation")
    return detail.get("op") or (operation.get("op") if isinstance(operation, dict) else None)


def features(grids: pd.DataFrame, changes: dict[str, str] | None = None) -> str:
    """Grids as the text of a GeoJSON FeatureCollection; ``changes`` says of a code what happened to it."""
    told = changes or {}
    shapes = geojson_texts(grids["geometry"].to_numpy())
    parts = []
    for code, name, parent, kind, shape in zip(
        grids["code"], grids["name"], grids["parent_code"], grids["kind"], shapes, strict=True
    ):
        said = {"code": code, "name": name, "community": parent, "kind": kind, "change": told.get(code)}
        parts.append(feature_text(shape, said, key=code))
    return collection_text(parts)

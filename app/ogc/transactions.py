"""A feature that a client sends for a draft, as operations on the draft's coverage: the same guard as everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from json import dumps

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.conditions.predicate import to_predicate
from app.drafts import grid_repository, policy, service
from app.drafts import repository as draft_rows
from app.drafts.models import Draft
from app.errors import Invalid, NotFound
from app.kit.etag import refuse_stale
from app.ogc.draft_properties import CHANGEABLE, GridRow, properties_of
from app.ogc.parameters import Asked
from gis.editing import Remove, parse_operation
from gis.geojson import feature_text, geojson_texts
from gis.geometry import snap


def as_feature(row: GridRow) -> str:
    """A grid of a draft as the text of a GeoJSON feature."""
    said = {"code": row.code, "name": row.name, "community": row.parent_code, "kind": row.kind}
    (shape,) = geojson_texts([row.geometry])
    return feature_text(shape, said, key=row.code)


def tag_of(feature: str) -> str:
    """The version of one grid: others may change without it."""
    return hashlib.sha256(feature.encode()).hexdigest()[:20]


def grid(session: Session, draft: Draft, code: str) -> GridRow:
    """One grid of a draft."""
    found = grid_repository.grids(session, draft, codes=[code])
    found = found[found["kind"] != "excluded"]
    if not len(found):
        raise NotFound(
            f"草案 {draft.id} 里没有网格 {code}", f"draft {draft.id} has no grid {code}", code="no-such-grid"
        )
    return _rows(found)[0]


def page(session: Session, draft: Draft, asked: Asked) -> tuple[list[str], str | None, int]:
    """Features of a page of a draft's grids, the cursor of the next one, and how many match in all."""
    there: pd.DataFrame = grid_repository.grids(session, draft, boxes=asked.boxes or None)
    # Land that is nobody's on purpose is no grid; it is declared by the operation `exclude`.
    there = there[there["kind"] != "excluded"]
    if asked.condition is not None:
        fits = to_predicate(asked.condition)
        there = there.iloc[[at for at, row in enumerate(_rows(there)) if fits(_queryables(row))]]
    if asked.boxes:
        # A box without width or height is a line or a point.
        boxes = np.array([shapely.envelope(shapely.multipoints([box[:2], box[2:]])) for box in asked.boxes])
        met = shapely.intersects(there["geometry"].to_numpy()[:, np.newaxis], boxes[np.newaxis, :])
        there = there.iloc[np.flatnonzero(met.any(axis=1))]
    there = there.sort_values("code", kind="stable")
    matched = len(there)
    rest = there[there["code"] > asked.after] if asked.after is not None else there
    rows = _rows(rest.head(asked.limit))
    more = rows[-1].code if len(rest) > asked.limit else None
    return [as_feature(row) for row in rows], more, matched


def _rows(grids: pd.DataFrame) -> list[GridRow]:
    return [GridRow._make(row) for row in grids[[*GridRow._fields]].itertuples(index=False)]


def _queryables(row: GridRow) -> dict[str, object]:
    """A grid by the names of `app.ogc.queryables.DRAFT_GRIDS`; a frame may say NaN where there is nothing."""
    words = {"code": row.code, "name": row.name, "community": row.parent_code, "kind": row.kind}
    return {name: None if pd.isna(value) else value for name, value in words.items()} | {
        "geometry": row.geometry
    }


def create(
    session: Session, by: Principal, draft_id: int, feature: Mapping[str, object]
) -> tuple[Draft, str]:
    """Make a grid of what was drawn: its land is taken from the grids under it, or from nobody."""
    words = properties_of(feature, "create")
    if feature.get("geometry") is None:
        raise Invalid(
            "新网格需要 geometry", "a new grid needs a geometry", field="geometry", code="geometry-missing"
        )
    operation = {"op": "paint", "area": feature["geometry"]}
    code = words.get("code") or feature.get("id")
    if code:
        operation["code"] = str(code)
    operation |= {name: words[name] for name in CHANGEABLE if words.get(name) is not None}
    draft = _locked(session, draft_id)
    draft, step = service.edit(
        session, by, draft_id, parse_operation(operation), seen=frozenset({policy.tag_of(draft)})
    )
    return draft, step.created[0]


def change(
    session: Session,
    by: Principal,
    draft_id: int,
    code: str,
    feature: Mapping[str, object],
    *,
    seen: frozenset[str],
) -> Draft:
    """Give a grid the polygon and the words that were sent; what was not sent stays."""
    draft = _locked(session, draft_id)
    present = grid(session, draft, code)
    if seen:
        refuse_stale(seen, tag_of(as_feature(present)))
    for operation in _operations(code, present, feature, base=draft.base):
        draft, _ = service.edit(
            session, by, draft_id, parse_operation(operation), seen=frozenset({policy.tag_of(draft)})
        )
    return draft


def remove(session: Session, by: Principal, draft_id: int, code: str, *, seen: frozenset[str]) -> Draft:
    """Dissolve a grid: its land goes to the neighbour with the longest common border."""
    draft = _locked(session, draft_id)
    present = grid(session, draft, code)
    if seen:
        refuse_stale(seen, tag_of(as_feature(present)))
    tag = frozenset({policy.tag_of(draft)})
    draft, _ = service.edit(session, by, draft_id, Remove(code), seen=tag)
    return draft


def _locked(session: Session, draft_id: int) -> Draft:
    """The draft, held until the end of the transaction: versions are those of single grids here."""
    draft = draft_rows.find(session, draft_id, lock=True) if draft_id < 2**63 else None
    return draft or policy.found(session, draft_id)


def _operations(
    code: str, present: GridRow, feature: Mapping[str, object], *, base: int
) -> Iterator[dict[str, object]]:
    words = properties_of(feature, "change", present, base=base)
    for name, other in (("properties.code", words.get("code", code)), ("id", feature.get("id", code))):
        if other != code:
            raise Invalid(
                f"{name} 是 {other}，地址里是 {code}；改编码请用 recode",
                f"{name} is {other}, the address says {code}; use recode to change a code",
                field="code" if name == "properties.code" else "id",
                code="code-mismatch",
            )
    shape = feature.get("geometry")
    if shape is not None and not _same(present.geometry, shape):
        yield {"op": "paint", "grid": code, "area": shape}
    there = {"name": present.name, "community": present.parent_code, "kind": present.kind}
    for name, op in CHANGEABLE.items():
        if words.get(name) is not None and words[name] != there[name]:
            yield {"op": op, "grid": code, name: words[name]}


def _same(present: BaseGeometry, given: object) -> bool:
    """Whether a client sent back what it got; what cannot be read is somebody else's to refuse."""
    try:
        sent = shapely.from_geojson(dumps(given))
        return bool(shapely.equals_exact(snap([sent])[0], present, normalize=True))
    except (shapely.errors.ShapelyError, ValueError, TypeError):
        return False

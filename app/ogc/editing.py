"""A feature that a client sends for a draft, as operations on the draft's coverage: the same guard as everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any

import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.drafts import access, grid_repository, service
from app.drafts import repository as draft_rows
from app.drafts.models import Draft
from app.errors import Invalid, NotFound
from app.kit.etag import refuse_stale
from gis.geometry import snap

_CHANGEABLE = {"name": "rename", "community": "relocate", "kind": "kind"}


def as_feature(row: Any) -> str:
    """A grid of a draft as the text of a GeoJSON feature."""
    said = {"code": row.code, "name": row.name, "community": row.parent_code, "kind": row.kind}
    code = dumps(row.code, ensure_ascii=False)
    shape = shapely.to_geojson(row.geometry)
    return (
        f'{{"type":"Feature","id":{code},"properties":{dumps(said, ensure_ascii=False)},"geometry":{shape}}}'
    )


def tag_of(feature: str) -> str:
    """The version of one grid: others may change without it."""
    return hashlib.sha256(feature.encode()).hexdigest()[:20]


def grid(session: Session, draft: Draft, code: str) -> Any:
    """One grid of a draft."""
    found = grid_repository.grids(session, draft, codes=[code])
    if not len(found):
        raise NotFound(
            f"草案 {draft.id} 里没有网格 {code}", f"draft {draft.id} has no grid {code}", code="unknown-grid"
        )
    return next(found.itertuples(index=False))


def page(
    session: Session, draft: Draft, *, after: str | None, limit: int, box: Any, equal: Mapping[str, str]
) -> tuple[list[str], str | None, int]:
    """Features of a page of a draft's grids, the cursor of the next one, and how many match in all."""
    there: pd.DataFrame = grid_repository.grids(session, draft, boxes=[box] if box else None)
    for name, value in equal.items():
        there = there[there[{"community": "parent_code"}.get(name, name)] == value]
    if box:
        # A box without width or height is a line or a point.
        asked = shapely.envelope(shapely.multipoints([box[:2], box[2:]]))
        there = there[shapely.intersects(there["geometry"].to_numpy(), asked)]
    there = there.sort_values("code", kind="stable")
    matched = len(there)
    rest = there[there["code"] > after] if after is not None else there
    rows = list(rest.head(limit).itertuples(index=False))
    more = str(rows[-1].code) if len(rest) > limit else None
    return [as_feature(row) for row in rows], more, matched


def create(session: Session, by: Principal, draft_id: int, feature: Mapping[str, Any]) -> tuple[Draft, str]:
    """Make a grid of what was drawn: its land is taken from the grids under it, or from nobody."""
    words = _words(feature)
    if feature.get("geometry") is None:
        raise Invalid("新网格需要 geometry", "a new grid needs a geometry", field="geometry")
    operation = {"op": "paint", "area": feature["geometry"]}
    code = words.get("code") or feature.get("id")
    if code:
        operation["code"] = str(code)
    operation |= {name: words[name] for name in _CHANGEABLE if words.get(name) is not None}
    draft = _locked(session, draft_id)
    draft, step = service.edit(session, by, draft_id, operation, seen=frozenset({access.tag_of(draft)}))
    return draft, step.created[0]


def change(
    session: Session,
    by: Principal,
    draft_id: int,
    code: str,
    feature: Mapping[str, Any],
    *,
    seen: frozenset[str],
) -> Draft:
    """Give a grid the polygon and the words that were sent; what was not sent stays."""
    draft = _locked(session, draft_id)
    present = grid(session, draft, code)
    if seen:
        refuse_stale(seen, tag_of(as_feature(present)))
    for operation in _operations(code, present, feature):
        draft, _ = service.edit(session, by, draft_id, operation, seen=frozenset({access.tag_of(draft)}))
    return draft


def remove(session: Session, by: Principal, draft_id: int, code: str, *, seen: frozenset[str]) -> Draft:
    """Dissolve a grid: its land goes to the neighbour with the longest common border."""
    draft = _locked(session, draft_id)
    present = grid(session, draft, code)
    if seen:
        refuse_stale(seen, tag_of(as_feature(present)))
    tag = frozenset({access.tag_of(draft)})
    draft, _ = service.edit(session, by, draft_id, {"op": "remove", "grid": code}, seen=tag)
    return draft


def _locked(session: Session, draft_id: int) -> Draft:
    """The draft, held until the end of the transaction: versions are those of single grids here."""
    draft = draft_rows.find(session, draft_id, lock=True) if draft_id < 2**63 else None
    return draft or access.found(session, draft_id)


def _operations(code: str, present: Any, feature: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    words = _words(feature)
    other = words.get("code", code)
    if other not in (code, None):
        raise Invalid(
            f"properties.code 是 {other}，地址里是 {code}；改编码请用 recode",
            f"properties.code is {other}, the address says {code}; use recode to change a code",
            field="code",
        )
    shape = feature.get("geometry")
    if shape is not None and not _same(present.geometry, shape):
        yield {"op": "paint", "grid": code, "area": shape}
    there = {"name": present.name, "community": present.parent_code, "kind": present.kind}
    for name, op in _CHANGEABLE.items():
        if words.get(name) is not None and words[name] != there[name]:
            yield {"op": op, "grid": code, name: words[name]}


def _words(feature: Mapping[str, Any]) -> dict[str, Any]:
    if feature.get("type", "Feature") != "Feature":
        raise Invalid(
            f"应为 GeoJSON Feature，收到 {feature.get('type')!r}",
            f"expected a GeoJSON Feature, came {feature.get('type')!r}",
            field="type",
        )
    words = feature.get("properties")
    if words is None:
        return {}
    if not isinstance(words, dict):
        raise Invalid("properties 应为对象", "properties is an object", field="properties")
    return words


def _same(present: Any, given: Any) -> bool:
    """Whether a client sent back what it got; what cannot be read is somebody else's to refuse."""
    try:
        sent = shapely.from_geojson(dumps(given))
        return bool(shapely.equals_exact(snap([sent])[0], present, normalize=True))
    except (shapely.errors.ShapelyError, ValueError, TypeError):
        return False

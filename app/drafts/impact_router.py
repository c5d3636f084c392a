"""The impact of a draft over HTTP."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.responses import Response

from app.auth.dependencies import Read
from app.auth.policy import allow
from app.auth.routing import Router
from app.components import repository as component_rows
from app.drafts import policy, responses
from app.drafts.impact import Impact, Pair, impact_of
from app.drafts.response_schemas import DraftImpact
from app.drafts.schemas import DraftId
from app.incidents import repository as incident_rows

router = Router(prefix="/v1/drafts", tags=["drafts"], dependencies=[allow("gis-editor")])


@router.get("/{draft_id}/impact", response_model=DraftImpact, responses={404: {}})
def show_draft_impact(session: Read, draft_id: DraftId) -> Response:
    """Show what changes hands with a draft.

    Components, incidents, people and area: counts by grid before, grid after, layer and class; sums by pair of grids,
    and in all.
    """
    draft = policy.found(session, draft_id)
    impact = impact_of(session, draft)
    counts = _counts(session, impact)
    return responses.json_answer(
        draft, {"base": draft.base, "pairs": _pairs(impact), "totals": _totals(impact), "counts": counts}
    )


def _counts(session: Session, impact: Impact) -> list[dict[str, object]]:
    names = {
        "components": {each.code: (each.name_zh, each.name_en) for each in component_rows.classes(session)},
        "incidents": {each.code: (each.name_zh, each.name_en) for each in incident_rows.classes(session)},
    }
    rows = []
    for (source, target), layer, name, numbers in impact.rows():
        row: dict[str, object] = {"from": source, "to": target, "layer": layer, "class": name}
        if layer in names:
            row["class_zh"], row["class_en"] = names[layer].get(name or "", (None, None))
        if layer == "incidents":
            opened, closed = numbers.get("open") or 0, numbers.get("closed") or 0
            row |= {"open": opened, "closed": closed, "count": opened + closed}
        else:
            row["count"] = numbers.get("count", 0)
        if "length_m" in numbers:
            row["length_m"] = round(numbers["length_m"] or 0.0, 1)
        if "estimated" in numbers:
            row["estimated"] = numbers["estimated"]
        rows.append(row)
    return rows


def _summed(impact: Impact, pairs: set[Pair]) -> dict[str, float]:
    sums: dict[str, float] = {"components": 0, "length_m": 0.0, "incidents_open": 0, "incidents_closed": 0}
    for pair, layer, _, numbers in impact.rows():
        if pair not in pairs:
            continue
        if layer == "components":
            sums["components"] += numbers.get("count") or 0
            sums["length_m"] += numbers.get("length_m") or 0.0
        elif layer == "incidents":
            sums["incidents_open"] += numbers.get("open") or 0
            sums["incidents_closed"] += numbers.get("closed") or 0
    area = sum(number for pair, number in impact.area_m2.items() if pair in pairs)
    return {"area_m2": round(area, 1), **sums, "length_m": round(sums["length_m"], 1)}


def _all_pairs(impact: Impact) -> list[Pair]:
    found = {*impact.area_m2, *(pair for pair, *_ in impact.rows())}
    return sorted(found, key=lambda pair: (pair[0] or "", pair[1] or ""))


def _pairs(impact: Impact) -> list[dict[str, object]]:
    return [{"from": p[0], "to": p[1], **_summed(impact, {p})} for p in _all_pairs(impact)]


def _totals(impact: Impact) -> dict[str, float]:
    return _summed(impact, set(_all_pairs(impact)))

"""Answers about a draft: its JSON, its grids as GeoJSON, and the ETag that goes with every one of them."""

from __future__ import annotations

from datetime import datetime
from json import dumps
from typing import TypedDict

from fastapi.encoders import jsonable_encoder
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.auth import scopes
from app.auth.principal import Principal
from app.boundaries import repository as boundary_rows
from app.boundaries.effective_dates import EARLIEST, latest_effective
from app.drafts import grid_repository, policy, repository
from app.drafts.diff import compare
from app.drafts.models import Draft
from app.drafts.policy import tag_of
from app.drafts.schemas import as_draft, as_history, as_log, features
from app.drafts.service import Step
from app.kit.compression import sent
from app.kit.etag import is_known

GEOJSON = "application/geo+json"


def headers_of(draft: Draft) -> dict[str, str]:
    """The version of the draft that an answer shows."""
    return {"ETag": f'"{tag_of(draft)}"'}


def json_answer(draft: Draft, body: object, *, status: int = 200, **headers: str) -> Response:
    """A JSON answer about a draft."""
    return JSONResponse(jsonable_encoder(body), status_code=status, headers=headers_of(draft) | headers)


def text_answer(request: Request, draft: Draft, body: str, *, media_type: str = GEOJSON) -> Response:
    """A large text about a draft, compressed for those who take it; nothing for those who have it."""
    if is_known(request, headers_of(draft)["ETag"]):
        return Response(status_code=304, headers=headers_of(draft))
    return sent(request, body.encode(), media_type=media_type, headers=headers_of(draft))


def unless_known(request: Request, session: Session, draft: Draft) -> Response | None:
    """Nothing but a 304 for those who have this version, unless a newer edition has left the draft behind since."""
    newest = boundary_rows.latest(session)
    if newest is not None and newest.number > draft.base:
        return None
    if is_known(request, headers_of(draft)["ETag"]):
        return Response(status_code=304, headers=headers_of(draft))
    return None


def summary(session: Session, draft: Draft) -> dict[str, object]:
    """A draft as lists show it."""
    return summaries(session, [draft])[0]


def summaries(session: Session, drafts: list[Draft]) -> list[dict[str, object]]:
    """Several drafts as lists show them."""
    counts = repository.counts(session, [draft.id for draft in drafts])
    newest = boundary_rows.latest(session)
    named = scopes.named(session, {draft.scope_path for draft in drafts})
    out = []
    for draft in drafts:
        done, undone = counts.get(draft.id, (0, 0))
        unit = named[draft.scope_path]
        scope = {"path": unit.path, "code": unit.code, "name": unit.name, "level": unit.level}
        out.append(
            as_draft(draft, done=done, undone=undone, latest=newest.number if newest else 0, scope=scope)
        )
    return out


def whole(session: Session, draft: Draft, by: Principal) -> dict[str, object]:
    """A draft with what it changes, its operations, its log, and what the asker may do with it."""
    changes = compare(session, draft).changes
    contributors = repository.made_by(session, draft)
    scheduled = _scheduled(session)
    return {
        **summary(session, draft),
        "scheduled": scheduled,
        "effective": {
            "earliest": scheduled["effective_from"] if scheduled else EARLIEST,
            "latest": latest_effective(boundary_rows.database_now(session)),
        },
        "created": changes.created,
        "changed": changes.changed,
        "retired": changes.retired,
        "noded": changes.noded,
        "history": as_history(repository.operations(session, draft.id)),
        "log": as_log(repository.log_of(session, draft.id)),
        "may": {
            "edit": policy.may(by, draft, "edit", contributors=contributors),
            "submit": policy.may(by, draft, "submit", contributors=contributors),
            "review": policy.may(by, draft, "return", contributors=contributors),
            "publish": policy.may(by, draft, "publish", contributors=contributors),
            "discard": policy.may(by, draft, "discard", contributors=contributors),
            "withdraw": scheduled is not None
            and all(
                by.may("gis-publisher", path)
                for path in boundary_rows.paths_changed_by(session, scheduled["edition"])
            ),
        },
    }


class _Scheduled(TypedDict):
    """The edition to come."""

    edition: int
    effective_from: datetime
    note: str | None


def _scheduled(session: Session) -> _Scheduled | None:
    """The last edition, when it is yet to come: nothing can take effect before it, and it can be withdrawn."""
    newest = boundary_rows.latest(session)
    if newest is None or newest.effective_from <= boundary_rows.database_now(session):
        return None
    return {"edition": newest.number, "effective_from": newest.effective_from, "note": newest.note}


def step_answer(
    session: Session,
    draft: Draft,
    step: Step,
    *,
    status: int = 200,
    steps: object = None,
    notes: object = None,
    hierarchy: object = None,
    warnings: object = None,
) -> Response:
    """What a step made of the grids, with the grids themselves as they are now."""
    codes = [*step.created, *step.changed, *step.noded]
    there = grid_repository.grids(session, draft, codes=codes)
    words = dict.fromkeys(step.changed, "changed") | dict.fromkeys(step.created, "created")
    counts = repository.counts(session, [draft.id]).get(draft.id, (0, 0))
    head = jsonable_encoder(
        {
            "draft": draft.id,
            "version": draft.version,
            "operations": counts[0],
            "undone": counts[1],
            "op": step.operation.get("op"),
            "created": step.created,
            "changed": step.changed,
            "retired": step.retired,
            "noded": step.noded,
            "inserted_vertices": step.inserted_vertices,
            **({} if steps is None else {"steps": steps}),
            **({} if notes is None else {"notes": notes}),
            **({} if hierarchy is None else {"hierarchy": hierarchy}),
            **({} if warnings is None else {"warnings": warnings}),
        }
    )
    text = dumps(head, ensure_ascii=False)
    body = f'{text[:-1]},"grids":{features(there, words)}}}'
    return Response(
        body.encode(), status_code=status, media_type="application/json", headers=headers_of(draft)
    )

"""What is done to a draft while it is open: made, edited step by step, taken back, done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.boundaries import excluded_repository
from app.boundaries import repository as boundary_rows
from app.boundaries.service import edition_asked_for, edition_in_force
from app.db.ltree import code_of, label
from app.drafts import grid_repository, policy, repository
from app.drafts.coverage_loader import neighbourhood, rows_of
from app.drafts.models import Draft
from app.errors import Conflict
from gis.coverage import is_excluded_code
from gis.editing import (
    Coverage,
    DeleteVertex,
    Edit,
    Exclude,
    InsertVertex,
    MoveBorder,
    MoveVertex,
    Operation,
    apply,
    is_noded,
    operation_as_json,
)

_DRAGS = (MoveVertex, MoveBorder, InsertVertex, DeleteVertex)


@dataclass(frozen=True)
class Step:
    """What one operation, or taking one back, made of the draft's grids: codes, sorted."""

    operation: Mapping[str, object]
    created: tuple[str, ...]
    changed: tuple[str, ...]
    retired: tuple[str, ...]
    # Neighbours that only got or lost common nodes: nobody's land changed hands.
    noded: tuple[str, ...] = ()
    inserted_vertices: tuple[tuple[float, float], ...] = ()


def create(
    session: Session, by: Principal, *, title: str, base: int | None = None, scope: str | None = None
) -> Draft:
    """Begin a draft on an edition: the newest one, in force or not yet, unless another is named."""
    if base is None:
        newest = boundary_rows.latest(session)
        # Says that nothing was published, and how to change that.
        base = newest.number if newest else edition_in_force(session)
    base = edition_asked_for(session, base)
    draft = repository.add_draft(
        session,
        Draft(
            title=title.strip(),
            base=base,
            scope_path=policy.scope_for(session, by, scope, base=base),
            author=by.actor,
            author_key=by.identity,
        ),
    )
    repository.log(session, draft, by, "create", detail={"base": base, "scope": draft.scope_path})
    return draft


def edit(
    session: Session, by: Principal, draft_id: int, operation: Operation, *, seen: frozenset[str]
) -> tuple[Draft, Step]:
    """Append one operation to an open draft; refused operations change nothing."""
    draft = policy.held(session, draft_id, seen)
    policy.in_state(draft, "edit")
    before = neighbourhood(session, draft, operation)
    return draft, _applied(session, by, draft, operation, before, "operation")


def _applied(
    session: Session, by: Principal, draft: Draft, operation: Operation, before: Coverage, action: str
) -> Step:
    if isinstance(operation, _DRAGS):
        # Gives no code and names no unit; somebody is waiting with a finger on the mouse.
        result = apply(before, operation)
        units = _units_around(session, draft, before)
    else:
        units = grid_repository.parents(session, draft.base)
        used = grid_repository.used_codes(session, draft)
        number = excluded_repository.next_number(session) if isinstance(operation, Exclude) else None
        result = apply(
            before,
            operation,
            used_codes=used,
            communities=units.keys(),
            district=_district_of(before, units),
            excluded_number=number,
        )
    return record(session, by, draft, operation, before, result, units, action=action)


def _district_of(coverage: Coverage, units: Mapping[str, str]) -> str:
    """The district that the grids of a coverage lie in; of several, that of the first."""
    paths = (units.get(words.community) for words in coverage.attributes if not words.excluded)
    return next((code_of(path.split(".", 1)[0]) for path in paths if path), "")


def _units_around(session: Session, draft: Draft, coverage: Coverage) -> Mapping[str, str]:
    """Paths of the units that the grids of a coverage lie in."""
    named = {words.community for words in coverage.attributes if not words.excluded}
    units = grid_repository.parents(session, draft.base, around=coverage.codes)
    # A grid that this draft moved may lie in a unit that none of them lay in before.
    return units if named <= units.keys() else grid_repository.parents(session, draft.base)


def record(
    session: Session,
    by: Principal,
    draft: Draft,
    operation: Operation | Mapping[str, object],
    before: Coverage,
    result: Edit,
    units: Mapping[str, str],
    *,
    action: str,
    detail: Mapping[str, object] | None = None,
) -> Step:
    """Store what an operation made of a coverage, when the editor may touch all of it."""
    codes = sorted({*result.created, *result.changed, *result.retired})
    noded = {code for code in result.changed if _is_noded(before, result.coverage, code)}
    beyond_seams = [code for code in codes if code not in noded]
    grids = [code for code in beyond_seams if not is_excluded_code(code)]
    if not grids:
        # Land that is nobody's was taken from grids that changed with it; where none did, the neighbours count.
        grids = sorted({each for code in beyond_seams for each in _beside(before, result.coverage, code)})
    touched = {code: _paths(before, code, units) + _paths(result.coverage, code, units) for code in grids}
    policy.refuse_beyond(by, draft, touched, "gis-editor")
    changed = tuple(code for code in result.changed if code not in noded)
    effect = {
        "created": result.created,
        "changed": changed,
        "retired": result.retired,
        "noded": tuple(sorted(noded)),
    }
    as_json = operation if isinstance(operation, Mapping) else operation_as_json(operation)
    position = repository.add_operation(
        session, draft, by, as_json, {name: list(codes_) for name, codes_ in effect.items()}
    )
    grid_repository.store_grids(session, draft, position, rows_of(result.coverage, codes))
    repository.touch(session, draft)
    repository.log(
        session,
        draft,
        by,
        action,
        from_state=draft.state,
        detail={"position": position, "operation": _without_shapes(as_json), **(detail or {})},
    )
    return Step(operation=as_json, inserted_vertices=result.inserted_vertices, **effect)


def _without_shapes(operation: Mapping[str, Any]) -> Mapping[str, object]:
    """A whole district from a file is in the operation and in the file; the log says which file and which grids."""
    if operation.get("op") != "replace":
        return operation
    return {**operation, "grids": [{**grid, "geometry": None} for grid in operation["grids"]]}


def _beside(before: Coverage, after: Coverage, code: str) -> set[str]:
    """Grids that touch a piece of land that is nobody's, before or after."""
    found: set[str] = set()
    for coverage in (before, after):
        if code in coverage:
            met = shapely.intersects(coverage.polygons, coverage.polygon(code))
            found |= {each for each, hit in zip(coverage.codes, met.tolist(), strict=True) if hit}
    return {each for each in found if not is_excluded_code(each)}


def _is_noded(before: Coverage, after: Coverage, code: str) -> bool:
    """Whether a grid only got or lost nodes on its border, for the sake of a neighbour."""
    if code not in before or code not in after or before.attributes_of(code) != after.attributes_of(code):
        return False
    return is_noded(before.polygon(code), after.polygon(code))


def _paths(coverage: Coverage, code: str, units: Mapping[str, str]) -> list[str]:
    """The path of a grid in a coverage, if it is there."""
    if code not in coverage:
        return []
    parent = units.get(coverage.attributes_of(code).community)
    return [f"{parent}.{label(code)}"] if parent else [label(code)]


# ---------------------------------------------------------------- back and forth
def undo(session: Session, by: Principal, draft_id: int, *, seen: frozenset[str]) -> tuple[Draft, Step]:
    """Take the last operation back."""
    return _walk(session, by, draft_id, seen, back=True)


def redo(session: Session, by: Principal, draft_id: int, *, seen: frozenset[str]) -> tuple[Draft, Step]:
    """Do again what was taken back last."""
    return _walk(session, by, draft_id, seen, back=False)


def _walk(
    session: Session, by: Principal, draft_id: int, seen: frozenset[str], *, back: bool
) -> tuple[Draft, Step]:
    draft = policy.held(session, draft_id, seen)
    policy.in_state(draft, "edit")
    found = repository.last_done(session, draft.id) if back else repository.first_undone(session, draft.id)
    if found is None:
        raise Conflict(
            "没有可撤销的操作" if back else "没有可重做的操作",
            "there is nothing to undo" if back else "there is nothing to redo",
            code="nothing-to-undo" if back else "nothing-to-redo",
        )
    effect = {name: tuple(codes) for name, codes in found.effect.items()}
    _refuse_others(session, by, draft, effect)
    repository.mark_undone(session, found, undone=back)
    repository.touch(session, draft)
    repository.log(
        session,
        draft,
        by,
        "undo" if back else "redo",
        from_state=draft.state,
        detail={"position": found.position, "op": found.operation.get("op")},
    )
    if back:
        # Seen from after the operation: what it made goes, what it retired is there again.
        effect = {
            "created": effect["retired"],
            "changed": effect["changed"],
            "retired": effect["created"],
            "noded": effect.get("noded", ()),
        }
    return draft, Step(
        operation=found.operation,
        created=effect["created"],
        changed=effect["changed"],
        retired=effect["retired"],
        noded=effect.get("noded", ()),
    )


def _refuse_others(
    session: Session, by: Principal, draft: Draft, effect: Mapping[str, Sequence[str]]
) -> None:
    """Refuse to undo what somebody else did to grids where the asker holds no right."""
    if by.may("gis-editor", draft.scope_path):
        return
    codes = [
        code
        for word, listed in effect.items()
        for code in listed
        if word != "noded" and not is_excluded_code(code)
    ]
    units = grid_repository.parents(session, draft.base)
    there = grid_repository.grids(session, draft, codes=codes)
    paths = {
        code: [f"{units.get(parent, '')}.{label(code)}"]
        for code, parent in zip(there["code"], there["parent_code"], strict=True)
    }
    policy.refuse_beyond(by, draft, paths, "gis-editor")

"""Who may do what with a draft: rights are held inside units, and a draft stays inside its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from app.auth import scopes
from app.auth.principal import Principal
from app.auth.roles import EVERYWHERE, covers
from app.boundaries import repository as boundary_rows
from app.drafts import repository
from app.drafts.models import Draft
from app.drafts.states import STEPS, StepName
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.kit.etag import refuse_stale


class DraftUnknown(NotFound):
    """No such draft that the asker may see."""

    code = "draft-unknown"


class NotInThisState(Conflict):
    """The draft is at another step of its way."""

    code = "draft-state"


class OutOfScope(Forbidden):
    """A grid outside the units where the right is held, or outside the draft's own unit."""

    code = "out-of-scope"


def tag_of(draft: Draft) -> str:
    """The version of a draft, as it stands in ETag."""
    return f"{draft.id}-{draft.version}"


def found(session: Session, draft_id: int) -> Draft:
    """A draft in sight."""
    # Numbers past the column are drafts that are not there.
    draft = repository.find(session, draft_id) if draft_id < 2**63 else None
    if draft is None:
        raise DraftUnknown(f"没有编号为 {draft_id} 的草案", f"there is no draft {draft_id}")
    return draft


def held(session: Session, draft_id: int, seen: frozenset[str]) -> Draft:
    """A draft in sight, locked for a write that is based on its present version."""
    draft = repository.find(session, draft_id, lock=True) if draft_id < 2**63 else None
    if draft is None:
        raise DraftUnknown(f"没有编号为 {draft_id} 的草案", f"there is no draft {draft_id}")
    refuse_stale(seen, tag_of(draft))
    return draft


class OwnWork(Forbidden):
    """The reviewer contributed to the draft."""

    code = "own-work"


# The role that a step takes over the whole of the draft's unit; the others are bound to the grids that they touch.
_ROLES: dict[StepName, str] = {
    "approve": "gis-publisher",
    "return": "gis-publisher",
    "publish": "gis-publisher",
}
_FOUR_EYES: frozenset[StepName] = frozenset({"approve", "return"})


def may(by: Principal, draft: Draft, step: StepName, *, contributors: Collection[str]) -> bool:
    """Whether somebody may take a step now; ``contributors`` are the identities that had a hand in the draft."""
    role = _ROLES.get(step)
    return (
        draft.state in STEPS[step].allowed
        and (role is None or by.may(role, draft.scope_path))
        and not (step in _FOUR_EYES and by.identity in contributors)
    )


def refuse(by: Principal, draft: Draft, step: StepName, *, contributors: Collection[str] = ()) -> None:
    """Refuse a step by its reason: the role is missing, it is the asker's own work, or the state is another."""
    role = _ROLES.get(step)
    if role is not None and not by.may(role, draft.scope_path):
        raise OutOfScope(
            f"需要在草案的整个范围内有角色 {role}",
            f"needs the role {role} over the whole unit of the draft",
            needed=[role],
        )
    if step in _FOUR_EYES and by.identity in contributors:
        raise OwnWork(
            "不能审核自己参与编辑的草案，须由他人审核",
            "you had a hand in this draft; somebody else has to review it",
        )
    in_state(draft, step)


def in_state(draft: Draft, step: StepName) -> None:
    """Refuse a step that does not belong to the draft's state."""
    allowed = STEPS[step].allowed
    if draft.state not in allowed:
        raise NotInThisState(
            f"草案 {draft.id} 的状态是 {draft.state}，此操作需要 {'、'.join(allowed)}",
            f"draft {draft.id} is {draft.state}; this needs {' or '.join(allowed)}",
            state=draft.state,
            expected=list(allowed),
        )


def scope_for(session: Session, by: Principal, code: str | None, *, base: int) -> str:
    """The unit that a new draft of somebody is bound to."""
    paths = by.paths("gis-editor")
    if code:
        path = scopes.path_of(session, code)
        if not by.may("gis-editor", path):
            raise OutOfScope(
                f"您没有单元 {code} 的编辑权限", f"you may not edit the unit {code}", field="scope"
            )
        return path
    if len(paths) > 1:
        named = scopes.named(session, paths)
        choices = [named[path].qualified for path in paths]
        raise Invalid(
            f"您可以编辑 {len(paths)} 个单元，请用 scope 指明：{'、'.join(choices)}",
            f"you may edit {len(paths)} units; say which with scope: {', '.join(choices)}",
            code="scope-ambiguous",
            field="scope",
            choices=choices,
        )
    if paths != (EVERYWHERE,):
        return paths[0]
    # So that everybody of a district sees the draft of an administrator.
    districts = boundary_rows.names_in(session, base)
    outer = [row.path for row in districts if row.level == "district"]
    return outer[0] if len(outer) == 1 else EVERYWHERE


def refuse_beyond(by: Principal, draft: Draft, touched: Mapping[str, Sequence[str]], role: str) -> None:
    """Refuse grids (code -> paths, before and after) outside the draft's unit or where the role is not held."""
    beyond = [
        code
        for code, paths in sorted(touched.items())
        if not all(covers(draft.scope_path, path) and by.may(role, path) for path in paths)
    ]
    if beyond:
        listed = "、".join(beyond[:5]) + ("…" if len(beyond) > 5 else "")
        raise OutOfScope(
            f"网格 {listed} 不在您可以编辑的范围内",
            f"grids outside the area that you may edit here: {', '.join(beyond[:5])}",
            codes=beyond,
        )

"""Every query on drafts, their operations and their log. The grids of a draft are in ``grid_repository``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.drafts import states
from app.drafts.models import Draft, DraftLog, DraftOperation


def add_draft(session: Session, draft: Draft) -> Draft:
    """Store a new draft."""
    session.add(draft)
    session.flush()
    session.refresh(draft)
    return draft


def find(session: Session, draft_id: int, *, lock: bool = False) -> Draft | None:
    """A draft that this session may see; locked until the transaction ends, when asked for."""
    query = select(Draft).where(Draft.id == draft_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def listed(session: Session, *, states: Sequence[str], limit: int) -> Sequence[Draft]:
    """Drafts in sight, the last changed first."""
    query = select(Draft).order_by(Draft.updated_at.desc(), Draft.id.desc()).limit(limit)
    if states:
        query = query.where(Draft.state.in_(states))
    return session.scalars(query).all()


def touch(session: Session, draft: Draft, **changes: object) -> None:
    """Change a draft; its version goes on with every change."""
    for name, value in changes.items():
        setattr(draft, name, value)
    draft.version += 1
    draft.updated_at = func.clock_timestamp()
    session.flush()
    session.refresh(draft)


def log(
    session: Session,
    draft: Draft,
    by: Principal,
    action: str,
    *,
    from_state: str | None = None,
    note: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write what was done, by whom and why, in the transaction of the change itself."""
    session.add(
        DraftLog(
            draft_id=draft.id,
            actor=by.actor,
            actor_key=by.identity,
            action=action,
            from_state=from_state,
            to_state=draft.state,
            note=note,
            detail=dict(detail or {}),
        )
    )
    session.flush()


def log_of(session: Session, draft_id: int) -> Sequence[DraftLog]:
    """What was done to a draft, oldest first."""
    return session.scalars(select(DraftLog).where(DraftLog.draft_id == draft_id).order_by(DraftLog.id)).all()


def standing_on(session: Session, edition: int) -> Sequence[Draft]:
    """Drafts under way whose base is an edition."""
    query = select(Draft).where(Draft.base == edition, Draft.state.in_(states.ACTIVE)).order_by(Draft.id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


# ---------------------------------------------------------------- operations
def operations(session: Session, draft_id: int) -> Sequence[DraftOperation]:
    """The operations of a draft in order, undone ones at the end."""
    query = select(DraftOperation).where(DraftOperation.draft_id == draft_id)
    return session.scalars(query.order_by(DraftOperation.position)).all()


def counts(session: Session, draft_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How many operations are done and how many undone, by draft."""
    query = (
        select(
            DraftOperation.draft_id,
            func.count().filter(~DraftOperation.undone),
            func.count().filter(DraftOperation.undone),
        )
        .where(DraftOperation.draft_id.in_(draft_ids))
        .group_by(DraftOperation.draft_id)
    )
    return {draft_id: (done, undone) for draft_id, done, undone in session.execute(query)}


def add_operation(
    session: Session,
    draft: Draft,
    by: Principal,
    operation: Mapping[str, object],
    effect: Mapping[str, object],
) -> int:
    """Append an operation; what was undone before it can no longer be redone. Returns its position."""
    session.execute(delete(DraftOperation).where(DraftOperation.draft_id == draft.id, DraftOperation.undone))
    last = session.scalar(
        select(func.max(DraftOperation.position)).where(DraftOperation.draft_id == draft.id)
    )
    position = (last or 0) + 1
    session.add(
        DraftOperation(
            draft_id=draft.id,
            position=position,
            operation=dict(operation),
            effect=dict(effect),
            author=by.actor,
            author_key=by.identity,
        )
    )
    session.flush()
    return position


def last_done(session: Session, draft_id: int) -> DraftOperation | None:
    """The operation that undo takes back."""
    query = select(DraftOperation).where(DraftOperation.draft_id == draft_id, ~DraftOperation.undone)
    return session.scalar(query.order_by(DraftOperation.position.desc()).limit(1))


def first_undone(session: Session, draft_id: int) -> DraftOperation | None:
    """The operation that redo does again."""
    query = select(DraftOperation).where(DraftOperation.draft_id == draft_id, DraftOperation.undone)
    return session.scalar(query.order_by(DraftOperation.position).limit(1))


def mark_undone(session: Session, operation: DraftOperation, *, undone: bool) -> None:
    """Take an operation back, or do it again."""
    session.execute(
        update(DraftOperation)
        .where(DraftOperation.draft_id == operation.draft_id, DraftOperation.position == operation.position)
        .values(undone=undone)
    )


def made_by(session: Session, draft: Draft) -> frozenset[str]:
    """Everybody who had a hand in a draft; PostgreSQL keeps the same rule by the same function."""
    return frozenset(session.scalars(text("SELECT draft_contributors(:draft)"), {"draft": draft.id}))


def see_everything(session: Session, actor: str) -> None:
    """From here to the end of this transaction see every row: what is published concerns all that lies there."""
    session.execute(
        text(
            "SELECT set_config('wangge.scope', '{*}', true), set_config('wangge.acts', '{*}', true), "
            "set_config('wangge.actor', :actor, true)"
        ),
        {"actor": actor},
    )


def discard_many(session: Session, numbers: Sequence[int], *, actor: str, note: str) -> None:
    """End drafts, each with a line in its log."""
    session.execute(
        text(
            "WITH was AS (SELECT id, state FROM draft WHERE id = ANY(:ids) FOR UPDATE), "
            "ended AS (UPDATE draft d SET state = :discarded, version = version + 1, updated_at = clock_timestamp() "
            "FROM was WHERE d.id = was.id RETURNING d.id, was.state AS was) "
            "INSERT INTO draft_log (draft_id, actor, actor_key, action, from_state, to_state, note) "
            "SELECT id, :actor, :actor, 'discard', was, :discarded, :note FROM ended"
        ),
        {"ids": list(numbers), "actor": actor, "note": note, "discarded": states.DISCARDED},
    )

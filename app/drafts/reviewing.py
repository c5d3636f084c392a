"""A draft on its way: submitted, looked at by somebody else, approved or sent back, published, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.boundaries import repository as boundary_rows
from app.boundaries.changing import GridChanges
from app.boundaries.service import effective_instant
from app.drafts import access, repository
from app.drafts.checking import defects_of, refuse_defects
from app.drafts.comparing import compare
from app.drafts.models import Draft
from app.drafts.rebasing import bring_up
from app.errors import Conflict, Forbidden
from app.grids.publication import Publication, publish_grids


class OwnWork(Forbidden):
    """Whoever made a draft, or a part of it, does not review it."""

    code = "own-work"


@dataclass(frozen=True)
class PublishedDraft:
    """A draft that became an edition."""

    draft: Draft
    publication: Publication
    rebased_from: int | None


def submit(session: Session, by: Principal, draft_id: int, *, seen: frozenset[str], comment: str) -> Draft:
    """Hand a draft over for review; with errors, or without any change, it is not taken."""
    draft = access.held(session, draft_id, seen)
    access.in_state(draft, "open")
    changes = compare(session, draft).changes
    if not (changes.created or changes.changed or changes.retired):
        raise Conflict(
            "草案没有任何改动，无可提交",
            "the draft changes nothing; there is nothing to submit",
            code="no-changes",
        )
    refuse_defects(defects_of(session, draft))
    return _go(session, by, draft, "submitted", "submit", comment)


def review(
    session: Session, by: Principal, draft_id: int, *, seen: frozenset[str], approve: bool, comment: str
) -> Draft:
    """Approve a draft, or send it back; not by anybody who had a hand in it, whatever their rights."""
    draft = access.held(session, draft_id, seen)
    access.refuse_without(by, draft, "gis-publisher")
    if by.identity in repository.made_by(session, draft):
        raise OwnWork(
            "不能审核自己参与编辑的草案，须由他人审核",
            "you had a hand in this draft; somebody else has to review it",
        )
    access.in_state(draft, "submitted", *(() if approve else ("approved",)))
    if approve:
        return _go(
            session, by, draft, "approved", "review", comment, reviewer=by.actor, reviewer_key=by.identity
        )
    return _go(session, by, draft, "open", "review", comment, reviewer=None, reviewer_key=None)


def discard(session: Session, by: Principal, draft_id: int, *, seen: frozenset[str]) -> Draft:
    """Give a draft up; it stays to be read."""
    draft = access.held(session, draft_id, seen)
    access.in_state(draft, "open", "submitted", "approved")
    return _go(session, by, draft, "discarded", "discard", "")


def _go(
    session: Session, by: Principal, draft: Draft, state: str, action: str, note: str, **changes: str | None
) -> Draft:
    was = draft.state
    repository.touch(session, draft, state=state, **changes)
    repository.log(session, draft, by, action, from_state=was, note=note or None)
    return draft


def publish(
    session: Session,
    by: Principal,
    draft_id: int,
    *,
    seen: frozenset[str],
    effective_from: datetime | None = None,
    note: str = "",
) -> PublishedDraft:
    """Make an approved draft the next edition, in this one transaction."""
    # Before the draft is locked: who publishes waits for one another in one order.
    boundary_rows.lock_publishing(session)
    draft = access.held(session, draft_id, seen)
    access.refuse_without(by, draft, "gis-publisher")
    access.in_state(draft, "approved")
    # Whatever is wrong with the instant is said before anything happens.
    effective_instant(session, boundary_rows.latest(session), effective_from)
    rebased_from = bring_up(session, by, draft)
    compared = compare(session, draft)
    # Rights were checked above, in the publisher's own sight; owners change for rows of every area that is concerned.
    repository.see_everything(session, by.actor)
    boundary_rows.take_time(session)
    publication = publish_grids(
        session,
        GridChanges(put=compared.now, retired=compared.changes.retired),
        author=draft.author,
        reviewer=draft.reviewer,
        note=note or draft.title,
        effective_from=effective_from,
    )
    was = draft.state
    published = publication.published
    repository.touch(session, draft, state="published", edition=published.edition)
    repository.log(
        session,
        draft,
        by,
        "publish",
        from_state=was,
        note=note or None,
        detail={
            "edition": published.edition,
            "effective_from": published.effective_from.isoformat(),
            "rebased_from": rebased_from,
        },
    )
    return PublishedDraft(draft, publication, rebased_from)

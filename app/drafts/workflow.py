"""A draft on its way: submitted, looked at by somebody else, approved or sent back, published, or given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.boundaries import repository as boundary_rows
from app.boundaries.grid_changes import GridChanges
from app.boundaries.next_edition import effective_instant
from app.db import locks
from app.drafts import policy, repository
from app.drafts.diff import Comparison, compare
from app.drafts.models import Draft
from app.drafts.rebase import bring_up
from app.drafts.states import STEPS, StepName
from app.drafts.validation import defects_of, refuse_defects
from app.errors import Conflict
from app.publishing.reassignment import Publication, publish_grids
from gis.coverage import is_excluded_code

_REVIEWER = ("reviewer", "reviewer_key")


@dataclass(frozen=True)
class PublishedDraft:
    """A draft that became an edition."""

    draft: Draft
    publication: Publication
    rebased_from: int | None


def submit(session: Session, by: Principal, draft_id: int, *, seen: frozenset[str], comment: str) -> Draft:
    """Hand a draft over for review; with errors, or without any change, it is not taken."""
    draft = policy.held(session, draft_id, seen)
    policy.in_state(draft, "submit")
    if not compare(session, draft).changes:
        raise Conflict(
            "草案没有任何改动，无可提交",
            "the draft changes nothing; there is nothing to submit",
            code="no-changes",
        )
    refuse_defects(defects_of(session, draft))
    return _go(session, by, draft, "submit", comment)


def review(
    session: Session, by: Principal, draft_id: int, *, seen: frozenset[str], approve: bool, comment: str
) -> Draft:
    """Approve a draft, or send it back; not by anybody who had a hand in it, whatever their rights."""
    draft = policy.held(session, draft_id, seen)
    step: StepName = "approve" if approve else "return"
    policy.refuse(by, draft, step, contributors=repository.made_by(session, draft))
    reviewer = {"reviewer": by.actor, "reviewer_key": by.identity} if approve else dict.fromkeys(_REVIEWER)
    return _go(session, by, draft, step, comment, action="review", **reviewer)


def discard(session: Session, by: Principal, draft_id: int, *, seen: frozenset[str]) -> Draft:
    """Give a draft up; it stays to be read."""
    draft = policy.held(session, draft_id, seen)
    policy.in_state(draft, "discard")
    return _go(session, by, draft, "discard", "")


def discard_all(session: Session, drafts: Sequence[int], *, actor: str, note: str) -> None:
    """Give drafts up, whatever anybody holds: for the operator who takes their land away."""
    repository.discard_many(session, drafts, actor=actor, note=note)


def _go(
    session: Session,
    by: Principal,
    draft: Draft,
    step: StepName,
    note: str,
    *,
    action: str | None = None,
    **changes: str | None,
) -> Draft:
    was = draft.state
    repository.touch(session, draft, state=STEPS[step].to, **changes)
    repository.log(session, draft, by, action or step, from_state=was, note=note or None)
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
    locks.hold(session, locks.PUBLISHING)
    draft = policy.held(session, draft_id, seen)
    policy.refuse(by, draft, "publish")
    # Whatever is wrong with the instant is said before anything happens.
    effective_instant(session, boundary_rows.latest(session), effective_from)
    rebased_from = bring_up(session, by, draft)
    compared = compare(session, draft)
    # Rights were checked above, in the publisher's own sight; owners change for rows of every area that is concerned.
    repository.see_everything(session, by.actor)
    boundary_rows.take_time(session)
    publication = publish_grids(
        session,
        _changes(compared),
        author=draft.author,
        reviewer=draft.reviewer,
        note=note or draft.title,
        effective_from=effective_from,
    )
    was = draft.state
    published = publication.published
    repository.touch(session, draft, state=STEPS["publish"].to, edition=published.edition)
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


def _changes(compared: Comparison) -> GridChanges:
    """What a draft does to the grids of an edition, and to its land that is nobody's."""
    excluded = compared.now["kind"] == "excluded"
    land = compared.now[excluded].rename(columns={"name": "reason", "parent_code": "district_code"})
    gone = compared.changes.retired
    return GridChanges(
        put=compared.now[~excluded],
        retired=tuple(code for code in gone if not is_excluded_code(code)),
        excluded=land,
        included=tuple(code for code in gone if is_excluded_code(code)),
    )

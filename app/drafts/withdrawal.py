"""Takes an edition back before it takes effect: as if it had never been published, and with a record that it was.

No second person is asked for. What remains was published by two people before, and a wrong date must be gone at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.auth import audit
from app.auth.audit import AuditContext
from app.auth.principal import Principal
from app.boundaries import repository as boundary_rows
from app.boundaries.models import Edition, EditionWithdrawal
from app.db import locks
from app.drafts import repository
from app.drafts.models import Draft
from app.drafts.policy import OutOfScope
from app.drafts.rebase import crossings
from app.errors import Conflict, NotFound


class NotWithdrawable(Conflict):
    """The edition cannot be taken back, or not yet."""

    code = "edition-in-force"


@dataclass(frozen=True)
class Withdrawn:
    """A withdrawn edition, the edition that is the newest now, and drafts that stood on it and were put on that."""

    record: EditionWithdrawal
    newest: int | None
    rebased: tuple[int, ...]

    def as_dict(self) -> dict[str, object]:
        """As it is answered over HTTP and by the command line."""
        return {
            "edition": self.record.number,
            "effective_from": self.record.effective_from,
            "withdrawn_at": self.record.withdrawn_at,
            "reason": self.record.reason,
            **self.record.effect,
            "draft": self.record.draft_id,
            "rebased_drafts": list(self.rebased),
            "newest": self.newest,
        }


def withdraw(
    session: Session, by: Principal, trace: AuditContext, number: int, *, reason: str = ""
) -> Withdrawn:
    """Withdraw the last edition before it takes effect, with audit; its number is not used again.

    The draft that had become it is approved again, and may be published anew.
    """
    locks.hold(session, locks.PUBLISHING)
    locks.hold(session, locks.OWNERS)
    edition = _scheduled(session, number)
    _refuse_out_of_scope(session, by, number)
    _refuse_later(session, edition)
    # Rights were checked in the asker's own sight; drafts of every area may stand on the edition.
    repository.see_everything(session, by.actor)
    boundary_rows.take_time(session)
    before = max((e.number for e in boundary_rows.editions(session) if e.number < number), default=None)
    rebased = _put_back(session, by, number, before)
    record = boundary_rows.withdraw(
        session, number, actor=by.actor, actor_key=by.identity, reason=reason.strip()
    )
    audit.record(
        session,
        trace,
        "edition.withdrawn",
        f"edition:{number}",
        effective_from=record.effective_from.isoformat(),
        author=record.author,
        reviewer=record.reviewer,
        draft=record.draft_id,
        reason=record.reason,
        **record.effect,
    )
    return Withdrawn(record, before, rebased)


def _scheduled(session: Session, number: int) -> Edition:
    found = {e.number: e for e in boundary_rows.editions(session)}.get(number)
    if found is None:
        gone = next((w for w in boundary_rows.withdrawals(session) if w.number == number), None)
        if gone is not None:
            when = gone.withdrawn_at.isoformat(timespec="seconds")
            raise NotWithdrawable(
                f"第 {number} 版已于 {when} 撤回",
                f"edition {number} was withdrawn already, at {when}",
                code="edition-withdrawn",
            )
        raise NotFound(f"没有第 {number} 版", f"there is no edition {number}", code="no-such-edition")
    if found.effective_from <= boundary_rows.database_clock(session):
        since = found.effective_from.isoformat(timespec="seconds")
        raise NotWithdrawable(
            f"第 {number} 版已于 {since} 生效，只有尚未生效的版本可以撤回；请另发布一版改回去",
            f"edition {number} has been in force since {since}; only one yet to come can be withdrawn. "
            "Publish another edition that puts things right",
            effective_from=since,
        )
    return found


def _refuse_out_of_scope(session: Session, by: Principal, number: int) -> None:
    beyond = [
        path for path in boundary_rows.paths_changed_by(session, number) if not by.may("gis-publisher", path)
    ]
    if beyond:
        raise OutOfScope(
            f"第 {number} 版改动了您无发布权限的 {len(beyond)} 个网格，需由有权限的人撤回",
            f"edition {number} changed {len(beyond)} grids where you may not publish; "
            "somebody who may has to withdraw it",
            needed=["gis-publisher"],
        )


def _refuse_later(session: Session, edition: Edition) -> None:
    later = [e for e in reversed(boundary_rows.editions(session)) if e.number > edition.number]
    if later:
        numbers = [e.number for e in later]
        listed = "、".join(f"第 {n} 版" for n in numbers)
        order = ", ".join(map(str, reversed(numbers)))
        raise NotWithdrawable(
            f"{listed}以第 {edition.number} 版为基础，请先按 {order} 的顺序撤回",
            f"edition {', '.join(map(str, numbers))} stands on edition {edition.number}; withdraw {order} first",
            code="later-editions",
            editions=numbers,
        )


def _put_back(session: Session, by: Principal, number: int, before: int | None) -> tuple[int, ...]:
    """Put drafts that stand on the edition on the one before it; refuses where its changes are in their way."""
    standing = repository.standing_on(session, number)
    crossed: list[tuple[Draft, Sequence[str]]] = []
    for draft in standing:
        codes = [each.code for each in crossings(session, draft, before)] if before is not None else []
        if codes or before is None:
            crossed.append((draft, codes))
    if crossed:
        listed = "、".join(f"{draft.id}（{draft.title}）" for draft, _ in crossed[:5])
        raise NotWithdrawable(
            f"以第 {number} 版为基础的草案改动了同样的或相邻的网格：{listed}；请先放弃这些草案（放弃后仍可查看）",
            f"drafts that stand on edition {number} changed the same grids or their neighbours: "
            + ", ".join(f"{draft.id} ({draft.title})" for draft, _ in crossed[:5])
            + "; discard them first (they stay to be read)",
            code="drafts-in-the-way",
            drafts=[{"id": draft.id, "title": draft.title, "grids": list(codes)} for draft, codes in crossed],
        )
    for draft in standing:
        repository.touch(session, draft, base=before)
        repository.log(
            session,
            draft,
            by,
            "withdraw",
            from_state=draft.state,
            detail={"edition": number, "from": number, "to": before},
        )
    return tuple(draft.id for draft in standing)

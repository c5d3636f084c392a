"""Slows down guessing of passwords, without giving strangers a way to keep anybody out.

Three counts of failures are looked at, each with its own delay that doubles from failure to failure up to a cap:

=====================  ========  ==========  =======  ==================================================
failures of            free      doubling    cap      does not apply to
=====================  ========  ==========  =======  ==================================================
a name at one place    5 a day   from 2 s    15 min   (a success starts the count again)
one place, any name    20 / h    from 2 s    15 min   names that signed in from this place in 30 days
one name, any place    50 / h    from 2 s    60 s     places from which this name signed in in 30 days
=====================  ========  ==========  =======  ==================================================

The first rule keeps a guesser at one place below the third one's start, so one stranger never slows down the owner
elsewhere; a crowd of strangers slows them by a minute at most, and not at all where they usually sign in. An attempt
that is refused for being too early is not counted, so nothing grows without end.

Attempts are written and committed *before* the password is looked at, one at a time for a name and for a place:
a thousand sent at once are counted like a thousand sent in a row.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.auth import throttle_repository as repository
from app.auth.throttle_repository import Failures
from app.errors import TooMany


@dataclass(frozen=True)
class Rule:
    """Failures that cost nothing, and the longest wait, in seconds."""

    free: int
    cap_s: int

    def delay_s(self, failures: int) -> int:
        """How long to wait after the last of so many failures.

        >>> [Rule(free=5, cap_s=900).delay_s(n) for n in (0, 4, 5, 6, 13, 14, 10_000)]
        [0, 0, 2, 4, 512, 900, 900]
        """
        over = failures - self.free
        return 0 if over < 0 else min(self.cap_s, 2 ** min(over + 1, 20))


PAIR = Rule(free=5, cap_s=900)
PLACE = Rule(free=20, cap_s=900)
NAME = Rule(free=50, cap_s=60)


def name_key(name: str) -> str:
    """What stands for a name in the table; names that do not exist are often passwords."""
    return hashlib.sha256(name.casefold().encode()).hexdigest()[:32]


def look(session: Session, name: str, place: str | None) -> bool:
    """Refuse what :func:`admit` would refuse, without counting; else whether this name usually signs in from here.

    Raises
    ------
    TooMany
        With ``Retry-After``.
    """
    return _refuse_too_early(repository.failures(session, name_key(name), place)).known


def admit(session: Session, name: str, place: str | None) -> int:
    """Count an attempt and let it pass, or refuse it for coming too early. The caller commits at once.

    Returns
    -------
    int
        The attempt, for :func:`succeeded`.

    Raises
    ------
    TooMany
        With ``Retry-After``; nothing is counted.
    """
    key = name_key(name)
    repository.hold(session, key, place)
    _refuse_too_early(repository.failures(session, key, place))
    return repository.add(session, key, place)


def _refuse_too_early(seen: Failures) -> Failures:
    waits = [PAIR.delay_s(seen.pair) - seen.since_pair_s]
    if not seen.known:
        waits.append(PLACE.delay_s(seen.place) - seen.since_place_s)
        waits.append(NAME.delay_s(seen.name) - seen.since_name_s)
    wait = math.ceil(max(waits))
    if wait > 0:
        raise TooMany(
            f"登录失败次数过多，已暂时锁定，请在 {wait} 秒后再试，或请管理员解锁。",
            f"Locked for a while after too many failures to sign in; try again in {wait} s, or ask an administrator to "
            f"unlock the account.",
            headers={"Retry-After": str(wait)},
            retry_after_s=wait,
        )
    return seen


def unlock(session: Session, name: str) -> int:
    """Let a name try again at once, wherever it failed; how many failures were forgotten."""
    return repository.drop_failures(session, name_key(name))


def unfinished(session: Session, attempt: int) -> None:
    """The password was right and no code came with it yet: neither a failure nor a success."""
    repository.drop(session, attempt)


def succeeded(session: Session, attempt: int) -> None:
    """The password was right: the count starts again, and the place is known for this name."""
    repository.mark_succeeded(session, attempt)
    repository.forget_old(session)

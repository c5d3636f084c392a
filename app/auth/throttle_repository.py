"""Queries on the attempts to sign in."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth.models import SignInAttempt
from app.db import locks

# clock_timestamp(), not now(): the transaction may have waited for its turn.
_FAILURES = text(
    """
    WITH of_name AS MATERIALIZED (
      SELECT at, succeeded, address IS NOT DISTINCT FROM CAST(:place AS inet) AS here
        FROM sign_in_attempt WHERE name = :name AND at > clock_timestamp() - interval '30 days'
    ), pair AS (
      SELECT count(*) AS n, max(at) AS last FROM of_name
       WHERE here AND NOT succeeded AND at > clock_timestamp() - interval '1 day'
         AND at > coalesce((SELECT max(at) FROM of_name WHERE here AND succeeded), '-infinity')
    ), name AS (
      SELECT count(*) AS n, max(at) AS last FROM of_name
       WHERE NOT succeeded AND at > clock_timestamp() - interval '1 hour'
    ), place AS (
      SELECT count(*) AS n, max(at) AS last FROM sign_in_attempt
       WHERE address = CAST(:place AS inet) AND NOT succeeded AND at > clock_timestamp() - interval '1 hour'
    )
    SELECT pair.n AS pair, coalesce(extract(epoch FROM clock_timestamp() - pair.last), 1e9) AS since_pair_s,
           place.n AS place, coalesce(extract(epoch FROM clock_timestamp() - place.last), 1e9) AS since_place_s,
           name.n AS name, coalesce(extract(epoch FROM clock_timestamp() - name.last), 1e9) AS since_name_s,
           EXISTS (SELECT FROM of_name WHERE here AND succeeded) AS known
      FROM pair, place, name
    """
)


@dataclass(frozen=True)
class Failures:
    """Counts of failures and the seconds since the last of each; ``known``: this name signed in from this place."""

    pair: int
    since_pair_s: float
    place: int
    since_place_s: float
    name: int
    since_name_s: float
    known: bool


def hold(session: Session, name: str, place: str | None) -> None:
    """One attempt at a time for a name and for a place."""
    for key in (f"name {name}", f"place {place}"):
        locks.hold(session, locks.SIGN_IN, key)


def failures(session: Session, name: str, place: str | None) -> Failures:
    """What went before."""
    row = session.execute(_FAILURES, {"name": name, "place": place}).one()
    return Failures(
        pair=row.pair,
        since_pair_s=float(row.since_pair_s),
        place=row.place,
        since_place_s=float(row.since_place_s),
        name=row.name,
        since_name_s=float(row.since_name_s),
        known=row.known,
    )


def add(session: Session, name: str, place: str | None) -> int:
    """Write an attempt as failed."""
    statement = insert(SignInAttempt).values(name=name, address=place, at=func.clock_timestamp())
    return session.scalars(statement.returning(SignInAttempt.id)).one()


def mark_succeeded(session: Session, attempt: int) -> None:
    """The attempt was the right one."""
    session.execute(update(SignInAttempt).where(SignInAttempt.id == attempt).values(succeeded=True))


def drop(session: Session, attempt: int) -> None:
    """Forget one attempt."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt))


def drop_failures(session: Session, name: str) -> int:
    """Forget the failures of a name, at every place; how many there were."""
    gone = delete(SignInAttempt).where(SignInAttempt.name == name, SignInAttempt.succeeded.is_(False))
    return len(session.scalars(gone.returning(SignInAttempt.id)).all())


def forget_old(session: Session) -> None:
    """Drop what no rule looks at any more."""
    session.execute(
        text(
            "DELETE FROM sign_in_attempt WHERE at < now() - interval '30 days'"
            " OR (NOT succeeded AND at < now() - interval '1 day')"
        )
    )

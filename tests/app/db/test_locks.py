"""Locks are taken in one order, kept to the end of the transaction, and kept from others."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from app.db import locks
from app.db.locks import OutOfOrder

ONES = st.tuples(st.sampled_from(locks.ORDER), st.sampled_from(("", "a", "b")), st.booleans()).map(
    lambda one: (one[0], one[1] if one[0].named else "", one[2])
)


@given(asked=st.lists(ONES, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_transaction_goes_down_the_table_only(
    owner_engine: Engine, asked: list[tuple[locks.Lock, str, bool]]
):
    """What is refused is exactly what stands before something held, and what is held shared and wanted alone."""
    held: dict[tuple[int, str], bool] = {}
    with Session(owner_engine) as session, session.begin():
        for lock, key, shared in asked:
            place = (locks.ORDER.index(lock), key)
            allowed = (shared or not held[place]) if place in held else all(place > each for each in held)
            if allowed:
                locks.hold(session, lock, key, shared=shared)
                held[place] = held.get(place, True) and shared
            else:
                with pytest.raises(OutOfOrder):
                    locks.hold(session, lock, key, shared=shared)
        count = session.scalar(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        )
        # A shared one that was held alone before is one lock of each mode.
        both = sum(1 for place in held if not held[place] and (_asked(asked, place, shared=True)))
        assert len(held) <= count <= len(held) + both


def _asked(asked: list[tuple[locks.Lock, str, bool]], place: tuple[int, str], *, shared: bool) -> bool:
    return any((locks.ORDER.index(lock), key, wanted) == (*place, shared) for lock, key, wanted in asked)


def test_the_next_transaction_of_a_session_begins_with_nothing(owner_engine: Engine):
    with Session(owner_engine) as session:
        for _ in range(2):
            locks.hold(session, locks.PUBLISHING)
            locks.hold(session, locks.OWNERS)
            session.commit()
        locks.hold(session, locks.OWNERS, shared=True)
        session.rollback()
        locks.hold(session, locks.OWNERS)


def test_others_wait_and_shared_ones_do_not(owner_engine: Engine):
    with Session(owner_engine) as one, Session(owner_engine) as other:
        assert locks.try_hold(one, locks.IMPORT_FILE, "incidents x")
        assert not locks.try_hold(other, locks.IMPORT_FILE, "incidents x")
        assert locks.try_hold(other, locks.IMPORT_FILE, "incidents y")
        other.rollback()
        locks.hold(one, locks.OWNERS, shared=True)
        locks.hold(other, locks.OWNERS, shared=True)
        one.rollback()
        assert not locks.try_hold(one, locks.OWNERS)


def test_what_does_not_wait_may_come_in_any_order(owner_engine: Engine):
    with Session(owner_engine) as one, Session(owner_engine) as other:
        locks.hold(one, locks.OWNERS)
        assert locks.try_hold(one, locks.IMPORT_FILE, "demo x")
        assert not locks.try_hold(other, locks.IMPORT_FILE, "demo x")
        # What was not had is not held.
        locks.hold(other, locks.ADMINS)
        with pytest.raises(OutOfOrder):
            locks.hold(one, locks.PUBLISHING)


def test_numbers_of_named_locks_differ(owner_engine: Engine):
    named = [lock for lock in locks.ORDER if lock.named]
    with Session(owner_engine) as session:
        numbers = [
            session.execute(select(locks.number_of(lock, key))).scalar_one()
            for lock, key in itertools.product(named, ("", "a", "b"))
        ]
    fixed = [lock.number for lock in locks.ORDER if not lock.named]
    assert len({*numbers, *fixed}) == len(numbers) + len(fixed)


def test_a_limit_on_waiting_is_the_locks_own(owner_engine: Engine):
    with Session(owner_engine) as session:
        locks.hold(session, locks.PUBLISHING)
        assert session.scalar(text("SHOW lock_timeout")) == "1min"

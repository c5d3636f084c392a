"""Guessing is slow; nobody is kept out by strangers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event, Thread

import pytest
from fastapi import FastAPI

from app.auth import throttle
from app.auth.passwords import HashingGates
from app.db.session import NOTHING, write_session
from app.errors import TooMany
from tests.app.auth.table_queries import execute, scalar
from tests.fixtures.actors import PASSWORD, add_account, hashing_with
from tests.fixtures.clients import NewClient
from tests.fixtures.database import CommittingDatabase

HERE, ELSEWHERE = "203.0.113.5", "198.51.100.7"


def wait_needed(db: CommittingDatabase, name: str, place: str | None) -> int:
    """Try once; how long one is told to wait (0: the attempt was let through and counts as failed)."""
    try:
        with write_session(db.service_engine, NOTHING) as session:
            throttle.admit(session, name, place)
    except TooMany as refused:
        return int(refused.headers["Retry-After"])
    return 0


def succeed(db: CommittingDatabase, name: str, place: str) -> None:
    with write_session(db.service_engine, NOTHING) as session:
        throttle.succeeded(session, throttle.admit(session, name, place))


def pass_time(db: CommittingDatabase, seconds: int) -> None:
    execute(db, "UPDATE sign_in_attempt SET at = at - make_interval(secs => :s)", s=seconds)


def add_failures(db: CommittingDatabase, number: int, *, name: str, place: str | None) -> None:
    execute(
        db,
        "INSERT INTO sign_in_attempt (name, address, at)"
        " SELECT :name, CAST(:place AS inet), now() - interval '1 second' FROM generate_series(1, :number)",
        name=throttle.name_key(name),
        place=place,
        number=number,
    )


def test_the_delay_grows_and_passes(committing_db: CommittingDatabase) -> None:
    waits = []
    for _ in range(5):
        assert wait_needed(committing_db, "wang", HERE) == 0
    for _ in range(12):
        wait = wait_needed(committing_db, "wang", HERE)
        waits.append(wait)
        assert wait > 0
        pass_time(committing_db, wait)
        assert wait_needed(committing_db, "wang", HERE) == 0
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_being_too_early_is_not_counted(committing_db: CommittingDatabase) -> None:
    add_failures(committing_db, 5, name="wang", place=HERE)
    for _ in range(20):
        assert wait_needed(committing_db, "wang", HERE) in (1, 2)
    assert scalar(committing_db, "SELECT count(*) FROM sign_in_attempt") == 5


def test_a_success_starts_the_count_again(committing_db: CommittingDatabase) -> None:
    for _ in range(4):
        wait_needed(committing_db, "wang", HERE)
    succeed(committing_db, "wang", HERE)
    assert [wait_needed(committing_db, "wang", HERE) for _ in range(5)] == [0] * 5
    assert wait_needed(committing_db, "wang", HERE) > 0


def test_a_place_that_tries_many_names_is_slowed_down(committing_db: CommittingDatabase) -> None:
    assert [wait_needed(committing_db, f"name{n}", HERE) for n in range(20)] == [0] * 20
    assert wait_needed(committing_db, "one more", HERE) > 0
    assert wait_needed(committing_db, "one more", ELSEWHERE) == 0


def test_colleagues_behind_the_same_address_still_get_in(committing_db: CommittingDatabase) -> None:
    succeed(committing_db, "colleague", HERE)
    add_failures(committing_db, 40, name="whatever", place=HERE)
    assert wait_needed(committing_db, "stranger", HERE) > 0
    assert wait_needed(committing_db, "colleague", HERE) == 0


def test_one_stranger_does_not_slow_the_owner_down_elsewhere(committing_db: CommittingDatabase) -> None:
    """A whole day of guessing without a pause, at every moment when it is let through."""
    seconds = 0
    tries = 0
    while seconds < 24 * 3600:
        wait = wait_needed(committing_db, "wang", HERE)
        tries += wait == 0
        pass_time(committing_db, max(wait, 1))
        seconds += max(wait, 1)
        if tries % 7 == 0:
            with write_session(committing_db.service_engine, NOTHING) as session:
                attempt = throttle.admit(session, "wang", ELSEWHERE)
                session.rollback()
                assert attempt
    assert tries < 120


def test_a_crowd_of_strangers_slows_a_name_down_a_little(committing_db: CommittingDatabase) -> None:
    for n in range(60):
        add_failures(committing_db, 10, name="wang", place=f"198.51.100.{n + 1}")
    assert 0 < wait_needed(committing_db, "wang", HERE) <= 60
    pass_time(committing_db, 60)
    assert wait_needed(committing_db, "wang", HERE) == 0


def test_and_not_at_all_where_the_owner_usually_signs_in(committing_db: CommittingDatabase) -> None:
    succeed(committing_db, "wang", HERE)
    pass_time(committing_db, 20 * 24 * 3600)
    for n in range(60):
        add_failures(committing_db, 10, name="wang", place=f"198.51.100.{n + 1}")
    assert wait_needed(committing_db, "wang", HERE) == 0
    assert wait_needed(committing_db, "wang", "192.0.2.1") > 0


def test_a_thousand_sent_at_once_count_like_a_thousand_in_a_row(committing_db: CommittingDatabase) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: wait_needed(committing_db, "wang", HERE), range(40)))
    assert waits.count(0) == 5


def test_many_names_at_once_from_many_places_do_not_wait_in_a_ring(committing_db: CommittingDatabase) -> None:
    pairs = [(f"n{i % 3}", f"203.0.113.{i % 4}") for i in range(48)]
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(lambda pair: wait_needed(committing_db, *pair), pairs))) == 48


def test_without_an_address_names_still_count(committing_db: CommittingDatabase) -> None:
    waits = [wait_needed(committing_db, "wang", None) for _ in range(6)]
    assert waits[:5] == [0] * 5
    assert waits[5] > 0


def test_old_attempts_are_forgotten(committing_db: CommittingDatabase) -> None:
    add_failures(committing_db, 30, name="wang", place=HERE)
    pass_time(committing_db, 25 * 3600)
    assert wait_needed(committing_db, "wang", HERE) == 0
    succeed(committing_db, "other", ELSEWHERE)
    assert scalar(committing_db, "SELECT count(*) FROM sign_in_attempt") == 2


def test_at_the_door(new_client: NewClient, committing_db: CommittingDatabase) -> None:
    """Over HTTP: 429 with Retry-After, before the password is even looked at; another place is not touched."""
    add_account(committing_db.service_engine, "wang", ("viewer", ""))
    here, elsewhere = new_client(address=HERE), new_client(address=ELSEWHERE)
    wrong, right = ({"name": "wang", "password": p} for p in ("not this one", PASSWORD))
    assert [here.post("/v1/session", json=wrong).status_code for _ in range(5)] == [401] * 5
    refused = here.post("/v1/session", json=right)
    assert refused.status_code == 429
    assert refused.json()["code"] == "too-many"
    assert 0 < int(refused.headers["retry-after"]) <= 2
    assert elsewhere.post("/v1/session", json=right).status_code == 200
    pass_time(committing_db, 2)
    assert here.post("/v1/session", json=right).status_code == 200
    assert scalar(committing_db, "SELECT count(*) FROM audit_log WHERE action = 'session.refused'") == 5


def test_whoever_finds_no_turn_has_not_tried(
    app: FastAPI, new_client: NewClient, committing_db: CommittingDatabase
) -> None:
    app.state.hashing_gates = HashingGates(patience_s=0)
    gate = app.state.hashing_gates._strangers
    gate._free = 0
    busy = new_client().post("/v1/session", json={"name": "wang", "password": PASSWORD})
    assert busy.status_code == 503
    assert busy.json()["code"] == "busy"
    assert busy.headers["retry-after"] == "2"
    assert scalar(committing_db, "SELECT count(*) FROM sign_in_attempt") == 0


def crowd_at_the_door(new_client: NewClient, place: Callable[[int], str], *, until: Event) -> list[Thread]:
    """Eight who try invented names without end."""

    def try_names(number: int) -> None:
        client = new_client(address=place(number))
        for attempt in count():
            if until.is_set():
                return
            client.post("/v1/session", json={"name": f"guess{number}-{attempt}", "password": "not this one"})

    threads = [Thread(target=try_names, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize(
    ("place", "known"),
    [
        pytest.param(lambda _: "192.0.2.1", False, id="from one place, and the owner is new at another"),
        pytest.param(lambda _: HERE, True, id="from the very place where the owner usually signs in"),
        pytest.param(lambda n: f"192.0.2.{n}", True, id="from eight places"),
    ],
)
def test_eight_strangers_at_the_door_keep_nobody_out(
    new_client: NewClient, committing_db: CommittingDatabase, place: Callable[[int], str], known: bool
) -> None:
    add_account(committing_db.service_engine, "owner", ("viewer", ""))
    right = {"name": "owner", "password": PASSWORD}
    if known:
        assert new_client(address=HERE).post("/v1/session", json=right).status_code == 200
    over = Event()
    with hashing_with():  # as long as in the service, so that a queue forms
        crowd = crowd_at_the_door(new_client, place, until=over)
        try:
            answers = [
                new_client(address=HERE).post("/v1/session", json=right).status_code for _ in range(12)
            ]
        finally:
            over.set()
            for thread in crowd:
                thread.join(60)
    assert answers == [200] * 12


@pytest.mark.parametrize("peer", [HERE, "127.0.0.1", "::1"])
def test_a_forged_header_does_not_make_a_new_place(
    new_client: NewClient, committing_db: CommittingDatabase, peer: str
) -> None:
    """Nor for a program of this machine: no peer is believed unless the settings name it."""
    client = new_client(address=peer)
    answers = [
        client.post(
            "/v1/session",
            json={"name": "wang", "password": "not this one"},
            headers={"X-Forwarded-For": f"192.0.2.{n}"},
        ).status_code
        for n in range(6)
    ]
    assert answers == [401] * 5 + [429]


@pytest.mark.parametrize("failures", range(40))
def test_no_rule_waits_longer_than_its_cap(failures: int) -> None:
    for rule in (throttle.PAIR, throttle.PLACE, throttle.NAME):
        assert 0 <= rule.delay_s(failures) <= rule.cap_s
        assert rule.delay_s(failures) <= rule.delay_s(failures + 1)

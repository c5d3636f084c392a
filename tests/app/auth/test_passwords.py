"""Passwords and keys."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from app.auth import passwords, secrets
from app.errors import Invalid
from app.kit.admission import Overloaded
from app.problems import problem_of
from tests.fixtures.actors import hashing_with
from tests.fixtures.event_loops import run_async


@pytest.fixture(autouse=True)
def _as_in_service() -> Iterator[None]:
    """The parameters that the service uses."""
    with hashing_with():
        yield


def test_the_right_password_and_no_other() -> None:
    stored = passwords.hash_password("correct horse")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.verify(stored, "correct horse")
    assert not passwords.verify(stored, "Correct horse")
    assert not passwords.verify(stored, "")
    assert stored != passwords.hash_password("correct horse")


def test_the_same_characters_typed_on_another_system() -> None:
    composed = unicodedata.normalize("NFC", "caf\u00e9 \u7f51\u683c long")
    stored = passwords.hash_password(composed)
    assert passwords.verify(stored, unicodedata.normalize("NFD", composed))


def test_without_an_account_no_password_is_right() -> None:
    assert passwords.verify(None, "anything at all") is False


def test_strangers_fill_their_own_lane_only() -> None:
    async def run() -> None:
        gates = passwords.HashingGates(patience_s=60)
        release = asyncio.Event()
        ended: list[str] = []

        async def stranger(place: str) -> None:
            try:
                async with gates.turn(place, known=False):
                    await release.wait()
                ended.append("looked at")
            except Overloaded:
                ended.append("sent away")

        crowd = [asyncio.create_task(stranger(f"192.0.2.{n}")) for n in range(100)]
        await asyncio.sleep(0)
        assert set(ended) == {"sent away"}
        async with gates.turn("198.51.100.7", known=True):
            pass
        release.set()
        await asyncio.gather(*crowd)
        assert "looked at" in ended

    run_async(run())


def test_a_damaged_hash_lets_nobody_in() -> None:
    assert passwords.verify("nonsense", "anything at all") is False


def test_an_unknown_name_takes_the_work_of_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the time of the answer would tell which names exist: one hash each, with the same parameters."""
    stored = passwords.hash_password("correct horse")
    passwords.verify(None, "warm up")
    against: list[str] = []
    verify = passwords._hasher.verify

    class Spy:
        def verify(self, hashed: str, password: str) -> bool:
            against.append(hashed)
            return verify(hashed, password)

    monkeypatch.setattr(passwords, "_hasher", Spy())
    assert passwords.verify(stored, "wrong horse!") is False
    assert passwords.verify(None, "wrong horse!") is False
    known, unknown = (extract_parameters(hashed) for hashed in against)
    assert known == unknown


@pytest.mark.parametrize(
    "password", ["", "123456789", "x" * 257, "aaaaaaaaaaaa", "ababababababab", "WangWu-2026"]
)
def test_weak_passwords_are_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check_rule(password, name="wangwu")
    assert refused.value.code == ("weak-password" if 10 <= len(password) <= 256 else "password-length")
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        # As hardening 17 found them accepted.
        "1234567890",
        "qwertyuiop",
        "Password123",
        "administrator",
        "P@ssw0rd2026",
        "1qaz2wsx3edc",
        "woaini1314520",
        "5201314woaini",
        "zhongguo2026",
        "wangge2026!",
        "Wangge@370211",
        "admin@123456",
        "青岛西海岸新区2026",
        "王五同志王五同志2026",
        "password" * 30,
        "20261129202611",
    ],
)
def test_what_is_tried_first_is_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check_rule(password, name="zhao", words=("王五同志", "青岛西海岸新区", "370211"))
    assert refused.value.code == "weak-password"
    assert password not in str(problem_of(refused.value, "zh")) + str(problem_of(refused.value, "en"))


@given(st.text(min_size=1, max_size=300), st.lists(st.text(max_size=30), max_size=4))
def test_any_text_is_taken_or_refused(password: str, words: list[str]) -> None:
    code = None
    try:
        passwords.check_rule(password, name="zhao", words=words)
    except Invalid as refused:
        code = refused.code
    assert code in (None, "weak-password", "password-length")


def test_a_long_password_is_looked_at_in_part_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimating takes time that grows fast with the length; nobody may occupy the service with one password."""
    lengths: list[int] = []

    def estimate(password: str, user_inputs: list[str]) -> dict[str, float]:
        lengths.append(len(password))
        assert max(map(len, user_inputs)) <= 32
        return {"guesses_log10": 0.0}

    monkeypatch.setattr("zxcvbn.zxcvbn", estimate)
    with pytest.raises(Invalid):
        passwords.check_rule("abcd" * 32 + "efgh" * 32, name="zhao", words=["x" * 5000])
    assert lengths == [32, 32]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "网格里的一匹好马和两头牛",
        "x1y2z3w4v5",
        "aaaaaaaaaa" * 4 + "three words apart here then",
    ],
)
def test_long_enough_is_enough(password: str) -> None:
    passwords.check_rule(password, name="wangwu")


def test_made_passwords_pass_the_rule_and_differ() -> None:
    made = {passwords.generate() for _ in range(50)}
    assert len(made) == 50
    for each in made:
        passwords.check_rule(each, name="admin")


@given(st.text(max_size=60), st.text(max_size=60))
def test_keys_are_compared_as_a_whole(a: str, b: str) -> None:
    assert secrets.same(a, b) == (a == b)


def test_a_token_is_recognised_and_its_hash_is_not_the_token() -> None:
    token = secrets.new_token()
    assert token.startswith("wg_")
    assert len(token) >= 46
    assert token.startswith(secrets.shown_part(token))
    assert len(secrets.shown_part(token)) == 11
    assert token not in secrets.digest(token)
    assert secrets.new_token() != token

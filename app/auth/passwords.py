"""Passwords: argon2id, the same time for names that do not exist, and the rule for new ones."""

from __future__ import annotations

import os
import secrets
import threading
import unicodedata
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.auth.common_passwords import is_guessable
from app.errors import Invalid
from app.kit.admission import Gate

MIN_LENGTH = 10
MAX_LENGTH = 256
# No letter that is read as another one over the telephone or from a poor print.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher()  # RFC 9106, low memory: 64 MiB, three passes
# Each hash takes 64 MiB and a core. Who may come so far is decided before (`HashingGates`); this bounds the memory,
# and the threads of both lanes on a machine with many cores.
AT_ONCE = min(16, max(2, os.cpu_count() or 2))
_making = threading.BoundedSemaphore(2 * AT_ONCE)


class HashingGates:
    """Two lanes to the hasher: strangers cannot keep out those who usually sign in from where they are now."""

    def __init__(self, *, patience_s: float) -> None:
        self._known = Gate(AT_ONCE, most_waiting=16 * AT_ONCE, patience_s=patience_s)
        self._strangers = Gate(max(1, AT_ONCE // 2), most_waiting=8 * AT_ONCE, patience_s=patience_s)

    def turn(self, place: str | None, *, known: bool) -> AbstractAsyncContextManager[None]:
        """A turn to have a password looked at; in the lane of strangers turns go round by place."""
        return (self._known if known else self._strangers).turn(place)


def _canonical(password: str) -> str:
    # The same characters typed on different systems come composed or decomposed.
    return unicodedata.normalize("NFC", password)


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    with _making:
        return _hasher.hash(_canonical(password))


@cache
def _hash_of_nothing() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


def verify(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the stored one; takes as long and answers False when there is none (``None``)."""
    # Asked for in any case: made with the first sign-in of the process, whoever that is.
    nothing = _hash_of_nothing()
    against = stored or nothing
    try:
        with _making:
            right = _hasher.verify(against, _canonical(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and stored is not None


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def check_rule(password: str, *, name: str, words: Iterable[str] = (), field: str = "password") -> None:
    """Refuse a new password that is too short or long, holds the account's name, or is among those tried first.

    Length is what protects; there is no rule about kinds of characters, which only makes people write them down. A
    refusal never repeats the password. ``words``: names of the person and the place.
    """
    length = len(_canonical(password))
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        raise Invalid(
            f"密码须为 {MIN_LENGTH} 至 {MAX_LENGTH} 个字符，收到 {length} 个。",
            f"A password takes {MIN_LENGTH} to {MAX_LENGTH} characters; {length} came.",
            code="password-length",
            field=field,
        )
    folded = password.casefold()
    holds_name = len(name) >= 3 and name.casefold() in folded
    if len(set(folded)) < 4 or holds_name or is_guessable(password, (name, *words)):
        raise Invalid(
            "密码太常见或太容易猜到：不能是常用密码、键盘上相邻的键、日期、重复的字符，也不能由账号名、姓名或地名变化而来。"
            "请用几个互不相干的词连成一句。",
            "This password is common or easy to guess: not one of the usual ones, a row of keys, a date, repeated "
            "characters, nor made from the account's name or the place. Use several words that have nothing to do with "
            "each other.",
            code="weak-password",
            field=field,
        )


def generate() -> str:
    """A password made by chance, of about 99 bits, that can be read out and typed."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))

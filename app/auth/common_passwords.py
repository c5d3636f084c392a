"""Passwords that are tried first: lists of common ones, keyboard rows, dates, and the words around an account.

zxcvbn estimates how many guesses a password takes, from lists of 30,000 common passwords and of words and names, with the
usual disguises (letters as digits, turned round, repeated).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

# Fewer guesses than ten to this power are made within days against a stolen hash, and long before at the door.
_LEAST_LOG10 = 9
# The estimate takes time that grows fast with the length; a stretch that is good makes the whole good.
_STRETCH = 32
# One at a time: whoever sends many makes themselves wait, not the machine.
_looking = threading.Lock()
# Words that the lists do not have: ours, and what Chinese lists of common passwords are made of.
_WORDS = (
    "wangge",
    "wanggeyuan",
    "网格",
    "网格员",
    "网格管理",
    "admin",
    "woaini",
    "5201314",
    "1314520",
    "zhongguo",
)


def is_guessable(password: str, words: Iterable[str] = ()) -> bool:
    """Whether a password is among those that are tried first; ``words``: what people near the account would think of."""
    from zxcvbn import zxcvbn  # its lists take a while to load, and few processes ever ask

    near = sorted({word.casefold()[:_STRETCH] for word in (*_WORDS, *words) if len(word) >= 2})
    with _looking:
        return all(
            zxcvbn(part, user_inputs=near)["guesses_log10"] < _LEAST_LOG10
            for part in {password[:_STRETCH], password[-_STRETCH:]}
        )

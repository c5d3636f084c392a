"""Patterns of LIKE, matched as PostgreSQL does; never a regular expression, whose time can explode."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["compile_like", "is_complete"]

_ANY_TEXT, _ANY_CHARACTER = 0, 1
_Token = int | str


def is_complete(pattern: str) -> bool:
    r"""Whether the pattern does not end within an escape, which PostgreSQL refuses.

    >>> is_complete("a\\\\"), is_complete("a\\")
    (True, False)
    """
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 0


def compile_like(pattern: str) -> Callable[[str], bool]:
    r"""Make a test of whole texts out of a pattern.

    Parameters
    ----------
    pattern : str
        ``%`` stands for any text, ``_`` for one character, a backslash takes the next character as it is.

    Examples
    --------
    >>> road = compile_like("%路\\_灯_")
    >>> road("城阳路_灯1"), road("城阳路灯1"), road("路_灯")
    (True, False, False)
    """
    tokens = _tokens(pattern)

    def matches(text: str) -> bool:
        # Where a text does not go on, the last % takes one character more: at most len(text) * len(pattern) steps.
        at, token, mark, retry = 0, 0, 0, -1
        while at < len(text):
            wanted = tokens[token] if token < len(tokens) else None
            if wanted == _ANY_TEXT:
                retry, mark = token + 1, at
                token += 1
            elif wanted == _ANY_CHARACTER or wanted == text[at]:
                at, token = at + 1, token + 1
            elif retry >= 0:
                mark += 1
                at, token = mark, retry
            else:
                return False
        return all(rest == _ANY_TEXT for rest in tokens[token:])

    return matches


def _tokens(pattern: str) -> list[_Token]:
    found: list[_Token] = []
    marks = iter(pattern)
    for mark in marks:
        if mark == "\\":
            found.append(next(marks))
        else:
            found.append({"%": _ANY_TEXT, "_": _ANY_CHARACTER}.get(mark, mark))
    return found

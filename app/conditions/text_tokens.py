"""The words, literals and signs of a CQL2 text, in one pass without recursion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from app.conditions.limits import refuse_deep, refuse_large_text, refuse_many
from app.conditions.refusals import syntax_error
from gis.text import Text

__all__ = ["Token", "TokenKind", "tokenize"]

TokenKind = Literal["word", "quoted", "string", "number", "sign", "end"]
_PATTERN = re.compile(
    r"""\s+
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>(?:[^\W0-9]|:)[\w:.]*)
    |(?P<sign><=|>=|<>|!=|[=<>(),*/+%^-])""",
    re.VERBOSE,
)
_LOGIC = ("AND", "OR", "NOT")


@dataclass(frozen=True, slots=True)
class Token:
    """One part of a text.

    Parameters
    ----------
    kind : TokenKind
        ``quoted`` is a name in double quotes, ``string`` a literal.
    text : str
        As it stands; strings and names without their quotes.
    position : int
        1-based, in characters.
    """

    kind: TokenKind
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the keywords, in either case."""
        return self.kind == "word" and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether this is one of the signs."""
        return self.kind == "sign" and self.text in signs


def tokenize(given: str) -> list[Token]:
    """Take a CQL2 text apart, and refuse one that is too long, too deep or too wordy before anything parses it.

    Examples
    --------
    >>> [token.text for token in tokenize("name = 'it''s (' AND area>2.5")]
    ['name', '=', "it's (", 'AND', 'area', '>', '2.5', '']
    >>> tokenize("(" * 2000)
    Traceback (most recent call last):
    app.errors.Invalid: 条件过大：嵌套层数最多 50，收到 51 | the condition is too large: at most 50 levels of operators or brackets, came 51
    """
    refuse_large_text(given)
    found: list[Token] = []
    at = depth = logic = 0
    while at < len(given):
        part = _PATTERN.match(given, at)
        if part is None:
            raise syntax_error(
                Text("名称、值或运算符", "a name, a value or an operator"), given[at:], position=at + 1
            )
        if part.lastgroup is not None:
            token = _token(part, at + 1)
            depth += token.is_sign("(") - token.is_sign(")")
            logic += token.is_word(*_LOGIC)
            refuse_deep(depth)
            found.append(token)
        at = part.end()
    refuse_many(logic)
    return [*found, Token("end", "", len(given) + 1)]


def _token(part: re.Match[str], position: int) -> Token:
    match part.lastgroup:
        case "string":
            return Token("string", part[0][1:-1].replace("''", "'"), position)
        case "quoted":
            return Token("quoted", part[0][1:-1].replace('""', '"'), position)
        case "number":
            return Token("number", part[0], position)
        case "word":
            return Token("word", part[0], position)
        case _:
            return Token("sign", part[0], position)

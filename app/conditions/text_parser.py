"""CQL2 text as CQL2 JSON, by recursive descent over tokens: linear in the length, at most `DEEPEST` levels deep.

Of the grammar (OGC 21-065r2) everything that conditions support; what is left is refused by its name. The PyPI
package ``cql2`` parses the same and is what tests hold this to. It is not used here: each bracket of a malformed text doubles
the time that it takes, and long chains of signs end the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from app.conditions.limits import refuse_deep
from app.conditions.refusals import syntax_error, unsupported
from app.conditions.shapes import SPATIAL_OPERATORS
from app.conditions.temporal import TEMPORAL_OPERATORS
from app.conditions.text_tokens import Token, tokenize
from gis.text import Text

__all__ = ["text_to_json"]

_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_FUNCTIONS = (*SPATIAL_OPERATORS, *TEMPORAL_OPERATORS)
_KEYWORDS = ("AND", "OR", "NOT", "IS", "NULL", "LIKE", "BETWEEN", "IN")
_Part = TypeVar("_Part")


def text_to_json(given: str) -> object:
    """Read a CQL2 text as the objects of its JSON.

    Raises
    ------
    Invalid
        ``condition-too-large``, ``condition-unreadable`` with the position, ``condition-unsupported``.

    Examples
    --------
    >>> text_to_json("name LIKE '东%' AND NOT area > 2")["args"][1]
    {'op': 'not', 'args': [{'op': '>', 'args': [{'property': 'area'}, 2]}]}
    >>> text_to_json("name = ")
    Traceback (most recent call last):
    app.errors.Invalid: 条件读不懂：第 8 个字符处应为属性或值，收到 … | the condition cannot be read at character 8: expected a property or a value, came …
    """
    parser = _Parser(tokenize(given))
    found = parser.either()
    parser.expect_end()
    return found


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _took_word(self, *words: str) -> bool:
        if self._next.is_word(*words):
            self._at += 1
            return True
        return False

    def _took_sign(self, *signs: str) -> bool:
        if self._next.is_sign(*signs):
            self._at += 1
            return True
        return False

    def _expect_word(self, word: str) -> None:
        if not self._took_word(word):
            raise self._unexpected(Text(word, word))

    def _expect_sign(self, sign: str) -> None:
        if not self._took_sign(sign):
            raise self._unexpected(Text(sign, sign))

    def _unexpected(self, expected: Text) -> Exception:
        token = self._next
        if token.is_sign("+", "-", "*", "/", "^", "%") or token.is_word("DIV"):
            return unsupported(token.text)
        return syntax_error(expected, token.text or "…", position=token.position)

    def expect_end(self) -> None:
        """Refuse whatever stands after a whole condition."""
        if self._next.kind != "end":
            raise self._unexpected(Text("AND、OR 或结尾", "AND, OR or the end"))

    def either(self) -> object:
        """Parts joined by OR, each of parts joined by AND."""
        return self._joined("or", lambda: self._joined("and", self._negated))

    def _joined(self, operator: str, part: Callable[[], object]) -> object:
        parts = [part()]
        while self._took_word(operator.upper()):
            parts.append(part())
        return parts[0] if len(parts) == 1 else {"op": operator, "args": parts}

    def _negated(self) -> object:
        times = 0
        while self._took_word("NOT"):
            times += 1
            refuse_deep(times)
        found = self._predicate()
        for _ in range(times):
            found = _negation(found)
        return found

    def _predicate(self) -> object:
        left = self._operand()
        if self._next.is_sign(*_COMPARISONS):
            operator = self._take().text
            return {"op": "<>" if operator == "!=" else operator, "args": [left, self._operand()]}
        if self._took_word("IS"):
            negated = self._took_word("NOT")
            self._expect_word("NULL")
            found: object = {"op": "isNull", "args": [left]}
            return _negation(found) if negated else found
        negated = self._took_word("NOT")
        if self._took_word("LIKE"):
            found = {"op": "like", "args": [left, self._operand()]}
        elif self._took_word("BETWEEN"):
            low = self._operand()
            self._expect_word("AND")
            found = {"op": "between", "args": [left, low, self._operand()]}
        elif self._took_word("IN"):
            self._expect_sign("(")
            found = {"op": "in", "args": [left, self._list(self._operand)]}
        elif negated:
            raise self._unexpected(Text("LIKE、BETWEEN 或 IN", "LIKE, BETWEEN or IN"))
        else:
            found = left
        return _negation(found) if negated else found

    def _operand(self) -> object:
        """A property, a literal, a function, or anything in brackets."""
        token = self._next
        if token.is_sign("+", "-") or token.kind == "number":
            return self._number()
        if token.is_sign("("):
            self._take()
            found = self.either()
            self._expect_sign(")")
            return found
        if token.kind == "string":
            return self._take().text
        if token.kind == "quoted":
            return {"property": self._take().text}
        if token.kind == "word" and not token.is_word(*_KEYWORDS):
            self._take()
            if token.is_word("TRUE", "FALSE"):
                return token.is_word("TRUE")
            if token.is_word("POINT", "POLYGON"):
                self._took_word("Z")
            return self._called(token) if self._took_sign("(") else {"property": token.text}
        raise self._unexpected(Text("属性或值", "a property or a value"))

    def _called(self, name: Token) -> object:
        """What follows a name and its opening bracket."""
        word = name.text.upper()
        if word == "POINT":
            return {"type": "Point", "coordinates": self._list(self._position)[0]}
        if word == "POLYGON":
            return {"type": "Polygon", "coordinates": self._list(self._ring)}
        if word == "BBOX":
            return {"bbox": self._list(self._number)}
        if word in ("TIMESTAMP", "DATE"):
            return {word.lower(): self._list(self._string)[0]}
        if word == "INTERVAL":
            return {"interval": self._list(self._string)}
        if word.lower() in _FUNCTIONS:
            return {"op": word.lower(), "args": self._list(self._operand)}
        raise unsupported(name.text)

    def _list(self, part: Callable[[], _Part]) -> list[_Part]:
        """Parts with commas between them, to the closing bracket."""
        found = [part()]
        while self._took_sign(","):
            found.append(part())
        self._expect_sign(")")
        return found

    def _ring(self) -> list[list[float]]:
        self._expect_sign("(")
        return self._list(self._position)

    def _position(self) -> list[float]:
        found = [self._number()]
        while self._next.kind == "number" or self._next.is_sign("+", "-"):
            found.append(self._number())
        return found

    def _string(self) -> str:
        if self._next.kind != "string":
            raise self._unexpected(Text("引号里的文字", "a text in quotes"))
        return self._take().text

    def _number(self) -> int | float:
        sign = -1 if self._took_sign("-") else 1
        if sign > 0:
            self._took_sign("+")
        if self._next.kind != "number":
            raise self._unexpected(Text("数字", "a number"))
        token = self._take()
        try:
            return sign * (int(token.text) if token.text.isdigit() else float(token.text))
        except ValueError as error:
            # More digits than Python reads.
            raise syntax_error(
                Text("短一些的数字", "a shorter number"), token.text, position=token.position
            ) from error


def _negation(of: object) -> object:
    return {"op": "not", "args": [of]}

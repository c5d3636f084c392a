"""Text of data made fit for a line that people read: what would move a cursor, hide or turn letters is written out.

A terminal obeys ESC, a log viewer takes U+2028 for a line of its own, and U+202E shows the rest of a line backwards.
They become ``\\x1b``, ``\\u2028`` and ``\\u202e``, which can be read and searched for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BREAKS = "\n\t"
# C0 and C1 controls with DEL, marks and overrides of direction, separators of lines, the byte order mark, halves of
# surrogate pairs, and the tags that carry text nobody sees.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSEEN_BUT_BREAKS = re.compile(f"(?![{_BREAKS}]){_UNSEEN.pattern}")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _written(found: re.Match[str]) -> str:
    mark = found[0]
    code = ord(mark)
    return _SHORT.get(mark) or (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def visible(text: str, *, breaks: bool = False) -> str:
    """The text with whatever cannot be seen written out; ``breaks`` leaves line feeds and tabs as they are.

    >>> visible("红\\x1b[31m\\n\\u202e"), visible("a\\nb", breaks=True) == "a\\nb"
    ('红\\\\x1b[31m\\\\n\\\\u202e', True)
    """
    return (_UNSEEN_BUT_BREAKS if breaks else _UNSEEN).sub(_written, text)


def written_out(_logger: object, _method: str, event: Mapping[str, object]) -> dict[str, object]:
    """A step of structlog that keeps an entry on one line: what stands in a path or a name begins no other."""
    return {key: visible(value) if isinstance(value, str) else value for key, value in event.items()}


def visible_json(text: str) -> str:
    """A JSON text that says the same and holds nothing unseen: JSON has escapes of its own for all of it.

    >>> visible_json('{"a":"\\u202e"}')
    '{"a":"\\\\u202e"}'
    """
    return _UNSEEN_BUT_BREAKS.sub(_json_escape, text)


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def encodable(value: object) -> object:
    """A document for JSON in which every text can be sent: halves of surrogate pairs written out, NaN as words.

    >>> encodable({"came": ["a\\ud800", float("nan")]})
    {'came': ['a\\\\ud800', 'nan']}
    """
    if isinstance(value, str):
        return value if value.isascii() else _HALVES.sub(_written, value)
    if isinstance(value, dict):
        return {encodable(str(key)): encodable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [encodable(each) for each in value]
    if isinstance(value, float) and not -_LARGEST <= value <= _LARGEST:
        return str(value)
    return value


_HALVES = re.compile("[\ud800-\udfff]")
_LARGEST = 1.7976931348623157e308

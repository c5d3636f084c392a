"""Bytes of Chinese, Japanese and Korean characters that look like a delimiter, hidden while records are sought."""

from __future__ import annotations

import numpy as np

from gis.arrays import Bytes
from gis.locate.compiled import compiled

__all__ = ["HIDING", "hide_trails"]


HIDING = ("gb18030", "cp950", "big5hkscs", "cp932", "johab")
"""Encodings with a bar among the second bytes of their characters. Comma, semicolon, tab, quote and line ends never are."""

_HIDDEN = ord("x")


def _hide(text: Bytes, kana: bool, out: Bytes) -> None:
    at = 0
    size = text.size
    while at < size:
        byte = text[at]
        out[at] = byte
        at += 1
        # Half-width kana are single bytes; four bytes of GB18030 are two pairs.
        lead = byte >= 0x81 and byte != 0xFF and not (kana and 0xA0 <= byte <= 0xDF)
        if lead and at < size and text[at] >= 0x30:
            out[at] = _HIDDEN
            at += 1


_compiled_hide = compiled(_hide)


def hide_trails(text: Bytes, codec: str) -> Bytes:
    """Give a copy of text in which the second byte of each character is a letter; its length stays.

    Parameters
    ----------
    text : ndarray of uint8
        Begins at the beginning of a character.
    codec : str
        One of `HIDING`.

    Examples
    --------
    >>> text = np.frombuffer("亅|x".encode("gbk"), dtype=np.uint8)
    >>> bytes(text), bytes(hide_trails(text, "gb18030"))
    (b'\\x81||x', b'\\x81x|x')
    """
    out = np.empty_like(text)
    _compiled_hide(text, codec == "cp932", out)
    return out

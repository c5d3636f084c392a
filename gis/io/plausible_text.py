"""How strange a text reads: what tells Chinese from the same bytes taken for something else.

Used to refuse and to order samples, never to choose: almost any bytes are valid GB18030, and all are valid in most
one-byte code pages, so that decoding alone proves nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["strangeness"]

# Between two letters these are ordinary: d’Italie, l·l, Smith–Jones.
_INSIDE_WORDS = "’'·‘-‐–—.&/"
_LONGEST_RUN = 3


def strangeness(texts: Iterable[str], codec: str) -> float:
    """Give the share of the letters beyond ASCII that are strange where they stand.

    Parameters
    ----------
    texts : iterable of str
        Cells, as they read in `codec`.
    codec : str

    Returns
    -------
    float
        From 0 (reads like text) to 1.

    Examples
    --------
    >>> strangeness(["云泰社区"], "gb18030"), strangeness(["Gärtnerstraße"], "cp1252")
    (0.0, 0.0)
    >>> strangeness(["浜戞嘲绀惧尯"], "gb18030") > 0.3, strangeness(["ÁéÉ½ÎÀ"], "cp1252") > 0.3
    (True, True)
    """
    beyond = strange = 0
    for text in texts:
        flags = _flags(text, codec)
        beyond += len(flags)
        strange += sum(flags)
    return strange / beyond if beyond else 0.0


def _flags(text: str, codec: str) -> list[bool]:
    """Say of each character beyond ASCII whether it is strange."""
    out = []
    run = 0
    for at, letter in enumerate(text):
        if letter.isascii():
            run = 0
            continue
        before = text[at - 1] if at else " "
        after = text[at + 1] if at + 1 < len(text) else " "
        run = run + 1 if _is_latin(letter) else 0
        out.append(_is_strange(letter, before, after, codec) or run > _LONGEST_RUN)
    return out


@lru_cache(maxsize=1 << 15)
def _is_strange(letter: str, before: str, after: str, codec: str) -> bool:
    kind = unicodedata.category(letter)
    if kind in ("Cc", "Cn", "Co", "Cs") or letter == "\ufffd":
        return True
    if _is_ideographic(letter):
        # A座 and KTV are usual, caf茅 is not.
        beside = any("a" <= other <= "z" for other in (before, after))
        return beside or not _is_common(letter, codec)
    if not letter.isalpha():
        box = "\u2500" <= letter <= "\u259f"
        return box or (before.isalpha() and after.isalpha() and letter not in _INSIDE_WORDS and kind != "Mn")
    flips = (before.islower() and letter.isupper()) or (letter.islower() and after.isupper())
    mixed = not _is_latin(letter) and any(other.isascii() and other.isalpha() for other in (before, after))
    halfwidth = "\uff61" <= letter <= "\uff9f"
    return flips or mixed or halfwidth


def _is_latin(letter: str) -> bool:
    return "\u00aa" <= letter <= "\u024f" or "\u1e00" <= letter <= "\u1eff"


def _is_ideographic(letter: str) -> bool:
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7a3"


@lru_cache(maxsize=1 << 15)
def _is_common(letter: str, codec: str) -> bool:
    """Whether a character is among those that texts of its country are written with."""
    if codec == "gb18030":
        return _encodes(letter, "gb2312", 0xA1, 0xF7)
    if codec in ("cp950", "big5hkscs"):
        return _encodes(letter, "big5", 0xA1, 0xC6)
    if codec in ("cp932", "euc_jp"):
        return _encodes(letter, "shift_jis", 0x81, 0x97)
    if codec in ("cp949", "johab"):
        return "\uac00" <= letter <= "\ud7a3" and _encodes(letter, "euc_kr", 0xA1, 0xC8)
    return any(_is_common(letter, other) for other in ("gb18030", "cp950", "cp932", "cp949"))


def _encodes(letter: str, codec: str, first: int, last: int) -> bool:
    try:
        return first <= letter.encode(codec)[0] <= last
    except UnicodeEncodeError:
        return False

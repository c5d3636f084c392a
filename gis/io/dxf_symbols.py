"""The signs that a drawing spells with two per cent signs: ``%%d`` for degrees, ``%%p`` for plus or minus, ``%%c``.

GDAL puts the signs themselves among bytes that are still in the encoding of the drawing, where 0xB0 may as well be half
of a Chinese character. Texts with such signs are therefore taken as they are written, and spelled by code points, which
are read when the bytes have been.
"""

from __future__ import annotations

import re

import pandas as pd

__all__ = ["SYMBOLS", "symbols_spelled"]

SYMBOLS = re.compile(rb"%%[dpc]", re.IGNORECASE)
_SYMBOL = re.compile(r"%%([dpc])", re.IGNORECASE)
_CODE_POINTS = {"d": r"\U+00B0", "p": r"\U+00B1", "c": r"\U+2300"}
# How lines of several fonts and colours are formatted, as far as it is not text.
_FORMATS = re.compile(r"\\[ACFfHQTWp][^;\\]*;|\\[LlOoKkNX]|(?<!\\)[{}]|%%[uUoOkK]")


def symbols_spelled(translated: pd.Series, written: pd.Series) -> list[str | None]:
    """Give each text as GDAL translated it, unless it has signs: then as it is written, these as code points.

    Parameters
    ----------
    translated, written : Series of str, shape (n,)
        Bytes read as ISO-8859-1.

    Examples
    --------
    >>> symbols_spelled(pd.Series(["a", "5\u00b0"]), pd.Series(["a", "%%u5%%d"]))
    ['a', '5\\\\U+00B0']
    """
    return [
        _spelled(text) if isinstance(text, str) and _SYMBOL.search(text) else other
        for other, text in zip(translated.tolist(), written.tolist(), strict=True)
    ]


def _spelled(text: str) -> str:
    text = _FORMATS.sub("", text.replace(r"\P", "\n").replace(r"\~", " ").replace("^I", "\t"))
    return _SYMBOL.sub(lambda found: _CODE_POINTS[found[1].lower()], text)

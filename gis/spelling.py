"""The names that somebody may have meant: nearest to what was written, for refusals that say the way out."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from gis.text import Text

__all__ = ["did_you_mean", "nearest"]

# Two characters of which one is wrong are half alike, which is near in Chinese and far in English.
_NEAR, _NEAR_CJK = 0.6, 0.5
_CONTAINED = 0.75
_LONGEST = 200


def nearest(wanted: str, known: Iterable[str], *, limit: int = 3) -> list[str]:
    """Find the known names that are most like what was written, the nearest first; none where none is near.

    Case and outer blanks do not count. A name that contains what was written, or the reverse, is near.

    Parameters
    ----------
    wanted : str
    known : iterable of str
    limit : int, default 3

    Examples
    --------
    >>> nearest("路登", ["路灯", "雨水井盖", "公交站亭"])
    ['路灯']
    >>> nearest("Longitud", ["lon", "longitude", "name"])
    ['longitude', 'lon']
    >>> nearest("井盖", ["上水井盖", "路灯"]), nearest("x", ["code"])
    (['上水井盖'], [])
    """
    text = wanted.strip().casefold()[:_LONGEST]
    if not text:
        return []
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(text)
    ranked: list[tuple[float, int, str]] = []
    for at, name in enumerate(dict.fromkeys(known)):
        other = name.strip().casefold()[:_LONGEST]
        if not other:
            continue
        bar = _NEAR if text.isascii() else _NEAR_CJK
        short = min(len(text), len(other))
        contained = short >= (3 if text.isascii() else 2) and (text in other or other in text)
        score = _CONTAINED if contained else 0.0
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() >= bar and matcher.quick_ratio() >= bar:
            score = max(score, matcher.ratio())
        if score >= bar:
            ranked.append((-score, at, name))
    return [name for _, _, name in sorted(ranked)[:limit]]


def did_you_mean(wanted: str, known: Iterable[str], *, limit: int = 3) -> Text:
    """Word a suggestion in Chinese and English, to follow a sentence; both empty where nothing is near.

    Examples
    --------
    >>> did_you_mean("cod", ["code", "name"])
    Text(zh='。是否指 code？', en='. Did you mean code?')
    >>> did_you_mean("x", ["code", "name"])
    Text(zh='', en='')
    """
    found = nearest(wanted, known, limit=limit)
    if not found:
        return Text("", "")
    return Text(f"。是否指 {'、'.join(found)}？", f". Did you mean {' or '.join(found)}?")

"""What a code means and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from gis.text import Text


@dataclass(frozen=True)
class Entry:
    """The meaning of a code, and the way out.

    Parameters
    ----------
    meaning, remedy : Text
        One sentence each, without the particulars, which the message of the refusal has.
    """

    meaning: Text
    remedy: Text


def entry(zh: str, en: str, do_zh: str, do_en: str) -> Entry:
    """Make an entry: the meaning in both languages, then the remedy."""
    return Entry(Text(zh, en), Text(do_zh, do_en))

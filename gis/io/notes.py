"""What a reader has to say about a file that it takes: a remark in both languages, shown by every door."""

from __future__ import annotations

from collections.abc import Iterable

from gis.text import Text

__all__ = ["distinct_notes", "notes_as_json", "notes_of"]

_MOST, _LONGEST = 100, 4000


def distinct_notes(notes: Iterable[Text]) -> list[Text]:
    """Drop remarks that were made before, as two layers of one file make them."""
    return list(dict.fromkeys(notes))


def notes_as_json(notes: Iterable[Text]) -> list[list[str]]:
    """Write notes as JSON has them.

    Examples
    --------
    >>> notes_of(notes_as_json([Text("甲", "a")]))
    [Text(zh='甲', en='a')]
    """
    return [[note.zh, note.en] for note in notes]


def notes_of(said: object) -> list[Text]:
    """Read what `notes_as_json` wrote.

    Raises
    ------
    ValueError
        It is something else, or far more than a reader has to say.
    """
    if not isinstance(said, list) or len(said) > _MOST:
        raise ValueError("no notes")
    notes = []
    for pair in said:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError("no notes")
        if not all(isinstance(text, str) and len(text) <= _LONGEST for text in pair):
            raise ValueError("no notes")
        notes.append(Text(*pair))
    return notes

"""Which text of a drawing says what about a polygon: told apart by drawing layer, then height, pattern, place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.text import Text

__all__ = ["DrawnText", "text_columns", "texts_inside"]

_CODE = re.compile(r"(?=.*\d)[0-9A-Za-z][0-9A-Za-z_./#-]*")
_SHOWN = 3


@dataclass(frozen=True)
class DrawnText:
    """A line of text: where it stands, on which layer, how high its letters are."""

    x: float
    y: float
    layer: str
    height: float | None
    words: str

    @property
    def is_code(self) -> bool:
        """Whether it reads like a code: letters and digits in one word."""
        return _CODE.fullmatch(self.words) is not None


@dataclass
class _Group:
    """Texts that say the same kind of thing: what they have in common, and those of each polygon."""

    layer: str
    zh: str
    en: str
    suffix: str = ""
    texts: dict[int, list[DrawnText]] = field(default_factory=dict)

    @property
    def codes(self) -> int:
        """How many polygons it gives a code that no other has."""
        times = Counter(own[0].words for own in self.texts.values())
        return sum(own[0].is_code and times[own[0].words] == 1 for own in self.texts.values())


def texts_inside(
    shapes: NDArray[np.object_], areas: NDArray[np.bool_], texts: Sequence[DrawnText]
) -> list[list[DrawnText]]:
    """Give each polygon the texts that stand inside it, and in no smaller polygon that lies in it.

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
    areas : ndarray of bool, shape (n,)
        Which of them are polygons.
    texts : sequence of DrawnText

    Returns
    -------
    list of list of DrawnText, length n
        From top to bottom and left to right.
    """
    found: list[list[DrawnText]] = [[] for _ in shapes]
    sound = np.flatnonzero(areas)
    sound = sound[shapely.is_valid(shapes[sound])]
    if len(sound) and texts:
        spots = shapely.points([(text.x, text.y) for text in texts])
        spot, area = shapely.STRtree(shapes[sound]).query(spots, predicate="within")
        size = shapely.area(shapes[sound])
        smallest: dict[int, int] = {}
        for s, a in zip(spot.tolist(), area.tolist(), strict=True):
            if s not in smallest or size[a] < size[smallest[s]]:
                smallest[s] = a
        for s, a in smallest.items():
            found[int(sound[a])].append(texts[s])
    # Lines of one text come in order, and have one place.
    return [sorted(own, key=lambda text: (-text.y, text.x)) for own in found]


def text_columns(found: Sequence[Sequence[DrawnText]]) -> tuple[dict[str, list[str | None]], list[Text]]:
    """Make columns of the texts inside polygons: ``text``, ``text_2``, … and, by layer, ``text:LAYER``.

    Parameters
    ----------
    found : sequence of sequence of DrawnText
        Of each polygon.

    Returns
    -------
    columns : dict of str to list
    notes : list of Text
        What each column holds, where there is a choice.

    Examples
    --------
    >>> code, name = DrawnText(0, 2, "CODE", 2.0, "G-1"), DrawnText(0, 1, "NAME", 2.0, "云泰")
    >>> columns, notes = text_columns([[code, name]])
    >>> columns
    {'text': ['G-1'], 'text_2': ['云泰'], 'text:CODE': ['G-1'], 'text:NAME': ['云泰']}
    """
    most = max((len(own) for own in found), default=0)
    if most <= 1:
        return {"text": [own[0].words if own else None for own in found]}, []
    groups = _groups(found)
    # Python sorts so that equals stay as they are drawn.
    groups.sort(key=lambda group: -group.codes)
    columns: dict[str, list[str | None]] = {}
    said_zh, said_en = [], []
    for group in groups:
        for at in range(max(len(own) for own in group.texts.values())):
            name = "text" if not columns else f"text_{len(columns) + 1}"
            columns[name] = _column(group, len(found), at)
            number_zh, number_en = (f"（第 {at + 1} 处）", f" (no. {at + 1})") if at else ("", "")
            said_zh.append(f"{name} = {group.zh}{number_zh}")
            said_en.append(f"{name} = {group.en}{number_en}")
    if len({group.layer for group in groups}) > 1 or any(group.suffix for group in groups):
        for group in groups:
            columns.setdefault(f"text:{group.layer}{group.suffix}", _column(group, len(found), 0))
    notes = [
        Text(
            f"图形内有多处文字，分为各列：{'；'.join(said_zh)}",
            f"polygons have several texts inside, which become columns: {'; '.join(said_en)}",
        )
    ]
    notes += _doubtful(groups)
    return columns, notes


def _column(group: _Group, rows: int, at: int) -> list[str | None]:
    return [
        own[at].words if (own := group.texts.get(row, [])) and at < len(own) else None for row in range(rows)
    ]


def _groups(found: Sequence[Sequence[DrawnText]]) -> list[_Group]:
    """Tell texts apart by layer; those of one layer by what leaves each polygon one text of a kind."""
    groups = []
    for layer in dict.fromkeys(text.layer for own in found for text in own):
        here = [[text for text in own if text.layer == layer] for own in found]
        by: Callable[[DrawnText], Hashable] = _nothing
        for rule in (_nothing, _height, _pattern):
            if _separates(here, rule):
                by = rule
                break
        for key in dict.fromkeys(by(text) for own in here for text in own):
            zh, en, suffix = _described(layer, by, key)
            group = _Group(layer, zh, en, suffix)
            for row, own in enumerate(here):
                mine = [text for text in own if by(text) == key]
                if mine:
                    group.texts[row] = mine
            groups.append(group)
    return groups


def _nothing(_: DrawnText) -> Hashable:
    return None


def _height(text: DrawnText) -> Hashable:
    return text.height


def _pattern(text: DrawnText) -> Hashable:
    return text.is_code


def _separates(found: Sequence[Sequence[DrawnText]], rule: Callable[[DrawnText], Hashable]) -> bool:
    return all(len({rule(text) for text in own}) == len(own) for own in found)


def _described(layer: str, by: Callable[[DrawnText], Hashable], key: object) -> tuple[str, str, str]:
    if by is _height and key is not None:
        return f"图层 {layer} 上字高 {key:g} 的文字", f"texts {key:g} high on layer {layer}", f":{key:g}"
    if by is _pattern:
        if key:
            return f"图层 {layer} 上像编码的文字", f"texts like codes on layer {layer}", ":code"
        return f"图层 {layer} 上的其他文字", f"other texts on layer {layer}", ":other"
    return f"图层 {layer} 上的文字", f"texts on layer {layer}", ""


def _doubtful(groups: Sequence[_Group]) -> list[Text]:
    """Name polygons in which two texts are alike in every way, so that only their places tell them apart."""
    notes = []
    for group in groups:
        several = {row: own for row, own in group.texts.items() if len(own) > 1}
        if not several:
            continue
        shown = [
            f"{row + 1}: {' | '.join(text.words for text in own)}"
            for row, own in list(several.items())[:_SHOWN]
        ]
        notes.append(
            Text(
                f"{len(several)} 个图形内有多处同类文字（{group.zh}），按自上而下、自左而右的顺序取；行 {'；'.join(shown)}",
                f"{len(several)} polygons have several texts of one kind ({group.en}), taken from top to bottom and "
                f"left to right; rows {'; '.join(shown)}",
            )
        )
    return notes

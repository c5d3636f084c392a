"""Decisions about component rows that need no database: class by any of its names, geometry kind, code scheme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from app.components.models import STATES, ComponentClass
from app.kit.columns import objects
from gis.errors import BadRow
from gis.geometry import snap, trouble_of
from gis.spelling import nearest
from gis.text import Text

# By shapely's type number; -1, a missing shape, takes the last.
_KIND_OF_TYPE = np.array(
    ["point", "line", "line", "polygon", "multipoint", "line", "polygon", "collection", "none"], dtype=object
)
_KIND_ZH = {
    "point": "点",
    "line": "线",
    "polygon": "面",
    "multipoint": "多个点",
    "collection": "混合图形",
    "none": "无图形",
}

# So many different names get a suggestion: a wrong column has another in every row.
_SUGGESTED = 200

# What states are called in the registers we have seen, in either language.
STATE_NAMES = {
    "完好": "intact",
    "正常": "intact",
    "破损": "damaged",
    "损坏": "damaged",
    "丢失": "lost",
    "废弃": "discarded",
    "移除": "removed",
    "拆除": "removed",
    **{state: state for state in STATES},
}

SCHEME_2013 = "GB/T 30428.2-2013"
SCHEME_2026 = "GB/T 47678.5-2026"


@dataclass(frozen=True)
class Resolved:
    """Class codes of rows (None where unknown) and what is wrong with the others."""

    codes: np.ndarray
    bad: list[BadRow]


def class_names(classes: Iterable[ComponentClass]) -> dict[str, str]:
    """Every way a class is named -> its code: code, Chinese name, English name, and its code of 2026."""
    names: dict[str, str] = {}
    listed = list(classes)
    for item in listed:
        for code in item.codes_2026:
            names.setdefault(code, item.code)
    # The project's own codes win over the five-digit ones of 2026 wherever they could meet.
    for item in listed:
        names[item.code] = item.code
        names[item.name_zh] = item.code
        names[item.name_en.casefold()] = item.code
    return names


def resolve_names(
    given: pd.Series, names: dict[str, str], column: str, *, noun_zh: str, noun_en: str
) -> Resolved:
    """Look up a column of codes or names. Rows are numbered from 1."""
    text = given.astype("string").str.strip()
    keys = text.str.casefold()
    plain = {key.casefold(): code for key, code in names.items()}
    # A spreadsheet turns 0101 into 101; four digits come back by padding, nothing else is guessed.
    padded = keys.where(~keys.str.fullmatch(r"\d{3}"), keys.str.zfill(4))
    codes = padded.map(plain)
    unknown = codes.isna().to_numpy()
    rows = np.flatnonzero(unknown)
    suggested = {
        value: suggest_class(value, names) for value in text[unknown].dropna().unique()[:_SUGGESTED].tolist()
    }
    bad = []
    for i in rows:
        value = "" if pd.isna(text.iloc[i]) else str(text.iloc[i])
        zh, en = suggested.get(value, Text("", ""))
        bad.append(
            BadRow(
                row=int(i) + 1,
                column=column,
                reason=Text(
                    f"没有这个{noun_zh}（应为编码或中英文名称）{zh}",
                    f"no such {noun_en} (expected a code or a name in Chinese or English){en}",
                ),
                value=value,
            )
        )
    return Resolved(codes=objects(codes), bad=bad)


def suggest_class(wanted: str, names: Mapping[str, str]) -> Text:
    """Word the classes that may be meant, each with its code, in Chinese and English; empty where none is near."""
    # Digits that are near say nothing: 0101 and 0102 are as different as any.
    words = [] if wanted.strip().isdigit() else nearest(wanted, [key for key in names if not key.isdigit()])
    if not words:
        return Text("", "")
    zh = "、".join(f"{word}（{names[word]}）" for word in words)
    en = " or ".join(f"{word} ({names[word]})" for word in words)
    return Text(f"；是否指 {zh}？", f"; did you mean {en}?")


@dataclass(frozen=True)
class Judged:
    """Shapes on the lattice (None where there is nothing to store) and what is wrong with those."""

    shapes: np.ndarray
    bad: list[BadRow]


def judge_shapes(codes: np.ndarray, shapes: np.ndarray, expected: dict[str, str]) -> Judged:
    """Round shapes to the lattice, and tell those that are not of their class's kind, not valid, or vanish on it.

    A multipoint of one point is that point: editors save them so. ``codes`` are class codes, None where unknown.
    """
    shapes = shapes.copy()
    single = (shapely.get_type_id(shapes) == 4) & (shapely.get_num_geometries(shapes) == 1)
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    came = _KIND_OF_TYPE[shapely.get_type_id(shapes)]
    wanted = objects(pd.Series(codes, dtype=object).map(expected))
    known = np.array([kind is not None for kind in wanted], dtype=bool)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    bad = {
        int(i): BadRow(int(i) + 1, "geometry", Text("没有图形", "no geometry"), "")
        for i in np.flatnonzero(empty)
    }
    other = known & ~empty & (wanted != came)
    for i in np.flatnonzero(other).tolist():
        bad[i] = BadRow(
            i + 1,
            "geometry",
            Text(
                f"部件类 {codes[i]} 应为{_KIND_ZH[wanted[i]]}，实为{_KIND_ZH[came[i]]}",
                f"class {codes[i]} takes a {wanted[i]}, came {came[i]}",
            ),
            str(came[i]),
        )
    spoilt = ~empty & (came == "polygon") & ~shapely.is_valid(shapes)
    for i in np.flatnonzero(spoilt).tolist():
        trouble = trouble_of(shapes[i])
        at = f"{trouble.place[0]:.7f}, {trouble.place[1]:.7f}"
        bad.setdefault(
            i,
            BadRow(
                i + 1,
                "geometry",
                Text(f"面无效：{trouble.reason.zh}", f"not a valid area: {trouble.reason.en}"),
                at,
            ),
        )
    usable = ~empty & ~spoilt
    shapes[~usable] = None
    shapes[usable] = snap(shapes[usable], on_collapse="none")
    for i in np.flatnonzero(usable & shapely.is_missing(shapes)).tolist():
        zh, en = "小于坐标精度（1e-7 度），取整后消失", "smaller than the coordinate lattice of 1e-7 degree"
        bad.setdefault(i, BadRow(i + 1, "geometry", Text(zh, en), ""))
    return Judged(shapes, list(bad.values()))


def recognise_schemes(codes: pd.Series, class_codes: np.ndarray, *, given: str | None) -> pd.DataFrame:
    """Scheme and parts of component codes.

    Two schemes have sixteen digits with different cuts, so length alone decides nothing: a code is read as of 2013
    only when the digits where that scheme keeps its class are the row's class. Everything else is ``own``.
    """
    text = codes.astype("string")
    classes = pd.Series(class_codes, index=codes.index, dtype="string")
    digits = text.str.fullmatch(r"\d{16}|\d{17}").fillna(False)
    is_2013 = digits & (text.str.len() == 16) & (text.str[6:10] == classes).fillna(False)
    is_2026 = digits & (text.str.len() == 17)
    if given is not None:
        # The caller knows: every code of the right length is cut by that scheme, none by another.
        is_2013 = digits & (text.str.len() == 16) & (given == SCHEME_2013)
        is_2026 = is_2026 & (given == SCHEME_2026)
    scheme = pd.Series("own" if given is None else given, index=codes.index, dtype="object")
    scheme[is_2013.to_numpy()] = SCHEME_2013
    scheme[is_2026.to_numpy()] = SCHEME_2026
    known = is_2013 | is_2026
    parts = pd.DataFrame(
        {"scheme": scheme, "county": text.str[:6].where(known), "major": text.str[6:8].where(known)}
    )
    parts["minor"] = text.str[8:10].where(is_2013, text.str[8:11].where(is_2026))
    parts["sequence"] = text.str[10:].where(is_2013, text.str[11:].where(is_2026))
    return parts


def resolve_states(given: pd.Series, column: str) -> Resolved:
    """States by their names in either language; blank means intact."""
    text = given.astype("string").str.strip().fillna("")
    codes = text.str.casefold().map(STATE_NAMES).where(text != "", "intact")
    bad = [
        BadRow(
            row=int(i) + 1,
            column=column,
            reason=Text("状态应为 完好、破损、丢失、废弃、移除 之一", f"state is one of {', '.join(STATES)}"),
            value=str(text.iloc[i]),
        )
        for i in np.flatnonzero(codes.isna().to_numpy())
    ]
    return Resolved(codes=objects(codes), bad=bad)

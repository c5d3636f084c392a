"""Numbers of a spreadsheet as the text that people mean: dates by their format, codes with the zeros that are shown."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["NumberFormat", "Remark", "number_format", "shown_number"]

Remark = Literal["padded", "shortened"] | None

_DATES = {14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58}
_TIMES = {18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56}
_BOTH, _ELAPSED = {22}, {46}
# Text in quotes, escaped letters, padding and conditions say nothing of the kind; [h] does.
_QUIET = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_SPAN = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_LAST_DAY = 2_958_465
_KEPT_DIGITS = 15


@dataclass(frozen=True)
class NumberFormat:
    """What a format makes of a number.

    Parameters
    ----------
    kind : {"number", "date", "time", "datetime", "elapsed"}
    zeros : int
        Digits that are shown at least; 0 where the format does not fill up with zeros.
    """

    kind: Literal["number", "date", "time", "datetime", "elapsed"] = "number"
    zeros: int = 0


def number_format(number: int, code: str | None) -> NumberFormat:
    """Read a format by its number, or by its code where the workbook has one of its own.

    Examples
    --------
    >>> number_format(14, None).kind, number_format(164, 'yyyy"年"m"月"d"日"').kind, number_format(165, "000000").zeros
    ('date', 'date', 6)
    """
    if code is None:
        if number in _DATES:
            return NumberFormat("date")
        if number in _TIMES:
            return NumberFormat("time")
        if number in _BOTH:
            return NumberFormat("datetime")
        return NumberFormat("elapsed" if number in _ELAPSED else "number")
    first = code.split(";")[0]
    plain = _QUIET.sub("", first)
    if _SPAN.search(plain):
        return NumberFormat("elapsed")
    letters = plain.lower().replace("general", "").replace("am/pm", "h").replace("上午/下午", "h")
    if "0" not in re.sub(r"\.0+", "", letters) and "#" not in letters:
        has_time = bool(re.search("[hs]", letters))
        has_date = bool(re.search("[yd]|e(?![+-])|aaa", letters)) or ("m" in letters and not has_time)
        if has_date:
            return NumberFormat("datetime" if has_time else "date")
        if has_time:
            return NumberFormat("time")
    zeros = re.fullmatch("0{2,}", plain.strip())
    return NumberFormat(zeros=len(plain.strip()) if zeros else 0)


def shown_number(value: str, form: NumberFormat, *, from_1904: bool) -> tuple[str, Remark]:
    """Write a number as its format means it.

    Returns
    -------
    text : str
    remark : {"padded", "shortened", None}
        Filled up with zeros; or more digits than a spreadsheet keeps, so that the last ones are lost.

    Examples
    --------
    >>> shown_number("7", NumberFormat(zeros=3), from_1904=False)
    ('007', 'padded')
    >>> shown_number("46024.5", NumberFormat("datetime"), from_1904=False)[0]
    '2026-01-02 12:00:00'
    >>> shown_number("3.7021101001800301E+17", NumberFormat(), from_1904=False)
    ('3.7021101001800301E+17', 'shortened')
    >>> shown_number("370211010018003001", NumberFormat(), from_1904=False), shown_number("120.10000000000001", \
NumberFormat(), from_1904=False)[0]
    (('370211010018003001', None), '120.10000000000001')
    """
    try:
        number = float(value)
    except ValueError:
        return value, None
    if not math.isfinite(number) or "_" in value:
        return value, None
    if form.kind != "number":
        text = _as_time(number, form, from_1904=from_1904)
        if text is not None:
            return text, None
    text, shortened = _digits(value, number)
    if form.zeros and text.isdigit() and len(text) < form.zeros:
        return text.zfill(form.zeros), "padded"
    return text, "shortened" if shortened else None


def _digits(value: str, number: float) -> tuple[str, bool]:
    if re.fullmatch(r"-?\d+", value):
        return value, False
    if number.is_integer():
        if abs(number) < 10.0**_KEPT_DIGITS:
            return str(int(number)), False
        return value, True
    return repr(number), False


def _as_time(number: float, form: NumberFormat, *, from_1904: bool) -> str | None:
    """Write a serial number as a date or time; None where it is none."""
    if number < 0 or number > _LAST_DAY + 1:
        return None
    thousandths = round(number * 86_400_000)
    days, rest = divmod(thousandths, 86_400_000)
    if form.kind == "elapsed":
        seconds = thousandths // 1000
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    clock = (datetime(1900, 1, 1) + timedelta(milliseconds=rest)).time()  # noqa: DTZ001
    hours = clock.isoformat("milliseconds" if rest % 1000 else "seconds")
    if form.kind == "time" and days == 0:
        return hours
    if not from_1904 and (days == 60 or days == 0):
        # The 29th of February 1900 was none, and there is no day before the first.
        return None
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if days < 60 else 30)  # noqa: DTZ001
    day = (start + timedelta(days=days)).date().isoformat()
    return day if form.kind == "date" and rest == 0 else f"{day} {hours}"

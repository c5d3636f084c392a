"""Refusals as plain words, so that one side can raise what the other side caught."""

from __future__ import annotations

import signal
from typing import Any

import gis.errors
from gis.coverage import Defect
from gis.editing import OperationRefused
from gis.errors import BadRow, GisError, UnreadableFile
from gis.io.limits import LimitName, ReadLimits, limit_exceeded
from gis.sandbox.messages import MessageDamaged

__all__ = ["ReaderCrashed", "crash_refusal", "describe_refusal", "refusal_of"]

_MOST = 100_000
_KINDS: dict[str, type[GisError]] = {
    kind.__name__: kind
    for kind in (*vars(gis.errors).values(), OperationRefused)
    if isinstance(kind, type) and issubclass(kind, GisError)
}


class ReaderCrashed(UnreadableFile):
    """The process that read a file ended in a way of its own; `detail` is for whoever mends it."""

    detail: str = ""


# What the kernel sends for too many seconds and for too much memory; code 3 is our own for the latter.
_BY_EXIT: dict[int, LimitName] = {-signal.SIGXCPU: "cpu_s", -signal.SIGKILL: "memory_mb", 3: "memory_mb"}


def crash_refusal(code: int | None, limits: ReadLimits, *, detail: str = "") -> GisError:
    """Make the refusal of a file whose reader ended with an exit code other than 0, or with an unexpected error."""
    if code in _BY_EXIT:
        return limit_exceeded(limits, _BY_EXIT[code])
    error = ReaderCrashed("文件已损坏，无法读取", "the file is damaged and cannot be read", code="damaged")
    error.detail = detail or f"exit code {code}"
    return error


def describe_refusal(error: GisError) -> dict[str, Any]:
    """Write a refusal as JSON has it."""
    kind = next(one for one in type(error).__mro__ if _KINDS.get(one.__name__) is one)
    out: dict[str, Any] = {
        "kind": kind.__name__,
        "zh": error.message_zh,
        "en": error.message_en,
        "code": error.code,
        "places": [list(place) for place in error.places[:_MOST]],
    }
    rows: tuple[BadRow, ...] = getattr(error, "rows", ())
    if rows:
        out["rows"] = [[row.row, row.column, row.reason_zh, row.reason_en, row.value] for row in rows[:_MOST]]
    defects: list[Defect] = getattr(error, "defects", [])
    if defects:
        out["defects"] = [vars(defect) for defect in defects[:_MOST]]
    for name in ("limit", "largest", "found"):
        if hasattr(error, name):
            out[name] = getattr(error, name)
    return out


def refusal_of(said: Any) -> GisError:
    """Make the refusal that was described.

    Raises
    ------
    MessageDamaged
        It was no description of one.
    """
    try:
        kind = _KINDS[said["kind"]]
        error = kind.__new__(kind, str(said["zh"]), str(said["en"]))
        error.args = (str(said["zh"]), str(said["en"]))
        error.message_zh, error.message_en = error.args
        error.code = str(said["code"])
        error.places = tuple((float(x), float(y)) for x, y in said["places"])
        if issubclass(kind, gis.errors.InputRefused):
            error.rows = tuple(  # type: ignore[attr-defined]
                BadRow(int(row), str(column), str(zh), str(en), str(value))
                for row, column, zh, en, value in said.get("rows", [])
            )
        if issubclass(kind, gis.errors.CoverageError):
            error.defects = [_defect(one) for one in said.get("defects", [])]  # type: ignore[attr-defined]
        if issubclass(kind, gis.errors.LimitExceeded):
            found = said["found"]
            error.limit, error.largest = str(said["limit"]), int(said["largest"])  # type: ignore[attr-defined]
            error.found = None if found is None else int(found)  # type: ignore[attr-defined]
    except (KeyError, TypeError, ValueError) as wrong:
        raise MessageDamaged(f"no refusal: {wrong}") from wrong
    return error


def _defect(said: Any) -> Defect:
    return Defect(
        kind=said["kind"],
        severity=said["severity"],
        codes=tuple(str(code) for code in said["codes"]),
        place=(float(said["place"][0]), float(said["place"][1])),
        width_m=None if said["width_m"] is None else float(said["width_m"]),
        area_m2=None if said["area_m2"] is None else float(said["area_m2"]),
        detail_zh=str(said["detail_zh"]),
        detail_en=str(said["detail_en"]),
    )

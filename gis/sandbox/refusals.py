"""Refusals as plain words, so that one side can raise what the other side caught."""

from __future__ import annotations

import re
import signal
from typing import Any

import gis.errors
from gis.coverage import Defect
from gis.editing import OperationRefused
from gis.errors import BadRow, EncodingSample, Refusal, UnreadableFile
from gis.io.limits import LimitName, ReadLimits, limit_exceeded
from gis.sandbox.messages import MessageDamaged
from gis.text import Text

__all__ = ["ReaderCrashed", "crash_refusal", "defect_of", "describe_defect", "describe_refusal", "refusal_of"]

_MOST = 100_000
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){0,6}")
_KINDS: dict[str, type[Refusal]] = {
    kind.__name__: kind
    for kind in (*vars(gis.errors).values(), OperationRefused)
    if isinstance(kind, type) and issubclass(kind, Refusal)
}


class ReaderCrashed(UnreadableFile):
    """The process that read a file ended in a way of its own; `ending` says how, for whoever mends it."""

    ending: str = ""


# What the kernel sends for too many seconds and for too much memory; code 3 is our own for the latter.
_BY_EXIT: dict[int, LimitName] = {-signal.SIGXCPU: "cpu_s", -signal.SIGKILL: "memory_mb", 3: "memory_mb"}


def crash_refusal(code: int | None, limits: ReadLimits, *, detail: str = "") -> Refusal:
    """Make the refusal of a file whose reader ended with an exit code other than 0, or with an unexpected error."""
    if code in _BY_EXIT:
        return limit_exceeded(limits, _BY_EXIT[code])
    error = ReaderCrashed("文件已损坏，无法读取", "the file is damaged and cannot be read", code="damaged")
    error.ending = detail or f"exit code {code}"
    return error


def describe_refusal(error: Refusal) -> dict[str, object]:
    """Write a refusal as JSON has it."""
    kind = next(one for one in type(error).__mro__ if _KINDS.get(one.__name__) is one)
    out: dict[str, object] = {
        "kind": kind.__name__,
        "zh": error.detail.zh,
        "en": error.detail.en,
        "code": error.code,
        "places": [list(place) for place in error.places[:_MOST]],
    }
    rows: tuple[BadRow, ...] = getattr(error, "rows", ())
    if rows:
        out["rows"] = [[row.row, row.column, *row.reason, row.value] for row in rows[:_MOST]]
    defects: list[Defect] = getattr(error, "defects", [])
    if defects:
        out["defects"] = [describe_defect(defect) for defect in defects[:_MOST]]
    samples: tuple[EncodingSample, ...] = getattr(error, "samples", ())
    if samples:
        out["samples"] = [[sample.encoding, list(sample.texts)] for sample in samples]
    for name in ("limit", "largest", "found"):
        if hasattr(error, name):
            out[name] = getattr(error, name)
    return out


def refusal_of(said: Any) -> Refusal:
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
        error.detail = Text(*error.args)
        error.extra = {}
        error.code = str(said["code"])
        if not _CODE.fullmatch(error.code):
            raise ValueError("not a code")
        error.places = tuple((float(x), float(y)) for x, y in said["places"])
        if issubclass(kind, gis.errors.InputRefused):
            error.rows = tuple(  # type: ignore[attr-defined]
                BadRow(int(row), str(column), Text(str(zh), str(en)), str(value))
                for row, column, zh, en, value in said.get("rows", [])
            )
        if issubclass(kind, gis.errors.UnknownEncoding):
            error.samples = tuple(  # type: ignore[attr-defined]
                EncodingSample(str(encoding), tuple(str(text) for text in texts))
                for encoding, texts in said.get("samples", [])
            )
        if issubclass(kind, gis.errors.CoverageError):
            error.defects = [defect_of(one) for one in said.get("defects", [])]  # type: ignore[attr-defined]
        if issubclass(kind, gis.errors.LimitExceeded):
            found = said["found"]
            error.limit, error.largest = str(said["limit"]), int(said["largest"])  # type: ignore[attr-defined]
            error.found = None if found is None else int(found)  # type: ignore[attr-defined]
    except (KeyError, TypeError, ValueError) as wrong:
        raise MessageDamaged(f"no refusal: {wrong}") from wrong
    return error


def describe_defect(defect: Defect) -> dict[str, object]:
    """Write a defect as JSON has it."""
    return {**vars(defect), "detail": list(defect.detail)}


def defect_of(said: Any) -> Defect:
    """Make the defect that was described."""
    return Defect(
        kind=said["kind"],
        severity=said["severity"],
        codes=tuple(str(code) for code in said["codes"]),
        place=(float(said["place"][0]), float(said["place"][1])),
        width_m=None if said["width_m"] is None else float(said["width_m"]),
        area_m2=None if said["area_m2"] is None else float(said["area_m2"]),
        detail=Text(*(str(text) for text in said["detail"])),
        rows=tuple(int(row) for row in said.get("rows", ())),
    )

"""Grids that somebody edited in QGIS: read, held against the draft, and turned into operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.auth.roles import covers
from app.boundaries.paths import label
from app.boundaries.preparing import KIND_NAMES
from app.drafts import access, grid_repository
from app.drafts.coverages import as_coverage
from app.drafts.models import Draft
from app.drafts.service import Step, record
from app.errors import Conflict, Invalid
from app.jobs.rows import refuse_nul
from gis.crs import to_wgs84
from gis.editing import Coverage, apply, operations_from_frame
from gis.errors import InputRefused
from gis.io import LayerData, find_column, read_layer, text_column
from gis.measures import geodesic_length_m

# What the shifted systems of Chinese maps move a place by, and what editing a border hardly moves a whole grid by.
_SHIFT_M = 100.0
_SHIFTED = {"gcj02": "GCJ-02（高德、腾讯）", "bd09": "BD-09（百度）"}


# What messages call a file that came without a name.
_FILE = "-"


class ShiftedFile(Invalid):
    """The coordinates are those of a shifted system that nobody declared."""

    code = "crs-shifted"


@dataclass(frozen=True)
class FileColumns:
    """Which columns say what; a column that is not named is taken when it is there under its own name."""

    code: str = "code"
    name: str | None = None
    community: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Reading:
    """How a file is to be read."""

    columns: FileColumns
    layer: str | None = None
    crs: str | None = None
    tolerance_m: float = 0.0
    missing: Literal["remove", "keep"] = "remove"


def replace_from_file(
    session: Session, by: Principal, draft_id: int, path: Path, reading: Reading, *, seen: frozenset[str]
) -> tuple[Draft, list[Step]]:
    """Turn a file of grids into operations of an open draft, all of them or none."""
    draft = access.held(session, draft_id, seen)
    access.in_state(draft, "open")
    data = read_layer(path, layer=reading.layer, crs=reading.crs)
    codes, attributes = _told(data, reading.columns)
    shapes = np.empty(len(data.frame), dtype=object)
    shapes[:] = [grid_repository.single(shape) for shape in data.frame.geometry]
    units = grid_repository.parents(session, draft.base)
    coverage = as_coverage(grid_repository.grids(session, draft))
    _refuse_shifted(coverage, codes, shapes)
    # What lies outside the draft's unit is not missing from a file of the unit.
    named = set(codes)
    beyond = [
        code
        for code, words in zip(coverage.codes, coverage.attributes, strict=True)
        if code not in named
        and not covers(draft.scope_path, f"{units.get(words.community, '')}.{label(code)}")
    ]
    operations = operations_from_frame(
        coverage,
        [*codes, *beyond],
        np.array([*shapes, *(coverage.polygon(code) for code in beyond)], dtype=object),
        [*attributes, *({} for _ in beyond)],
        tolerance_m=reading.tolerance_m,
        missing=reading.missing,
    )
    if not operations:
        raise Conflict(
            "文件与草案当前的网格完全相同",
            "the file says what the draft says already",
            code="nothing-changes",
        )
    used = grid_repository.used_codes(session, draft)
    steps = []
    detail = {"file": {"sha256": data.sha256, "driver": data.driver, "crs": data.crs}}
    for operation in operations:
        result = apply(coverage, operation, used_codes=used, communities=units.keys())
        steps.append(
            record(session, by, draft, operation, coverage, result, units, action="file", detail=detail)
        )
        coverage = result.coverage
    return draft, steps


def _told(data: LayerData, columns: FileColumns) -> tuple[list[str | None], list[dict[str, Any]]]:
    """Codes and attributes of the rows; rows that cannot be read are refused, each with its reason."""
    if not len(data.frame):
        raise InputRefused("文件里没有图形", "the file has no shapes", code="empty")
    refuse_nul(data.frame, [str(name) for name in data.frame.columns.drop(data.frame.geometry.name)])
    codes, bad = text_column(data.frame, find_column(data.frame, columns.code, file=_FILE))
    found: dict[str, Sequence[str | None]] = {}
    for field in ("name", "community", "kind"):
        given = getattr(columns, field)
        if given is not None or field in data.frame.columns:
            values, more = text_column(data.frame, find_column(data.frame, given or field, file=_FILE))
            found[field] = values
            bad = [*bad, *more]
    bad = [*data.bad_rows, *bad]
    if bad:
        raise InputRefused(
            f"{len(bad)} 行无法使用；第一处：{bad[0].text('zh')}",
            f"{len(bad)} rows cannot be used; the first: {bad[0].text('en')}",
            code="bad-rows",
            rows=bad,
        )
    if "kind" in found:
        found["kind"] = [KIND_NAMES.get(kind.casefold(), kind) if kind else None for kind in found["kind"]]
    rows = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
    return codes, rows or [{} for _ in codes]


def _refuse_shifted(coverage: Coverage, codes: Sequence[str | None], shapes: np.ndarray) -> None:
    """Refuse coordinates that lie beside the grids as those of a shifted system do: 500 m are a wrong owner."""
    both = [
        (code, shape)
        for code, shape in zip(codes, shapes, strict=True)
        if code in coverage and shape is not None
    ]
    if not both:
        return
    there = shapely.get_coordinates(shapely.centroid([shape for _, shape in both]))
    here = shapely.get_coordinates(shapely.centroid([coverage.polygon(str(code)) for code, _ in both]))
    if len(there) != len(here):
        return
    apart = _median_m(here, there)
    if apart < _SHIFT_M:
        return
    for crs, name in _SHIFTED.items():
        back = np.column_stack(to_wgs84(there[:, 0], there[:, 1], crs))
        if _median_m(here, back) < apart / 5:
            raise ShiftedFile(
                f"文件坐标整体偏移约 {apart:.0f} 米，与 {name} 相符；请用 crs={crs} 声明",
                f"the coordinates lie some {apart:.0f} m off, as {crs} does; declare it with crs={crs}",
                field="crs",
                suggested=crs,
                shift_m=round(apart, 1),
                places=[[round(float(x), 7), round(float(y), 7)] for x, y in there[:1]],
            )


def _median_m(one: np.ndarray, other: np.ndarray) -> float:
    lines = shapely.linestrings(np.stack([one, other], axis=1))
    return float(np.median(geodesic_length_m(lines)))


def together(steps: Sequence[Step]) -> Step:
    """What several steps did, as one."""

    def codes(word: str) -> tuple[str, ...]:
        return tuple(sorted({code for step in steps for code in getattr(step, word)}))

    return Step({"op": "file"}, codes("created"), codes("changed"), codes("retired"))

"""Grids that somebody edited in QGIS: read, held against the draft, and turned into operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from app.kit.etag import refuse_stale
from app.kit.visible import visible
from gis.coverage import duplicate_defects, repeated_codes
from gis.crs import to_wgs84
from gis.editing import LONGEST_TEXT, Coverage
from gis.errors import BadRow, CoverageError, InputRefused
from gis.io import LayerData, find_column, text_column
from gis.io.layer import bad_row
from gis.measures import geodesic_length_m
from gis.sandbox import Replacement
from gis.sandbox.replacement import Step as FileStep

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


@dataclass(frozen=True)
class Ground:
    """What a file is held against: a version of a draft, as it was when it was looked at."""

    draft: Draft
    units: Mapping[str, str]
    coverage: Coverage
    used_codes: frozenset[str]


def refuse_unless_open(session: Session, draft_id: int, seen: frozenset[str]) -> Draft:
    """Refuse a draft that is not there, not open, or of another version than the asker saw; nothing is locked."""
    draft = access.found(session, draft_id)
    refuse_stale(seen, access.tag_of(draft))
    access.in_state(draft, "open")
    return draft


def load_ground(session: Session, draft_id: int, seen: frozenset[str]) -> Ground:
    """Load the grids of a draft for a comparison that takes place without a transaction."""
    draft = refuse_unless_open(session, draft_id, seen)
    return Ground(
        draft,
        grid_repository.parents(session, draft.base),
        as_coverage(grid_repository.grids(session, draft)),
        grid_repository.used_codes(session, draft),
    )


def replacement_of(ground: Ground, data: LayerData, reading: Reading) -> Replacement:
    """Turn the rows of a file into grids that are to replace those of a draft; refuses rows that cannot be used."""
    codes, attributes = _read_columns(data, reading.columns)
    _refuse_repeated(codes, data)
    shapes = np.empty(len(data.frame), dtype=object)
    shapes[:] = [grid_repository.single(shape) for shape in data.frame.geometry]
    coverage = ground.coverage
    _refuse_shifted(coverage, codes, shapes)
    # What lies outside the draft's unit is not missing from a file of the unit.
    named = set(codes)
    beyond = [
        code
        for code, words in zip(coverage.codes, coverage.attributes, strict=True)
        if code not in named
        and not covers(ground.draft.scope_path, f"{ground.units.get(words.community, '')}.{label(code)}")
    ]
    return Replacement(
        coverage,
        [*codes, *beyond],
        np.array([*shapes, *(coverage.polygon(code) for code in beyond)], dtype=object),
        [*attributes, *({} for _ in beyond)],
        used_codes=ground.used_codes,
        communities=ground.units.keys(),
        tolerance_m=reading.tolerance_m,
        missing=reading.missing,
    )


def store_steps(
    session: Session,
    by: Principal,
    ground: Ground,
    found: Sequence[FileStep],
    data: LayerData,
    *,
    seen: frozenset[str],
) -> tuple[Draft, list[Step]]:
    """Store what a file became, all of it or nothing; refused when the draft has changed since it was looked at."""
    draft = access.held(session, ground.draft.id, seen)
    access.in_state(draft, "open")
    if not found:
        raise Conflict(
            "文件与草案当前的网格完全相同",
            "the file says what the draft says already",
            code="nothing-changes",
        )
    detail = {"file": {"sha256": data.sha256, "driver": data.driver, "crs": data.crs}}
    return draft, [
        record(
            session,
            by,
            draft,
            one.operation,
            one.before,
            one.edit,
            ground.units,
            action="file",
            detail=detail,
        )
        for one in found
    ]


def _refuse_repeated(codes: Sequence[str | None], data: LayerData) -> None:
    """Refuse codes that several rows have, before shapes are compared: equal rows make pairs by the square."""
    rows = repeated_codes(codes)
    if not rows:
        return
    shapes = data.frame.geometry.to_numpy()
    defects = duplicate_defects(codes, shapes)
    raise CoverageError(
        f"文件中有 {len(rows)} 个编码重复；第一处：{defects[0].detail_zh}",
        f"{len(rows)} codes of the file are repeated; the first: {defects[0].detail_en}",
        defects=defects,
    )


def _read_columns(data: LayerData, columns: FileColumns) -> tuple[list[str | None], list[dict[str, Any]]]:
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
            bad = [*bad, *more, *_unusable_texts(data, given or field, values)]
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


def _unusable_texts(data: LayerData, column: str, values: Sequence[str | None]) -> list[BadRow]:
    """Rows whose text no operation takes, so that the row is named and not the file."""
    return [
        bad_row(
            int(row),
            column,
            f"文字最长 {LONGEST_TEXT} 个字符，且不含控制字符",
            f"text has at most {LONGEST_TEXT} characters, none of them control characters",
            visible(value),
        )
        for row, value in zip(data.frame.index, values, strict=True)
        if value and (len(value) > LONGEST_TEXT or not value.isprintable())
    ]


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

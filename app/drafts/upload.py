"""Grids that somebody edited in QGIS: read, held against the draft, and turned into operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.auth.roles import covers
from app.boundaries.hierarchy_changes import LevelChanges, as_document, compare_hierarchies
from app.boundaries.import_preparation import KIND_NAMES
from app.boundaries.missing_grids import Missing, refuse_many_missing
from app.db.ltree import code_of, label
from app.drafts import grid_repository, policy
from app.drafts.coverage_loader import as_coverage
from app.drafts.models import Draft
from app.drafts.service import Step, record
from app.errors import Conflict, Invalid
from app.kit.etag import refuse_stale
from app.kit.visible import visible
from gis.coverage import accept_gaps, duplicate_defects, measure_land, repeated_codes, snap_coverage
from gis.crs import to_wgs84
from gis.editing import LONGEST_TEXT, Coverage, GridAttributes, exclude_gap
from gis.errors import BadRow, CoverageError, InputRefused
from gis.geojson import geojson_geometry
from gis.io import LayerData, find_column, text_column
from gis.io.layer import bad_row
from gis.measures import geodesic_length_m
from gis.sandbox import Replacement
from gis.sandbox.replacement import Step as FileStep
from gis.text import Text

# What the shifted systems of Chinese maps move a place by, and what editing a border hardly moves a whole grid by.
_SHIFT_M = 100.0
_SHIFTED = {"gcj02": "GCJ-02（高德、腾讯）", "bd09": "BD-09（百度）"}


MOST_GAPS = 500
"""Gaps of one file that become land of nobody."""

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
    encoding: str | None = None
    tolerance_m: float = 0.0
    make_valid: bool = False
    missing: Missing | None = None
    # Why gaps of the file belong to no grid; None: they are errors.
    accept_gaps: str | None = None


@dataclass(frozen=True)
class Ground:
    """What a file is held against: a version of a draft, as it was when it was looked at."""

    draft: Draft
    units: Mapping[str, str]
    coverage: Coverage
    used_codes: frozenset[str]


def refuse_unless_open(session: Session, draft_id: int, seen: frozenset[str]) -> Draft:
    """Refuse a draft that is not there, not open, or of another version than the asker saw; nothing is locked."""
    draft = policy.found(session, draft_id)
    refuse_stale(seen, policy.tag_of(draft))
    policy.in_state(draft, "edit")
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
    beyond = [code for code, inside in _within(ground).items() if code not in named and not inside]
    return Replacement(
        coverage,
        [*codes, *beyond],
        np.array([*shapes, *(coverage.polygon(code) for code in beyond)], dtype=object),
        [*attributes, *({} for _ in beyond)],
        used_codes=ground.used_codes,
        communities=ground.units.keys(),
        tolerance_m=reading.tolerance_m,
        rows=[*((int(row),) for row in data.frame.index), *(() for _ in beyond)],
        make_valid=reading.make_valid,
        missing="keep" if reading.missing is Missing.KEEP else "remove",
    )


def gaps_of(ground: Ground, data: LayerData, reading: Reading) -> list[BaseGeometry]:
    """Gaps that the grids of a file leave, beyond what will be mended and what is declared already; in degrees."""
    if reading.accept_gaps is None:
        return []
    # With what the file does not speak of: other units of the district, and land that is declared already.
    asked = replacement_of(ground, data, reading)
    kept = set(ground.coverage.codes) - set(asked.codes) if asked.missing == "keep" else set()
    shapes = np.array(
        [*asked.polygons, *(ground.coverage.polygon(code) for code in sorted(kept))], dtype=object
    )
    if shapely.is_missing(shapes).any() or not shapely.is_valid(shapes).all():
        # Refused row by row when the grids are compared.
        return []
    faces = accept_gaps(snap_coverage(shapes).polygons, reading.accept_gaps).polygons
    width, _ = measure_land(faces)
    found = [face for face, wide in zip(faces, width, strict=True) if wide > reading.tolerance_m]
    if len(found) > MOST_GAPS:
        raise Invalid(
            f"文件留下 {len(found)} 处空隙，最多接受 {MOST_GAPS} 处",
            f"the file leaves {len(found)} gaps, at most {MOST_GAPS} are accepted",
            field="accept_gaps",
            code="too-many-gaps",
        )
    return found


def exclude_gaps(
    ground: Ground, gaps: Sequence[BaseGeometry], numbers: Sequence[int], reading: Reading
) -> tuple[Ground, list[FileStep]]:
    """Declare gaps of a file to be nobody's, before its grids take their new borders."""
    steps = []
    coverage, reason = ground.coverage, reading.accept_gaps or ""
    paths = (ground.units.get(words.community) for words in coverage.attributes if not words.excluded)
    district = next((code_of(path.split(".", 1)[0]) for path in paths if path), "")
    for gap, number in zip(gaps, numbers, strict=True):
        edit = exclude_gap(coverage, gap, reason, district=district, number=number)
        operation = {"op": "exclude", "area": geojson_geometry(gap), "reason": reason}
        steps.append(FileStep(operation, coverage, edit))
        coverage = edit.coverage
    return replace(ground, coverage=coverage), steps


def refuse_unsaid_missing(ground: Ground, asked: Replacement, reading: Reading) -> None:
    """Refuse a file that lacks more than a tenth of the draft's grids, unless it was said what that means."""
    if reading.missing is not None:
        return
    named = set(asked.codes)
    within = [code for code, inside in _within(ground).items() if inside]
    refuse_many_missing(
        [code for code in within if code not in named],
        len(within),
        file=Text("文件", "the file"),
        whole=Text("草案", "the draft"),
        retire="missing=retire",
        keep="missing=keep",
    )


def _within(ground: Ground) -> dict[str, bool]:
    """Whether each grid lies in the unit of the draft; land that is nobody's is none: a file of grids is silent on it."""
    coverage = ground.coverage
    return {
        code: not words.excluded
        and covers(ground.draft.scope_path, f"{ground.units.get(words.community, '')}.{label(code)}")
        for code, words in zip(coverage.codes, coverage.attributes, strict=True)
    }


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
    draft = policy.held(session, ground.draft.id, seen)
    policy.in_state(draft, "edit")
    if not found:
        raise Conflict(
            "文件与草案当前的网格完全相同",
            "the file says what the draft says already",
            code="no-changes",
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
    defects = duplicate_defects(codes, shapes, data.frame.index.tolist())
    raise CoverageError(
        f"文件中有 {len(rows)} 个编码重复；第一处：{defects[0].detail.zh}",
        f"{len(rows)} codes of the file are repeated; the first: {defects[0].detail.en}",
        defects=defects,
        code="duplicate-code",
    )


def _read_columns(data: LayerData, columns: FileColumns) -> tuple[list[str | None], list[dict[str, object]]]:
    """Codes and attributes of the rows; rows that cannot be read are refused, each with its reason."""
    if not len(data.frame):
        raise InputRefused("文件里没有图形", "the file has no shapes", code="no-shapes")
    have = [str(name) for name in data.frame.columns.drop(data.frame.geometry.name)]
    codes, bad = text_column(data.frame, find_column(have, columns.code, file=_FILE))
    found: dict[str, Sequence[str | None]] = {}
    for field in ("name", "community", "kind"):
        given = getattr(columns, field)
        if given is not None or field in have:
            values, more = text_column(data.frame, find_column(have, given or field, file=_FILE))
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
                places=[(round(float(x), 7), round(float(y), 7)) for x, y in there[:1]],
            )


def _median_m(one: np.ndarray, other: np.ndarray) -> float:
    lines = np.asarray(shapely.linestrings(np.stack([one, other], axis=1)), dtype=object)
    return float(np.median(geodesic_length_m(lines)))


def hierarchy_of(ground: Ground, found: Sequence[FileStep]) -> list[dict[str, object]]:
    """What a file changes in the hierarchy, as an import of boundaries says it: communities that end, and grids."""
    before = dict(zip(ground.coverage.codes, ground.coverage.attributes, strict=True))
    shapes = dict(zip(ground.coverage.codes, ground.coverage.polygons, strict=True))
    after, drawn = dict(before), dict(shapes)
    for step in found:
        for code in step.edit.retired:
            del after[code], drawn[code]
        after.update(zip(step.edit.coverage.codes, step.edit.coverage.attributes, strict=True))
        drawn.update(zip(step.edit.coverage.codes, step.edit.coverage.polygons, strict=True))
    grids = compare_hierarchies(_as_units(before, shapes), _as_units(after, drawn))
    was, now = (
        {words.community for words in each.values() if not words.excluded} for each in (before, after)
    )
    communities = LevelChanges(
        "community",
        before=len(was),
        after=len(now),
        new=tuple((code, code) for code in sorted(now - was)),
        retired=tuple((code, code) for code in sorted(was - now)),
    )
    return as_document((communities, *grids))


def _as_units(words: Mapping[str, GridAttributes], shapes: Mapping[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [(code, one.name, one.kind, one.community) for code, one in words.items() if not one.excluded],
        columns=["code", "name", "kind", "parent_code"],
    )
    frame.insert(0, "level", "grid")
    flat = np.empty(len(frame), dtype=object)
    flat[:] = [shapes[code] for code in frame["code"]]
    frame["geometry"] = shapely.normalize(flat)
    return frame


def together(steps: Sequence[Step]) -> Step:
    """What several steps did, as one."""

    def codes(word: str) -> tuple[str, ...]:
        return tuple(sorted({code for step in steps for code in getattr(step, word)}))

    return Step({"op": "file"}, codes("created"), codes("changed"), codes("retired"), codes("noded"))

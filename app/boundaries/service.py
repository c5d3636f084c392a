"""Publishing a district's coverage as a new edition, and asking what was published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository
from app.boundaries.effective_dates import refuse_out_of_bounds
from app.boundaries.hierarchy import CoverageInput, units_of
from app.boundaries.lineage import lineage_rows
from app.boundaries.models import Edition
from app.db.copy import analyze
from app.errors import Conflict, NotFound
from app.i18n import Text
from gis.coverage import Defect, check
from gis.errors import CoverageError
from gis.geometry import representative_place

LEVEL_ZH = {"district": "区", "street": "镇街", "community": "社区", "grid": "网格"}


@dataclass(frozen=True)
class Published:
    """What an edition changed: grid codes, sorted."""

    edition: int
    effective_from: datetime
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    unchanged: int = 0
    units_written: int = 0
    # The edition that it was published on.
    previous: int | None = None

    @property
    def touched(self) -> bool:
        """Whether anything differs from the edition before."""
        return self.units_written > 0


def publish_coverage(
    session: Session,
    given: CoverageInput,
    *,
    author: str,
    note: str = "",
    effective_from: datetime | None = None,
) -> Published:
    """Publish the grids of one district; other districts stay as they are.

    Only what differs is written. The coverage is checked here once more, together with the neighbouring districts,
    so that nothing unclean can be published by any road.
    """
    before, number, instant = begin_edition(session, effective_from)
    units = units_of(given)
    old = repository.units_in(session, before.number) if before else pd.DataFrame()
    others = old[old["district_code"] != given.district_code] if len(old) else old
    own = old[old["district_code"] == given.district_code] if len(old) else old
    _refuse_taken(units, others)
    _refuse_unclean(units, others)

    closing, adding = _difference(own, units)
    old_grids, new_grids = own[own["level"] == "grid"] if len(own) else own, units[units["level"] == "grid"]
    old_codes = set(old_grids["code"]) if len(old_grids) else set()
    new_codes = set(new_grids["code"])
    touched = set(adding.loc[adding["level"] == "grid", "code"])
    repository.close_versions(session, closing, before=number)
    repository.add_versions(
        session, adding, edition=number, district=given.district_code, scheme=given.code_scheme
    )
    session.expire_all()
    present = repository.units_in(session, number)
    repository.add_edition(
        session,
        Edition(
            number=number,
            effective_from=instant,
            author=author,
            note=note,
            # An edition is synthetic while any district of it is.
            synthetic=bool(repository.synthetic_districts(session, number)),
            content_hash=content_hash(present),
            grids=int((present["level"] == "grid").sum()),
        ),
    )
    analyze(session, "unit_version")
    if before:
        repository.add_lineage(session, lineage_rows(old_grids, new_grids, edition=number))
    return Published(
        edition=number,
        effective_from=instant,
        added=tuple(sorted(new_codes - old_codes)),
        changed=tuple(sorted(touched & old_codes)),
        retired=tuple(sorted(old_codes - new_codes)),
        unchanged=len(new_codes - touched),
        units_written=len(closing) + len(adding),
        previous=before.number if before else None,
    )


def begin_edition(session: Session, effective_from: datetime | None) -> tuple[Edition | None, int, datetime]:
    """Wait for other publications to end; then the newest edition, the next number, and when that takes effect.

    Editions take effect in the order of their numbers. Without an instant "now" is meant, and never silently later.
    """
    repository.lock_publishing(session)
    before = repository.latest(session)
    instant = effective_instant(session, before, effective_from)
    return before, repository.next_number(session), instant


def effective_instant(session: Session, before: Edition | None, effective_from: datetime | None) -> datetime:
    """From when an edition after ``before`` takes effect.

    Raises
    ------
    Invalid
        ``effective-out-of-bounds``.
    Conflict
        ``scheduled-edition``: ``before`` is yet to come, and later. ``effective-too-early``: it is in force already.
    """
    begun = repository.database_now(session)
    instant = begun if effective_from is None else refuse_out_of_bounds(effective_from, begun)
    if before is None or instant >= before.effective_from:
        return instant
    if before.effective_from > repository.database_clock(session):
        raise _scheduled(before, effective_from)
    if effective_from is None:
        # Whoever waited for another publication began before that took effect.
        return before.effective_from
    raise Conflict(
        f"新版本的生效时间 {instant.isoformat()} 早于第 {before.number} 版的 {before.effective_from.isoformat()}",
        f"effective from {instant.isoformat()}, which is before edition {before.number} "
        f"({before.effective_from.isoformat()})",
        code="effective-too-early",
        field="effective_from",
    )


def _scheduled(before: Edition, effective_from: datetime | None) -> Conflict:
    wanted = Text("现在", "now") if effective_from is None else Text(*[effective_from.isoformat()] * 2)
    begins = before.effective_from.isoformat()
    return Conflict(
        f"第 {before.number} 版已排定于 {begins} 生效，新版本不能在它之前（{wanted.zh}）生效。"
        f"可撤回第 {before.number} 版（wangge grids withdraw {before.number} 或复核页“撤回”），"
        f"或把 effective_from 定在 {begins} 及以后",
        f"edition {before.number} is scheduled from {begins}; a new one cannot take effect before it ({wanted.en}). "
        f"Withdraw edition {before.number} (wangge grids withdraw {before.number}, or on the review page), "
        f"or set effective_from to {begins} or later",
        code="scheduled-edition",
        field="effective_from",
        scheduled={"edition": before.number, "effective_from": begins},
    )


def _difference(own: pd.DataFrame, units: pd.DataFrame) -> tuple[list[int], pd.DataFrame]:
    """Ids of versions to close and rows to add; byte-equal units are left alone."""
    if not len(own):
        return [], units
    keys = ["level", "code", "name", "kind", "parent_code", "path", "synthetic"]

    def signature(frame: pd.DataFrame) -> pd.Series:
        text = frame[keys].fillna("").astype(str).agg("\x1f".join, axis=1)
        wkb = pd.Series(shapely.to_wkb(frame["geometry"].to_numpy(), hex=True), index=frame.index)
        return text + "\x1f" + wkb

    was, will = signature(own), signature(units)
    closing = own.loc[~was.isin(set(will)), "id"].tolist()
    return [int(i) for i in closing], units[~will.isin(set(was))]


def _refuse_taken(units: pd.DataFrame, others: pd.DataFrame) -> None:
    """Refuse codes that another district has: of one level, a code names one unit."""
    if not len(others):
        return
    taken = units.merge(others[["level", "code", "district_code"]], on=["level", "code"])
    defects = [
        Defect(
            "duplicate_code",
            "error",
            (str(row.code),),
            representative_place(row.geometry),
            detail_zh=f"编码 {row.code} 已由区 {row.district_code} 的{LEVEL_ZH[str(row.level)]}使用",
            detail_en=f"code {row.code} is that of a {row.level} of district {row.district_code} already",
        )
        for row in taken.itertuples(index=False)
    ]
    if defects:
        raise _not_clean(defects)


def _refuse_unclean(units: pd.DataFrame, others: pd.DataFrame) -> None:
    grids = units[units["level"] == "grid"]
    codes, shapes = grids["code"].to_numpy(), grids["geometry"].to_numpy()
    if len(others):
        neighbours = others[others["level"] == "grid"]
        tree = shapely.STRtree(shapes)
        near = np.unique(tree.query(neighbours["geometry"].to_numpy(), predicate="intersects")[0])
        neighbours = neighbours.iloc[near]
        codes = np.concatenate([codes, neighbours["code"].to_numpy()])
        shapes = np.concatenate([shapes, neighbours["geometry"].to_numpy()])
    errors = [defect for defect in check(codes.tolist(), shapes) if defect.severity == "error"]
    if len(others):
        # The neighbours that touch us may enclose one that does not: only what concerns our grids counts.
        own = set(grids["code"])
        errors = [defect for defect in errors if own & set(defect.codes)]
    if errors:
        raise _not_clean(errors)


def _not_clean(errors: list[Defect]) -> CoverageError:
    return CoverageError(
        f"覆盖有 {len(errors)} 处错误：{errors[0].detail_zh}",
        f"{len(errors)} errors in the coverage: {errors[0].detail_en}",
        defects=errors,
    )


def content_hash(units: pd.DataFrame) -> str:
    """A hash of everything an edition says, to notice if it was ever altered.

    ``units`` as from `repository.units_in`. SHA-256 over level, code, name, kind, parent, path and WKB, in order of
    level and code.
    """
    digest = hashlib.sha256()
    ordered = units.sort_values(["level", "code"], kind="stable")
    for row in (
        ordered[["level", "code", "name", "kind", "parent_code", "path"]].fillna("").itertuples(index=False)
    ):
        digest.update("\x1f".join(map(str, row)).encode() + b"\x1e")
    for wkb in shapely.to_wkb(ordered["geometry"].to_numpy(), byte_order=1):
        digest.update(wkb)
    return digest.hexdigest()


def edition_in_force(session: Session, instant: datetime | None = None) -> int:
    """The number of the edition in force at an instant; refuses when there is none."""
    number = repository.edition_at(session, instant)
    if number is None:
        raise NotFound(
            "还没有发布任何网格版本；可运行 wangge demo load 或 wangge grids import … --publish",
            "no edition is in force; run `wangge demo load` or `wangge grids import … --publish`",
            code="no-edition",
        )
    return number


def edition_asked_for(session: Session, number: int | None) -> int:
    """The edition with a number, which must be there, or the one in force."""
    if number is None:
        return edition_in_force(session)
    if not repository.has_edition(session, number):
        raise NotFound(f"没有第 {number} 版", f"there is no edition {number}", code="no-edition")
    return number

"""Importing components: every row is checked before anything is stored, then all go in with their owners at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries.owners import Owners, index_in_force, newer_edition, owners_of
from app.components import catalog, repository
from app.components.rules import (
    check_geometry_kinds,
    class_names,
    recognise_schemes,
    resolve_names,
    resolve_states,
)
from app.components.service import reassign_import
from app.db.copy import analyze
from app.errors import Conflict
from app.jobs import service as jobs
from app.jobs.service import Again, ImportReport, SourceFile
from app.kit.columns import objects
from app.people.service import department_ids
from gis.errors import BadRow, InputRefused
from gis.geometry import snap

_LISTED = 1000


@dataclass(frozen=True)
class ComponentColumns:
    """Which columns of the file say what. One of ``class_code`` and ``class_column`` is needed."""

    class_code: str | None = None
    class_column: str | None = None
    code: str | None = None
    code_scheme: str | None = None
    name: str | None = None
    state: str | None = None
    department: str | None = None
    owner: str | None = None
    maintainer: str | None = None
    surveyed_on: str | None = None

    def used(self) -> set[str]:
        """Names of the columns that have a place of their own; the rest become attributes."""
        named = (self.class_column, self.code, self.name, self.state, self.department, self.owner)
        return {name for name in (*named, self.maintainer, self.surveyed_on) if name}


def import_components(
    session: Session,
    frame: gpd.GeoDataFrame,
    columns: ComponentColumns,
    source: SourceFile,
    *,
    actor: str,
    bad_rows: list[BadRow] | None = None,
    again: Again = Again.REFUSE,
    skip_bad: bool = False,
    advance: Callable[[int], object] | None = None,
) -> tuple[ImportReport, list[BadRow]]:
    """Store the rows of a frame (EPSG:4326, rows numbered from 1 in its order) as components.

    Raises InputRefused with every bad row unless ``skip_bad``; then those are left out and returned. Raises Conflict
    when the same file, or codes it brings, are stored already and ``again`` does not say what to do.
    """
    bad = list(bad_rows or [])
    if not len(frame):
        raise InputRefused("文件里没有数据行", "the file has no rows", code="empty")
    job = jobs.begin(session, "components", source, again=again, actor=actor)
    table = _columns_of(session, frame, columns, source, bad)
    if bad and not skip_bad:
        raise _refused(bad)
    rejected = {row.row - 1 for row in bad}
    keep = np.array([i not in rejected for i in range(len(frame))])
    table = table[keep]
    report = ImportReport(import_id=job.id, rows=len(frame), rejected=int((~keep).sum()))

    repository.owners_are_given(session)
    if again is Again.REPLACE:
        earlier = [i for i in _earlier(session, source) if i != job.id]
        report.removed = repository.remove_of_imports(session, earlier)
    loaded = index_in_force(session)
    shapes = snap(table["geometry"].to_numpy())
    owners = owners_of(loaded, shapes)
    _stage(session, table, shapes, owners, advance)
    if again is not Again.UPDATE:
        _refuse_present(session)
    report.stored, report.updated = repository.store_staged(
        session, import_id=job.id, edition=loaded.number, update=again is Again.UPDATE
    )
    report.edition = loaded.number
    _list_ownerless(report, table, shapes, owners)
    newer = newer_edition(session, loaded)
    if newer is not None:
        reassign_import(session, newer, job.id)
        report.edition, report.ownerless = newer.number, repository.count_ownerless(session, job.id)
        report.note(
            f"入库期间第 {newer.number} 版生效，归属已按它重算",
            f"edition {newer.number} came into force meanwhile; owners were computed anew with it",
        )
    analyze(session, "component", "component_share")
    jobs.finish(session, job, report)
    return report, sorted(bad, key=lambda row: row.row)


def _earlier(session: Session, source: SourceFile) -> list[int]:
    from app.jobs import repository as job_rows

    return list(job_rows.of_source(session, "components", source.name, source.sha256))


def _columns_of(
    session: Session,
    frame: gpd.GeoDataFrame,
    columns: ComponentColumns,
    source: SourceFile,
    bad: list[BadRow],
) -> pd.DataFrame:
    for name in columns.used():
        if name not in frame.columns:
            have = "、".join(map(str, frame.columns.drop(frame.geometry.name)))
            raise InputRefused(
                f"文件里没有列 {name}；有的列：{have}",
                f"no column {name}; the file has: {have}",
                code="missing-column",
            )
    known = catalog.classes(session)
    names = class_names(known)
    given = (
        frame[columns.class_column]
        if columns.class_column
        else pd.Series(columns.class_code, index=frame.index, dtype="string")
    )
    found = resolve_names(
        given.reset_index(drop=True),
        names,
        columns.class_column or "--class",
        noun_zh="部件类",
        noun_en="component class",
    )
    if columns.class_column is None and found.bad:
        raise InputRefused(
            f"没有部件类 {columns.class_code}",
            f"there is no component class {columns.class_code}",
            code="no-such-class",
        )
    already = {row.row for row in bad}
    bad += [row for row in found.bad if row.row not in already]
    shapes = np.asarray(frame.geometry.array, dtype=object)
    table = pd.DataFrame({"class_code": found.codes})
    table["geometry"] = shapes
    kinds = {item.code: item.geometry for item in known}
    already = {row.row for row in bad}
    bad += [row for row in check_geometry_kinds(found.codes, shapes, kinds) if row.row not in already]

    plain = frame.drop(columns=frame.geometry.name).reset_index(drop=True)
    if columns.code:
        table["code"] = plain[columns.code].astype("string").str.strip()
        bad += _bad_codes(table["code"], columns.code)
    else:
        # No codes in the file: the content of the file and the row make one that comes out the same again.
        width = len(str(len(plain)))
        table["code"] = [f"{source.sha256[:8]}-{i + 1:0{width}d}" for i in range(len(plain))]
    parts = recognise_schemes(table["code"], found.codes, given=columns.code_scheme)
    for part in ("scheme", "county", "major", "minor", "sequence"):
        table[f"code_{part}"] = objects(parts[part])
    for target, column in (
        ("name", columns.name),
        ("owner", columns.owner),
        ("maintainer", columns.maintainer),
    ):
        table[target] = objects(plain[column].astype("string")) if column else None
    if columns.state:
        states = resolve_states(plain[columns.state], columns.state)
        bad += states.bad
        table["state"] = states.codes
    else:
        table["state"] = "intact"
    table["surveyed_on"] = _dates(plain, columns.surveyed_on, bad)
    table["department_id"] = _departments(session, plain, columns.department, table["class_code"], known)
    table["attributes"] = _attributes(plain, columns.used())
    table["row"] = np.arange(1, len(table) + 1)
    return table


def _bad_codes(codes: pd.Series, column: str) -> list[BadRow]:
    blank = (codes.isna() | (codes == "")).to_numpy(dtype=bool)
    first = codes.drop_duplicates()
    first_row = pd.Series(first.index + 1, index=first.to_numpy())
    repeated = codes.duplicated(keep="first").to_numpy() & ~blank
    return [
        BadRow(int(i) + 1, column, "编码为空", "the code is empty", "") for i in np.flatnonzero(blank)
    ] + [
        BadRow(
            int(i) + 1,
            column,
            f"编码与第 {first_row[codes.iloc[i]]} 行重复",
            f"the code repeats that of row {first_row[codes.iloc[i]]}",
            str(codes.iloc[i]),
        )
        for i in np.flatnonzero(repeated)
    ]


def _dates(plain: pd.DataFrame, column: str | None, bad: list[BadRow]) -> Any:
    if not column:
        return None
    given = plain[column].astype("string").str.strip()
    parsed = pd.to_datetime(given, errors="coerce", format="mixed", yearfirst=True)
    wrong = (parsed.isna() & given.notna() & (given != "")).to_numpy()
    bad += [
        BadRow(
            int(i) + 1,
            column,
            "不是日期（应如 2026-11-21）",
            "not a date (expected like 2026-11-21)",
            str(given.iloc[i]),
        )
        for i in np.flatnonzero(wrong)
    ]
    return parsed.dt.date.astype(object).where(parsed.notna(), None)


def _departments(
    session: Session, plain: pd.DataFrame, column: str | None, class_codes: pd.Series, known: list[Any]
) -> np.ndarray:
    typical = class_codes.map({item.code: item.department_id for item in known})
    if column:
        named = plain[column].astype("string").str.strip()
        ids = department_ids(session, sorted(set(named.dropna()) - {""}))
        typical = named.map(ids).where(named.notna() & (named != ""), typical)
    return objects(typical.astype("Int64"))


def _attributes(plain: pd.DataFrame, used: set[str]) -> Any:
    rest = plain[[name for name in plain.columns if name not in used]]
    if not rest.shape[1]:
        return "{}"
    text = rest.to_json(orient="records", lines=True, force_ascii=False, date_format="iso")
    return text.rstrip("\n").split("\n")


def _stage(
    session: Session,
    table: pd.DataFrame,
    shapes: np.ndarray,
    owners: Owners,
    advance: Callable[[int], object] | None,
) -> None:
    rows = table["row"].to_numpy()
    repository.stage(
        session,
        {
            "code": table["code"].to_numpy(dtype=object),
            "code_scheme": table["code_scheme"].to_numpy(),
            "code_county": table["code_county"].to_numpy(),
            "code_major": table["code_major"].to_numpy(),
            "code_minor": table["code_minor"].to_numpy(),
            "code_sequence": table["code_sequence"].to_numpy(),
            "class_code": table["class_code"].to_numpy(),
            "name": table["name"].to_numpy(),
            "geom": shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True),
            "state": table["state"].to_numpy(),
            "department_id": table["department_id"].to_numpy(),
            "owner_name": table["owner"].to_numpy(),
            "maintainer_name": table["maintainer"].to_numpy(),
            "surveyed_on": table["surveyed_on"].to_numpy(),
            "attributes": table["attributes"].to_numpy(),
            "measure": repository.nullable(owners.measure),
            "grid_code": owners.codes,
            "grid_path": owners.paths,
            "paths": owners.all_paths,
            "outside_share": owners.outside_share,
            "row": rows,
        },
        advance=advance,
    )
    repository.stage_shares(
        session,
        {
            "row": rows[owners.share_row],
            "grid_code": owners.share_code,
            "grid_path": owners.share_path,
            "share": owners.share,
            "measure": owners.share_measure,
        },
    )


def _refuse_present(session: Session) -> None:
    present = repository.staged_codes_present(session, limit=_LISTED)
    if present:
        codes = "、".join(code for _, code in present[:10])
        more = "…" if len(present) > 10 else ""
        raise Conflict(
            f"{len(present)} 个编码已经存在：{codes}{more}。--update 更新它们",
            f"{len(present)} codes are stored already: {codes}{more}. --update writes over them",
            code="codes-present",
            rows=[{"row": row, "code": code} for row, code in present],
        )


def _list_ownerless(report: ImportReport, table: pd.DataFrame, shapes: np.ndarray, owners: Owners) -> None:
    outside = np.flatnonzero(pd.isna(pd.Series(owners.codes)).to_numpy())
    report.ownerless = len(outside)
    places = shapely.point_on_surface(shapes[outside[:_LISTED]])
    for i, place in zip(outside[:_LISTED], places, strict=True):
        report.ownerless_rows.append(
            {
                "row": int(table["row"].iloc[i]),
                "code": str(table["code"].iloc[i]),
                "place": [place.x, place.y],
            }
        )


def _refused(bad: list[BadRow]) -> InputRefused:
    count = len({row.row for row in bad})
    return InputRefused(
        f"{count} 行有问题，文件整体未导入；--skip-bad 可只导入其余各行",
        f"{count} rows are not acceptable, nothing was stored; --skip-bad stores the others",
        code="bad-rows",
        rows=tuple(sorted(bad, key=lambda row: (row.row, row.column))),
    )

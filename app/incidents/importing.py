"""Importing incidents of another system: checked as a whole, owned by the engine, stored in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries.owners import index_in_force, newer_edition, point_owners
from app.components.rules import resolve_names
from app.db.copy import analyze
from app.errors import Conflict
from app.incidents import catalog, repository
from app.incidents.rules import class_names, parse_times, resolve_states
from app.incidents.service import reassign_import
from app.jobs import repository as job_rows
from app.jobs import service as jobs
from app.jobs.service import Again, ImportReport, SourceFile
from app.kit.columns import objects
from gis.errors import BadRow, InputRefused
from gis.geometry import round_degrees

_LISTED = 1000


@dataclass(frozen=True)
class IncidentColumns:
    """Which columns of the file say what."""

    time: str | None = None
    class_column: str | None = None
    id: str | None = None
    state: str | None = None
    address: str | None = None
    description: str | None = None
    channel: str | None = None
    component: str | None = None
    # The source's own unit of each incident, to be compared with ours.
    compare: str | None = None
    # A register of the past says nothing about states: such incidents are history, not work.
    state_of_all: str = "closed"

    def used(self) -> set[str]:
        """Names of the columns that have a place of their own; the rest become attributes."""
        named = (
            self.time,
            self.class_column,
            self.id,
            self.state,
            self.address,
            self.description,
            self.channel,
        )
        return {name for name in (*named, self.component) if name}

    def needed(self) -> set[str]:
        """The columns that the file must have."""
        return self.used() | ({self.compare} if self.compare else set())


def import_incidents(
    session: Session,
    frame: gpd.GeoDataFrame,
    columns: IncidentColumns,
    source: SourceFile,
    *,
    zone: ZoneInfo,
    actor: str,
    source_name: str,
    bad_rows: list[BadRow] | None = None,
    again: Again = Again.REFUSE,
    skip_bad: bool = False,
    strict_classes: bool = False,
    advance: Callable[[int], object] | None = None,
) -> tuple[ImportReport, list[BadRow]]:
    """Store the rows of a frame of points (EPSG:4326, rows numbered from 1 in its order) as incidents.

    Classes that the catalogue does not know are registered as classes of this source, unless ``strict_classes``.
    Raises InputRefused with every bad row unless ``skip_bad``; Conflict when the same file or ids are stored already.
    """
    bad = list(bad_rows or [])
    if not len(frame):
        raise InputRefused("文件里没有数据行", "the file has no rows", code="empty")
    _refuse_missing(frame, columns)
    job = jobs.begin(session, "incidents", source, again=again, actor=actor)
    plain = frame.drop(columns=frame.geometry.name).reset_index(drop=True)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    bad += _not_points(shapes, bad)
    report = ImportReport(import_id=job.id, rows=len(frame))
    table = _table(session, plain, columns, zone, bad, report, source_name=source_name, strict=strict_classes)
    if bad and not skip_bad:
        raise _refused(bad)
    keep = np.ones(len(frame), dtype=bool)
    keep[[row.row - 1 for row in bad]] = False
    table, shapes = table[keep], shapes[keep]
    report.rejected = int((~keep).sum())

    repository.owners_are_given(session)
    if again is Again.REPLACE:
        earlier = [
            i for i in job_rows.of_source(session, "incidents", source.name, source.sha256) if i != job.id
        ]
        report.removed = repository.void_of_imports(session, earlier, actor=actor)
    loaded = index_in_force(session)
    lon, lat = round_degrees(shapely.get_x(shapes)), round_degrees(shapely.get_y(shapes))
    codes, paths = point_owners(loaded, lon, lat)
    points = shapely.set_srid(shapely.points(lon, lat), 4326)
    numbers = table["occurred_at"].dt.tz_convert(zone).dt.strftime("%Y%m%d")
    repository.stage(
        session,
        {
            "source": np.full(len(table), source_name, dtype=object),
            "source_id": objects(table["source_id"]),
            "class_code": objects(table["class_code"]),
            "state": table["state"].to_numpy(dtype=object),
            "origin": np.full(len(table), "complaint", dtype=object),
            "channel": objects(table["channel"]),
            "geom": shapely.to_wkb(points, hex=True, include_srid=True),
            "address": objects(table["address"]),
            "description": objects(table["description"]),
            "occurred_at": table["occurred_at"],
            "reported_at": table["occurred_at"],
            "component_code": objects(table["component"]),
            "department_id": objects(table["department_id"]),
            "grid_code": codes,
            "grid_path": paths,
            "attributes": table["attributes"].to_numpy(),
            "number": (numbers + f"-{job.id}-" + table["row"].astype(str).str.zfill(7)).to_numpy(),
            "row": table["row"].to_numpy(),
        },
        advance=advance,
    )
    if again is not Again.UPDATE:
        _refuse_present(session)
    report.stored, report.updated = repository.store_staged(
        session, import_id=job.id, edition=loaded.number, update=again is Again.UPDATE
    )
    repository.log_import(session, import_id=job.id, actor=actor)
    report.edition = loaded.number
    outside = np.flatnonzero(pd.isna(pd.Series(codes)).to_numpy())
    report.ownerless = len(outside)
    report.ownerless_rows = [
        {"row": int(table["row"].iloc[i]), "place": [float(lon[i]), float(lat[i])]} for i in outside[:_LISTED]
    ]
    newer = newer_edition(session, loaded)
    if newer is not None:
        reassign_import(session, newer, job.id, actor=actor)
        report.edition = newer.number
        report.note(
            f"入库期间第 {newer.number} 版生效，归属已按它重算",
            f"edition {newer.number} came into force meanwhile; owners were computed anew with it",
        )
    if columns.compare:
        report.agreement = agreement(codes, plain[columns.compare][keep])
    analyze(session, "incident", "incident_log")
    jobs.finish(session, job, report)
    return report, sorted(bad, key=lambda row: row.row)


def agreement(owners: np.ndarray, given: pd.Series) -> dict[str, Any]:
    """How often our owner is the unit that the source names; leading zeros, which spreadsheets drop, do not count."""

    def plain(values: Any) -> pd.Series:
        text = (
            pd.Series(values, dtype="object")
            .astype("string")
            .str.strip()
            .str.replace(r"\.0$", "", regex=True)
        )
        return text.str.lstrip("0").reset_index(drop=True)

    same = int((plain(owners) == plain(given.to_numpy())).fillna(False).sum())
    return {
        "column": str(given.name),
        "same": same,
        "of": len(given),
        "rate": round(same / max(len(given), 1), 5),
    }


def _refuse_missing(frame: gpd.GeoDataFrame, columns: IncidentColumns) -> None:
    for name in sorted(columns.needed()):
        if name not in frame.columns:
            have = "、".join(map(str, frame.columns.drop(frame.geometry.name)))
            raise InputRefused(
                f"文件里没有列 {name}；有的列：{have}",
                f"no column {name}; the file has: {have}",
                code="missing-column",
            )
    if columns.time is None:
        raise InputRefused(
            "请用 --time-column 指明发生时间的列",
            "name the column of the time with --time-column",
            code="no-time",
        )


def _not_points(shapes: np.ndarray, bad: list[BadRow]) -> list[BadRow]:
    known = {row.row for row in bad}
    wrong = (shapely.get_type_id(shapes) != 0) | shapely.is_empty(shapes)
    return [
        BadRow(int(i) + 1, "geometry", "事件的位置应为一个点", "the place of an incident is a point", "")
        for i in np.flatnonzero(wrong)
        if int(i) + 1 not in known
    ]


def _table(
    session: Session,
    plain: pd.DataFrame,
    columns: IncidentColumns,
    zone: ZoneInfo,
    bad: list[BadRow],
    report: ImportReport,
    *,
    source_name: str,
    strict: bool,
) -> pd.DataFrame:
    def text_of(name: str | None) -> Any:
        return (
            plain[name].astype("string").str.strip()
            if name
            else pd.Series(pd.NA, index=plain.index, dtype="string")
        )

    assert columns.time is not None  # noqa: S101 - refused before
    times, wrong = parse_times(plain[columns.time], zone, columns.time)
    bad += wrong
    table = pd.DataFrame({"occurred_at": times})
    table["class_code"] = _classes(
        session, plain, columns, bad, report, source_name=source_name, strict=strict
    )
    departments = {c.code: c.department_id for c in catalog.classes(session)}
    table["department_id"] = table["class_code"].map(departments).astype("Int64")
    table["source_id"] = text_of(columns.id)
    if columns.id:
        bad += _repeated(table["source_id"], columns.id)
    if columns.state:
        table["state"], wrong = resolve_states(plain[columns.state], columns.state)
        bad += wrong
    else:
        table["state"] = columns.state_of_all
    for target in ("address", "description", "channel", "component"):
        table[target] = text_of(getattr(columns, target))
    rest = plain[[name for name in plain.columns if name not in columns.used()]]
    lines = (
        rest.to_json(orient="records", lines=True, force_ascii=False, date_format="iso")
        .rstrip("\n")
        .split("\n")
    )
    table["attributes"] = lines if rest.shape[1] else "{}"
    table["row"] = np.arange(1, len(table) + 1)
    return table


def _classes(
    session: Session,
    plain: pd.DataFrame,
    columns: IncidentColumns,
    bad: list[BadRow],
    report: ImportReport,
    *,
    source_name: str,
    strict: bool,
) -> Any:
    if not columns.class_column:
        report.note("没有类别列：事件标为待分类", "no class column: the incidents wait for triage")
        return None
    column = columns.class_column
    found = resolve_names(
        plain[column], class_names(catalog.classes(session)), column, noun_zh="事件类", noun_en="event class"
    )
    if not found.bad:
        return found.codes
    blank = [row for row in found.bad if row.value == ""]
    unknown = sorted({row.value for row in found.bad if row.value != ""})
    if strict:
        bad += found.bad
        return found.codes
    made = catalog.add_local(session, unknown, source=source_name)
    if made:
        listed = "、".join(unknown[:8]) + ("…" if len(unknown) > 8 else "")
        report.note(
            f"{len(made)} 个类别不在目录里，已登记为来源自带类别：{listed}",
            f"{len(made)} classes are not in the catalogue and were registered as the source's own: {listed}",
        )
    if blank:
        report.note(
            f"{len(blank)} 行没有类别，标为待分类", f"{len(blank)} rows have no class and wait for triage"
        )
    text = plain[column].astype("string").str.strip()
    return pd.Series(found.codes, dtype="object").where(pd.notna(found.codes), objects(text.map(made)))


def _repeated(ids: pd.Series, column: str) -> list[BadRow]:
    blank = (ids.isna() | (ids == "")).to_numpy(dtype=bool)
    ids[blank] = pd.NA
    again = ids.duplicated(keep="first").to_numpy() & ~blank
    return [
        BadRow(int(i) + 1, column, "编号重复", "the id occurs twice", str(ids.iloc[i]))
        for i in np.flatnonzero(again)
    ]


def _refuse_present(session: Session) -> None:
    present = repository.staged_ids_present(session, limit=_LISTED)
    if present:
        ids = "、".join(str(i) for _, i in present[:10]) + ("…" if len(present) > 10 else "")
        raise Conflict(
            f"{len(present)} 个编号已经存在：{ids}。--update 更新它们",
            f"{len(present)} ids are stored already: {ids}. --update writes over them",
            code="ids-present",
            rows=[{"row": row, "id": value} for row, value in present],
        )


def _refused(bad: list[BadRow]) -> InputRefused:
    count = len({row.row for row in bad})
    return InputRefused(
        f"{count} 行有问题，文件整体未导入；--skip-bad 可只导入其余各行",
        f"{count} rows are not acceptable, nothing was stored; --skip-bad stores the others",
        code="bad-rows",
        rows=tuple(sorted(bad, key=lambda row: (row.row, row.column))),
    )

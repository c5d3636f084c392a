"""Importing incidents of another system: checked as a whole, owned by the engine, stored in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries.assignment import index_in_force, newer_edition
from app.components.rules import resolve_names, suggest_class
from app.db.bulk_table import bring_owners
from app.db.copy import analyze
from app.errors import Conflict
from app.imports import repository as job_rows
from app.imports import service as jobs
from app.imports.attributes import attributes
from app.imports.date_parsing import DateOrder
from app.imports.row_validation import found_columns, in_order, repeated, rows_to_keep, texts
from app.imports.service import ImportReport, OnConflict, SourceFile
from app.incidents import catalog, repository, states, storage
from app.incidents.import_times import TimeColumns, impossible_times, read_times
from app.incidents.ownership import Ownership, ended_at
from app.incidents.rules import class_names, resolve_states, sounds_sensitive
from app.incidents.service import reassign_import
from app.kit.clock import now
from app.kit.columns import objects
from gis.errors import BadRow, InputRefused
from gis.geometry import round_degrees
from gis.text import Text

_LISTED = 1000
_SUGGESTED = 200
# The fields of IncidentColumns that name columns.
COLUMN_FIELDS = (
    "time",
    "reported_at",
    "closed_at",
    "class_column",
    "id",
    "state",
    "address",
    "description",
    "channel",
    "component",
    "compare",
)


@dataclass(frozen=True)
class IncidentColumns:
    """Which columns of the file say what."""

    time: str | None = None
    reported_at: str | None = None
    closed_at: str | None = None
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
    state_of_all: str = states.CLOSED
    date_order: DateOrder | None = None

    def used(self) -> set[str]:
        """Names of the columns that have a place of their own; the rest become attributes."""
        named = (
            self.time,
            self.reported_at,
            self.closed_at,
            self.class_column,
            self.id,
            self.state,
            self.address,
            self.description,
            self.channel,
        )
        return {name for name in (*named, self.component) if name}


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
    notes: Sequence[Text] = (),
    again: OnConflict = OnConflict.REFUSE,
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
        raise InputRefused("文件里没有数据行", "the file has no rows", code="no-rows")
    columns = found_columns(columns, COLUMN_FIELDS, frame, file=source.name)
    if columns.time is None:
        raise InputRefused(
            "请用 --time-column 指明发生时间的列",
            "name the column of the time with --time-column",
            code="no-time",
        )
    if again is OnConflict.UPDATE and columns.id is None:
        raise InputRefused(
            "--update 按来源编号更新，请用 --id-column 指明编号列",
            "--update goes by the source's ids; name their column with --id-column",
            code="no-id",
        )
    job = jobs.begin(session, "incidents", source, again=again, actor=actor)
    plain = frame.drop(columns=frame.geometry.name).reset_index(drop=True)
    shapes = _points(np.asarray(frame.geometry.array, dtype=object), bad)
    report = ImportReport(import_id=job.id, rows=len(frame))
    report.pass_on(notes)
    table = _table(plain, columns, zone, bad)
    classes = _classes(session, plain, columns, bad, report, source_name=source_name, strict=strict_classes)
    keep = rows_to_keep(len(frame), bad, skip_bad=skip_bad)
    table["class_code"], table["department_id"] = classes
    table, shapes = table[keep], shapes[keep]
    report.rejected = int((~keep).sum())

    bring_owners(session)
    if again is OnConflict.REPLACE:
        earlier = [
            i for i in job_rows.of_source(session, "incidents", source.name, source.sha256) if i != job.id
        ]
        report.removed = storage.void_of_imports(session, earlier, actor=actor)
    loaded = index_in_force(session)
    lon, lat = round_degrees(shapely.get_x(shapes)), round_degrees(shapely.get_y(shapes))
    # After `loaded` was read: what comes into force from here on is asked for at the end.
    owners = Ownership(session, loaded).of(
        lon, lat, table["state"].isin(states.OPEN).to_numpy(), ended_at(table)
    )
    points = shapely.set_srid(shapely.points(lon, lat), 4326)
    numbers = table["occurred_at"].dt.tz_convert(zone).dt.strftime("%Y%m%d")
    storage.INCIDENTS.stage(
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
            "reported_at": table["reported_at"],
            "closed_at": table["closed_at"],
            "component_code": objects(table["component"]),
            "department_id": objects(table["department_id"]),
            "grid_code": owners.codes,
            "grid_path": owners.paths,
            "assigned_edition": owners.editions,
            "attributes": table["attributes"].to_numpy(),
            "number": (numbers + f"-{job.id}-" + table["row"].astype(str).str.zfill(7)).to_numpy(),
            "row": table["row"].to_numpy(),
        },
        advance=advance,
    )
    if again is not OnConflict.UPDATE:
        _refuse_present(session)
    report.stored, report.updated = storage.INCIDENTS.store(
        session, import_id=job.id, update=again is OnConflict.UPDATE
    )
    storage.log_import(session, import_id=job.id, actor=actor, updated=report.updated > 0)
    report.edition = loaded.number
    past = int((owners.editions < loaded.number).sum())
    if past:
        report.note(
            f"{past} 个已结事件结案时现行的是更早的版本，归属按那一版",
            f"{past} closed incidents ended under an earlier edition and belong to its grids",
        )
    outside = np.flatnonzero(pd.isna(pd.Series(owners.codes)).to_numpy())
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
        report.agreement = agreement(owners.codes, plain[columns.compare][keep])
    analyze(session, "incident", "incident_log")
    jobs.finish(session, job, report)
    return report, list(in_order(bad))


def agreement(owners: np.ndarray, given: pd.Series) -> jobs.Agreement:
    """How often our owner is the unit that the source names; leading zeros, which spreadsheets drop, do not count."""

    def plain(values: np.ndarray) -> pd.Series:
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


def _points(shapes: np.ndarray, bad: list[BadRow]) -> np.ndarray:
    """The places; a multipoint of one point is that point."""
    shapes = shapes.copy()
    single = (shapely.get_type_id(shapes) == 4) & (shapely.get_num_geometries(shapes) == 1)
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    wrong = (shapely.get_type_id(shapes) != 0) | shapely.is_empty(shapes)
    known = {row.row for row in bad}
    bad += [
        BadRow(
            int(i) + 1, "geometry", Text("事件的位置应为一个点", "the place of an incident is a point"), ""
        )
        for i in np.flatnonzero(wrong)
        if int(i) + 1 not in known
    ]
    return shapes


def _table(plain: pd.DataFrame, columns: IncidentColumns, zone: ZoneInfo, bad: list[BadRow]) -> pd.DataFrame:
    """The rows as they are to be stored, and into ``bad`` what is wrong with them."""
    assert columns.time is not None  # noqa: S101 - refused before
    named = TimeColumns(columns.time, columns.reported_at, columns.closed_at, columns.date_order)
    table, wrong = read_times(plain, named, zone)
    bad += wrong
    table["row"] = np.arange(1, len(plain) + 1)
    table["source_id"] = pd.Series(pd.NA, index=plain.index, dtype="string")
    if columns.id:
        table["source_id"], ruined = texts(plain, columns.id)
        bad += ruined
        bad += repeated(table["source_id"], columns.id, noun_zh="编号", noun_en="id")
    table["state"] = columns.state_of_all
    if columns.state:
        table["state"], wrong = resolve_states(texts(plain, columns.state)[0], columns.state)
        bad += wrong
    bad += impossible_times(table, plain, named, zone, now())
    for target in ("address", "description", "channel", "component"):
        name = getattr(columns, target)
        table[target] = texts(plain, name)[0] if name else pd.Series(pd.NA, index=plain.index, dtype="string")
    table["attributes"] = attributes(plain, columns.used())
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
) -> tuple[Any, Any]:
    """Class codes and departments of the rows. Names that the catalogue lacks become classes of this source."""
    known = repository.classes(session)
    nobody = np.full(len(plain), None, dtype=object)
    if not columns.class_column:
        report.note("没有类别列：事件标为待分类", "no class column: the incidents wait for triage")
        return nobody, nobody
    column = columns.class_column
    given, _ = texts(plain, column)
    names = class_names(known)
    found = resolve_names(given, names, column, noun_zh="事件类", noun_en="event class")
    codes = pd.Series(found.codes, dtype="object")
    if strict:
        bad += found.bad
    else:
        codes = _with_local(session, given, codes, bad, report, source_name=source_name, known=names)
    departments = codes.map({item.code: item.department_id for item in known})
    return objects(codes), objects(departments.astype("Int64"))


def _with_local(
    session: Session,
    given: pd.Series,
    codes: pd.Series,
    bad: list[BadRow],
    report: ImportReport,
    *,
    source_name: str,
    known: Mapping[str, str],
) -> pd.Series:
    rejected = {row.row - 1 for row in bad}
    wanted = codes.isna() & given.notna() & ~pd.Series(given.index.isin(rejected), index=given.index)
    # One class however it is capitalised; the spelling that comes first names it.
    spellings = given[wanted].drop_duplicates()
    unknown = spellings[~spellings.str.casefold().duplicated()]
    made = catalog.add_local(session, unknown.tolist(), source=source_name)
    _note_near(report, sorted(made), known)
    if made:
        listed = "、".join(sorted(made)[:8]) + ("…" if len(made) > 8 else "")
        report.note(
            f"{len(made)} 个类别不在目录里，已登记为来源自带类别：{listed}",
            f"{len(made)} classes are not in the catalogue and were registered as the source's own: {listed}",
        )
    sensitive = sorted(name for name in made if sounds_sensitive(name))
    if sensitive:
        listed = "、".join(sensitive[:8]) + ("…" if len(sensitive) > 8 else "")
        report.note(
            f"{len(sensitive)} 个来源自带类别按名称标为敏感，只计数、只对经办人员列出：{listed}",
            f"{len(sensitive)} of them are taken for sensitive by their names, so they are counted and listed only for "
            f"those who act on them: {listed}",
        )
    blank = int(given.isna().sum())
    if blank:
        report.note(f"{blank} 行没有类别，标为待分类", f"{blank} rows have no class and wait for triage")
    by_name = {name.casefold(): code for name, code in made.items()}
    return codes.where(codes.notna(), given.str.casefold().map(by_name).astype("object"))


def _note_near(report: ImportReport, made: list[str], known: Mapping[str, str]) -> None:
    """Say which new classes may be a slip of the pen for one of the catalogue."""
    near = [(name, suggest_class(name, known)) for name in made[:_SUGGESTED]]
    near = [(name, words) for name, words in near if words.zh]
    if near:
        zh = "".join(f"\n  {name}{words.zh}" for name, words in near[:8])
        en = "".join(f"\n  {name}{words.en}" for name, words in near[:8])
        report.note(
            f"{len(near)} 个新登记的类别与目录里的相近（--strict-classes 拒收目录外的类别）：{zh}",
            f"{len(near)} of the new classes are like some of the catalogue (--strict-classes refuses them):{en}",
        )


def _refuse_present(session: Session) -> None:
    count, present = storage.INCIDENTS.present(session, limit=_LISTED)
    if present:
        ids = "、".join(str(i) for _, i in present[:10]) + ("…" if count > 10 else "")
        raise Conflict(
            f"{count} 个编号已经存在：{ids}。--update 更新它们",
            f"{count} ids are stored already: {ids}. --update writes over them",
            code="ids-present",
            rows=[{"row": row, "id": value} for row, value in present],
        )

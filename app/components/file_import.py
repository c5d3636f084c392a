"""Importing components: every row is checked before anything is stored, then all go in with their owners at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries.assignment import Owners, index_in_force, newer_edition, owners_of
from app.components import repository, storage
from app.components.rules import (
    class_names,
    judge_shapes,
    recognise_schemes,
    resolve_names,
    resolve_states,
    suggest_class,
)
from app.components.service import reassign_import
from app.db.bulk_table import bring_owners
from app.db.copy import analyze
from app.errors import Conflict
from app.imports import repository as job_rows
from app.imports import service as jobs
from app.imports.attributes import attributes
from app.imports.date_parsing import DateOrder, parse_dates
from app.imports.row_validation import found_columns, in_order, repeated, rows_to_keep, texts
from app.imports.service import ImportReport, OnConflict, SourceFile
from app.kit.columns import objects
from app.people.service import department_ids
from gis.errors import BadRow, InputRefused
from gis.text import Text

_LISTED = 1000
# The fields of ComponentColumns that name columns.
COLUMN_FIELDS = (
    "class_column",
    "code",
    "name",
    "state",
    "department",
    "owner",
    "maintainer",
    "surveyed_on",
)


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
    date_order: DateOrder | None = None

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
    notes: Sequence[Text] = (),
    again: OnConflict = OnConflict.REFUSE,
    skip_bad: bool = False,
    advance: Callable[[int], object] | None = None,
) -> tuple[ImportReport, list[BadRow]]:
    """Store the rows of a frame (EPSG:4326, rows numbered from 1 in its order) as components.

    Raises InputRefused with every bad row unless ``skip_bad``; then those are left out and returned. Raises Conflict
    when the same file, or codes it brings, are stored already and ``again`` does not say what to do.
    """
    bad = list(bad_rows or [])
    if not len(frame):
        raise InputRefused("文件里没有数据行", "the file has no rows", code="no-rows")
    job = jobs.begin(session, "components", source, again=again, actor=actor)
    columns = found_columns(columns, COLUMN_FIELDS, frame, file=source.name)
    table = _table(session, frame, columns, source, bad)
    keep = rows_to_keep(len(frame), bad, skip_bad=skip_bad)
    table = table[keep]
    report = ImportReport(import_id=job.id, rows=len(frame), rejected=int((~keep).sum()))
    report.pass_on(notes)

    bring_owners(session)
    if again is OnConflict.REPLACE:
        earlier = [
            i for i in job_rows.of_source(session, "components", source.name, source.sha256) if i != job.id
        ]
        report.removed = storage.remove_of_imports(session, earlier)
    loaded = index_in_force(session)
    shapes = table["geometry"].to_numpy()
    owners = owners_of(loaded, shapes)
    _stage(session, table, shapes, owners, loaded.number, advance)
    if again is not OnConflict.UPDATE:
        _refuse_present(session)
    report.stored, report.updated = storage.store_staged(
        session, import_id=job.id, update=again is OnConflict.UPDATE
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
    return report, list(in_order(bad))


def _table(
    session: Session,
    frame: gpd.GeoDataFrame,
    columns: ComponentColumns,
    source: SourceFile,
    bad: list[BadRow],
) -> pd.DataFrame:
    """The rows as they are to be stored, and into ``bad`` what is wrong with them; each is told its first fault only."""
    plain = frame.drop(columns=frame.geometry.name).reset_index(drop=True)
    known = repository.classes(session)
    classes = _classes(plain, columns, class_names(known), bad)
    table = pd.DataFrame({"class_code": classes, "row": np.arange(1, len(plain) + 1)})
    shapes = np.asarray(frame.geometry.array, dtype=object)
    judged = judge_shapes(classes, shapes, {item.code: item.geometry for item in known})
    table["geometry"] = judged.shapes
    _add(bad, judged.bad)
    table["code"] = _codes(plain, columns, source, bad)
    parts = recognise_schemes(table["code"], classes, given=columns.code_scheme)
    for part in ("scheme", "county", "major", "minor", "sequence"):
        table[f"code_{part}"] = objects(parts[part])
    for target, column in (
        ("name", columns.name),
        ("owner", columns.owner),
        ("maintainer", columns.maintainer),
    ):
        table[target] = objects(texts(plain, column)[0]) if column else None
    table["state"] = "intact"
    if columns.state:
        states = resolve_states(texts(plain, columns.state)[0], columns.state)
        _add(bad, states.bad)
        table["state"] = states.codes
    table["surveyed_on"] = None
    if columns.surveyed_on:
        days, wrong = parse_dates(plain[columns.surveyed_on], columns.surveyed_on, order=columns.date_order)
        _add(bad, wrong)
        table["surveyed_on"] = days
    table["department_id"] = _departments(session, plain, columns.department, table["class_code"], known)
    table["attributes"] = attributes(plain, columns.used())
    return table


def _add(bad: list[BadRow], more: list[BadRow]) -> None:
    already = {row.row for row in bad}
    bad += [row for row in more if row.row not in already]


def _classes(
    plain: pd.DataFrame, columns: ComponentColumns, names: dict[str, str], bad: list[BadRow]
) -> np.ndarray:
    nouns = {"noun_zh": "部件类", "noun_en": "component class"}
    if columns.class_column:
        given, _ = texts(plain, columns.class_column)
        found = resolve_names(given, names, columns.class_column, **nouns)
        _add(bad, found.bad)
        return found.codes
    one = resolve_names(pd.Series([columns.class_code], dtype="string"), names, "--class", **nouns)
    if one.bad:
        zh, en = suggest_class(columns.class_code or "", names)
        raise InputRefused(
            f"没有部件类 {columns.class_code}{zh or '；'}wangge components classes 列出全部",
            f"there is no component class {columns.class_code}{en or ';'} wangge components classes lists them",
            code="class-unknown",
        )
    return np.full(len(plain), one.codes[0], dtype=object)


def _codes(
    plain: pd.DataFrame, columns: ComponentColumns, source: SourceFile, bad: list[BadRow]
) -> pd.Series:
    if not columns.code:
        # No codes in the file: the content of the file and the row make one that comes out the same again.
        width = len(str(len(plain)))
        return pd.Series(
            [f"{source.sha256[:8]}-{i + 1:0{width}d}" for i in range(len(plain))], dtype="string"
        )
    codes, ruined = texts(plain, columns.code)
    _add(bad, ruined)
    _add(
        bad,
        [
            BadRow(int(i) + 1, columns.code, Text("编码为空", "the code is empty"), "")
            for i in np.flatnonzero(codes.isna())
        ],
    )
    _add(bad, repeated(codes, columns.code, noun_zh="编码", noun_en="code"))
    return codes


def _departments(
    session: Session, plain: pd.DataFrame, column: str | None, class_codes: pd.Series, known: list[Any]
) -> np.ndarray:
    typical = class_codes.map({item.code: item.department_id for item in known}).astype("Int64")
    if column:
        named, _ = texts(plain, column)
        ids = department_ids(session, sorted(set(named.dropna())))
        typical = named.map(ids).astype("Int64").where(named.notna(), typical)
    return objects(typical)


def _stage(
    session: Session,
    table: pd.DataFrame,
    shapes: np.ndarray,
    owners: Owners,
    edition: int,
    advance: Callable[[int], object] | None,
) -> None:
    rows = table["row"].to_numpy()
    storage.COMPONENTS.stage(
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
            "measure": storage.nullable(owners.measure),
            "grid_code": owners.codes,
            "grid_path": owners.paths,
            "paths": owners.all_paths,
            "outside_share": owners.outside_share,
            "assigned_edition": np.full(len(table), edition),
            "row": rows,
        },
        advance=advance,
    )
    storage.stage_shares(
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
    count, present = storage.COMPONENTS.present(session, limit=_LISTED)
    if present:
        codes = "、".join(code for _, code in present[:10])
        more = "…" if count > 10 else ""
        raise Conflict(
            f"{count} 个编码已经存在：{codes}{more}。--update 更新它们",
            f"{count} codes are stored already: {codes}{more}. --update writes over them",
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

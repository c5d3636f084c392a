"""Invariants 5 and 6: assignments are derived, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.assignment import owners_of
from app.boundaries.edition_loader import LoadedEdition
from app.components import repository as component_rows
from app.incidents import repository as incident_rows
from app.incidents.ownership import Ownership, ended_at
from app.verify import repository
from app.verify.outcome import Findings, Outcome
from gis.text import Text

DERIVED = Text("归属可重算", "Assignments are derived")
# The trigger measures with PostGIS, the engine with another build of the same libraries: they agree to a millionth, or
# to a centimetre, or a square decimetre of something thin.
_RELATIVE, _ABSOLUTE = 1e-6, 1e-2


def derived_assignments(session: Session, loaded: LoadedEdition) -> Outcome:
    """Deleting all assignments and recomputing them would give the same rows."""
    found = Findings()
    components = 0
    wrong: list[str] = []
    shares_wrong: list[str] = []
    spoilt: list[str] = []
    for frame, stored_shares in component_rows.stored_assignments(session):
        components += len(frame)
        sound = _sound(frame["geometry"].to_numpy())
        spoilt += [str(i) for i in frame["id"].to_numpy()[~sound]]
        frame = frame[sound].reset_index(drop=True)
        stored_shares = stored_shares[stored_shares["component_id"].isin(frame["id"])]
        owners = owners_of(loaded, frame["geometry"].to_numpy())
        differs = _differ(frame["grid_code"], owners.codes) | _differ(frame["grid_path"], owners.paths)
        same_set = [
            set(a[1:-1].split(",")) == set(b[1:-1].split(","))
            for a, b in zip(frame["paths"], owners.all_paths, strict=True)
        ]
        differs |= ~np.array(same_set, dtype=bool)
        slack = _RELATIVE + _ABSOLUTE / np.nan_to_num(owners.measure, nan=1 / _RELATIVE).clip(min=1e-9)
        differs |= np.abs(frame["outside_share"].to_numpy(dtype=float) - owners.outside_share) > slack
        differs |= _apart(frame["measure"].to_numpy(dtype=float), owners.measure)
        wrong += [str(i) for i in frame["id"].to_numpy()[differs]]
        fresh = pd.DataFrame(
            {
                "component_id": frame["id"].to_numpy()[owners.share_row],
                "grid_code": owners.share_code,
                "fresh": owners.share,
                "fresh_measure": owners.share_measure,
                "slack": slack[owners.share_row],
            }
        )
        both = stored_shares.merge(fresh, on=["component_id", "grid_code"], how="outer")
        off = both[
            ~((both["share"] - both["fresh"]).abs() <= both["slack"])
            | _apart(both["measure"].to_numpy(dtype=float), both["fresh_measure"].to_numpy(dtype=float))
        ]
        shares_wrong += [f"{row.component_id}/{row.grid_code}" for row in off.itertuples()]
    waiting = [str(number) for number in boundary_rows.unsettled(session)]
    found.some(
        waiting,
        "已生效但归属尚未改派的版本（启动服务或再发布一次即改派）",
        "editions in force whose owners nobody moved yet (the service does when it runs)",
    )
    found.some(
        repository.missing_triggers(session, repository.OWNERS),
        "不再给新行归属的表",
        "tables that give new rows no owner",
    )
    found.some(spoilt, "图形无效的部件", "components whose geometry is not valid")
    found.some(wrong, "归属与重算不同的部件", "components whose owner differs when recomputed")
    found.some(shares_wrong, "占比与重算不同", "shares that differ when recomputed")
    incidents, incidents_wrong = _incidents(session, loaded)
    found.some(incidents_wrong, "归属与重算不同的事件", "incidents whose owner differs when recomputed")
    found.some(
        incident_rows.owners_unknown_in_their_edition(session),
        "事件所属的网格在其所记版本中不存在",
        "grids that own incidents in an edition that does not have them",
    )
    placeless = incident_rows.count_placeless_with_owner(session)
    found.add_if(
        placeless > 0,
        f"{placeless} 个无位置的事件却有归属",
        f"{placeless} incidents without place have an owner",
    )
    looked = Text(
        f"重算 {components} 个部件、{incidents} 个事件",
        f"{components} components, {incidents} incidents recomputed",
    )
    return found.outcome(5, DERIVED, looked)


def _sound(shapes: np.ndarray) -> np.ndarray:
    """Which shapes can have an owner: valid points, lines and areas on Earth."""
    kinds = np.isin(shapely.get_type_id(shapes), (0, 1, 3, 5, 6))
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        on_earth = (np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1)
    return np.asarray(kinds & on_earth & shapely.is_valid(shapes))


def _apart(stored: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Where two columns of metres or square metres differ; both may be missing."""
    close = np.abs(stored - fresh) <= _ABSOLUTE + _RELATIVE * np.abs(fresh)
    return np.asarray(~(close | (np.isnan(stored) & np.isnan(fresh))))


def _differ(stored: pd.Series, fresh: np.ndarray) -> np.ndarray:
    """Where two columns of texts differ; None and NaN both mean "nobody"."""
    ours = pd.Series(fresh, dtype=object).fillna("").to_numpy(dtype=object)
    return np.asarray(stored.fillna("").to_numpy(dtype=object) != ours)


def _incidents(session: Session, loaded: LoadedEdition) -> tuple[int, list[str]]:
    """How many incidents were recomputed with the edition that decides, and whose owner differs."""
    ownership = Ownership(session, loaded)
    count, wrong = 0, []
    for frame in incident_rows.stored_assignments(session):
        count += len(frame)
        lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
        void = frame["is_void"].to_numpy(dtype=bool)
        stored = frame["assigned_edition"].fillna(0).to_numpy(dtype=np.int64)
        owners = ownership.of(lon, lat, frame["is_open"].to_numpy(dtype=bool), ended_at(frame))
        codes, paths = owners.codes, owners.paths
        # Void ones keep the owner that they had.
        codes[void], paths[void] = ownership.in_editions(lon[void], lat[void], stored[void])
        differs = _differ(frame["grid_code"], codes) | _differ(frame["grid_path"], paths)
        wrong += [str(i) for i in frame["id"].to_numpy()[differs]]
    return count, wrong


def nothing_lost(session: Session) -> Outcome:
    """Logs can only grow, and the state of every incident is the one its log ends with."""
    found = Findings()
    found.some(
        repository.missing_triggers(session, repository.LOGS),
        "缺少只增保护的日志",
        "logs without their guard",
    )
    found.some(
        repository.missing_triggers(session, repository.FOUR_EYES),
        "缺少他人审核保护的表",
        "tables without the guard of four eyes",
    )
    found.some(
        repository.forbidden_grants(session, repository.LOGS), "服务账号可改动", "the service could change"
    )
    checks: tuple[tuple[Callable[[Session], list[str]], str, str], ...] = (
        (repository.incidents_without_log, "没有日志的事件", "incidents without any log"),
        (
            repository.incidents_against_log,
            "状态与日志不符的事件",
            "incidents whose state is not their log's",
        ),
        (repository.drafts_against_log, "状态与日志不符的草案", "drafts whose state is not their log's"),
        (
            repository.drafts_with_two_eyes,
            "由本人批准的草案",
            "drafts approved by whoever made them",
        ),
    )
    for query, zh, en in checks:
        found.some(query(session), zh, en)
    logs = repository.seen(session, "incident_log")
    steps = repository.seen(session, "draft_log")
    looked = Text(
        f"{logs} 条事件日志、{steps} 条草案日志与只增保护",
        f"{logs} entries in logs of incidents, {steps} in logs of drafts, and their guards",
    )
    return found.outcome(6, Text("不丢失", "Nothing is lost"), looked)

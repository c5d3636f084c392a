"""From the invented frames to rows: components, incidents, teams, each with its owner from the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries.assignment import owners_of
from app.boundaries.edition_cache import LoadedEdition
from app.components import storage as component_storage
from app.db.bulk_table import bring_owners
from app.db.ltree import path
from app.incidents import states
from app.incidents import storage as incident_storage
from app.incidents.ownership import Ownership, ended_at
from app.people import storage as people_storage
from app.people.service import department_ids

Advance = Callable[[int], object]

# Incidents are brought in slices, so that a full load stays within a few gigabytes.
_SLICE = 500_000


def store_components(
    session: Session, frame: gpd.GeoDataFrame, loaded: LoadedEdition, *, import_id: int, advance: Advance
) -> int:
    """Store invented components with their owners and shares. Returns how many."""
    shapes = frame.geometry.to_numpy()
    owners = owners_of(loaded, shapes)
    rows = np.arange(1, len(frame) + 1)
    bring_owners(session)
    component_storage.COMPONENTS.stage(
        session,
        {
            "code": frame["code"].to_numpy(dtype=object),
            "code_scheme": frame["code_scheme"].to_numpy(dtype=object),
            "code_county": frame["code_county"].to_numpy(dtype=object),
            "code_major": frame["code_major"].to_numpy(dtype=object),
            "code_minor": frame["code_minor"].to_numpy(dtype=object),
            "code_sequence": frame["code_sequence"].to_numpy(dtype=object),
            "class_code": frame["class_code"].to_numpy(dtype=object),
            "name": frame["name"].to_numpy(dtype=object),
            "geom": shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True),
            "state": frame["state"].to_numpy(dtype=object),
            "department_id": _departments(session, frame["department"]),
            "owner_name": frame["owner_name"].to_numpy(dtype=object),
            "maintainer_name": frame["maintainer_name"].to_numpy(dtype=object),
            "surveyed_on": frame["surveyed_on"].to_numpy().astype("datetime64[D]"),
            "source": frame["source"].to_numpy(dtype=object),
            "attributes": _attributes(frame),
            "measure": component_storage.nullable(owners.measure),
            "grid_code": owners.codes,
            "grid_path": owners.paths,
            "paths": owners.all_paths,
            "outside_share": owners.outside_share,
            "assigned_edition": np.full(len(frame), loaded.number),
            "row": rows,
        },
        advance=advance,
    )
    component_storage.stage_shares(
        session,
        {
            "row": rows[owners.share_row],
            "grid_code": owners.share_code,
            "grid_path": owners.share_path,
            "share": owners.share,
            "measure": owners.share_measure,
        },
    )
    stored, _ = component_storage.store_staged(session, import_id=import_id, update=False)
    return stored


def _attributes(frame: gpd.GeoDataFrame) -> np.ndarray:
    """JSON of each component: what it is labelled with, and when it changed if it did."""
    notes = frame["attributes"].to_numpy(dtype=object)
    labelled = {note: json.dumps({"synthetic": True, **json.loads(note)}) for note in set(notes)}
    texts = np.array([labelled[note] for note in notes], dtype=object)
    changed = np.flatnonzero(frame["changed_on"].notna().to_numpy())
    days = np.datetime_as_string(frame["changed_on"].to_numpy()[changed].astype("datetime64[D]"))
    for at, day in zip(changed.tolist(), days.tolist(), strict=True):
        texts[at] = json.dumps({**json.loads(texts[at]), "changed_on": day})
    return texts


def _texts(column: pd.Series) -> np.ndarray:
    """Texts, None where missing."""
    return column.astype(object).where(column.notna(), None).to_numpy(dtype=object)


def _departments(session: Session, names: pd.Series) -> np.ndarray:
    """Ids of departments, None where there is none."""
    texts = _texts(names)
    known = department_ids(session, sorted({name for name in texts if name}))
    return np.array([known.get(name) for name in texts], dtype=object)


def store_incidents(
    session: Session,
    frame: pd.DataFrame,
    loaded: LoadedEdition,
    *,
    import_id: int,
    district: str,
    earlier: int,
    advance: Advance,
) -> int:
    """Store invented incidents with their owners. Returns how many.

    ``earlier`` incidents of former loads of the district are there: they are written over one by one, since incidents
    are never deleted, and the others get numbers that no former one has.
    """
    known = department_ids(session, sorted(set(frame["department"].unique().tolist())))
    ownership = Ownership(session, loaded)
    bring_owners(session)
    renumbered = f"-{import_id}" if earlier else ""
    over = min(earlier, len(frame))
    if over:
        part = frame.iloc[:over]
        columns = _incident_columns(part, ownership, known, district=district, first=0, suffix=renumbered)
        columns["row"] = np.arange(1, over + 1)
        incident_storage.INCIDENTS.stage(session, columns, advance=advance)
        incident_storage.INCIDENTS.store(session, import_id=import_id, update=True)
    for start in range(over, len(frame), _SLICE):
        part = frame.iloc[start : start + _SLICE]
        columns = _incident_columns(part, ownership, known, district=district, first=start, suffix=renumbered)
        columns["import_id"] = np.full(len(part), import_id)
        incident_storage.INCIDENTS.copy(session, columns, advance=advance)
    return len(frame)


def _incident_columns(
    frame: pd.DataFrame,
    ownership: Ownership,
    departments: dict[str, int],
    *,
    district: str,
    first: int,
    suffix: str,
) -> dict[str, object]:
    lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
    owners = ownership.of(lon, lat, frame["state"].isin(states.OPEN).to_numpy(), ended_at(frame))
    points = shapely.set_srid(shapely.points(lon, lat), 4326)
    return {
        "number": frame["number"] + suffix,
        "source": frame["source"],
        "source_id": np.array([f"{district}-{at}" for at in range(first, first + len(frame))], dtype=object),
        "class_code": frame["class_code"],
        "state": frame["state"],
        "origin": frame["origin"],
        "channel": frame["channel"],
        "geom": shapely.to_wkb(points, hex=True, include_srid=True),
        "address": frame["address"],
        "description": frame["description"],
        "occurred_at": frame["occurred_at"],
        "reported_at": frame["reported_at"],
        "due_at": frame["due_at"],
        "closed_at": frame["closed_at"],
        "department_id": frame["department"].map(departments).to_numpy(dtype=np.int64),
        "component_code": frame["component_code"],
        "grid_code": owners.codes,
        "grid_path": owners.paths,
        "assigned_edition": owners.editions,
        "attributes": np.full(len(frame), '{"synthetic": true}', dtype=object),
    }


def store_people(
    session: Session,
    people: pd.DataFrame,
    counts: pd.DataFrame,
    loaded: LoadedEdition,
    *,
    district: str,
    until: datetime,
) -> int:
    """Store invented teams and counts. Returns the members of teams."""
    grid_path = dict(zip(loaded.index.codes, loaded.paths.tolist(), strict=True))
    paths = np.array([grid_path[code] for code in people["grid_code"]], dtype=object)
    # A professional worker belongs to the street; the others to their grid.
    at_street = (people["role"] == "professional").to_numpy()
    units = np.array(
        [one.rsplit(".", 2)[0] if street else one for one, street in zip(paths, at_street, strict=True)],
        dtype=object,
    )
    members = people_storage.replace_teams(
        session,
        path([district]),
        {
            "staff_code": people["staff_code"].to_numpy(dtype=object),
            "name": people["name"].to_numpy(dtype=object),
            "phone": people["phone"].to_numpy(dtype=object),
            "department_id": _departments(session, people["department"]),
            "unit_path": units,
            "grid_code": people["grid_code"].to_numpy(dtype=object),
            "grid_path": paths,
            "role": people["role"].to_numpy(dtype=object),
            "subject": _texts(people["subject"]),
            "since": np.full(len(people), date(until.year - 1, 1, 1), dtype=object),
        },
    )
    people_storage.replace_counts(
        session,
        path([district]),
        {
            "grid_code": counts["grid_code"].to_numpy(dtype=object),
            "grid_path": np.array([grid_path[code] for code in counts["grid_code"]], dtype=object),
            "kind": counts["kind"].to_numpy(dtype=object),
            "count": counts["count"].to_numpy(dtype=np.int64),
            "sensitive": counts["sensitive"].to_numpy(dtype=bool),
            "counted_on": np.full(len(counts), date(until.year, until.month, 1), dtype=object),
            "attributes": np.full(len(counts), '{"synthetic": true}', dtype=object),
        },
    )
    return members

"""Owners for many shapes at once, ready to be stored: codes, paths and shares from the index of an edition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository
from app.boundaries.edition_loader import LoadedEdition, Scheduled, load_edition, scheduled_edition
from app.boundaries.index_store import IndexStore
from app.boundaries.service import edition_in_force
from app.db import locks
from app.db.ltree import OUTSIDE
from gis.locate import GridIndex
from gis.measures import geodesic_area_m2, geodesic_length_m
from gis.shares import shares


def index_in_force(
    session: Session, *, at: datetime | None = None, store: IndexStore | None = None
) -> LoadedEdition:
    """The edition in force, now or at an instant, with its index; from a store it is there in milliseconds."""
    return load_edition(session, scheduled_edition(session, edition_in_force(session, at)), store=store)


def part_of(session: Session, scheduled: Scheduled, boxes: np.ndarray) -> LoadedEdition:
    """The grids of an edition that meet some boxes: enough to tell the owner of whatever lies wholly in one of them.

    For the owners of a few grids' worth of things no index of a whole district has to be built.
    """
    grids = repository.grids_meeting(session, scheduled.number, boxes)
    index = GridIndex.build(
        grids["code"].tolist(), grids["geometry"].to_numpy(), edition=scheduled.number, gaps="allow"
    )
    return LoadedEdition(
        scheduled=scheduled, index=index, descriptions=(), paths=grids["path"].to_numpy(dtype=object)
    )


def newer_edition(session: Session, loaded: LoadedEdition) -> LoadedEdition | None:
    """The edition that has come into force since ``loaded`` was read, if one has; until the commit, none other does.

    A long import asks this last, after its rows are stored: a publication in between did not see them.
    """
    locks.hold(session, locks.OWNERS, shared=True)
    number = repository.edition_this_instant(session)
    if number is None or number == loaded.number:
        return None
    return load_edition(session, scheduled_edition(session, number))


@dataclass(frozen=True)
class Owners:
    """Columns of as many rows as shapes were given, and the shares of lines and areas.

    ``codes`` holds None and ``paths`` ``outside`` where nobody owns the place. ``share_row`` indexes the shapes.
    """

    codes: np.ndarray
    paths: np.ndarray
    all_paths: np.ndarray
    outside_share: np.ndarray
    measure: np.ndarray
    share_row: np.ndarray
    share_code: np.ndarray
    share_path: np.ndarray
    share: np.ndarray
    share_measure: np.ndarray


def point_owners(loaded: LoadedEdition, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes (None outside) and paths of the owners of points."""
    owners = loaded.index.locate(lon, lat)
    codes = np.array([*loaded.index.codes, None], dtype=object)[owners]
    paths = np.append(loaded.paths, OUTSIDE)[owners]
    return codes, paths


def owners_of(loaded: LoadedEdition, shapes: np.ndarray) -> Owners:
    """Owners of points, lines and areas together."""
    index: GridIndex = loaded.index
    count = len(shapes)
    dimension = shapely.get_dimensions(shapes)
    codes = np.full(count, None, dtype=object)
    paths = np.full(count, OUTSIDE, dtype=object)
    outside = np.zeros(count)
    measure = np.full(count, np.nan)
    points = np.flatnonzero(dimension == 0)
    if len(points):
        codes[points], paths[points] = point_owners(
            loaded, shapely.get_x(shapes[points]), shapely.get_y(shapes[points])
        )
        outside[points] = (paths[points] == OUTSIDE).astype(float)
    all_paths = np.array([f"{{{path}}}" for path in paths], dtype=object)
    wide = np.flatnonzero(dimension > 0)
    if not len(wide):
        empty = np.empty(0, dtype=object)
        return Owners(
            codes,
            paths,
            all_paths,
            outside,
            measure,
            np.empty(0, np.int64),
            empty,
            empty,
            np.empty(0),
            np.empty(0),
        )
    found = shares(index, shapes[wide])
    names = np.array([*index.codes, None], dtype=object)
    routes = np.append(loaded.paths, OUTSIDE)
    codes[wide] = names[found.owners]
    paths[wide] = routes[found.owners]
    outside[wide] = found.outside
    measure[wide] = np.where(
        dimension[wide] == 1, geodesic_length_m(shapes[wide]), geodesic_area_m2(shapes[wide])
    )
    lists: dict[int, list[str]] = {}
    # The owner first, then the others by share: the list reads as a person would tell it.
    not_owner = found.grid != found.owners[found.geom_index]
    order = np.lexsort((found.grid, -found.share, not_owner, found.geom_index))
    for row, grid in zip(found.geom_index[order], found.grid[order], strict=True):
        lists.setdefault(int(row), []).append(str(routes[grid]))
    for position, row in enumerate(wide):
        all_paths[row] = "{" + ",".join(lists.get(position, [OUTSIDE])) + "}"
    return Owners(
        codes,
        paths,
        all_paths,
        outside,
        measure,
        wide[found.geom_index],
        names[found.grid],
        routes[found.grid],
        found.share,
        found.measure,
    )

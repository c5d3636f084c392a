"""Whose an incident is: of the edition in force while it is open, of the one in force at its end once it is closed.

`occurred_at` never decides. The end of a closed incident is `closed_at`, and where that is unknown `reported_at`. The
first edition of a district stands for the time before it as well, so that a register of the past has owners. SQL has
the same rule for single rows: `record_edition` and `set_incident_owner`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.assignment import part_of, point_owners
from app.boundaries.edition_loader import LoadedEdition, load_edition, schedule_of
from app.db.ltree import OUTSIDE

# For so few places the grids around them are quicker than the index of the whole edition.
_FEW = 200


class Owners(NamedTuple):
    """Columns: codes (None where nobody owns the place), paths (``outside`` then), and the edition that says so."""

    codes: np.ndarray
    paths: np.ndarray
    editions: np.ndarray


def ended_at(rows: pd.DataFrame) -> pd.Series:
    """The instants that decide over closed incidents: `closed_at`, else `reported_at`; UTC."""
    return rows["closed_at"].fillna(rows["reported_at"])


class Ownership:
    """Owners of incidents by the editions of their time; each edition is read once.

    Parameters
    ----------
    in_force : LoadedEdition
        The edition in force now; later ones decide nothing.
    """

    def __init__(self, session: Session, in_force: LoadedEdition) -> None:
        self._session = session
        self._in_force = in_force
        until = in_force.number
        self._schedule = {each.number: each for each in schedule_of(session) if each.number <= until}
        self._numbers = np.array(list(self._schedule), dtype=np.int64)
        self._since = np.array(
            [pd.Timestamp(each.effective_from).to_datetime64() for each in self._schedule.values()],
            dtype="datetime64[us]",
        )
        self._districts = boundary_rows.first_editions_of_districts(session, until=until)
        self._loaded = {in_force.number: in_force}

    def of(self, lon: np.ndarray, lat: np.ndarray, is_open: np.ndarray, ended: pd.Series) -> Owners:
        """Owners of incidents, in their order.

        Parameters
        ----------
        lon, lat : array of float, shape (n,)
            EPSG:4326, degrees.
        is_open : array of bool, shape (n,)
        ended : Series of instants, shape (n,)
            Looked at where an incident is not open (`ended_at`).
        """
        editions = np.where(is_open, self._in_force.number, self._in_force_at(ended))
        codes, paths = self.in_editions(lon, lat, editions)
        waiting = ~is_open & (paths == OUTSIDE)
        for district, number in self._districts:
            rows = np.flatnonzero(waiting & (editions < number))
            if not len(rows):
                continue
            found, ways = self._owners(number, lon[rows], lat[rows])
            own = np.array([way == district or way.startswith(f"{district}.") for way in ways], dtype=bool)
            codes[rows[own]], paths[rows[own]], editions[rows[own]] = found[own], ways[own], number
            waiting[rows[own]] = False
        return Owners(codes, paths, np.where(editions > 0, editions, self._numbers[0]))

    def in_editions(
        self, lon: np.ndarray, lat: np.ndarray, editions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Codes and paths of the owners in the given editions; nobody's where there is no edition of that number."""
        codes = np.full(len(lon), None, dtype=object)
        paths = np.full(len(lon), OUTSIDE, dtype=object)
        for number in self._numbers[np.isin(self._numbers, editions)].tolist():
            rows = np.flatnonzero(editions == number)
            codes[rows], paths[rows] = self._owners(number, lon[rows], lat[rows])
        return codes, paths

    def _in_force_at(self, instants: pd.Series) -> np.ndarray:
        """Numbers of the editions in force then; 0 before the first one."""
        times = pd.to_datetime(instants, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        return np.append(0, self._numbers)[np.searchsorted(self._since, times, side="right")]

    def _owners(self, number: int, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        loaded = self._loaded.get(number)
        if loaded is None and len(lon) <= _FEW:
            boxes = shapely.bounds(shapely.points(lon, lat)).reshape(-1, 4)
            loaded = part_of(self._session, self._schedule[number], boxes)
        elif loaded is None:
            loaded = self._loaded[number] = load_edition(self._session, self._schedule[number])
        return point_owners(loaded, lon, lat)

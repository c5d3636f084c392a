"""The answer to many places at once: owners in order, with names, levels and explanations where they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.boundaries.dependencies import refuse_nowhere
from app.boundaries.edition_cache import LoadedEdition
from app.boundaries.explanation import explain_no_owner, explain_owner, is_on_earth
from app.kit.unit_levels import DISSOLVED
from gis.crs import SourceCrs, to_wgs84
from gis.text import Language


def locate_batch(
    edition: LoadedEdition,
    points: list[tuple[float, float]],
    source: SourceCrs,
    *,
    names: bool = False,
    levels: bool = False,
    explain_in: Language | None = None,
) -> dict[str, object]:
    """Locate points and put the answer together (`app.boundaries.schemas.LocatedBatch`).

    Parameters
    ----------
    edition : LoadedEdition
    points : list of (lon, lat)
        In the CRS ``source``.
    source : SourceCrs
    names, levels : bool
        Whether ``units`` says what the owners are called, and which units they are part of.
    explain_in : {"zh", "en"}, optional
        The language of ``explanations``; none without it.
    """
    given = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    lon, lat = given[:, 0], given[:, 1]
    if points:
        lon, lat = to_wgs84(lon, lat, edition.index.settle_crs(source))
        on_earth = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        if not on_earth.any() and explain_in is None:
            # A place that is nowhere has no owner; when all of them are, it is the request that is wrong.
            refuse_nowhere(given[:, 0], given[:, 1], lon, lat, source)
    if explain_in is None:
        owners = edition.index.locate(lon, lat)
    else:
        owners, borders = edition.index.locate_detail(lon, lat)
    codes = [*edition.index.codes, None]
    answer: dict[str, object] = {"edition": edition.number, "owners": [codes[owner] for owner in owners]}
    if names or levels:
        # Each owner once: a hundred thousand points lie in a thousand grids.
        answer["units"] = {
            edition.index.codes[owner]: _units(edition.descriptions[owner], names=names, levels=levels)
            for owner in np.unique(owners[owners >= 0])
        }
    if explain_in is not None:
        answer["explanations"] = [
            _explained(
                edition,
                points[at],
                source,
                float(lon[at]),
                float(lat[at]),
                int(owner),
                bool(border),
                explain_in,
            )
            for at, (owner, border) in enumerate(zip(owners, borders, strict=True))
        ]
    return answer


def carried_columns(edition: LoadedEdition, *, names: bool, levels: bool) -> dict[str, list[str | None]]:
    """The columns of an Arrow answer beside ``grid_code``, one value for each grid in the order of the index."""
    columns: dict[str, list[str | None]] = {}
    if names:
        columns["grid_name"] = [each["grid"]["name"] for each in edition.descriptions]
    for level in DISSOLVED if levels else ():
        for member in ("code", "name") if names else ("code",):
            columns[f"{level}_{member}"] = [
                each[level][member] if each[level] else None for each in edition.descriptions
            ]
    return columns


def _units(description: dict[str, Any], *, names: bool, levels: bool) -> dict[str, object]:
    members = ("code", "name") if names else ("code",)
    units: dict[str, object] = {"grid": {member: description["grid"][member] for member in members}}
    for level in DISSOLVED if levels else ():
        if description[level]:
            units[level] = {member: description[level][member] for member in members}
    return units


def _explained(
    edition: LoadedEdition,
    point: tuple[float, float],
    source: SourceCrs,
    x: float,
    y: float,
    owner: int,
    on_boundary: bool,
    lang: Language,
) -> dict[str, object]:
    if owner >= 0:
        found = explain_owner(*point, edition.index.codes[owner], on_boundary=on_boundary)
    else:
        found = explain_no_owner(edition, *point, source, x=x, y=y)
    explained: dict[str, object] = {
        "reason": found.reason,
        "detail": found.detail.in_(lang),
        "place": [round(x, 7), round(y, 7)] if is_on_earth(x, y) else None,
        "on_boundary": on_boundary,
    }
    if found.excluded is not None:
        explained["excluded"] = {"reason": found.excluded}
    if found.exchanged_owner is not None:
        explained["exchanged_owner"] = found.exchanged_owner
    return explained

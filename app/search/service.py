"""One search for everything: a place, a unit's code or name, a component's code, an incident's number."""

from __future__ import annotations

import re

import numpy as np
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.boundaries import repository as boundary_rows
from app.boundaries.edition_cache import EditionCache
from app.boundaries.edition_choice import IN_FORCE, EditionChoice
from app.boundaries.service import edition_asked_for
from app.components import repository as component_rows
from app.db.ltree import code_of
from app.incidents import queries as incident_rows
from app.kit.crs import find_crs
from app.kit.unit_levels import LEVELS
from gis.crs import to_wgs84
from gis.errors import Refusal

_PLACE = re.compile(
    r"^\s*\(?\s*(-?\d+(?:\.\d+)?)\s*[,，\s]\s*(-?\d+(?:\.\d+)?)\s*\)?(?:\s+|\s*[@,，]\s*)?([A-Za-z][\w:]*)?\s*$"
)


def search(
    session: Session,
    editions: EditionCache,
    principal: Principal,
    words: str,
    choice: EditionChoice = IN_FORCE,
    *,
    limit: int,
) -> list[dict[str, object]]:
    """Results in the order in which a person would want them; what the asker may not see is not found."""
    words = words.strip()
    if not words:
        return []
    place = _place(editions, words, choice)
    if place:
        return [place]
    edition = (
        boundary_rows.edition_at(session, choice.instant)
        if choice.number is None
        else edition_asked_for(session, choice.number)
    )
    found: list[dict[str, object]] = []
    if edition:
        found += [
            _unit(session, row, edition)
            for row in boundary_rows.search_units(session, words, edition, limit=limit)
        ]
    if principal.known and len(found) < limit and len(words) >= 3:
        found += [
            {
                "kind": "component",
                "code": row.code,
                "name": row.name or row.class_zh,
                "context": [row.class_zh, row.grid_code or ""],
                "lon": row.lon,
                "lat": row.lat,
            }
            for row in component_rows.search(session, words, limit=limit - len(found))
        ]
    if principal.known and len(found) < limit and len(words) >= 3:
        rows = incident_rows.search(session, words, limit=limit - len(found))
        texts = incident_rows.texts_of(session, [row.id for row in rows if row.acted_on])
        found += [
            {
                "kind": "incident",
                "code": row.number,
                "name": row.class_zh or row.number,
                "context": [texts[row.id].address or "" if row.id in texts else "", row.grid_code or ""],
                "lon": row.lon,
                "lat": row.lat,
            }
            for row in rows
        ]
    return found


def _place(editions: EditionCache, words: str, choice: EditionChoice) -> dict[str, object] | None:
    match = _PLACE.match(words)
    if not match:
        return None
    try:
        lon, lat = to_wgs84(
            np.array([float(match[1])]), np.array([float(match[2])]), find_crs(match[3] or "wgs84")
        )
    except Refusal:
        return None
    x, y = float(lon[0]), float(lat[0])
    if not (-180 <= x <= 180 and -90 <= y <= 90):
        return None
    result: dict[str, object] = {
        "kind": "place",
        "code": f"{x:.7f},{y:.7f}",
        "name": words,
        "context": [],
        "lon": round(x, 7),
        "lat": round(y, 7),
    }
    number = editions.number_of(choice)
    if number is not None:
        loaded = editions.get(number)
        owner = int(loaded.index.locate(lon, lat)[0])
        if owner >= 0:
            said = loaded.descriptions[owner]
            result["context"] = [said[level]["name"] for level in LEVELS[1:] if said[level]]
    return result


def _unit(session: Session, row: boundary_rows.FoundUnit, edition: int) -> dict[str, object]:
    names = []
    for part in row.path.split(".")[1:-1]:
        above = boundary_rows.unit_by_code(session, code_of(part), edition)
        names.append(above.name if above else code_of(part))
    return {
        "kind": row.level,
        "code": row.code,
        "name": row.name,
        "context": names,
        "lon": round(row.lon, 7),
        "lat": round(row.lat, 7),
        "bbox": [row.west, row.south, row.east, row.north],
    }

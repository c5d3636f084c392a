"""Which district does a boundary file belong to?"""

from __future__ import annotations

import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository
from app.errors import Conflict


@dataclass(frozen=True)
class District:
    """A district by code and name; ``known`` when it has been published before."""

    code: str
    name: str
    known: bool


def choose_district(
    session: Session, grids: gpd.GeoDataFrame, *, given: str | None, file_stem: str
) -> District:
    """The district a file is for.

    A code that is given decides. Without one, the district whose land the file covers is meant; a file that meets no
    district makes a new one, named after itself; a file that meets several must say.
    """
    edition = repository.latest(session)
    known = repository.district_outlines(session, edition.number) if edition else None
    names = dict(zip(known["code"], known["name"], strict=True)) if known is not None else {}
    if given:
        return District(given, names.get(given, given), given in names)
    met: list[str] = []
    if known is not None and len(known):
        outline = shapely.union_all(shapely.envelope(np.asarray(grids.geometry.array, dtype=object)))
        shapes = known["geometry"].to_numpy()
        # A shared border is not common land: neighbours touch.
        met = [
            code
            for code, shape in zip(known["code"], shapes, strict=True)
            if shapely.area(shapely.intersection(shape, outline)) > 0.01 * min(shape.area, outline.area)
        ]
    if len(met) == 1:
        return District(met[0], names[met[0]], known=True)
    if met:
        raise Conflict(
            f"文件涉及多个区（{'、'.join(met)}），请用 --district 指明",
            f"the file covers several districts ({', '.join(met)}); say which with --district",
            code="several-districts",
        )
    code = re.sub(r"\W+", "-", file_stem).strip("-")[:40] or "district"
    return District(code, file_stem, code in names)

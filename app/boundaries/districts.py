"""Which district does a boundary file belong to?"""

from __future__ import annotations

import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
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

    A code that is given decides. Without one, the district whose land the file covers is meant; a file that shares land
    with no district makes a new one, named after itself; where neither is clear, the caller must say.
    """
    edition = repository.latest(session)
    known = repository.district_outlines(session, edition.number) if edition else None
    names = dict(zip(known["code"], known["name"], strict=True)) if known is not None else {}
    if given:
        return District(given, names.get(given, given), given in names)
    met = _land_shared(known, grids) if known is not None and len(known) else {}
    # A file is for the district that it mostly is, or that is mostly in it; neighbours that only touch are not met.
    clear = [code for code, share in met.items() if share > 0.5]
    if len(clear) == 1:
        return District(clear[0], names[clear[0]], known=True)
    if met:
        listed = "、".join(f"{code} {share:.0%}" for code, share in sorted(met.items()))
        raise Conflict(
            f"文件与已有的区重叠（{listed}），分不清是哪个区的边界，请用 --district 指明",
            f"the file overlaps districts that are there ({listed}); say which it is for with --district",
            code="several-districts",
        )
    code = re.sub(r"\W+", "-", file_stem).strip("-")[:40] or "district"
    return District(code, file_stem, code in names)


def _land_shared(known: pd.DataFrame, grids: gpd.GeoDataFrame) -> dict[str, float]:
    """District code -> the land it has in common with the file, as a part of the smaller of the two."""
    shapes = np.asarray(grids.geometry.array, dtype=object)
    whole = float(shapely.area(shapes).sum())
    shares = {}
    for code, outline in zip(known["code"], known["geometry"], strict=True):
        shapely.prepare(outline)
        common = float(shapely.area(shapely.intersection(shapes, outline)).sum())
        share = common / min(outline.area, whole)
        if share > 0.01:
            shares[str(code)] = share
    return shares

"""Which district does a boundary file belong to?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository
from app.errors import Conflict, Invalid
from gis.codes import UNIT_DIGITS, is_national_unit_code
from gis.text import Text


@dataclass(frozen=True)
class District:
    """A district by code and name; ``known`` when it is in the newest edition.

    A new one that nobody named is called by its code (``unnamed``), and ``from_codes`` where its code is what the codes
    of its grids begin with: both are to be said.
    """

    code: str
    name: str
    known: bool
    unnamed: bool = False
    from_codes: bool = False


def choose_district(
    session: Session, grids: gpd.GeoDataFrame, *, code: str | None, name: str | None = None
) -> District:
    """Choose the district that a file is for.

    A code that is given decides. Without one, the district whose land the file covers is meant. Land that is no
    district's is a new one: the district that all its national codes begin with, or else one that only the importer
    can name. The file's name never does.

    Raises
    ------
    Conflict
        ``several-districts``: the file lies over more than one, or over a part of one.
    Invalid
        ``district-unknown``: the file shares no land with a district, no code was given, and the codes do not tell.
    """
    edition = repository.latest(session)
    known = repository.district_outlines(session, edition.number) if edition else None
    names = dict(zip(known["code"], known["name"], strict=True)) if known is not None else {}
    if code:
        called = name or names.get(code)
        return District(code, called or code, code in names, unnamed=called is None)
    met = _land_shared(known, grids) if known is not None and len(known) else {}
    # A file is for the district that it mostly is, or that is mostly in it; neighbours that only touch are not met.
    clear = [each for each, share in met.items() if share > 0.5]
    if len(clear) == 1:
        return District(clear[0], name or names[clear[0]], known=True)
    if met:
        listed = "、".join(f"{each} {share:.0%}" for each, share in sorted(met.items()))
        raise Conflict(
            f"文件与已有的区重叠（{listed}），分不清是哪个区的边界，请用 --district 指明",
            f"the file overlaps districts that are there ({listed}); say which it is for with --district",
            code="several-districts",
        )
    told = _common_prefix(grids)
    if told is None or told in names:
        raise _unknown(names)
    return District(told, name or told, known=False, unnamed=name is None, from_codes=True)


def _unknown(names: Mapping[str, str]) -> Invalid:
    there = "、".join(f"{code} {name}" for code, name in sorted(names.items())[:20])
    seen = (
        Text(f"已有的区是 {there}", f"there are {there}")
        if names
        else Text("库中还没有区", "there is none yet")
    )
    return Invalid(
        f"文件的范围不属于任何已有的区（{seen.zh}）。新的区请用 --district 编码 --district-name 名称 指明",
        f"the file covers the land of no district that is there ({seen.en}). "
        f"For a new one give its code and name: --district CODE --district-name NAME",
        code="district-unknown",
        field="--district",
        districts=sorted(names),
    )


def _common_prefix(grids: gpd.GeoDataFrame) -> str | None:
    """The district that the national codes of all grids begin with."""
    codes = [str(code) for code in grids["code"]] if "code" in grids else []
    if not codes or not all(is_national_unit_code(code, "grid") for code in codes):
        return None
    prefixes = {code[: UNIT_DIGITS["district"]] for code in codes}
    return prefixes.pop() if len(prefixes) == 1 else None


def _land_shared(known: pd.DataFrame, grids: gpd.GeoDataFrame) -> dict[str, float]:
    """District code -> the land it has in common with the file, as a part of the smaller of the two."""
    # As drawn, also before anything is mended: which district is meant does not hang on a ring that crosses itself.
    shapes = shapely.make_valid(np.asarray(grids.geometry.dropna().array, dtype=object))
    whole = float(shapely.area(shapes).sum())
    shares = {}
    for code, outline in zip(known["code"], known["geometry"], strict=True):
        shapely.prepare(outline)
        common = float(shapely.area(shapely.intersection(shapes, outline)).sum())
        share = common / min(outline.area, whole) if whole else 0.0
        if share > 0.01:
            shares[str(code)] = share
    return shares

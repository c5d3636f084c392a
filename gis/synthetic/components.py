"""Components of the demo district: as many as asked, of every class, where such things stand."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from gis.synthetic.district import SyntheticDistrict
from gis.synthetic.ground import ground_of
from gis.synthetic.placement import place
from gis.synthetic.randomness import stream
from gis.synthetic.recipes import RECIPES, Recipe
from gis.synthetic.spec import apportion

__all__ = ["CODE_SCHEME", "build_components", "joined"]

CODE_SCHEME = "GB/T 30428.2-2013"
_STATES = ("intact", "damaged", "lost", "discarded", "removed")
_CHANCES = (0.962, 0.024, 0.004, 0.006, 0.004)
_FIRST_SURVEY = date(2019, 3, 1)
_DEFAULT = Recipe("block", 0.2)
_EXTENT = {"point": 0, "line": 1, "polygon": 2}


def build_components(
    district: SyntheticDistrict,
    classes: pd.DataFrame,
    *,
    count: int,
    seed: int,
    until: date = date(2026, 11, 1),
) -> gpd.GeoDataFrame:
    """Put components down all over a district.

    Parameters
    ----------
    district : SyntheticDistrict
    classes : DataFrame
        The catalogue: code, name_zh, geometry ("point", "line", "polygon"), typical_department_zh.
    count : int
        How many in all; at least one a class.
    seed : int
    until : datetime.date, default 2026-11-01
        Last day on which anything was surveyed or changed.

    Returns
    -------
    GeoDataFrame
        EPSG:4326 on the lattice, ordered by class: code (16 digits: county, major, minor, sequence),
        code_scheme, code_county, code_major, code_minor, code_sequence, class_code, name, state, department,
        owner_name, maintainer_name, surveyed_on, changed_on, source, attributes (JSON text), geometry.

    Raises
    ------
    ValueError
        Fewer components than classes, or more of one class than its six digits can number.
    """
    ground = ground_of(district)
    classes = classes.sort_values("code", kind="stable").reset_index(drop=True)
    recipes = [RECIPES.get(code, _DEFAULT) for code in classes["code"]]
    shares = np.array([recipe.share for recipe in recipes])
    numbers = apportion(shares, count, least=min(3, max(1, count // len(classes))))
    if numbers.max() > 999_999:
        raise ValueError(f"一类部件最多 999999 个 (at most 999999 of a class, asked for {numbers.max()})")
    parts = []
    codes, kinds = classes["code"].tolist(), classes["geometry"].tolist()
    for at, (recipe, number) in enumerate(zip(recipes, numbers.tolist(), strict=True)):
        rng = stream(seed, district.spec.code, "components", codes[at])
        for placed in place(ground, recipe, number, rng):
            if (shapely.get_dimensions(placed.shapes) != _EXTENT[kinds[at]]).any():
                raise ValueError(
                    f"部件类 {codes[at]} 的图形应为 {kinds[at]} (class {codes[at]} takes a {kinds[at]})"
                )
            parts.append((at, placed))
    which = np.concatenate([np.full(len(one.shapes), at, dtype=np.int64) for at, one in parts])
    shapes = np.concatenate([one.shapes for _, one in parts])
    label = np.concatenate([one.label for _, one in parts])
    notes = np.concatenate([np.full(len(one.shapes), one.note, dtype=object) for _, one in parts])
    frame = district.frame
    degrees = shapely.transform(shapes, lambda c: np.column_stack(frame.degrees(c[:, 0], c[:, 1])))
    table = _columns(district, classes, which, numbers, label, seed, until)
    table["attributes"] = notes
    return gpd.GeoDataFrame(table, geometry=np.asarray(degrees, dtype=object), crs="EPSG:4326")


def _columns(
    district: SyntheticDistrict,
    classes: pd.DataFrame,
    which: NDArray[np.int64],
    numbers: NDArray[np.int64],
    label: NDArray[np.object_],
    seed: int,
    until: date,
) -> pd.DataFrame:
    rng = stream(seed, district.spec.code, "component facts")
    count = len(which)
    code = classes["code"].to_numpy(dtype=object)[which]
    sequence = np.arange(count) - np.repeat(np.cumsum(numbers) - numbers, numbers) + 1
    digits = pc.utf8_lpad(pc.cast(pa.array(sequence), pa.string()), width=6, padding="0")
    county = district.spec.code
    surveyed, changed, state = _history(rng, count, until)
    department = classes["typical_department_zh"].to_numpy(dtype=object)[which]
    crew = np.array([f"第{n}养护所(演示)" for n in range(1, 13)], dtype=object)[rng.integers(0, 12, count)]
    return pd.DataFrame(
        {
            "code": joined(county, code, digits),
            "code_scheme": CODE_SCHEME,
            "code_county": county,
            "code_major": classes["code"].str[:2].to_numpy(dtype=object)[which],
            "code_minor": classes["code"].str[2:].to_numpy(dtype=object)[which],
            "code_sequence": _objects(digits),
            "class_code": code,
            "name": joined(label, classes["name_zh"].to_numpy(dtype=object)[which]),
            "state": state,
            "department": department,
            "owner_name": department,
            "maintainer_name": crew,
            "surveyed_on": surveyed,
            "changed_on": changed,
            "source": "synthetic",
        }
    )


def _history(
    rng: np.random.Generator, count: int, until: date
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64], NDArray[np.object_]]:
    """First survey in 2019, additions ever since; what is not intact changed some time after its survey."""
    first = np.datetime64(_FIRST_SURVEY)
    span = max(int((np.datetime64(until) - first).astype(int)), 2)
    survey = np.minimum(
        np.where(rng.random(count) < 0.62, rng.integers(0, 270, count), rng.integers(0, span, count)), span
    )
    surveyed = first + survey.astype("timedelta64[D]")
    state = np.array(_STATES, dtype=object)[rng.choice(len(_STATES), size=count, p=_CHANCES)]
    later = (survey + rng.random(count) * (span - survey)).astype("timedelta64[D]")
    changed = np.where(state == "intact", np.datetime64("NaT"), first + later)
    return surveyed, changed.astype("datetime64[D]"), state


def joined(*pieces: str | NDArray[np.object_] | pa.Array) -> NDArray[np.object_]:
    """Join columns of texts piece by piece; a plain text goes into every row.

    Examples
    --------
    >>> joined("a", np.array(["b", "c"], dtype=object)).tolist()
    ['ab', 'ac']
    """
    arrays = [piece if isinstance(piece, str) else pa.array(piece, type=pa.string()) for piece in pieces]
    return _objects(pc.binary_join_element_wise(*arrays, ""))


def _objects(array: pa.Array) -> NDArray[np.object_]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=object)

"""A hash of everything an edition says."""

from __future__ import annotations

import hashlib

import pandas as pd
import shapely

from app.boundaries import excluded_land


def content_hash(units: pd.DataFrame, excluded: pd.DataFrame | None = None) -> str:
    """A hash of everything an edition says, to notice if it was ever altered.

    ``units`` as from `repository.units_in`. SHA-256 over level, code, name, kind, parent, path and WKB, in order of
    level and code; then over ``excluded``, its declared land, as from `excluded_repository.excluded_in`.
    """
    digest = hashlib.sha256()
    ordered = units.sort_values(["level", "code"], kind="stable")
    for row in (
        ordered[["level", "code", "name", "kind", "parent_code", "path"]].fillna("").itertuples(index=False)
    ):
        digest.update("\x1f".join(map(str, row)).encode() + b"\x1e")
    for wkb in shapely.to_wkb(ordered["geometry"].to_numpy(), byte_order=1):
        digest.update(wkb)
    excluded_land.add_to_hash(digest, excluded)
    return digest.hexdigest()

"""A whole coverage of a district beside the edition before: which of its grids are put, and which end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import excluded_land
from app.boundaries.coverage_checks import refuse_taken
from app.boundaries.grid_changes import EditionChanges
from app.boundaries.row_conflicts import OWN_SCHEME
from app.boundaries.unit_tree import CoverageInput, units_of


def coverage_changes(
    session: Session, coverage: CoverageInput, units: pd.DataFrame, land: pd.DataFrame
) -> EditionChanges:
    """What a district's whole coverage changes on top of an edition's units and land; other districts stay.

    Raises
    ------
    CoverageError
        ``hierarchy-broken``: levels cross. ``duplicate-code`` in the defects: another district has a code already.
    """
    is_own = units["district_code"] == coverage.district_code
    own, others = units[is_own], units[~is_own]
    grids, upper = units_of(_as_published(coverage, own))
    refuse_taken(pd.concat([upper, grids], ignore_index=True), others)
    is_own_land = land["district_code"] == coverage.district_code
    own_land, other_land = land[is_own_land], land[~is_own_land]
    declared = coverage.excluded
    if declared is None:
        declared = excluded_land.standing_land(grids, own_land)
    new_land = excluded_land.rows_of(session, declared, own_land, district=coverage.district_code)
    return EditionChanges(
        grids,
        frozenset(own.loc[own["level"] == "grid", "code"]) - frozenset(grids["code"]),
        pd.concat([other_land, new_land], ignore_index=True) if len(other_land) else new_land,
        excluded_land.difference(own_land, new_land),
        upper,
    )


def _as_published(coverage: CoverageInput, own: pd.DataFrame) -> CoverageInput:
    """The coverage with the code scheme and the mark of invented boundaries that it does not state itself."""
    district = own[own["level"] == "district"]
    scheme, synthetic = coverage.code_scheme, coverage.synthetic
    if scheme is None:
        scheme = str(district["code_scheme"].iloc[0]) if len(district) else OWN_SCHEME
    if synthetic is None:
        invented = bool(len(district)) and bool(district["synthetic"].iloc[0])
        # Boundaries that have nothing in common with the invented ones come from somewhere else.
        synthetic = invented and bool(_outlines(own["geometry"]) & _outlines(coverage.grids.geometry))
    return replace(coverage, code_scheme=scheme, synthetic=synthetic)


def _outlines(shapes: pd.Series) -> set[bytes]:
    whole = excluded_land.multipolygons(np.asarray(shapes, dtype=object))
    return set(shapely.to_wkb(whole).tolist())

"""Coverages: polygons that tile an area, sharing identical vertices along common borders.

A set of valid polygons is a clean coverage when their interiors do not meet, common borders run through the
same vertices in both, and the union has no hole nobody meant. All of it is decided on the 1e-7 degree lattice.

========================= =================================================================
`check`                   is it one? every defect with a place
`snap_coverage`           round to the lattice so that it stays one
`read_rings`              read rings that touch themselves as the same ground; make others valid if asked
`clean`                   mend gaps and overlaps up to a width, and say what moved
`dissolve`                communities from grids, streets from communities, the district
`check_with_excluded`     `check`, with land declared to be nobody's
`compare_levels`          does a given upper level agree with what the grids dissolve to?
========================= =================================================================
"""

from gis.coverage.checks import check, refuse_unless_clean
from gis.coverage.cleaning import CleanResult, Movement, clean
from gis.coverage.declared_fit import FittedLand, fit_declared
from gis.coverage.detectors import MOST_OVERLAPS
from gis.coverage.dissolving import dissolve
from gis.coverage.excluded import (
    EXCLUDED_PREFIX,
    ExcludedLand,
    accept_gaps,
    enclosed_faces,
    is_excluded_code,
    matched_together,
    measure_land,
)
from gis.coverage.excluded_checks import check_with_excluded
from gis.coverage.levels import compare_levels
from gis.coverage.ring_validity import MadeValid, make_valid_polygons, read_rings, retouch_rings
from gis.coverage.row_checks import Rows, duplicate_defects, repeated_codes, unusable_rows
from gis.coverage.snapping import SnappedCoverage, is_clean, snap_coverage
from gis.defects import Defect, Kind, Severity, defects_as_geojson, has_errors

__all__ = [
    "EXCLUDED_PREFIX",
    "MOST_OVERLAPS",
    "CleanResult",
    "Defect",
    "ExcludedLand",
    "FittedLand",
    "Kind",
    "MadeValid",
    "Movement",
    "Rows",
    "Severity",
    "SnappedCoverage",
    "accept_gaps",
    "check",
    "check_with_excluded",
    "clean",
    "compare_levels",
    "defects_as_geojson",
    "dissolve",
    "duplicate_defects",
    "enclosed_faces",
    "fit_declared",
    "has_errors",
    "is_clean",
    "is_excluded_code",
    "make_valid_polygons",
    "matched_together",
    "measure_land",
    "read_rings",
    "refuse_unless_clean",
    "repeated_codes",
    "retouch_rings",
    "snap_coverage",
    "unusable_rows",
]

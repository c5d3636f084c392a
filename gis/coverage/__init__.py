"""Coverages: polygons that tile an area, sharing identical vertices along common borders.

A set of valid polygons is a clean coverage when their interiors do not meet, common borders run through the
same vertices in both, and the union has no hole nobody meant. All of it is decided on the 1e-7 degree lattice.

========================= =================================================================
`check`                   is it one? every defect with a place
`snap_coverage`           round to the lattice so that it stays one
`clean`                   mend gaps and overlaps up to a width, and say what moved
`dissolve`                communities from grids, streets from communities, the district
`compare_levels`          does a given upper level agree with what the grids dissolve to?
========================= =================================================================
"""

from gis.coverage.checks import check, duplicate_defects, refuse_unless_clean, repeated_codes
from gis.coverage.cleaning import CleanResult, Movement, clean
from gis.coverage.defects import Defect, Kind, Severity, defects_as_geojson, has_errors
from gis.coverage.dissolving import dissolve
from gis.coverage.faults import MOST_OVERLAPS
from gis.coverage.levels import compare_levels
from gis.coverage.snapping import SnappedCoverage, is_clean, snap_coverage

__all__ = [
    "MOST_OVERLAPS",
    "CleanResult",
    "Defect",
    "Kind",
    "Movement",
    "Severity",
    "SnappedCoverage",
    "check",
    "clean",
    "compare_levels",
    "defects_as_geojson",
    "dissolve",
    "duplicate_defects",
    "has_errors",
    "is_clean",
    "refuse_unless_clean",
    "repeated_codes",
    "snap_coverage",
]

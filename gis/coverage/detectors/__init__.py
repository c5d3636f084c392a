"""What is wrong with polygons on the lattice, one room a kind of defect.

Places are decided on the lattice; widths are measured in the metric working CRS as the diameter of the largest
circle inside, areas are geodesic.
"""

from gis.coverage.detectors.edges import mismatches
from gis.coverage.detectors.gaps import Gap, find_gaps, gaps, outside_of
from gis.coverage.detectors.inlets import Strip, facing_sides, inlets, open_strips
from gis.coverage.detectors.overlaps import MOST_OVERLAPS, Double, crowd, overlaps
from gis.coverage.detectors.parts import detached, slivers

__all__ = [
    "MOST_OVERLAPS",
    "Double",
    "Gap",
    "Strip",
    "crowd",
    "detached",
    "facing_sides",
    "find_gaps",
    "gaps",
    "inlets",
    "mismatches",
    "open_strips",
    "outside_of",
    "overlaps",
    "slivers",
]

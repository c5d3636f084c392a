"""Invented districts to show and test with: real outlines and town names, everything inside made up.

Pure and repeatable: the same outline, plan and seed give the same bytes.
"""

from gis.synthetic.components import build_components
from gis.synthetic.district import SyntheticDistrict, build_district
from gis.synthetic.incidents import build_incidents
from gis.synthetic.people import build_counts, build_people
from gis.synthetic.spec import DistrictSpec, TownSpec, read_specs

__all__ = [
    "DistrictSpec",
    "SyntheticDistrict",
    "TownSpec",
    "build_components",
    "build_counts",
    "build_district",
    "build_incidents",
    "build_people",
    "read_specs",
]

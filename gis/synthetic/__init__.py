"""Invented districts to show and test with: real outlines and town names, everything inside made up.

Pure and repeatable: the same outline, plan and seed give the same bytes.
"""

from gis.synthetic.district import SyntheticDistrict, build_district
from gis.synthetic.spec import DistrictSpec, TownSpec, read_specs

__all__ = ["DistrictSpec", "SyntheticDistrict", "TownSpec", "build_district", "read_specs"]

"""The five real outlines: every one of them must give its number of grids and a clean coverage."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyogrio
import pytest
import shapely

from gis.coverage import check
from gis.geometry import SCALE
from gis.synthetic import SyntheticDistrict, build_components, read_specs
from gis.synthetic.district import build_district
from tests.gis.synthetic.toy import DATA, catalog

SPECS = read_specs(DATA)


@lru_cache
def real(code: str) -> SyntheticDistrict:
    outline = pyogrio.read_dataframe(DATA / "boundaries" / "cnmaps" / f"{code}.geojson").geometry.iloc[0]
    return build_district(outline, SPECS[code], seed=20260701)


@pytest.mark.parametrize("code", sorted(SPECS))
def test_a_real_outline_becomes_a_clean_coverage(code: str) -> None:
    district = real(code)
    grids = district.grids
    assert len(grids) == SPECS[code].grids
    assert set(grids["street_code"]) == {town.code for town in SPECS[code].towns}
    defects = check(grids["code"], grids.geometry.to_numpy())
    assert [d for d in defects if d.severity == "error"] == []
    # Islets go with the nearest shore; nothing else is in two parts.
    assert {d.kind for d in defects} <= {"detached"}
    whole = shapely.coverage_union_all(grids.geometry.to_numpy())
    assert shapely.hausdorff_distance(whole, district.outline) < 1.5 / SCALE
    assert len(shapely.get_parts(whole)) == len(shapely.get_parts(district.outline))


def test_the_main_district_is_as_large_as_promised() -> None:
    grids = real("370211").grids
    assert 78_000 < shapely.get_num_coordinates(grids.geometry.to_numpy()).sum() < 95_000
    owners = shapely.covers(grids.geometry.to_numpy(), shapely.Point(120.05, 35.88))
    assert owners.sum() >= 1


def test_towns_lie_where_they_lie() -> None:
    """Seats are known to a kilometre or two: enough to be in their own town."""
    district = real("370211")
    names = {town.name: town for town in SPECS["370211"].towns}
    for name, lon, lat in (("黄岛街道", 120.20, 36.04), ("琅琊镇", 119.83, 35.66), ("六汪镇", 119.76, 35.97)):
        owner = district.grids[shapely.covers(district.grids.geometry.to_numpy(), shapely.Point(lon, lat))]
        assert owner["street_code"].tolist()[0] == names[name].code
    island = district.grids[district.grids["street_code"] == "370211401"]
    assert len(island) == 5
    assert np.isclose(shapely.total_bounds(island.geometry.to_numpy())[0], 120.157, atol=0.02)


def test_an_oil_line_crosses_covered_drains_in_the_town_of_the_accident() -> None:
    district = real("370211")
    made = build_components(district, catalog("component"), count=4000, seed=20260701)
    oil = made[made["class_code"] == "2101"].geometry.to_numpy()
    covered = (made["class_code"] == "2105") & made["attributes"].str.contains('"covered": true')
    drains = made[covered].geometry.to_numpy()
    drain, _ = shapely.STRtree(oil).query(drains, predicate="crosses")
    town = shapely.union_all(
        district.grids.loc[district.grids["street_code"] == "370211001"].geometry.to_numpy()
    )
    assert shapely.intersects(town, drains[np.unique(drain)]).sum() >= 3
    # Lines cross districts of grids: a section of pipeline touches several.
    tree = shapely.STRtree(district.grids.geometry.to_numpy())
    section, _ = tree.query(oil, predicate="intersects")
    assert np.bincount(section).max() >= 2

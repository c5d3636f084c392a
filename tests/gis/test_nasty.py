"""Every awkward shape through every function that takes shapes: an answer or a refusal, never a wrong one."""

import numpy as np
import pytest
import shapely

from gis.coverage import check, clean, dissolve, snap_coverage
from gis.crs import transform_geometries
from gis.errors import GeometryError, InvalidGeometry, Refusal
from gis.geometry import lattice_geometries, representative_place, snap, trouble_of
from gis.locate import GridIndex
from gis.measures import geodesic_area_m2, geodesic_length_m
from gis.shares import shares
from gis.testing import assert_on_lattice, checkerboard
from tests.data.nasty import NASTY, Nasty, of_kind

pytestmark = pytest.mark.filterwarnings("error")
SHRINKING = {"smaller than a step", "line smaller than a step", "line of one repeated point"}


@pytest.mark.parametrize("nasty", of_kind("area", "line", "point", "nothing"), ids=str)
def test_snap_keeps_kind_and_validity(nasty: Nasty) -> None:
    (out,) = snap([nasty.shape], on_collapse="none")
    if nasty.name in SHRINKING:
        assert out is None
        with pytest.raises(InvalidGeometry) as refused:
            snap([nasty.shape])
        assert refused.value.code == "collapsed"
        assert refused.value.places
        return
    if nasty.kind == "nothing":
        assert out is None or shapely.is_empty(out)
        return
    assert shapely.is_valid(out)
    assert shapely.get_dimensions(out) == shapely.get_dimensions(nasty.shape)
    assert not shapely.has_z(out)
    assert_on_lattice([out])
    again = snap([out])[0]
    assert shapely.equals_exact(again, out)


@pytest.mark.parametrize("nasty", of_kind("invalid"), ids=str)
def test_trouble_is_named_with_a_finite_place(nasty: Nasty) -> None:
    trouble = trouble_of(nasty.shape)
    assert trouble.reason.zh != trouble.reason.en
    assert np.isfinite(trouble.place).all()


@pytest.mark.parametrize("nasty", NASTY, ids=str)
def test_measures_are_finite_and_not_negative_unless_a_vertex_is_lost(nasty: Nasty) -> None:
    area, length = geodesic_area_m2([nasty.shape])[0], geodesic_length_m([nasty.shape])[0]
    if "vertex" in nasty.name or nasty.name == "whole world":
        # The edges of a world-wide box are one meridian there and back: no ellipsoid polygon at all.
        return
    assert np.isfinite([area, length]).all()
    assert area >= 0
    assert length >= 0
    assert (area == 0) == (
        nasty.kind != "area" and nasty.name not in {"bow-tie", "spike", "overlapping parts"}
    ) or (nasty.kind == "invalid")


@pytest.mark.parametrize("nasty", NASTY, ids=str)
def test_representative_place_is_finite(nasty: Nasty) -> None:
    assert np.isfinite(representative_place(nasty.shape)).all()


@pytest.mark.parametrize("nasty", of_kind("area", "line", "point", "nothing"), ids=str)
def test_lattice_geometries_are_whole_numbers(nasty: Nasty) -> None:
    points = shapely.get_coordinates(lattice_geometries([nasty.shape]))
    assert (points == np.rint(points)).all()


@pytest.mark.parametrize("nasty", NASTY, ids=str)
def test_transforming_keeps_the_type_and_drops_heights(nasty: Nasty) -> None:
    (out,) = transform_geometries([nasty.shape], "gcj02")
    if nasty.shape is None:
        assert out is None
    elif "vertex" not in nasty.name:
        assert out.geom_type == nasty.shape.geom_type
        assert not shapely.has_z(out)


@pytest.mark.parametrize("nasty", NASTY, ids=str)
def test_check_names_what_is_wrong_with_a_single_grid(nasty: Nasty) -> None:
    if nasty.name in {"infinite vertex", "whole world"}:
        with pytest.raises(Refusal):
            check(["a"], [nasty.shape])
        return
    defects = check(["a"], [nasty.shape])
    errors = {defect.kind for defect in defects if defect.severity == "error"}
    warnings = {defect.kind for defect in defects if defect.severity == "warning"}
    expected = {"invalid": {"invalid"}, "line": {"invalid"}, "point": {"invalid"}, "nothing": {"empty"}}
    special = {
        "smaller than a step": {"empty"},
        "sliver of one step": {"sliver"},
        "needle": {"sliver"},
        "hole": {"gap"},
        "hole touching shell at a point": {"gap"},
    }
    assert errors == special.get(nasty.name, expected.get(nasty.kind, set()))
    assert warnings == ({"detached"} if "parts" in nasty.name and nasty.kind == "area" else set())
    for defect in defects:
        assert np.isfinite(defect.place).all()
        assert defect.detail.zh
        assert defect.detail.en


@pytest.mark.parametrize("nasty", NASTY, ids=str)
def test_index_answers_or_refuses(nasty: Nasty) -> None:
    if nasty.kind != "area" or nasty.name in SHRINKING:
        with pytest.raises(GeometryError):
            GridIndex.build(["a"], [nasty.shape])
        return
    if nasty.name == "whole world":
        with pytest.raises(GeometryError, match="214"):
            GridIndex.build(["a"], [nasty.shape])
        return
    index = GridIndex.build(["a"], [nasty.shape], gaps="allow")
    x, y = shapely.get_coordinates(index.polygons).T
    assert (index.locate(x, y) == 0).all()
    inside = shapely.point_on_surface(index.polygons[0])
    if shapely.area(nasty.shape) > 1e-6:
        assert int(index.locate(inside.x, inside.y)) == 0


@pytest.mark.parametrize("nasty", NASTY, ids=str)
def test_shares_sum_to_one_or_there_are_none(nasty: Nasty) -> None:
    town = checkerboard(4, 4, west=119.5, south=35.5, step_deg=0.5)
    index = GridIndex.build(town.codes, town.polygons)
    if nasty.kind == "invalid":
        # The spike and the like may come out of rounding valid; nothing else may.
        with pytest.raises(Refusal):
            shares(index, [nasty.shape])
        return
    result = shares(index, [nasty.shape])
    touches = nasty.kind != "nothing" and shapely.intersects(
        nasty.shape, shapely.box(119.5, 35.5, 121.5, 37.5)
    )
    assert (len(result.share) > 0) == touches
    assert (result.owners[0] >= 0) == touches
    if touches:
        assert abs(result.share.sum() - 1) < 1e-9
    assert 0 <= result.outside[0] <= 1


@pytest.mark.parametrize("nasty", of_kind("area"), ids=str)
def test_dissolving_one_grid_gives_it_back(nasty: Nasty) -> None:
    if nasty.name in SHRINKING:
        with pytest.raises(InvalidGeometry):
            dissolve([nasty.shape], ["k"])
        return
    keys, (out,) = dissolve([nasty.shape], ["k"])
    assert keys == ["k"]
    assert shapely.equals(lattice_geometries([out])[0], lattice_geometries(snap([nasty.shape]))[0])


@pytest.mark.parametrize("nasty", of_kind("invalid", "nothing"), ids=str)
def test_clean_refuses_what_has_no_valid_area(nasty: Nasty) -> None:
    with pytest.raises(Refusal):
        clean(["a"], [nasty.shape], max_width_m=1)


@pytest.mark.parametrize("nasty", of_kind("invalid"), ids=str)
def test_snapping_a_coverage_refuses_invalid_polygons(nasty: Nasty) -> None:
    with pytest.raises(InvalidGeometry):
        snap_coverage([nasty.shape])

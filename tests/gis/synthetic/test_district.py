from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
import shapely

from gis.coverage import check
from gis.geometry import SCALE
from gis.synthetic import SyntheticDistrict
from gis.synthetic.district import build_district
from tests.gis.synthetic.toy import ISLAND, ISLET, OUTLINE, SPEC, toy


def fingerprint(district: SyntheticDistrict) -> str:
    digest = hashlib.sha256()
    for frame in (district.grids, district.roads, district.streams, district.blocks):
        for wkb in shapely.to_wkb(frame.geometry.to_numpy()):
            digest.update(wkb)
        digest.update(pd.DataFrame(frame.drop(columns="geometry")).to_csv().encode())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def district() -> SyntheticDistrict:
    return toy()


@pytest.mark.parametrize("grids", [12, 33, 60, 150])
def test_there_are_exactly_as_many_grids_as_asked(grids: int) -> None:
    assert len(toy(grids=grids).grids) == grids


def test_more_grids_than_the_land_has_room_for_are_refused() -> None:
    with pytest.raises(ValueError, match="shares"):
        build_district(OUTLINE, SPEC.with_grids(5), seed=1)


def test_the_grids_are_a_clean_coverage_of_the_outline(district: SyntheticDistrict) -> None:
    shapes = district.grids.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    assert [d for d in check(district.grids["code"], shapes) if d.severity == "error"] == []
    whole = shapely.union_all(shapes)
    # Where a border meets the outline its end is rounded: a lattice step (1 cm) at most.
    assert shapely.hausdorff_distance(whole, OUTLINE) < 1.5 / SCALE
    assert len(shapely.get_parts(whole)) == 3


def test_every_vertex_lies_on_the_lattice(district: SyntheticDistrict) -> None:
    for frame in (district.grids, district.roads, district.streams, district.blocks):
        places = shapely.get_coordinates(frame.geometry.to_numpy())
        assert np.array_equal(np.rint(places * SCALE) / SCALE, places)


def test_neighbours_share_every_vertex_of_their_border(district: SyntheticDistrict) -> None:
    """No T-junction: a vertex of one grid never lies inside an edge of another."""
    shapes = district.grids.geometry.to_numpy()
    steps = shapely.transform(shapes, lambda c: np.rint(c * SCALE) - np.array([1_200_000_000, 358_000_000]))
    vertices = np.unique(shapely.get_coordinates(steps), axis=0)
    own = [set(map(tuple, shapely.get_coordinates(one).tolist())) for one in steps]
    points = shapely.points(vertices)
    tree = shapely.STRtree(shapely.boundary(steps))
    point, grid = tree.query(points, predicate="intersects")
    assert len(point) > len(points)
    foreign = [p for p, g in zip(point, grid, strict=True) if tuple(vertices[p].tolist()) not in own[g]]
    assert foreign == []


def test_codes_nest_and_are_numbered_within_their_parent(district: SyntheticDistrict) -> None:
    grids = district.grids
    assert grids["code"].is_unique
    assert grids["code"].is_monotonic_increasing
    assert grids["code"].str.fullmatch(r"\d{15}").all()
    assert (grids["code"].str[:12] == grids["community_code"]).all()
    assert (grids["community_code"].str[:9] == grids["street_code"]).all()
    assert set(grids["street_code"]) == {town.code for town in SPEC.towns}
    for _, rows in grids.groupby("community_code"):
        assert rows["code"].str[12:].astype(int).tolist() == list(range(1, len(rows) + 1))
        assert rows["community_name"].nunique() == 1
    assert grids.groupby("community_name")["community_code"].nunique().max() == 1


def test_towns_have_their_part_of_the_grids(district: SyntheticDistrict) -> None:
    counts = district.grids.groupby("street_code").size().to_dict()
    assert counts == {"990101001": 24, "990101002": 20, "990101101": 12, "990101401": 4}


def test_towns_and_communities_are_in_one_piece_on_land(district: SyntheticDistrict) -> None:
    for column in ("street_code", "community_code"):
        for code, rows in district.grids.groupby(column):
            parts = shapely.get_parts(shapely.union_all(rows.geometry.to_numpy()))
            ashore = [p for p in parts if not shapely.intersects(p, ISLET)]
            assert len(ashore) == 1, code


def test_islands_belong_to_somebody(district: SyntheticDistrict) -> None:
    grids = district.grids
    on_island = grids[shapely.intersects(ISLAND, grids.geometry.to_numpy())]
    assert set(on_island["street_code"]) == {"990101401"}
    on_islet = grids[shapely.intersects(ISLET, grids.geometry.to_numpy())]
    # The islet's nearest shore is that of the eastern town.
    assert on_islet["street_code"].tolist() == ["990101001"]


def test_some_grids_are_dedicated_and_one_is_an_enclave() -> None:
    grids = toy(grids=150).grids
    dedicated = grids[grids["kind"] == "dedicated"]
    assert len(dedicated) == 3
    assert (dedicated["purpose"] != "").all()
    assert dedicated["name"].str.endswith("专属网格").all()
    assert (grids.loc[grids["kind"] == "base", "purpose"] == "").all()
    holes = sum(len(p.interiors) for p in shapely.get_parts(grids.geometry.to_numpy()))
    assert holes >= 1


def test_town_is_cut_finer_than_country(district: SyntheticDistrict) -> None:
    grids = district.grids[district.grids["kind"] == "base"]
    area = shapely.area(grids.geometry.to_numpy())
    urban = grids["urban"].to_numpy(dtype=bool)
    assert np.median(area[urban]) < 0.5 * np.median(area[~urban])


def test_borders_follow_roads_and_streams(district: SyntheticDistrict) -> None:
    """Most of the length of the borders between grids is a road or a stream."""
    shapes = district.grids.geometry.to_numpy()
    borders = shapely.union_all(shapely.boundary(shapes))
    inner = shapely.difference(borders, shapely.boundary(OUTLINE).buffer(1e-6))
    ways = shapely.union_all(
        np.concatenate([district.roads.geometry.to_numpy(), district.streams.geometry.to_numpy()])
    )
    followed = shapely.intersection(inner, ways.buffer(1e-6))
    assert followed.length > 0.6 * inner.length


def test_everything_invented_says_so(district: SyntheticDistrict) -> None:
    for frame in (district.grids, district.roads, district.streams):
        assert set(frame["source"]) == {"synthetic"}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(district: SyntheticDistrict) -> None:
    again = build_district(OUTLINE, SPEC, seed=district.seed)
    assert fingerprint(again) == fingerprint(district)
    assert fingerprint(toy(seed=8)) != fingerprint(district)

"""Which district a file is for: the one it covers, never a neighbour it touches, never a guess."""

import geopandas as gpd
import pytest
import shapely

from app.boundaries.districts import choose_district
from app.errors import Conflict, Invalid
from tests.fixtures.towns import DISTRICT, DISTRICT_NAME, town_grids


def frame(*shapes) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": [str(i) for i in range(len(shapes))]}, geometry=list(shapes), crs=4326)


def choose(session, grids, given=None, name=None):
    return choose_district(session, grids, code=given, name=name)


def refusal(session, grids):
    with pytest.raises(Invalid) as refused:
        choose(session, grids)
    return refused.value


def test_nothing_published(session):
    """A new district has a code because somebody gave it one."""
    own = frame(shapely.box(0, 0, 1, 1))
    unknown = refusal(session, own)
    assert (unknown.code, unknown.extra["districts"]) == ("district-unknown", [])
    assert "--district CODE --district-name NAME" in unknown.text("en")
    assert (choose(session, own, given="D").code, choose(session, own, given="D").unnamed) == ("D", True)
    # All codes begin with it: taken, and to be said.
    taken = choose(session, town_grids())
    assert (taken.code, taken.from_codes, taken.unnamed, taken.known) == ("370299", True, True, False)
    mixed = town_grids()
    mixed.loc[0, "code"] = "370298001001001"
    assert refusal(session, mixed).code == "district-unknown"
    unnamed = choose(session, town_grids(), given="370211")
    assert (unnamed.code, unnamed.name, unnamed.unnamed) == ("370211", "370211", True)
    named = choose(session, town_grids(), given="370211", name="黄岛区")
    assert (named.name, named.unnamed, named.known) == ("黄岛区", False, False)


def test_the_same_land(session, town):
    found = choose(session, town_grids())
    assert (found.code, found.name, found.known) == (DISTRICT, DISTRICT_NAME, True)


def test_most_of_the_land_and_a_little_more(session, town):
    """Grids were removed at one edge and added at another: it is still that district."""
    grown = town_grids()
    outer = shapely.box(120.03, 35.885, 120.045, 35.9)
    assert choose(session, frame(*grown.geometry[3:], outer)).code == DISTRICT


def test_a_neighbour_whose_box_overlaps_is_another_district(session, town):
    """Ragged borders make boxes overlap. Taken for the same district, every grid of the town would be retired."""
    hull = shapely.unary_union(list(town_grids().geometry)).buffer(1e-9)
    around = shapely.box(*hull.bounds).buffer(0.001).difference(hull)
    unknown = refusal(session, frame(around))
    assert unknown.extra["districts"] == [DISTRICT]
    assert DISTRICT_NAME in unknown.text("zh")


def test_a_part_of_the_town_is_the_town(session, town):
    assert choose(session, frame(*town_grids().geometry[:3])).code == DISTRICT


def test_partly_over_the_town_must_say(session, town):
    west, south, east, north = shapely.total_bounds(town_grids().geometry.to_numpy())
    half = shapely.box(west - (east - west), south, west + 0.3 * (east - west), north)
    with pytest.raises(Conflict, match=DISTRICT) as refusal:
        choose(session, frame(half))
    assert refusal.value.code == "several-districts"
    assert choose(session, frame(half), given="X").code == "X"

"""Publishing: what is written, what is refused, where the land went, and that nothing published can change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.boundaries import repository
from app.boundaries.content_hash import content_hash
from app.boundaries.publishing import Terms, publish_coverage
from app.boundaries.unit_tree import CoverageInput
from app.errors import Conflict
from app.publishing.reassignment import publish
from gis.coverage import snap_coverage
from gis.errors import CodeError, CoverageError
from gis.geometry import round_degrees
from tests.fixtures.towns import (
    CODES,
    DISTRICT,
    DISTRICT_NAME,
    ENCLAVE,
    publish_town,
    shape_of,
    town_grids,
    town_input,
)

LEFT, RIGHT = "370299002003001", "370299002003002"  # neighbours


def count(session, query: str, **values) -> int:
    return session.scalar(text(f"SELECT count(*) FROM {query}"), values)


def lineage(session, edition: int) -> set[tuple]:
    return {
        (
            row.kind,
            row.from_code,
            row.to_code,
            None if row.share_of_from is None else round(row.share_of_from, 3),
        )
        for row in repository.lineage_of(session, edition)
    }


def changed(**shapes) -> gpd.GeoDataFrame:
    """The town with other shapes for some codes (``g`` before the code)."""
    grids = town_grids()
    for code, shape in shapes.items():
        grids.loc[grids["code"] == code.removeprefix("g"), "geometry"] = shape
    return grids


def moved_border() -> gpd.GeoDataFrame:
    """A corner strip of LEFT goes to RIGHT."""
    left, right = shape_of(LEFT), shape_of(RIGHT)
    shared = shapely.get_coordinates(shapely.intersection(left, right))
    inner = np.array(shapely.centroid(left).coords[0]) * 0.2 + shared.mean(axis=0) * 0.8
    wedge = shapely.Polygon([shared[0], tuple(round_degrees(inner)), shared[-1]])
    return changed(**{f"g{LEFT}": left.difference(wedge), f"g{RIGHT}": right.union(wedge)})


def split() -> gpd.GeoDataFrame:
    """LEFT becomes two new grids, cut between two of its corners."""
    grids = town_grids()
    ring = shape_of(LEFT).exterior.coords
    parts = [shapely.Polygon([ring[0], ring[1], ring[2]]), shapely.Polygon([ring[0], ring[2], ring[3]])]
    row = grids[grids["code"] == LEFT]
    new = [row.assign(code=f"{LEFT[:12]}{90 + i:03d}", geometry=[part]) for i, part in enumerate(parts)]
    rest = grids[grids["code"] != LEFT]
    return gpd.GeoDataFrame(gpd.pd.concat([rest, *new], ignore_index=True), crs=4326)


# ---------------------------------------------------------------- what is written
def test_first_edition(session, town):
    assert town.published.edition == 1
    assert town.published.added == CODES
    assert town.published.units_written == 12 + 4 + 2 + 1
    assert count(session, "unit_version") == 19
    edition = repository.latest(session)
    assert (edition.number, edition.grids, edition.author, edition.synthetic) == (1, 12, "tester", False)
    assert count(session, "lineage") == 0
    rows = session.execute(text("SELECT level, count(*) FROM unit_version GROUP BY level")).all()
    assert dict(map(tuple, rows)) == {"district": 1, "street": 2, "community": 4, "grid": 12}


def test_an_edit_that_touches_two_grids_writes_two_rows(session, town):
    again = publish_town(session, moved_border())
    assert again.published.changed == (LEFT, RIGHT)
    assert (again.published.added, again.published.retired, again.published.unchanged) == ((), (), 10)
    # Two grids; their community, street and district keep their outline, so nothing of those is written.
    assert count(session, "unit_version WHERE editions @> 2 AND NOT editions @> 1") == 2
    assert count(session, "unit_version WHERE editions @> 1 AND NOT editions @> 2") == 2
    assert count(session, "unit_version") == 21
    kinds = lineage(session, 2)
    assert {(kind, old, new) for kind, old, new, _ in kinds} == {
        ("moved_border", LEFT, LEFT),
        ("moved_border", LEFT, RIGHT),
        ("moved_border", RIGHT, RIGHT),
    }
    shares = {(old, new): share for _, old, new, share in kinds}
    assert shares[LEFT, LEFT] + shares[LEFT, RIGHT] == pytest.approx(1, abs=2e-3)
    assert 0.01 < shares[LEFT, RIGHT] < 0.5
    assert shares[RIGHT, RIGHT] == 1


def test_the_same_again_writes_nothing(session, town):
    again = publish_town(session).published
    assert not again.touched
    assert (again.added, again.changed, again.retired, again.unchanged) == ((), (), (), 12)
    assert count(session, "unit_version") == 19


def test_rings_begun_elsewhere_or_turned_round_are_the_same(session, town):
    """A Shapefile turns every ring round, an editor begins it elsewhere: that changes no boundary."""
    grids = town_grids()

    def turned(ring, by: int) -> list:
        points = list(ring.coords)[:-1][::-1]
        points = points[by % len(points) :] + points[: by % len(points)]
        return [*points, points[0]]

    grids["geometry"] = [
        shapely.MultiPolygon(
            [
                shapely.Polygon(turned(p.exterior, i), [turned(h, i) for h in p.interiors])
                for p in reversed(list(shapely.get_parts(shape)))
            ]
        )
        for i, shape in enumerate(grids.geometry)
    ]
    assert not publish_town(session, grids).published.touched


def test_order_of_rows_does_not_matter(session, town):
    assert not publish_town(session, town_grids().sample(frac=1, random_state=3)).published.touched


def test_retired_code(session, town):
    """A grid at the edge goes: its code ends with the edition before, the units above shrink."""
    outer = "370299001002001"
    grids = town_grids()
    published = publish_town(session, grids[grids["code"] != outer]).published
    assert published.retired == (outer,)
    assert lineage(session, 2) == {("removed", outer, None, 1.0)}
    assert repository.unit_by_code(session, outer, 1).code == outer
    assert repository.unit_by_code(session, outer, 2) is None
    # community, street and district lose land: each has a second version
    assert count(session, "unit_version WHERE level <> 'grid' AND lower(editions) = 2") == 3


def test_added_grid(session, town):
    grids = town_grids()
    outer = "370299001002001"
    publish_town(session, grids[grids["code"] != outer])
    assert publish_town(session, grids).published.added == (outer,)
    assert lineage(session, 3) == {("added", None, outer, None)}


def test_split_and_merge_back(session, town):
    first, second = f"{LEFT[:12]}090", f"{LEFT[:12]}091"
    published = publish_town(session, split()).published
    assert (published.added, published.retired) == ((first, second), (LEFT,))
    rows = lineage(session, 2)
    assert {(kind, old, new) for kind, old, new, _ in rows} == {
        ("split", LEFT, first),
        ("split", LEFT, second),
    }
    assert sum(share for *_, share in rows) == pytest.approx(1, abs=2e-3)

    publish_town(session)
    rows = lineage(session, 3)
    assert rows == {("merged", first, LEFT, 1.0), ("merged", second, LEFT, 1.0)}


def test_recoded_renamed_moved_to_another_community(session, town):
    grids = town_grids()
    grids.loc[grids["code"] == ENCLAVE, "code"] = "PARK"
    grids.loc[grids["code"] == LEFT, "name"] = "新名"
    grids.loc[grids["code"] == RIGHT, ["community_code", "community_name"]] = [LEFT[:9] + "004", "第4社区"]
    published = publish_town(session, grids).published
    assert published.added == ("PARK",)
    assert published.retired == (ENCLAVE,)
    assert published.changed == (LEFT, RIGHT)
    assert lineage(session, 2) == {
        ("recoded", ENCLAVE, "PARK", 1.0),
        ("renamed", LEFT, LEFT, 1.0),
        ("relocated", RIGHT, RIGHT, 1.0),
    }
    assert repository.unit_by_code(session, RIGHT, 2).path.split(".")[2] == LEFT[:9] + "004"


def test_code_that_moves_away_entirely(session, town):
    """Two grids change codes: land, not names, decides what became of what."""
    grids = town_grids()
    where = {LEFT: RIGHT, RIGHT: LEFT}
    grids["code"] = grids["code"].replace(where)
    publish_town(session, grids)
    assert {(kind, old, new) for kind, old, new, _ in lineage(session, 2)} == {
        ("recoded", LEFT, RIGHT),
        ("recoded", RIGHT, LEFT),
    }


# ---------------------------------------------------------------- editions in time
def test_effective_times(session, town):
    first = repository.latest(session).effective_from
    with pytest.raises(Conflict) as refusal:
        publish_town(session, moved_border(), effective_from=first - timedelta(seconds=1))
    assert refusal.value.code == "effective-too-early"
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    publish_town(session, moved_border(), effective_from=tomorrow)
    assert repository.edition_at(session) == 1
    assert repository.edition_at(session, tomorrow) == 2
    assert repository.edition_at(session, tomorrow - timedelta(microseconds=1)) == 1
    assert repository.edition_at(session, first - timedelta(microseconds=1)) is None
    # Nothing may be put before the one that is scheduled.
    with pytest.raises(Conflict):
        publish_town(session, effective_from=tomorrow - timedelta(hours=1))


def test_first_edition_may_lie_in_the_past(session):
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    publish_town(session, effective_from=long_ago)
    assert repository.edition_at(session, datetime(2021, 1, 1, tzinfo=UTC)) == 1


# ---------------------------------------------------------------- what is refused
def test_crossed_hierarchy(session):
    grids = town_grids()
    grids.loc[grids["code"] == LEFT, "street_code"] = "370299001"
    with pytest.raises(CoverageError) as refusal:
        publish_town(session, grids)
    assert [d.kind for d in refusal.value.defects] == ["hierarchy"]
    assert refusal.value.defects[0].codes == (LEFT[:12],)
    assert LEFT[:12] in refusal.value.detail.zh


def test_grid_without_a_community(session):
    grids = town_grids()
    grids.loc[grids["code"].isin([LEFT, RIGHT]), "community_code"] = None
    with pytest.raises(CoverageError) as refusal:
        publish_town(session, grids)
    assert [d.codes for d in refusal.value.defects] == [(LEFT,), (RIGHT,)]


def test_unclean_coverage_by_any_road(session):
    left = shape_of(LEFT)
    with pytest.raises(CoverageError) as refusal:
        publish_town(session, changed(**{f"g{LEFT}": left.buffer(0.0001)}))
    assert {d.kind for d in refusal.value.defects} >= {"overlap"}
    assert count(session, "edition") == 0


def test_code_too_long_for_a_path(session):
    grids = town_grids()
    grids["community_code"] = grids["community_code"].map(lambda code: "社区" * 20 + code)
    with pytest.raises(CodeError, match="社区"):
        publish_town(session, grids)


def test_codes_of_any_characters(session):
    grids = town_grids()
    grids["code"] = [f"网格-{i} (北).{code}" for i, code in enumerate(grids["code"])]
    publish_town(session, grids)
    stored = session.execute(
        text("SELECT path::text FROM unit_version WHERE level = 'grid' ORDER BY code")
    ).scalars()
    assert all(path.count(".") == 3 for path in stored)


def neighbour(shift: float = 0.0) -> CoverageInput:
    """A district east of the town that shares its border there, or overlaps it by ``shift`` degrees."""
    edge = [
        c for code in (RIGHT, "370299002003003") for c in shapely.get_coordinates(shape_of(code)).tolist()
    ]
    east = shapely.unary_union(list(town_grids().geometry)).geoms
    mainland = max(east, key=lambda p: p.area)
    side = [tuple(c) for c in mainland.exterior.coords[:-1] if list(c) in edge and c[0] > 120.085]
    side = sorted(set(side), key=lambda c: c[1])
    ring = [(x - shift, y) for x, y in side] + [(120.12, side[-1][1]), (120.12, side[0][1])]
    grids = gpd.GeoDataFrame(
        {"code": ["N1"], "name": ["邻区网格"]}, geometry=[shapely.Polygon(ring)], crs=4326
    )
    return CoverageInput("370298", "邻区", grids)


def test_neighbouring_district(session, town):
    publication = publish(session, neighbour(), author="tester")
    assert publication.published.edition == 2
    units = repository.units_in(session, 2)
    assert set(units.loc[units["level"] == "district", "code"]) == {DISTRICT, "370298"}
    # The town's own versions go on as they were.
    assert (
        count(
            session,
            "unit_version WHERE district_code = :d AND lower(editions) = 1 AND upper_inf(editions)",
            d=DISTRICT,
        )
        == 19
    )


def test_neighbour_that_overlaps_is_refused(session, town):
    with pytest.raises(CoverageError) as refusal:
        publish(session, neighbour(0.0005), author="tester")
    assert {d.kind for d in refusal.value.defects} >= {"overlap"}
    assert any("N1" in d.codes for d in refusal.value.defects)


def test_a_code_of_the_neighbour_is_taken(session, town):
    given = neighbour()
    given.grids["code"] = [LEFT]
    with pytest.raises(CoverageError) as refusal:
        publish(session, given, author="tester")
    assert [d.kind for d in refusal.value.defects] == ["duplicate-code"]


def test_grids_of_a_neighbour_that_do_not_touch_us_are_no_gap(session):
    """The neighbours that touch us may enclose one that does not: that is land with an owner, not a gap."""
    box = shapely.box
    ring = {
        "r1": box(120.00, 35.00, 120.03, 35.01),
        "r2": box(120.00, 35.01, 120.01, 35.03),
        "r3": box(120.02, 35.01, 120.03, 35.03),
        "r4": box(120.01, 35.02, 120.02, 35.03),
        "core": box(120.01, 35.01, 120.02, 35.02),
    }
    matched = snap_coverage(list(ring.values())).polygons
    first = gpd.GeoDataFrame({"code": list(ring), "name": list(ring)}, geometry=list(matched), crs=4326)
    publish(session, CoverageInput("A", "A", first), author="t")
    around = shapely.box(119.99, 34.99, 120.04, 35.04) - shapely.box(120.0, 35.0, 120.03, 35.03)
    second = gpd.GeoDataFrame({"code": ["around"], "name": ["a"]}, geometry=[around], crs=4326)
    assert publish(session, CoverageInput("B", "B", second), author="t").published.edition == 2


def test_borders_that_do_not_share_their_vertices_are_refused(session):
    """A T-junction without a node is no gap and no overlap, and yet no coverage."""
    shapes = [
        shapely.box(120, 35, 120.01, 35.02),
        shapely.box(120.01, 35, 120.02, 35.01),
        shapely.box(120.01, 35.01, 120.02, 35.02),
    ]
    grids = gpd.GeoDataFrame({"code": list("abc"), "name": list("abc")}, geometry=shapes, crs=4326)
    with pytest.raises(CoverageError) as refusal:
        publish(session, CoverageInput("A", "A", grids), author="t")
    assert "share the vertices" in str(refusal.value)


# ---------------------------------------------------------------- read-only history
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE unit_version SET name = 'x'",
        "UPDATE unit_version SET geom = ST_Translate(geom, 1e-7, 0)",
        "UPDATE unit_version SET editions = '[1,9)'",
        "UPDATE unit_version SET editions = '[2,)'",
        "UPDATE unit_version SET attributes = '{\"a\": 1}'",
        "DELETE FROM unit_version WHERE level = 'grid'",
        "TRUNCATE unit_version",
        "UPDATE edition SET note = 'x'",
        "UPDATE edition SET effective_from = now() - interval '9 years'",
        "DELETE FROM edition",
        "TRUNCATE edition CASCADE",
        "UPDATE lineage SET kind = 'x'",
        "DELETE FROM lineage",
        "TRUNCATE lineage",
    ],
)
def test_history_is_read_only(session, town, statement):
    publish_town(session, moved_border())
    with pytest.raises(DBAPIError, match=r"refused|only closing"), session.begin_nested():
        session.execute(text(statement))


def test_two_versions_of_a_code_in_one_edition(session, town):
    copy = (
        "INSERT INTO unit_version (level, code, name, kind, parent_code, district_code, path, editions, geom, area_m2)"
        " SELECT level, code, name, kind, parent_code, district_code, path, '[1,2)', geom, area_m2 FROM unit_version"
        " WHERE code = :code"
    )
    with pytest.raises(IntegrityError, match="ex_unit_version_one_per_edition"), session.begin_nested():
        session.execute(text(copy), {"code": LEFT})


def test_content_hash_says_everything(session, town):
    units = repository.units_in(session, 1)
    assert content_hash(units) == repository.latest(session).content_hash
    assert content_hash(units.sample(frac=1, random_state=1)) == content_hash(units)
    for column, value in (
        ("name", "x"),
        ("kind", "dedicated"),
        ("code", "x"),
        ("path", "x"),
        ("parent_code", "x"),
    ):
        other = units.copy()
        other.loc[0, column] = value
        assert content_hash(other) != content_hash(units), column
    other = units.copy()
    other.at[0, "geometry"] = shapely.transform(other.at[0, "geometry"], lambda xy: xy + 1e-7)
    assert content_hash(other) != content_hash(units)


def test_upper_units_are_dissolved(session, town):
    units = repository.units_in(session, 1)
    grids = units[units["level"] == "grid"]
    for level, digits in (("community", 12), ("street", 9), ("district", 6)):
        for unit in units[units["level"] == level].itertuples():
            mine = grids.loc[grids["code"].str.slice(0, digits) == unit.code]
            assert shapely.equals(shapely.unary_union(mine["geometry"].to_numpy()), unit.geometry), unit.code
            assert unit.area_m2 == pytest.approx(mine["area_m2"].sum(), rel=1e-6)


def test_synthetic_is_said_while_any_of_it_is_synthetic(session):
    publish(session, town_input(synthetic=True), author="t")
    assert repository.latest(session).synthetic
    publish(session, neighbour(), author="t")
    assert repository.latest(session).synthetic, "the town in it is still invented"
    publish(session, CoverageInput(DISTRICT, DISTRICT_NAME, moved_border()), author="t")
    assert not repository.latest(session).synthetic


def attributes(session, code: str) -> tuple:
    row = session.execute(
        text(
            "SELECT code_scheme, (attributes ->> 'synthetic')::boolean FROM unit_version "
            "WHERE code = :code AND upper_inf(editions)"
        ),
        {"code": code},
    ).one()
    return tuple(row)


def unstated(grids: gpd.GeoDataFrame) -> CoverageInput:
    """A coverage that says neither whose codes these are nor whether it is invented, as files do."""
    return CoverageInput(DISTRICT, DISTRICT_NAME, grids, code_scheme=None, synthetic=None)


def test_what_a_file_does_not_state_stays(session):
    publish(session, town_input(synthetic=True, code_scheme="MZ/T 2026"), author="t")
    assert not publish(session, unstated(town_grids()), author="t").published.touched
    published = publish(session, unstated(moved_border()), author="t").published
    assert published.changed == (LEFT, RIGHT)
    assert published.units_written == 4
    assert attributes(session, LEFT) == attributes(session, CODES[0]) == ("MZ/T 2026", True)
    assert repository.latest(session).synthetic


def test_other_boundaries_of_the_same_district_are_not_invented(session):
    publish(session, town_input(synthetic=True, code_scheme="MZ/T 2026"), author="t")
    surveyed = town_grids()
    surveyed["geometry"] = shapely.transform(
        surveyed.geometry.to_numpy(), lambda xy: np.asarray(round_degrees(xy + np.array([1e-5, 2e-5])))
    )
    publish(session, unstated(surveyed), author="t")
    assert attributes(session, LEFT) == ("MZ/T 2026", None)
    assert not repository.latest(session).synthetic


def test_a_scheme_that_is_stated_is_a_change(session):
    publish(session, town_input(code_scheme="MZ/T 2026"), author="t")
    published = publish(session, town_input(code_scheme="own"), author="t").published
    assert (published.changed, published.units_written) == (CODES, 38)
    assert attributes(session, DISTRICT)[0] == attributes(session, LEFT)[0] == "own"


def test_publish_coverage_alone_needs_no_components(session):
    assert publish_coverage(session, town_input(), Terms("t")).edition == 1

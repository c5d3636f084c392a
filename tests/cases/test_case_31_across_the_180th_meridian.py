"""Case 31 (and what 25 leaves): a district across the 180th meridian is checked, imported, located and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from gis.coverage import clean, snap_coverage
from gis.editing import Coverage, GridAttributes, Merge, OperationRefused, Split, apply
from gis.heat import cluster
from gis.locate import GridIndex
from gis.shares import shares
from gis.viz import Assets, HeatCaption, heat_map, to_html
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase

CODE = ("--code", "code")
OPTIONS = ("--code", "code", "--community", "community", "--street", "street")
DISTRICT = ("--district", "679001", "--code-scheme", "own", "--publish")
SPLIT = {
    "T1": box(179.8, -17, 179.95, -16.8),
    "T2": MultiPolygon([box(179.95, -17, 180, -16.8), box(-180, -17, -179.95, -16.8)]),
    "T3": box(-179.95, -17, -179.8, -16.8),
}
PLAIN = {"E": box(179.8, -17, 180, -16.8), "W": box(-180, -17, -179.8, -16.8)}
BEYOND = {
    "T1": box(179.8, -17, 179.95, -16.8),
    "T2": box(179.95, -17, 180.05, -16.8),
    "T3": box(180.05, -17, 180.2, -16.8),
}
LEAPING = {
    "T1": SPLIT["T1"],
    "T2": Polygon([(179.95, -17), (-179.95, -17), (-179.95, -16.8), (179.95, -16.8)]),
    "T3": SPLIT["T3"],
}
# Twice as many: the seam between E1, E2 and W1 has a joint.
ROWS = {
    "E1": (box(179.8, -17, 180, -16.9), "679001001001", "679001001"),
    "E2": (box(179.8, -16.9, 180, -16.8), "679001001001", "679001001"),
    "M": (MultiPolygon([box(179.95, -17.1, 180, -17), box(-180, -17.1, -179.95, -17)]), "679001001001", "679001001"),
    "N": (MultiPolygon([box(179.8, -17.1, 179.95, -17), box(-179.95, -17.1, -179.8, -17)]), "679001001001", "679001001"),
    "W1": (box(-180, -17, -179.8, -16.8), "679001001002", "679001001"),
}  # fmt: skip


def written(path: Path, grids: dict[str, Any]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for code, shape in grids.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def with_levels(path: Path) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "community": community, "street": street},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for code, (shape, community, street) in ROWS.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def errors(result: Any) -> list[dict[str, Any]]:
    return [each for each in result.document["defects"] if each["severity"] == "error"]


# ---------------------------------------------------------------- the case itself
@pytest.mark.parametrize(
    "grids", [SPLIT, PLAIN, BEYOND, LEAPING], ids=["split", "plain", "beyond", "leaping"]
)
def test_it_is_clean_and_its_edge_is_nobodys(wangge_empty: Command, tmp_path: Path, grids: dict[str, Any]):
    file = written(tmp_path / "am_split.geojson", grids)
    checked = wangge_empty("grids", "check", file, *CODE, "--json")
    assert checked.code == 0, checked
    assert checked.document["defects"] == []
    owner = sorted(grids)[len(grids) // 2 - (len(grids) == 2)]
    for lon in ("180", "-180"):
        found = wangge_empty("locate", lon, "-16.9", "--boundaries", file, "--code", "code", "--json")
        assert found.code == 0, found
        assert found.document["grid"]["code"] == owner
    assert wangge_empty("locate", "179.7", "-16.9", "--boundaries", file, "--code", "code").code == 1


def test_it_is_imported_verified_located_and_shown(
    wangge_empty: Command, client: TestClient, committing_db: CommittingDatabase, tmp_path: Path
):
    file = with_levels(tmp_path / "am.geojson")
    done = wangge_empty("grids", "import", file, *OPTIONS, *DISTRICT, "--json")
    assert done.code == 0, done
    verified = wangge_empty("verify")
    assert verified.code == 0, verified
    for lon, lat, code in [
        ("180", "-16.85", "E2"), ("-180", "-16.85", "E2"), ("180", "-16.9", "E1"), ("-180", "-16.9", "E1"),
        ("-179.9999999", "-16.85", "W1"), ("179.9999999", "-16.85", "E2"), ("179.9", "-17.05", "N"),
        ("-179.9", "-17.05", "N"), ("180", "-17.05", "M"), ("-179.96", "-17.05", "M"),
    ]:  # fmt: skip
        answer = client.get("/v1/locate", params={"lon": lon, "lat": lat}).json()
        assert answer["grid"]["code"] == code, (lon, lat)
        assert wangge_empty("locate", lon, lat, "--json").document["grid"]["code"] == code
        with Session(committing_db.owner_engine) as session:
            asked = text("SELECT grid_owner(ST_SetSRID(ST_MakePoint(:x, :y), 4326))")
            assert session.scalar(asked, {"x": float(lon), "y": float(lat)}) == code
    for level, count in (("grid", 5), ("community", 2), ("street", 1), ("district", 1)):
        over = client.get(f"/ogc/collections/{level}/items", params={"bbox": "179.9,-18,-179.9,-16"}).json()
        assert over["numberMatched"] == count
        for feature in over["features"]:
            shape = shapely.geometry.shape(feature["geometry"])
            parts = np.array(getattr(shape, "geoms", [shape]), dtype=object)
            # RFC 7946: cut at the meridian, outer rings anticlockwise.
            assert (np.ptp(shapely.bounds(parts)[:, [0, 2]], axis=1) <= 0.2 + 1e-9).all()
            assert all(part.exterior.is_ccw for part in parts)
    district = client.get("/ogc/collections/district/items").json()["features"][0]
    assert district["properties"]["area_m2"] == pytest.approx(1_414_488_350, rel=1e-6)
    here = [179.8, -17.1, -179.8, -16.8]
    extent = client.get("/ogc/collections").json()["collections"][0]["extent"]["spatial"]
    assert extent["bbox"] == [here]
    assert client.get("/v1/units/679001").json()["bbox"] == here
    boxes = {each["code"]: each["bbox"] for each in client.get("/maps/units.json").json()["units"]}
    assert (boxes["679001"], boxes["W1"]) == (here, [-180.0, -17.0, -179.8, -16.8])
    described = client.get("/maps/tiles/units.json").json()
    assert (described["view"], described["bounds"]) == (here, [-180.0, -17.1, 180.0, -16.8])
    assert described["center"][0] == 180.0
    # Both sides of the world have it: column 0 and the last one of zoom 10.
    row = int((1 - np.arcsinh(np.tan(np.radians(-16.95))) / np.pi) / 2 * 1024)
    for column in (0, 1023):
        assert b"679001" in client.get(f"/maps/tiles/units/10/{column}/{row}.pbf").content
    assert b"679001" not in client.get(f"/maps/tiles/units/10/512/{row}.pbf").content


def test_exported_and_imported_again_nothing_changes(wangge_empty: Command, tmp_path: Path):
    file = with_levels(tmp_path / "am.geojson")
    assert wangge_empty("grids", "import", file, *OPTIONS, *DISTRICT, "--json").code == 0
    for name in ("out.geojson", "out.gpkg"):
        assert wangge_empty("grids", "export", tmp_path / name).code == 0
        columns = ("--code", "code", "--community", "community", "--street", "street")
        again = wangge_empty("grids", "import", tmp_path / name, *columns, *DISTRICT, "--json")
        assert again.code == 0, again
        assert (again.document["published"], again.document["unchanged"]) == (False, 5)


def test_many_places_and_components_over_the_meridian(
    wangge_empty: Command, committing_db: CommittingDatabase, tmp_path: Path
):
    file = with_levels(tmp_path / "am.geojson")
    assert wangge_empty("grids", "import", file, *OPTIONS, *DISTRICT, "--json").code == 0
    table, out = tmp_path / "in.csv", tmp_path / "out.csv"
    places = [
        (180, -16.85, "E2"),
        (-180, -16.85, "E2"),
        (-179.9, -16.85, "W1"),
        (0, -16.85, ""),
        (179.99, -17.05, "M"),
    ]
    table.write_text("lon,lat\n" + "".join(f"{x},{y}\n" for x, y, _ in places))
    located = wangge_empty("locate", "--input", table, "--output", out)
    assert located.code in (0, 1), located
    found = [line.split(",")[-1].strip() for line in out.read_text("utf-8-sig").splitlines()[1:]]
    assert found == [code for _, _, code in places]
    pipe = shapely.MultiLineString([[(179.99, -16.95), (180, -16.95)], [(-180, -16.95), (-179.97, -16.95)]])
    along = shapely.LineString([(-180, -16.99), (-180, -16.95)])
    things = {"p1": pipe, "p2": along}
    lines = written(tmp_path / "lines.geojson", things)
    done = wangge_empty("components", "import", lines, "--class", "供水管道", "--code", "code", "--json")
    if done.code != 0:
        pytest.fail(str(done))
    with Session(committing_db.owner_engine) as session:
        rows = session.execute(
            text(
                "SELECT c.code, c.grid_code, s.grid_code, round(s.share::numeric, 6) FROM component c "
                "LEFT JOIN component_share s ON s.component_id = c.id ORDER BY 1, 3"
            )
        ).all()
        # A quarter of the one lies west of the meridian; the other along it, and E1 is beside it by the other name.
        assert [(row[0], row[1], row[2], float(row[3])) for row in rows] == [
            ("p1", "W1", "E1", 0.25),
            ("p1", "W1", "W1", 0.75),
            ("p2", "E1", "E1", 1.0),
        ]
        asked = text("SELECT grid_code, share FROM owner_shares(ST_GeomFromText(:wkt, 4326), 1) ORDER BY 1")
        assert [row[0] for row in session.execute(asked, {"wkt": along.wkt})] == ["E1"]
        parts = {row[0]: row[1] for row in session.execute(asked, {"wkt": pipe.wkt})}
        assert parts == pytest.approx({"E1": 0.25, "W1": 0.75}, rel=1e-6)
    assert wangge_empty("verify").code == 0


# ---------------------------------------------------------------- variations: what is wrong at the seam
def turned(grids: dict[str, Any], by: float) -> dict[str, Any]:
    """The same grids elsewhere, in one piece."""
    return {
        code: shapely.union_all(
            shapely.get_parts(
                shapely.transform(
                    shape,
                    lambda xy: np.column_stack([np.rint((xy[:, 0] % 360 - 180 + by) * 1e7) / 1e7, xy[:, 1]]),
                )
            )
        )
        for code, shape in grids.items()
    }


WRONG = {
    "gap across the seam": {
        "A": MultiPolygon([box(179.9, -17, 180, -16.9), box(-180, -17, -179.9, -16.9)]),
        "B": MultiPolygon([box(179.9, -16.89995, 180, -16.8), box(-180, -16.89995, -179.9, -16.8)]),
        "C": box(179.8, -17, 179.9, -16.8),
        "D": box(-179.9, -17, -179.8, -16.8),
    },
    "gap beside the seam": {"E": box(179.8, -17, 180, -16.8), "W": box(-179.99995, -17, -179.8, -16.8)},
    "overlap at the seam": {
        "E": MultiPolygon([box(179.8, -17, 180, -16.8), box(-180, -17, -179.99995, -16.8)]),
        "W": box(-180, -17, -179.8, -16.8),
    },
    "overlap across the seam": {
        "A": MultiPolygon([box(179.9, -17, 180, -16.9), box(-180, -17, -179.9, -16.9)]),
        "B": MultiPolygon([box(179.9, -16.90005, 180, -16.8), box(-180, -16.90005, -179.9, -16.8)]),
    },
    "joint on the seam": {
        "E1": box(179.8, -17, 180, -16.9),
        "E2": box(179.8, -16.9, 180, -16.8),
        "W": box(-180, -17, -179.8, -16.8),
    },
    "nothing": PLAIN,
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_defects_are_those_of_the_same_coverage_elsewhere(wangge_empty: Command, tmp_path: Path, name: str):
    here = written(tmp_path / "here.geojson", WRONG[name])
    there = written(tmp_path / "there.geojson", turned(WRONG[name], 177.0))
    found = {}
    for key, file in (("here", here), ("there", there)):
        result = wangge_empty("grids", "check", file, *CODE, "--json")
        found[key] = (result.code, result.document["defects"])
    assert found["here"][0] == found["there"][0]
    assert len(found["here"][1]) == len(found["there"][1])
    for one, other in zip(found["here"][1], found["there"][1], strict=True):
        for key in ("kind", "severity", "codes"):
            assert one[key] == other[key]
        for key in ("width_m", "area_m2"):
            assert (one.get(key) is None) == (other.get(key) is None)
            if one.get(key) is not None:
                assert one[key] == pytest.approx(other[key], rel=0.01)
        assert (one["place"][0] % 360 - 3) % 360 == pytest.approx(other["place"][0] % 360, abs=1e-6)
        assert one["place"][1] == pytest.approx(other["place"][1], abs=1e-6)


@pytest.mark.parametrize("name", ["gap across the seam", "gap beside the seam", "overlap at the seam"])
def test_narrow_ones_are_mended(name: str):
    codes, shapes = list(WRONG[name]), list(WRONG[name].values())
    mended = clean(codes, shapes, max_width_m=12)
    assert mended.clean, mended.left
    assert [round(each.moved_m, 1) for each in mended.moved] in ([5.5], [5.3])
    index = GridIndex.build(codes, mended.polygons)
    assert index.locate([180.0, -180.0, -179.99998], [-16.95] * 3).tolist().count(-1) == 0
    # Mended again, nothing moves, and what is beside no defect is what was given.
    assert clean(codes, mended.polygons, max_width_m=12).moved == []


# ---------------------------------------------------------------- variations: drafts
def _drafted() -> Coverage:
    shapes = snap_coverage([row[0] for row in ROWS.values()]).polygons
    return Coverage.build(list(ROWS), shapes, [GridAttributes("", row[1]) for row in ROWS.values()])


def test_a_draft_may_change_all_but_the_border_on_the_meridian():
    coverage = _drafted()
    merged = apply(coverage, Merge(("M", "N"))).coverage
    assert merged.polygon("N").bounds[::2] == (-180.0, 180.0)
    halves = apply(coverage, Split("E1", shapely.LineString([(179.9, -17.1), (179.9, -16.8)])))
    assert halves.created == ("E3",)
    for operation in (
        Merge(("E1", "E2")),
        Split("E1", shapely.LineString([(179.7, -16.95), (180, -16.95)])),
    ):
        with pytest.raises(OperationRefused) as refused:
            apply(coverage, operation)
        assert refused.value.code == "at-the-meridian"
        assert abs(refused.value.places[0][0]) == 180.0


# ---------------------------------------------------------------- variations: the core and the maps
def test_shares_of_lines_and_areas_over_the_meridian():
    index = GridIndex.build(list(SPLIT), list(SPLIT.values()))
    again = GridIndex.from_bytes(index.to_bytes())
    assert again.content_hash == GridIndex.build(list(SPLIT), index.polygons).content_hash
    line = shapely.MultiLineString([[(179.94, -16.9), (180, -16.9)], [(-180, -16.9), (-179.94, -16.9)]])
    area = MultiPolygon([box(179.94, -16.9, 180, -16.85), box(-180, -16.9, -179.94, -16.85)])
    for asked in (index, again):
        found = shares(asked, [line, area])
        assert found.grid.tolist() == [0, 1, 2, 0, 1, 2]
        assert found.share == pytest.approx([1 / 12, 10 / 12, 1 / 12] * 2, rel=1e-6)
        assert asked.extent[0] > asked.extent[2]


def test_a_heat_map_shows_the_district_and_not_the_world():
    caption = HeatCaption(title="t", period="p", total=2)
    border = SPLIT["T2"]
    drawn = heat_map(
        [179.97, -179.97], [-16.9, -16.9], border=border, caption=caption, assets=Assets.linked("/{}".format)
    )
    assert drawn.corners == [[-17.0, 179.95], [-16.8, 180.05]]
    assert "[-16.9, 180.03, 1.0]" in to_html(drawn)
    assert "-179.97" not in to_html(drawn)
    middle = cluster([179.9999, -179.9999], [-16.9, -16.9], resolution=5)
    assert np.abs(middle.lon).min() > 179.99


@pytest.mark.parametrize("side", [1, -1])
def test_what_only_touches_the_meridian_is_as_anywhere(wangge_empty: Command, tmp_path: Path, side: int):
    west, east = sorted((179.8 * side, 180.0 * side))
    middle = 179.9 * side
    grids = {"A": box(west, -17, middle, -16.8), "B": box(middle, -17, east, -16.8)}
    file = written(tmp_path / "rim.geojson", grids)
    assert wangge_empty("grids", "check", file, *CODE, "--json").document["defects"] == []
    assert not GridIndex.build(list(grids), list(grids.values())).turned
    assert wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--json").code == 0
    assert wangge_empty("verify").code == 0


@pytest.mark.parametrize("lon", [220.05, -200.5])
def test_a_longitude_far_beyond_is_refused_by_name(wangge_empty: Command, tmp_path: Path, lon: float):
    file = written(tmp_path / "typo.geojson", {"A": box(lon, -17, lon + 0.1, -16.8)})
    refused = wangge_empty("grids", "check", file, *CODE)
    assert refused.code == 3
    assert f"{lon:.10g}" in refused.err or f"{lon + 0.1:.10g}" in refused.err

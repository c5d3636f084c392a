"""C4: real enclaves, lakes, creeks and notches of the coast; declared land of nobody, and open water that needs none."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.cases.coverages import Kind, box, collection, kinds, on_earth
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.real_data import folder

CODE = ("--code", "code")
DISTRICT = ("--district", "370299", "--code-scheme", "own")
ENCLAVE = {
    "A": [[120, 36], [120.01, 36], [120.01, 36.01], [120.01, 36.02], [120.01, 36.03], [120, 36.03]],
    "B": [
        [120.01, 36], [120.03, 36], [120.03, 36.03], [120.01, 36.03], [120.01, 36.02], [120.02, 36.02],
        [120.02, 36.01], [120.01, 36.01],
    ],
}  # fmt: skip
CREEK = {
    "A": [[120, 36], [120.01, 36], [120.01, 36.01], [120, 36.01]],
    "B": [[120.01, 36], [120.02, 36], [120.02, 36.01], [120.0101, 36.01], [120.01, 36.005]],
}


def written(path: Path, grids: dict[str, list[list[float]]]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        }
        for code, ring in grids.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def land(path: Path, *shapes: object, **words: object) -> Path:
    """A file with polygons in degrees."""
    features = [
        {"type": "Feature", "properties": dict(words), "geometry": shapely.geometry.mapping(shape)}
        for shape in shapes
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


# ---------------------------------------------------------------- the case itself
def test_an_enclave_is_an_error_and_the_refusal_names_both_ways_out(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    for lang in ("zh", "en"):
        checked = wangge_empty("grids", "check", file, *CODE, lang=lang)
        assert checked.code == 1, checked
        assert "--exclude" in checked.err
        assert "--accept-gaps" in checked.err
    refused = wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish")
    assert refused.code == 3
    assert "--exclude" in refused.err
    found = wangge_empty("grids", "check", file, *CODE, "--json").document["defects"]
    assert [(each["kind"], each["codes"]) for each in found] == [("gap", ["A", "B"])]
    assert found[0]["area_m2"] == pytest.approx(1_000_260.28, abs=1)


def test_a_creek_is_open_water(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_creek.geojson", CREEK)
    checked = wangge_empty("grids", "check", file, *CODE, "--json")
    assert checked.code == 0, checked
    assert not [each for each in checked.document["defects"] if each["severity"] == "error"]


def test_declared_by_a_file_it_is_imported_and_located(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    lake = land(tmp_path / "lake.geojson", shapely.box(120.01, 36.01, 120.02, 36.02), 理由="水库")
    done = wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish", "--exclude", lake, "--json")
    assert done.code == 0, done
    assert [(each["reason"], round(each["area_m2"])) for each in done.document["excluded"]] == [
        ("水库", 1_000_260)
    ]
    place = wangge_empty("locate", "120.015", "36.015")
    assert place.code == 1
    assert "水库" in place.err
    assert wangge_empty("locate", "120.015", "36.015", "--json").document["excluded"] == {"reason": "水库"}
    # On the border it is the grid's, of the lowest code that touches.
    assert wangge_empty("locate", "120.01", "36.015", "--json").document["grid"]["code"] == "A"
    assert wangge_empty("locate", "120.02", "36.015", "--json").document["grid"]["code"] == "B"
    verified = wangge_empty("verify")
    assert verified.code == 0, verified
    again = wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish", "--exclude", lake, "--json")
    assert again.document["published"] is False


def test_every_gap_accepted_is_listed_with_its_reason(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    options = ("--accept-gaps", "--reason", "待定")
    checked = wangge_empty("grids", "check", file, *CODE, *options)
    assert checked.code == 0, checked
    assert "待定" in checked.out
    assert "120.0150000,36.0150000" in checked.out
    assert "901" in checked.out
    assert wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish", *options).code == 0
    assert wangge_empty("locate", "120.015", "36.015", "--json").document["excluded"] == {"reason": "待定"}


# ---------------------------------------------------------------- what a declaration may not do
def test_land_on_a_grid_is_refused_with_both_named(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    lake = land(tmp_path / "lake.geojson", shapely.box(120.009, 36.01, 120.02, 36.02), reason="水库")
    checked = wangge_empty("grids", "check", file, *CODE, "--exclude", lake)
    assert checked.code == 1, checked
    assert "水库" in checked.out
    assert "网格 A" in checked.out
    # Within a step of the lattice it is rounding.
    lake = land(
        tmp_path / "lake.geojson", shapely.box(120.00999995, 36.01, 120.02000004, 36.02), reason="水库"
    )
    assert wangge_empty("grids", "check", file, *CODE, "--exclude", lake).code == 0


def test_a_roughly_drawn_lake_is_cut_to_the_gap_as_far_as_mending_may_go(
    wangge_empty: Command, tmp_path: Path
):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    rough = shapely.Polygon(
        [(120.00998, 36.00999), (120.02002, 36.01001), (120.02001, 36.02002), (120.01002, 36.01999)]
    )
    lake = land(tmp_path / "lake.geojson", rough, reason="水库")
    assert wangge_empty("grids", "check", file, *CODE, "--exclude", lake).code == 1
    done = wangge_empty("grids", "check", file, *CODE, "--exclude", lake, "--clean", "5", "--json")
    assert done.code == 0, done
    assert done.document["excluded"][0]["area_m2"] == pytest.approx(1_000_260.28, abs=1)
    assert done.document["moved"] == []


def test_what_is_left_undeclared_stays_an_error(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    half = land(tmp_path / "half.geojson", shapely.box(120.01, 36.01, 120.015, 36.02), reason="水库")
    checked = wangge_empty("grids", "check", file, *CODE, "--exclude", half, "--json")
    assert checked.code == 1
    errors = [each for each in checked.document["defects"] if each["severity"] == "error"]
    assert [(each["kind"], round(each["area_m2"])) for each in errors] == [("gap", 500_130)]
    both = wangge_empty(
        "grids", "check", file, *CODE, "--exclude", half, "--accept-gaps", "--reason", "未定", "--json"
    )
    assert [each["reason"] for each in both.document["excluded"]] == ["水库", "未定"]


def test_land_that_covers_no_gap_is_a_warning(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_creek.geojson", CREEK)
    sea = land(tmp_path / "sea.geojson", shapely.box(120, 36.01, 120.02, 36.02), reason="港池")
    checked = wangge_empty("grids", "check", file, *CODE, "--exclude", sea, "--json")
    assert checked.code == 0, checked
    warnings = [each for each in checked.document["defects"] if each["kind"] == "excluded"]
    assert [each["severity"] for each in warnings] == ["warning"]
    assert "港池" in warnings[0]["detail_zh"]


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        (shapely.Point(120.015, 36.015), "面"),
        (shapely.Polygon([(120, 36), (120.01, 36.01), (120.01, 36), (120, 36.01)]), "第 1 行"),
    ],
)
def test_rows_that_are_no_land_are_refused_by_row(wangge_empty: Command, tmp_path: Path, shape, word):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    bad = land(tmp_path / "bad.geojson", shape, reason="x")
    refused = wangge_empty("grids", "check", file, *CODE, "--exclude", bad)
    assert refused.code == 3, refused
    assert "bad.geojson" in refused.err
    assert word in refused.err


def test_options_that_go_together(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    for idle in (
        ("--reason", "x"),
        ("--exclude-reason", "x"),
        ("--exclude-layer", "x"),
        ("--exclude-crs", "wgs84"),
    ):
        assert wangge_empty("grids", "check", file, *CODE, *idle).code == 2, idle


def test_a_grid_may_not_have_the_code_of_such_land(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "g.geojson", {"excluded:1": ENCLAVE["A"]})
    checked = wangge_empty("grids", "check", file, *CODE)
    assert checked.code == 1
    assert "malformed-code" in checked.out


# ---------------------------------------------------------------- kept with the edition
def test_it_goes_out_and_comes_in_again_without_a_change(
    wangge_empty: Command, committing_db: CommittingDatabase, tmp_path: Path
):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    assert (
        wangge_empty(
            "grids", "import", file, *CODE, *DISTRICT, "--publish", "--accept-gaps", "--reason", "军营"
        ).code
        == 0
    )
    out = tmp_path / "out.gpkg"
    exported = wangge_empty("grids", "export", out, "--json")
    assert exported.document["excluded"] == 1
    assert {name for name, _ in pyogrio.list_layers(out)} == {"out", "excluded_land"}
    assert gpd.read_file(out, layer="excluded_land")["reason"].tolist() == ["军营"]
    again = wangge_empty("grids", "import", out, *CODE, *DISTRICT, "--publish", "--json")
    assert again.code == 0, again
    assert again.document["published"] is False
    # A format with one layer says so; what is declared stays declared.
    flat = tmp_path / "out.geojson"
    said = wangge_empty("grids", "export", flat)
    assert "1" in said.err
    assert ".gpkg" in said.err
    again = wangge_empty("grids", "import", flat, *CODE, *DISTRICT, "--publish", "--json")
    assert again.code == 0, again
    assert again.document["published"] is False
    with Session(committing_db.owner_engine) as session:
        assert session.execute(text("SELECT count(*) FROM excluded_land")).scalar_one() == 1


def test_a_grid_that_takes_the_land_ends_the_declaration(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "one.geojson", ENCLAVE)
    assert wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish", "--accept-gaps").code == 0
    hole = [[120.01, 36.01], [120.02, 36.01], [120.02, 36.02], [120.01, 36.02]]
    whole = written(tmp_path / "two.geojson", {**ENCLAVE, "C": hole})
    done = wangge_empty("grids", "import", whole, *CODE, *DISTRICT, "--publish", "--json")
    assert done.code == 0, done
    assert (done.document["excluded"], len(done.document["excluded_ended"])) == ([], 1)
    assert wangge_empty("locate", "120.015", "36.015", "--json").document["grid"]["code"] == "C"
    assert wangge_empty("verify").code == 0


# ---------------------------------------------------------------- every kind of real coverage
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_each_kind_is_refused_declared_imported_located_and_verified(
    wangge_empty: Command, tmp_path: Path, kind: Kind
):
    file = tmp_path / "grids.geojson"
    file.write_text(json.dumps(kind.frame()))
    options: tuple[object, ...] = ()
    checked = wangge_empty("grids", "check", file, *CODE)
    assert checked.code == (1 if kind.excluded else 0), checked
    if kind.excluded:
        assert wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish").code == 3
        lakes = tmp_path / "lakes.geojson"
        lakes.write_text(json.dumps(kind.land(), ensure_ascii=False))
        options = ("--exclude", lakes)
        accepted = wangge_empty("grids", "check", file, *CODE, "--accept-gaps", "--json")
        assert accepted.code == 0, accepted
    done = wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish", *options, "--json")
    assert done.code == 0, done
    assert [each["reason"] for each in done.document["excluded"]] == [
        f"水面{n + 1}" for n in range(len(kind.excluded))
    ]
    for shape in kind.excluded[-1:]:
        lon, lat = on_earth(shape).representative_point().coords[0]
        found = wangge_empty("locate", f"{lon:.7f}", f"{lat:.7f}", "--json")
        assert found.document["excluded"] == {"reason": f"水面{len(kind.excluded)}"}
    for place in kind.outside[:1]:
        lon, lat = on_earth(shapely.Point(place)).coords[0]
        found = wangge_empty("locate", f"{lon:.7f}", f"{lat:.7f}", "--json")
        assert (found.code, found.document["grid"], "excluded" in found.document) == (1, None, False)
    verified = wangge_empty("verify")
    assert verified.code == 0, verified


@pytest.mark.parametrize(
    "kind",
    [kind for kind in kinds() if kind.name.startswith(("canal", "narrow lane"))],
    ids=lambda kind: kind.name,
)
def test_what_is_narrow_is_mended_unless_it_is_declared(wangge_empty: Command, tmp_path: Path, kind: Kind):
    file, lanes = tmp_path / "grids.geojson", tmp_path / "lanes.geojson"
    file.write_text(json.dumps(kind.frame()))
    lanes.write_text(json.dumps(kind.land(), ensure_ascii=False))
    mended = wangge_empty("grids", "check", file, *CODE, "--clean", "10", "--json")
    assert (mended.code, mended.document["excluded"]) == (0, []), mended
    assert mended.document["moved"]
    kept = wangge_empty("grids", "check", file, *CODE, "--clean", "10", "--exclude", lanes, "--json")
    assert kept.code == 0, kept
    assert [each["reason"] for each in kept.document["excluded"]] == ["水面1"]
    assert kept.document["moved"] == []


# ---------------------------------------------------------------- two variations
def test_one_gap_declared_by_two_pieces_that_share_a_border(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    two = land(
        tmp_path / "two.geojson",
        shapely.Polygon([(120.01, 36.01), (120.02, 36.01), (120.0133333, 36.0166667), (120.01, 36.02)]),
        shapely.Polygon([(120.02, 36.01), (120.02, 36.02), (120.01, 36.02), (120.0133333, 36.0166667)]),
        reason="两半",
    )
    done = wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish", "--exclude", two, "--json")
    assert done.code == 0, done
    assert sum(each["area_m2"] for each in done.document["excluded"]) == pytest.approx(1_000_260.28, abs=1)
    assert wangge_empty("verify").code == 0


def test_land_in_metres_beside_grids_in_degrees(wangge_empty: Command, tmp_path: Path):
    """A Shapefile in a city's own zone, as surveyors have it: rounding of another system is no overlap."""
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    lake = gpd.GeoDataFrame(
        {"why": ["水库"]}, geometry=[shapely.box(120.01, 36.01, 120.02, 36.02).segmentize(0.001)], crs=4490
    )
    lake.to_crs(4549).to_file(tmp_path / "lake.shp", encoding="UTF-8")
    done = wangge_empty(
        "grids", "check", file, *CODE, "--exclude", tmp_path / "lake.shp", "--exclude-reason", "why", "--json"
    )
    assert done.code == 0, done
    assert [(each["reason"], round(each["area_m2"])) for each in done.document["excluded"]] == [
        ("水库", 1_000_260)
    ]


def test_land_across_the_mouth_of_a_creek_closes_nothing(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_creek.geojson", CREEK)
    sea = land(tmp_path / "sea.geojson", shapely.box(120.005, 36.01, 120.015, 36.02), reason="港池")
    done = wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish", "--exclude", sea, "--json")
    assert done.code == 0, done
    assert wangge_empty("locate", "120.01005", "36.0095", "--json").document["grid"] is None
    assert wangge_empty("locate", "120.01", "36.015", "--json").document["excluded"] == {"reason": "港池"}
    assert wangge_empty("verify").code == 0


def test_a_bulk_file_has_no_code_there(wangge_empty: Command, tmp_path: Path):
    file = written(tmp_path / "mini_enclave.geojson", ENCLAVE)
    assert wangge_empty("grids", "import", file, *CODE, *DISTRICT, "--publish", "--accept-gaps").code == 0
    places = tmp_path / "places.csv"
    places.write_text("lon,lat\n120.015,36.015\n120.005,36.005\n")
    out = tmp_path / "out.csv"
    assert wangge_empty("locate", "--input", places, "--output", out).code == 0
    assert out.read_text().splitlines() == ["lon,lat,grid_code", "120.015,36.015,", "120.005,36.005,A"]


# ---------------------------------------------------------------- a real city
@pytest.mark.real_data
def test_the_community_areas_of_chicago_have_three_enclaves(wangge_empty: Command, tmp_path: Path):
    (areas,) = (folder() / "chicago" / "CommunityAreaBoundaries").glob("*.shp")
    code = ("--code", "area_numbe")
    checked = wangge_empty("grids", "check", areas, *code, "--json")
    assert checked.code == 1
    gaps = [each for each in checked.document["defects"] if each["kind"] == "gap"]
    # Another road to the same holes: GEOS's union of the areas as they stand in the file.
    union = shapely.union_all(gpd.read_file(areas).geometry.to_numpy())
    holes = [shapely.Polygon(hole) for part in shapely.get_parts(union) for hole in part.interiors]
    enclaves = [hole for hole in holes if hole.area > 1e-6]
    assert len(gaps) == len(enclaves) == 3
    for gap in gaps:
        assert sum(hole.contains(shapely.Point(gap["place"])) for hole in enclaves) == 1
    file = tmp_path / "enclaves.geojson"
    land(file, *enclaves, reason="不属芝加哥")
    done = wangge_empty("grids", "check", areas, *code, "--exclude", file, "--json")
    assert done.code == 0, done
    found = sorted(round(each["area_m2"]) for each in done.document["excluded"])
    assert np.allclose(found, sorted(round(gap["area_m2"]) for gap in gaps), atol=2)
    published = wangge_empty(
        "grids",
        "import",
        areas,
        *code,
        "--district",
        "chi",
        "--district-name",
        "Chicago",
        "--code-scheme",
        "own",
        "--publish",
        "--exclude",
        file,
    )
    assert published.code == 0, published
    lon, lat = gaps[0]["place"]
    assert wangge_empty("locate", f"{lon}", f"{lat}", "--json").document["excluded"] == {
        "reason": "不属芝加哥"
    }
    assert wangge_empty("verify").code == 0


def test_the_helpers_of_this_file_say_what_they_draw():
    assert collection([({"code": "A"}, box(0, 0, 1, 1))])["features"][0]["geometry"]["type"] == "Polygon"
    assert len(kinds()) >= 26

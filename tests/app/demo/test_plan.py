"""The demo's own data files, and what identifies a load."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime

import pytest

from app.demo.files import write_examples
from app.demo.plan import (
    AMOUNTS,
    DATA,
    Scale,
    component_classes,
    incident_classes,
    make_plan,
    read_outline,
    specs,
)
from app.errors import Invalid
from gis.coverage import is_clean
from gis.io import read_layer
from gis.locate import GridIndex
from gis.synthetic import build_district


@pytest.mark.parametrize("folder", ["boundaries/cnmaps", "catalog"])
def test_the_data_files_are_as_they_came(folder: str) -> None:
    lines = (DATA / folder / "SHA256SUMS").read_text().splitlines()
    assert len(lines) >= 2
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256((DATA / folder / name).read_bytes()).hexdigest() == digest, name


def test_every_folder_of_data_says_where_it_comes_from() -> None:
    for folder in ("boundaries", "catalog", "demo"):
        assert len((DATA / folder / "README.md").read_text(encoding="utf-8")) > 400


def test_the_catalogues_are_whole_and_keep_both_code_columns() -> None:
    components, events = component_classes(), incident_classes()
    assert (len(components), len(events)) == (78, 80)
    for table in (components, events):
        assert table["code"].is_unique
        assert {"code", "code_2026", "standard_ref", "name_zh", "name_en"} <= set(table.columns)


def test_towns_of_all_five_districts_have_nine_digits() -> None:
    with (DATA / "boundaries" / "divisions" / "towns.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 68
    assert all(len(row["code"]) == 9 and row["code"].startswith(row["district_code"]) for row in rows)


def test_outlines_are_read_with_their_islands() -> None:
    assert len(read_outline("370211").geoms) == 14


def test_amounts_are_those_that_were_promised() -> None:
    assert (AMOUNTS[Scale.SMALL].components, AMOUNTS[Scale.SMALL].incidents) == (40_000, 60_000)
    assert (AMOUNTS[Scale.FULL].components, AMOUNTS[Scale.FULL].incidents) == (1_000_000, 4_460_000)


def test_a_load_is_known_by_what_it_brings_not_by_its_day() -> None:
    one = make_plan(until=datetime(2026, 11, 1, 9, 30, tzinfo=UTC))
    later = make_plan(until=datetime(2027, 1, 1, tzinfo=UTC))
    assert one.until.isoformat() == "2026-11-01T17:00:00+08:00"
    assert one.fingerprint == later.fingerprint
    others = {
        make_plan(seed=5).fingerprint,
        make_plan(scale=Scale.FULL).fingerprint,
        make_plan(district="330402").fingerprint,
        one.fingerprint,
    }
    assert len(others) == 4


def test_an_unknown_district_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Invalid) as refused:
        make_plan(district="999999")
    assert "370211" in refused.value.text("zh")
    assert "370211" in refused.value.text("en")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_site_between_others_and_the_rim_has_a_community(seed):
    """Seed 1 of this district has a site that touches no ordinary block of its town."""
    spec = specs()["330402"]
    district = build_district(read_outline("330402"), spec, seed=seed)
    assert len(district.grids) == spec.grids
    assert district.grids["community_code"].str.startswith("330402").all()


def test_example_files_are_the_same_for_everybody(tmp_path):
    """A district that is clean, one with a border that is not, lamps, and incidents in the grids that they name."""
    paths = write_examples(tmp_path / "one")
    assert [path.name for path in paths] == ["nanhu.gpkg", "nanhu_gaps.geojson", "lamps.shp", "incidents.csv"]
    again = write_examples(tmp_path / "two")
    assert [path.read_bytes() for path in paths[1:]] == [path.read_bytes() for path in again[1:]]
    grids = read_layer(paths[0]).frame
    shapes = grids.geometry.to_numpy()
    assert (len(grids), is_clean(shapes)) == (605, True)
    assert not is_clean(read_layer(paths[1]).frame.geometry.to_numpy())
    assert len(read_layer(paths[2]).frame) > 1000
    incidents = read_layer(paths[3], crs="wgs84").frame
    index = GridIndex.build(grids["code"].tolist(), shapes)
    owners = index.locate(incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy())
    assert [index.codes[at] for at in owners] == incidents["grid"].tolist()

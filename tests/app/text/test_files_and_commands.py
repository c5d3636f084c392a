"""Exports give texts back exactly; what commands say of them can be read and obeys nothing."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from gis.io import read_layer
from tests.fixtures.hostile_town import CODE, COLUMN, COMPUTED, CORE, EDITOR, GRID, HostileTown
from tests.fixtures.towns import CODES, DISTRICT, inside, shape_of

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def named(frame: Any) -> dict[str, str]:
    name = "name" if "name" in frame else "Name"  # as KML has it
    return dict(zip(frame["code"], frame[name], strict=True))


@pytest.mark.parametrize("form", ["gpkg", "geojson", "fgb", "parquet", "csv", "kml"])
def test_exports_are_exact(hostile: HostileTown, tmp_path: Path, form: str) -> None:
    target = tmp_path / f"grids.{form}"
    hostile.do("grids", "export", target)
    if form == "csv":
        csv.field_size_limit(2**20)
        with target.open(encoding="utf-8-sig", newline="") as file:
            there = {row["code"]: row["name"] for row in csv.DictReader(file)}
    else:
        there = named(read_layer(target).frame)
    assert set(there) == {*CODES, CODE} - {CODES[1]}
    for code in {*CODES} - {CODES[1], CODES[2]}:
        text = hostile.texts[f"grid {code}"]
        if form == "kml":  # XML has no place for ESC, and no carriage returns of its own
            text = text.replace("\x1b", "\ufffd")
        assert there[code] == text, (form, code)
    assert there[CODES[2]] == hostile.texts["renamed 2"]


def test_a_shapefile_cuts_nothing_off(hostile: HostileTown, tmp_path: Path) -> None:
    ended = hostile.run("grids", "export", tmp_path / "grids.zip")
    assert ended.code == 3
    assert "254" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_an_exported_file_is_the_same_edition(hostile: HostileTown, tmp_path: Path) -> None:
    hostile.do("grids", "export", tmp_path / "again.geojson")
    checked = hostile.do("grids", "check", tmp_path / "again.geojson", "--code", "code")
    assert COMPUTED not in checked.out


def test_located_rows_come_out_as_they_are(hostile: HostileTown, tmp_path: Path) -> None:
    lon, lat = inside(CODES[1])
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    texts = [CORE, "=1+1", "+1", "-1", "@x", "a\nb", '"', "{{7*7}}"]
    with source.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["名", "lon", "lat"])
        rows.writerows([text, lon, lat] for text in texts)
    hostile.do("locate", "--input", source, "--output", target)
    with target.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.reader(file))
    assert [row[0] for row in found[1:]] == texts
    assert {row[-1] for row in found[1:]} == {CODE}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("as_json", [False, True])
def test_what_commands_say(hostile: HostileTown, tmp_path: Path, as_json: bool, lang: str) -> None:
    lon, lat = inside(GRID)
    bad = tmp_path / "{{7919*7907}}\x1b[31m.csv"
    bad.write_text(f"{CORE.replace(',', '')},lon,lat\n\x1b[31m,x,y\n", encoding="utf-8")
    commands: list[tuple[Any, ...]] = [
        ("locate", lon, lat),
        ("heatmap", DISTRICT, "--output", tmp_path / "heat.html"),
        ("heatmap", CORE, "--output", tmp_path / "heat.html"),
        ("heatmap", GRID, "--class", CORE + "\x1b[31m", "--output", tmp_path / "heat.html"),
        ("user", "list"),
        ("user", "add", CORE + "\x1b[31m\u202e", "--role", "viewer"),
        ("token", "list"),
        ("verify",),
        ("grids", "check", next(hostile.home.glob("*.geojson")), "--code", COLUMN),
        ("grids", "check", next(hostile.home.glob("*.geojson")), "--code", CORE + "\x1b[31m"),
        ("grids", "import", bad, "--code", "x"),
        ("incidents", "import", next(hostile.home.glob("*.csv")), "--time-column", "时"),
        ("incidents", "import", bad, "--time-column", CORE[:20] + "\x1b[31m"),
        ("components", "import", bad, "--class", CORE + "\u202e"),
        ("settings",),
    ]
    for command in commands:
        ended = hostile.run(*command, *(["--json"] if as_json else []), lang=lang)
        said = ended.out + ended.err
        assert COMPUTED not in said, command
        assert not UNSEEN.search(said), (command, ascii(said[:500]))
        assert "Traceback" not in said, command
        if as_json and ended.out:
            json.loads(ended.out)


def test_a_saved_heat_map(hostile: HostileTown, tmp_path: Path) -> None:
    target = tmp_path / "heat.html"
    hostile.do("heatmap", GRID[:12], "--class", hostile.class_code, "--days", 3660, "--output", target)
    page = target.read_text(encoding="utf-8")
    assert COMPUTED not in page
    assert "{{7919*7907}}" in page
    assert "<img src=x" not in page


# ---------------------------------------------------------------- NUL in files
def with_nul(path: Path, **columns: str) -> Path:
    """A Parquet file, the one format that carries NUL, with one grid's ground and these columns in its two rows."""
    shapes = [shape_of(CODES[0]), shape_of(CODES[2])]
    frame = gpd.GeoDataFrame(
        {name: ["好", value] for name, value in columns.items()}, geometry=shapes, crs=4326
    )
    frame["code"] = [CODES[0], CODES[2]]
    frame.to_parquet(path)
    return path


@pytest.mark.parametrize("command", ["grids", "incidents", "components"])
def test_nul_in_a_file_is_a_row_that_is_refused(hostile: HostileTown, tmp_path: Path, command: str) -> None:
    file = with_nul(tmp_path / "nul.parquet", name="甲\0乙")
    if command != "grids":
        frame = gpd.read_parquet(file)
        gpd.GeoDataFrame(
            frame.drop(columns="geometry"), geometry=frame.representative_point(), crs=4326
        ).to_parquet(file)
    options = {
        "grids": ("--code", "code", "--name", "name", "--district", DISTRICT),
        "incidents": ("--time-column", "code", "--address", "name"),
        "components": ("--class", "0118", "--code", "code", "--name", "name"),
    }[command]
    ended = hostile.run(command, "import", file, *options, "--json")
    assert ended.code == 3, ended
    error = json.loads(ended.out)["error"]
    assert error["code"] == "not-text"
    assert [(row["row"], row["column"], row["value"]) for row in error["rows"]] == [(2, "name", "甲\\x00乙")]


def test_nul_in_a_file_for_a_draft(hostile: HostileTown, tmp_path: Path) -> None:
    file = with_nul(tmp_path / "nul.parquet", name="甲\0乙", community="x")
    with hostile.person(EDITOR) as client:
        begun = client.post("/v1/drafts", json={"title": "NUL"})
        address = f"/v1/drafts/{begun.json()['id']}"
        headers = {"If-Match": begun.headers["etag"]}
        answer = client.put(f"{address}/file", content=file.read_bytes(), headers=headers)
        assert answer.status_code == 422, answer.text
        assert answer.json()["rows"][0] | {"reason_zh": "", "reason_en": ""} == {
            "row": 2,
            "column": "name",
            "value": "甲\\x00乙",
            "reason_zh": "",
            "reason_en": "",
        }
        client.delete(address, headers=headers)

"""Case C16: ``locate --boundaries --clean`` mended the boundaries and did not say so."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

M = 1.11e-5


@pytest.fixture
def file(tmp_path: Path) -> Path:
    shapes = [shapely.box(120.0, 36.0, 120.01, 36.01), shapely.box(120.01 - 3 * M, 36.0, 120.02, 36.01)]
    path = tmp_path / "two.geojson"
    gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=shapes, crs=4326).to_file(path)
    return path


def test_the_lines_are_those_of_an_import(wangge, file: Path) -> None:
    said = wangge(
        "locate", "120.005", "36.005", "--boundaries", file, "--code", "code", "--clean", "4", lang="en"
    )
    checked = wangge("grids", "check", file, "--code", "code", "--clean", "4", lang="en")
    assert said.code == 0, str(said)
    lines = [line for line in checked.err.splitlines() if line.startswith("mended")]
    assert len(lines) == 2
    assert "border moved by up to 3.0" in lines[0]
    assert [line for line in said.err.splitlines() if line.startswith("mended")] == lines


def test_programs_hear_it_too(wangge, file: Path, tmp_path: Path) -> None:
    options = ("--boundaries", file, "--code", "code", "--clean", "4", "--json")
    one = wangge("locate", "120.005", "36.005", *options).document
    (moved,) = one["moved"]
    assert moved["reach_m"] == pytest.approx(3, rel=0.02)
    assert one["mended"] == {"gaps": 0, "overlaps": 1, "reach_m": moved["reach_m"]}
    points = tmp_path / "points.csv"
    points.write_text("lon,lat\n120.005,36.005\n", "utf-8")
    many = wangge("locate", "--input", points, "--output", tmp_path / "out.csv", *options).document
    assert many["moved"] == one["moved"]


def test_what_is_left_is_refused_and_listed(wangge, file: Path) -> None:
    options = ("--boundaries", file, "--code", "code", "--clean", "1")
    refused = wangge("locate", "120.005", "36.005", *options, "--json")
    assert refused.code == 3
    assert [d["kind"] for d in refused.document["error"]["defects"]] == ["overlap"]
    told = wangge("locate", "120.005", "36.005", *options, lang="en")
    assert "a, b overlap" in told.err

"""What a reader has to say reaches whoever brought the file: heights and measures are dropped with a word."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from gis.io import ReadLimits, read_layer
from gis.io.notes import notes_as_json, notes_of
from gis.sandbox import Sandbox
from gis.text import Text

HEIGHTS = Text(
    "2 个图形带有高程（Z），不读取，只保留平面坐标；第一个在第 1 行",
    "2 shapes have Z ordinates, which are not kept: places are flat; the first is in row 1",
)


@pytest.fixture(scope="module")
def lamps() -> gpd.GeoDataFrame:
    places = [shapely.Point(120, 36, 15.5), shapely.Point(120.1, 36, 0.0)]
    return gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=places, crs="EPSG:4326")


@pytest.mark.parametrize("extension", [".gpkg", ".shp", ".geojson", ".fgb", ".parquet", ".kml"])
def test_heights_are_dropped_with_a_word(lamps: gpd.GeoDataFrame, tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"lamps{extension}"
    if extension == ".parquet":
        lamps.to_parquet(path)
    else:
        pyogrio.write_dataframe(lamps, path, **({"driver": "LIBKML"} if extension == ".kml" else {}))
    data = read_layer(path)
    assert data.notes == [HEIGHTS]
    assert not shapely.has_z(data.frame.geometry.to_numpy()).any()


def test_measures_too_and_nothing_is_said_of_flat_places(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        'wkt,code\n"POINT M (120 36 7)",a\n"POINT ZM (120 36 1 7)",b\nPOINT (120 36),c\n'
    )
    assert [note.en[:31] for note in read_layer(tmp_path / "m.csv").notes] == [
        "1 shapes have Z ordinates, whic",
        "2 shapes have M ordinates, whic",
    ]
    (tmp_path / "flat.csv").write_text("lon,lat\n120,36\n")
    assert read_layer(tmp_path / "flat.csv").notes == []


def test_notes_come_out_of_the_sandbox(lamps: gpd.GeoDataFrame, tmp_path: Path) -> None:
    pyogrio.write_dataframe(lamps, tmp_path / "lamps.gpkg")
    with Sandbox(tmp_path / "jobs") as sandbox:
        (tmp_path / "jobs").mkdir()
        assert sandbox.read_layer(tmp_path / "lamps.gpkg", limits=ReadLimits()).notes == [HEIGHTS]


@pytest.mark.parametrize(
    "said", [None, {}, [["a"]], [["a", 1]], ["ab"], [["a", "b"]] * 101, [["a", "b" * 4001]]]
)
def test_what_is_no_note_is_not_believed(said: object) -> None:
    with pytest.raises(ValueError, match="no notes"):
        notes_of(said)
    assert notes_of(notes_as_json([HEIGHTS])) == [HEIGHTS]

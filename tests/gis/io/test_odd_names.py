"""Files and columns called what nobody expects."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

from gis.io import list_layers, read_layer

_CODES = ["007", "2E07", "x"]


def _frame(column: str) -> gpd.GeoDataFrame:
    places = gpd.points_from_xy([120, 120.1, 120.2], [36, 36, 36])
    return gpd.GeoDataFrame({column: _CODES}, geometry=places, crs=4326)


@pytest.mark.parametrize(
    "name", ["a;b", ";", "a;b;c", "网格;1", "a b", "a%3Bb", "a#b", "a?b", "a&b", "-a", "q'q"]
)
@pytest.mark.parametrize("extension", [".gpkg", ".geojson", ".shp", ".fgb"])
def test_file_names_lead_to_the_file(tmp_path: Path, name: str, extension: str) -> None:
    written = tmp_path / "written"
    written.mkdir()
    _frame("code").to_file(written / f"a{extension}")
    for part in written.iterdir():
        part.rename(tmp_path / f"{name}{part.suffix}")
    file = tmp_path / f"{name}{extension}"
    assert sorted(read_layer(file).frame["code"]) == sorted(_CODES)
    assert [layer.features for layer in list_layers(file)] == [3]


@pytest.mark.parametrize("column", ["wkb_geometry", "WKB_GEOMETRY", "ogr_style", "geom", "OGC_FID", "row"])
@pytest.mark.parametrize("extension", [".geojson", ".fgb"])
def test_columns_called_as_the_shapes_are(tmp_path: Path, column: str, extension: str) -> None:
    file = tmp_path / f"a{extension}"
    _frame(column).to_file(file)
    frame = read_layer(file).frame
    assert sorted(frame[column]) == sorted(_CODES)
    assert sorted(frame.geometry.x) == [120, 120.1, 120.2]

"""Case C2: codes with an E in them are codes; only what a spreadsheet made of a number is suspect, and only without types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gis.io import read_layer, text_column
from tests.fixtures.written_tables import TABLE_WRITERS

CODES = ["2E07", "2F05", "1E5", "1e5", "3E08", "12E4", "2.5E3"]
RUINED = "3.70211E+14"


@pytest.mark.parametrize("extension", TABLE_WRITERS)
def test_codes_with_an_exponent_are_taken_from_every_format(tmp_path: Path, extension: str) -> None:
    path = TABLE_WRITERS[extension]({"code": CODES}, tmp_path / f"a{extension}")
    assert text_column(read_layer(path).frame, "code") == (CODES, [])


@pytest.mark.parametrize("extension", [name for name in TABLE_WRITERS if name != ".csv"])
def test_a_text_column_is_never_suspect(tmp_path: Path, extension: str) -> None:
    path = TABLE_WRITERS[extension]({"code": [RUINED, "1E+05"]}, tmp_path / f"a{extension}")
    assert text_column(read_layer(path).frame, "code") == ([RUINED, "1E+05"], [])


def test_in_csv_cause_and_cure_are_named(tmp_path: Path) -> None:
    path = TABLE_WRITERS[".csv"]({"code": [RUINED, "2E07", "3,7E+14"]}, tmp_path / "a.csv")
    values, bad = text_column(read_layer(path).frame, "code")
    assert values == [RUINED, "2E07", "3,7E+14"]
    assert [one.row for one in bad] == [1, 3]
    assert "a spreadsheet turned the code into scientific notation" in bad[0].reason.en
    assert "format the column as text" in bad[0].reason.en
    assert "GeoPackage" in bad[0].reason.en


def test_grids_called_so_are_a_clean_coverage(tmp_path: Path, wangge_offline) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, 36], [x + 0.01, 36], [x + 0.01, 36.01], [x, 36.01], [x, 36]]],
            },
        }
        for code, x in (("2E07", 120.0), ("2F05", 120.01))
    ]
    (tmp_path / "g.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    result = wangge_offline("grids", "check", tmp_path / "g.geojson", "--code", "code", "--json")
    assert result.code == 0, str(result)
    assert result.document["clean"]

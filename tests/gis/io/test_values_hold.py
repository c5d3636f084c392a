"""Random tables in every format come out as they went in, or are refused by name: no digit and no letter is lost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import InputRefused
from gis.io import read_layer, text_column, write_layer
from gis.io.json_rows import json_rows
from tests.fixtures.written_tables import TABLE_WRITERS, Table, floats, tables, texts, whole_numbers

WIDE = st.one_of(whole_numbers(80), whole_numbers(64))
KINDS: dict[str, list[st.SearchStrategy[Any]]] = {
    ".geojson": [texts, WIDE, whole_numbers(64, signed=False), floats, st.booleans()],
    ".csv": [texts, WIDE],
    ".parquet": [texts, whole_numbers(200), whole_numbers(64, signed=False), floats, st.booleans()],
    ".gpkg": [texts, whole_numbers(64), floats, st.booleans()],
    ".fgb": [texts, whole_numbers(64), floats, st.booleans()],
    ".shp": [texts, WIDE, floats, st.booleans()],
}
# A cell of these cannot be told from an empty one, or loses the blanks at its end, by the format itself.
NO_EMPTY_TEXT = (".csv", ".shp")


def plain(value: Any) -> Any:
    """A value without the types of libraries."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    return value.item() if isinstance(value, np.generic) else value


def same(came: Sequence[Any], wrote: Sequence[Any], extension: str) -> bool:
    """Whether a column came out as it went in: truth is no number, text is no number, and no digit is another."""

    def meant(value: Any) -> Any:
        if extension == ".csv" and value is not None:
            value = str(value)
        if extension == ".shp" and isinstance(value, str):
            # A cell is filled up with blanks, and what is nothing but blanks is empty.
            value = value.strip(" ") if not value.strip(" ") else value.rstrip(" ")
        return None if value == "" and extension in NO_EMPTY_TEXT else value

    pairs = list(zip(map(plain, came), map(meant, wrote), strict=True))
    return all(
        one == other
        and isinstance(one, str) is isinstance(other, str)
        and (type(one) is bool) is (type(other) is bool)
        for one, other in pairs
    )


def read_back(table: Table, extension: str) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        path = TABLE_WRITERS[extension](table, Path(folder) / f"t{extension}")
        data = read_layer(path)
        assert not data.bad_rows
        return pd.DataFrame(data.frame)


@pytest.mark.parametrize("cells", [[0.5], [1.5, None, 0.25], [-0.125, 3.0]])
def test_floats_of_a_dbase_column_declared_without_decimals_keep_theirs(cells: list[float | None]) -> None:
    assert same(read_back({"c0": cells}, ".shp")["c0"].tolist(), cells, ".shp")


@pytest.mark.parametrize("extension", TABLE_WRITERS)
@given(data=st.data())
def test_every_value_is_read_as_it_stands(extension: str, data: st.DataObject) -> None:
    table = data.draw(tables(KINDS[extension]))
    frame = read_back(table, extension)
    rows = [json.loads(line) for line in json_rows(frame[list(table)])]
    for name, values in table.items():
        assert same(frame[name].tolist(), values, extension), (name, frame[name].tolist())
        # As an attribute, and as a code.
        assert same([row[name] for row in rows], values, extension), (name, rows)
        if all(isinstance(value, str | None) or type(value) is int for value in values):
            codes, bad = text_column(frame, name)
            wanted = [None if value is None else str(value).strip() or None for value in values]
            assert codes == wanted
            assert not bad


@pytest.mark.parametrize("extension", [".geojson", ".csv", ".parquet", ".gpkg", ".fgb", ".shp", ".zip"])
@given(data=st.data())
def test_what_we_write_is_read_as_it_was(extension: str, data: st.DataObject) -> None:
    table = data.draw(
        tables([texts, whole_numbers(64), whole_numbers(64, signed=False), floats, st.booleans()])
    )
    with tempfile.TemporaryDirectory() as folder:
        frame = read_layer(TABLE_WRITERS[".geojson"](table, Path(folder) / "in.geojson")).frame
        path = written(frame, Path(folder) / f"out{extension}")
        if path is None:
            return
        again = read_layer(path).frame
    # FlatGeobuf puts shapes in the order of its index.
    again = again.iloc[np.argsort(again.geometry.x.to_numpy())]
    kind = {".zip": ".shp"}.get(extension, extension)
    for name in table:
        wrote = as_written(frame[name], kind)
        assert same(again[name].tolist(), wrote, kind), (name, again[name].tolist(), wrote)


def written(frame: gpd.GeoDataFrame, path: Path) -> Path | None:
    """The file; None where a Shapefile has no room for a number and says so."""
    try:
        return write_layer(frame, path)
    except InputRefused as refused:
        if path.suffix in (".shp", ".zip") and refused.code == "number-too-long":
            return None
        raise


def as_written(column: pd.Series, extension: str) -> list[Any]:
    """What values are in a format that has no type for them: text with the same digits."""
    values = [plain(one) for one in column.tolist()]
    whole = [one for one in values if type(one) is int]
    beyond = any(not -(2**63) <= one < 2**63 for one in whole)
    if beyond and extension in (".gpkg", ".fgb", ".shp"):
        return [None if one is None else str(one) for one in values]
    return values

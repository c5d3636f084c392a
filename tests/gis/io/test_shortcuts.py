"""Shorter ways to the same answer: whatever they do not understand goes the long way."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.io import read_layer
from gis.io.dbase_encoding import DbaseField, DbaseHeader
from gis.io.dbase_text import read_dbase_texts
from gis.io.geojson import only_layer

FEATURE = {
    "type": "Feature",
    "properties": {"name": "x", "features": 1},
    "geometry": {"type": "Point", "coordinates": [120, 36]},
}
COLLECTIONS: list[dict[str, Any]] = [
    {"type": "FeatureCollection", "features": [FEATURE]},
    {"type": "FeatureCollection", "name": "网格 a", "features": [FEATURE]},
    {"name": "q", "type": "FeatureCollection", "features": [FEATURE]},
    {"type": "FeatureCollection", "Name": "b", "features": [FEATURE]},
    {"type": "FeatureCollection", "features": [FEATURE], "name": "z"},
    {"type": "FeatureCollection", "name": 5, "features": [FEATURE]},
    {"type": "FeatureCollection", "name": "", "features": [FEATURE]},
    {"type": "FeatureCollection", "name": "k", "x": {"features": 3}, "features": [FEATURE]},
    {"type": "FeatureCollection", "features": [{**FEATURE, "geometry": None}]},
    FEATURE,
]


@pytest.mark.parametrize("document", COLLECTIONS)
@pytest.mark.parametrize("file", ["a.b.geojson", "upload"])
def test_the_layer_of_geojson_is_called_as_gdal_calls_it(
    tmp_path: Path, file: str, document: dict[str, Any]
) -> None:
    path = tmp_path / file
    path.write_text(json.dumps(document), encoding="utf-8")
    (listed,) = pyogrio.list_layers(path)
    assert only_layer(path) in (None, listed[0])
    assert read_layer(path).layer == listed[0]


def test_an_ordinary_file_is_not_read_to_find_its_layer(tmp_path: Path) -> None:
    path = tmp_path / "grids.geojson"
    path.write_text(json.dumps(COLLECTIONS[1]), encoding="utf-8")
    assert only_layer(path) == "网格 a"


WIDTH = 9
texts = st.lists(
    st.one_of(st.none(), st.text("abc 网格é€界", max_size=4), st.just("网")), min_size=1, max_size=8
)


@given(texts, st.sampled_from(["utf-8", "gb18030", "cp950", "cp1252", "cp932"]))
def test_texts_read_at_once_are_those_read_one_by_one(cells: list[str | None], codec: str) -> None:
    raw = [None if cell is None else cell.encode(codec, "ignore")[:WIDTH] for cell in cells]
    header = DbaseHeader(len(raw), 65, WIDTH + 1, 0, [DbaseField(b"name", "C", 1, WIDTH)])
    table = pa.table(
        {"name": pa.array([None if one is None else one.decode("latin-1") for one in raw], pa.string())}
    )
    read, notes = read_dbase_texts(table, header, codec, file="a.dbf")
    whole = [None if one is None else one.decode(codec, "ignore") for one in raw]
    assert read.column(0).to_pylist() == whole
    cut = [one for one, text in zip(raw, whole, strict=True) if one is not None and text is not None]
    assert bool(notes) == any(
        one != text.encode(codec) for one, text in zip(cut, [w for w in whole if w is not None], strict=True)
    )

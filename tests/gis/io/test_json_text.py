"""Characters of JSON that would be lost in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.errors import UnreadableFile
from gis.io import read_layer
from gis.io.columns import text_column

_POINT = {"type": "Point", "coordinates": [120, 36]}


def _geojson(path: Path, text: str, *, name: str = "code") -> Path:
    feature = {"type": "Feature", "properties": {name: text}, "geometry": _POINT}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def _esri_json(path: Path, text: str) -> Path:
    feature = {"attributes": {"code": text}, "geometry": {"x": 120, "y": 36}}
    document = {
        "geometryType": "esriGeometryPoint",
        "spatialReference": {"wkid": 4326},
        "features": [feature],
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("write", [_geojson, _esri_json])
@pytest.mark.parametrize(
    ("text", "escape"),
    [
        ("a\x00b", "\\u0000"),
        ("\x00", "\\u0000"),
        ("\\\x00", "\\u0000"),
        ("\ud800", "\\ud800"),
        ("x\udc00", "\\udc00"),
        ("\udc00\ud800", "\\udc00"),
        ("\U00020bb7\ud842", "\\ud842"),
    ],
)
def test_text_that_would_lose_a_character_is_refused(tmp_path: Path, write, text: str, escape: str) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "a.json", text)
    with pytest.raises(UnreadableFile) as refused:
        read_layer(tmp_path / "a.json")
    assert refused.value.code == "unkept-character"
    assert f"{escape}, in line 1" in refused.value.text("en")


@pytest.mark.parametrize("write", [_geojson, _esri_json])
@pytest.mark.parametrize(
    "text", ["\U0001d800", "龙\U0002d800", "\U0002dabc\ufffd", "\U0010dfff", "\U00020bb7"]
)
def test_escaped_pairs_of_every_plane_come_back(tmp_path: Path, write, text: str) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "a.json", text)
    assert read_layer(tmp_path / "a.json").frame["code"].tolist() == [text]


def test_long_numbers_of_esri_json_beside_fractions_keep_their_digits(tmp_path: Path) -> None:
    features = [
        {"attributes": {"n": n}, "geometry": {"x": 120, "y": 36}} for n in (370211010018003001, 1.5, None)
    ]
    document = {"geometryType": "esriGeometryPoint", "spatialReference": {"wkid": 4326}, "features": features}
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-8")
    data = read_layer(tmp_path / "a.json")
    assert text_column(data.frame, "n")[0] == ["370211010018003001", "1.5", None]


def test_names_of_columns_too(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="u0000"):
        read_layer(_geojson(tmp_path / "a.geojson", "x", name="co\x00de"))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.text(
        st.one_of(
            st.sampled_from("\\u0000dD8c"),
            st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
        ),
        min_size=1,
    )
)
def test_all_other_text_comes_back(tmp_path: Path, text: str) -> None:
    assert read_layer(_geojson(tmp_path / "a.geojson", text)).frame["code"].tolist() == [text]


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**63 + 1, -(2**63), 2**64 - 1, 2**64, 2**70])
def test_whole_numbers_around_the_widest(tmp_path: Path, number: int) -> None:
    """GDAL's parser says of 2^63 that it is no number; a text with its digits stays that text."""
    text = f'x: {number}, "{number}"'
    properties = {"number": number, "text": text, "list": [number]}
    shape = {"type": "Point", "coordinates": [120, 36]}
    feature = {"type": "Feature", "properties": properties, "geometry": shape}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    frame = read_layer(path).frame
    assert [int(value) for value in frame["number"]] == [number]
    assert frame["text"].tolist() == [text]
    assert str(number) in str(frame["list"].tolist())

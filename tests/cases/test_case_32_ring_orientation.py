"""Case 32: outer rings leave anticlockwise, holes clockwise (RFC 7946, 3.1.6), by every door."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.editing.serialization import operation_as_json
from gis.geojson import geojson_geometry, geojson_texts, right_handed
from gis.io import read_layer, write_layer
from tests.app.text.test_every_text import addresses, routes
from tests.fixtures.hostile_town import ADMIN, HostileTown
from tests.fixtures.towns import ENCLAVE, town_grids

ROOT = Path(__file__).parents[2]
# Outer ring clockwise and hole anticlockwise, as files of Shapefiles' world have them.
HOLED = shapely.Polygon(
    [(0, 0), (0, 9), (9, 9), (9, 0)], [[(3, 3), (6, 3), (6, 6), (3, 6)], [(1, 1), (2, 1), (2, 2)]]
)


def polygons(value: Any) -> Iterator[list[Any]]:
    """The coordinates of every polygon in a JSON document."""
    if isinstance(value, dict):
        if value.get("type") == "Polygon" and isinstance(value.get("coordinates"), list):
            yield value["coordinates"]
        elif value.get("type") == "MultiPolygon" and isinstance(value.get("coordinates"), list):
            yield from value["coordinates"]
        for inner in value.values():
            yield from polygons(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from polygons(inner)


def wrong_rings(document: Any) -> list[Any]:
    """Rings that turn the wrong way."""
    return [
        ring[:3]
        for rings in polygons(document)
        for at, ring in enumerate(rings)
        if shapely.LinearRing([place[:2] for place in ring]).is_ccw != (at == 0)
    ]


def test_the_judge_sees_what_is_wrong() -> None:
    assert len(wrong_rings(json.loads(shapely.to_geojson(HOLED)))) == 3
    assert wrong_rings(json.loads(shapely.to_geojson(shapely.reverse(HOLED)))) == []


# ---------------------------------------------------------------- files
def test_exported_files(wangge, tmp_path: Path) -> None:
    for name in ("g.geojson", "g.json"):
        file = tmp_path / name
        assert wangge("grids", "export", file, "--json").code == 0
        document = json.loads(file.read_text("utf-8"))
        assert len(list(polygons(document))) >= len(town_grids())
        assert any(len(rings) > 1 for rings in polygons(document))
        assert wrong_rings(document) == []


@pytest.mark.parametrize("shape", [HOLED, shapely.MultiPolygon([HOLED, shapely.box(20, 0, 21, 1)])])
def test_geojson_and_kml_of_a_frame(tmp_path: Path, shape: Any) -> None:
    frame = gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=[shape, None], crs=4326)
    write_layer(frame, tmp_path / "a.geojson")
    assert wrong_rings(json.loads((tmp_path / "a.geojson").read_text())) == []
    write_layer(frame, tmp_path / "a.kml")
    text = (tmp_path / "a.kml").read_text()
    for kind, anticlockwise in (("outer", True), ("inner", False)):
        rings = re.findall(rf"<{kind}BoundaryIs>.*?<coordinates>(.*?)</coordinates>", text, re.DOTALL)
        assert rings
        for ring in rings:
            places = [tuple(map(float, place.split(",")[:2])) for place in ring.split()]
            assert shapely.LinearRing(places).is_ccw == anticlockwise
    again = read_layer(tmp_path / "a.geojson").frame.geometry.iloc[0]
    assert shapely.equals(again, shape)


# ---------------------------------------------------------------- addresses
def test_every_route_that_answers_geojson(hostile: HostileTown) -> None:
    """All addresses of the application are opened; what has polygons is looked at."""
    with_polygons = set()
    with hostile.person(ADMIN) as client:
        # A draft with something changed, so that it has a difference.
        for path in routes():
            if path == "/ca.crt":
                continue
            for address in addresses(hostile, path):
                answer = client.get(address)
                if "json" in answer.headers.get("content-type", ""):
                    document = answer.json()
                    assert wrong_rings(document) == [], address
                    if any(polygons(document)):
                        with_polygons.add(path)
    assert with_polygons >= {
        "/ogc/collections/{collection}/items",
        "/ogc/collections/{collection}/items/{feature}",
        "/ogc/drafts/{draft_id}/collections/grid/items",
        "/ogc/drafts/{draft_id}/collections/grid/items/{code}",
        "/v1/units/{code}/geometry",
        "/v1/drafts/{draft_id}/grids",
        "/v1/drafts/{draft_id}/diff",
    }


def test_the_outline_in_a_heat_map(hostile: HostileTown) -> None:
    with hostile.person(ADMIN) as client:
        page = client.get(f"/maps/heat/{ENCLAVE[:9]}?days=3660").text
    found = re.findall(r'\{"geometry":\s*\{"coordinates".*?"type":\s*"(?:Multi)?Polygon"\}', page)
    assert found
    assert [wrong_rings(json.loads(text + "}")) for text in found] == [[]] * len(found)


def test_an_operation_of_a_draft() -> None:
    from gis.editing import Paint

    assert wrong_rings(operation_as_json(Paint(area=HOLED))) == []


# ---------------------------------------------------------------- the function, and that it is the only one
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8),
    st.booleans(),
)
def test_any_shape(corners: list[tuple[int, int]], turned: bool) -> None:
    shape = shapely.difference(
        shapely.unary_union([shapely.box(x, y, x + 7, y + 5) for x, y in corners]),
        shapely.unary_union([shapely.box(x + 2, y + 2, x + 3, y + 3) for x, y in corners]),
    )
    shape = shapely.reverse(shape) if turned else shape
    (text,) = geojson_texts([shape])
    assert text is not None
    assert wrong_rings(json.loads(text)) == wrong_rings(geojson_geometry(shape)) == []
    assert shapely.equals(shapely.from_geojson(text), shape)
    (whole,) = right_handed([shapely.GeometryCollection([shape, shapely.Point(0, 0)])])
    assert wrong_rings(json.loads(shapely.to_geojson(whole))) == []


def test_none_and_other_kinds() -> None:
    assert geojson_texts([None, shapely.Point()]) == [None, '{"type":"Point","coordinates":[]}']
    assert geojson_texts(np.array([], dtype=object)) == []


def test_nothing_else_writes_geojson() -> None:
    writers = {ROOT / "gis/geojson.py", ROOT / "app/db/geojson.py"}
    elsewhere = [
        path.relative_to(ROOT).as_posix()
        for top in ("app", "gis")
        for path in (ROOT / top).rglob("*.py")
        if path not in writers
        and not {"node_modules", "migrations"} & set(path.parts)
        and re.search(
            r"ST_AsGeoJSON|to_geojson\(|geometry\.mapping|__geo_interface__", path.read_text("utf-8")
        )
    ]
    assert elsewhere == []

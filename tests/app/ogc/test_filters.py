"""Filters of OGC API Features Part 3 in CQL2, on published units and on drafts."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import geopandas as gpd
import pytest
import shapely

from tests.app.drafts.drafting import DraftClient, Drafting
from tests.fixtures.served import serving_at
from tests.fixtures.towns import CODES, inside, shape_of

ITEMS = "/ogc/collections/grid/items"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

pytestmark = pytest.mark.usefixtures("town_db")


def found(client: Any, given: str | dict[str, Any], url: str = ITEMS, **more: str) -> list[str]:
    """Codes of the features that fit a filter, of all pages."""
    text = given if isinstance(given, str) else json.dumps(given)
    language = {} if isinstance(given, str) else {"filter-lang": "cql2-json"}
    answer = client.get(url, params={"filter": text, "limit": 5, **language, **more})
    codes: list[str] = []
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        codes += [feature["id"] for feature in page["features"]]
        after = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        if after is None:
            assert len(codes) == page["numberMatched"]
            return codes
        answer = client.get(after)


@pytest.fixture(params=["published", "draft"])
def layer(request: pytest.FixtureRequest) -> tuple[Any, str, str]:
    """A client, the address of grids, and the name of the property that holds their community."""
    if request.param == "published":
        return request.getfixturevalue("client"), ITEMS, "parent"
    drafting: Drafting = request.getfixturevalue("drafting")
    hand = DraftClient.begin(drafting.editor())
    return hand.client, f"/ogc/drafts/{hand.id}/collections/grid/items", "community"


def test_published_units_and_drafts_answer_alike(layer: tuple[Any, str, str]) -> None:
    client, url, parent = layer
    x, y = inside(CODES[0])
    half = CODES[:6]
    ring = [[*at] for at in shapely.get_coordinates(shape_of(CODES[0]).centroid.buffer(0.0001))]
    for given, codes in {
        f"code <= '{CODES[5]}'": half,
        f"code IN ('{CODES[2]}', '{CODES[1]}', '没有')": [CODES[1], CODES[2]],
        f"NOT code BETWEEN '{CODES[6]}' AND '{CODES[11]}'": half,
        f"S_INTERSECTS(geometry, POINT({x} {y}))": [CODES[0]],
        f"S_INTERSECTS(geometry, BBOX({x},{y},{x},{y}))": [CODES[0]],
        "name IS NULL": [],
        "name LIKE '%'": [*CODES],
        f"{parent} LIKE '{CODES[0][:12]}%'": [code for code in CODES if code.startswith(CODES[0][:12])],
        "TRUE": [*CODES],
        "kind = 'base' AND NOT kind = 'base'": [],
    }.items():
        assert found(client, given, url) == [*codes], given
    shape = {"type": "Polygon", "coordinates": [ring]}
    assert found(client, {"op": "s_intersects", "args": [{"property": "geometry"}, shape]}, url) == [CODES[0]]
    assert found(client, "kind = 'dedicated'", url) == found(client, "TRUE", url, kind="dedicated") != []


def test_filters_narrow_with_everything_else(client: Any) -> None:
    x, y = inside(CODES[0])
    assert found(client, "TRUE", bbox=f"{x},{y},{x},{y}") == [CODES[0]]
    assert found(client, f"code <> '{CODES[0]}'", bbox=f"{x},{y},{x},{y}") == []
    assert found(client, f"code > '{CODES[3]}'", code=CODES[2]) == []
    assert found(client, "TRUE", datetime="2001-01-01T00:00:00Z") == []
    assert found(client, "TRUE", **{"filter-crs": CRS84, "filter-lang": "cql2-text"}) == [*CODES]


def test_what_is_shown_is_found_again(client: Any) -> None:
    features = client.get(ITEMS, params={"limit": 100}).json()["features"]
    for feature in features:
        shown = feature["properties"]["area_m2"]
        assert feature["id"] in found(client, f"area_m2 = {shown}")


def test_levels_have_their_own_properties(client: Any) -> None:
    streets = "/ogc/collections/street/items"
    assert found(client, "kind IS NULL", streets)
    assert client.get(streets, params={"filter": "reason = 'x'"}).json()["code"] == "unknown-property"
    excluded = "/ogc/collections/excluded/items"
    assert found(client, "reason LIKE '%水%' AND area_m2 > 1", excluded) == []
    assert client.get(excluded, params={"filter": "kind = 'x'"}).status_code == 400


BAD = {
    ("nam = 'x'", "cql2-text"): "unknown-property",
    ("name = 1", "cql2-text"): "condition-type",
    ("name = ", "cql2-text"): "condition-unreadable",
    ("", "cql2-text"): "condition-unreadable",
    ("CASEI(name) = 'x'", "cql2-text"): "condition-unsupported",
    ("S_INTERSECTS(geometry, POINT(36 120))", "cql2-text"): "condition-geometry",
    ("(" * 2_000 + "TRUE" + ")" * 2_000, "cql2-text"): "condition-too-large",
    ("(" * 40 + "TRUE", "cql2-text"): "condition-unreadable",
    ("NOT " * 2_000 + "TRUE", "cql2-text"): "condition-too-large",
    ("area_m2=" + "-" * 4_000 + "1", "cql2-text"): "condition-unsupported",
    ("[" * 10_000, "cql2-json"): "condition-too-large",
    ("name = 'x'", "cql2-json"): "condition-unreadable",
    ("name = 'x'", "cql-text"): "bad-parameter",
}


def test_bad_filters_are_400_at_once_and_named(layer: tuple[Any, str, str]) -> None:
    client, url, _ = layer
    for (given, language), code in BAD.items():
        started = time.perf_counter()
        answer = client.get(url, params={"filter": given, "filter-lang": language})
        assert time.perf_counter() - started < 5
        assert (answer.status_code, answer.json()["code"]) == (400, code), (given[:80], answer.text)
        assert answer.json()["field"] == ("filter-lang" if code == "bad-parameter" else "filter")
    crs = client.get(
        url, params={"filter": "TRUE", "filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4490"}
    )
    assert (crs.status_code, crs.json()["field"]) == (400, "filter-crs")


def test_the_deepest_filter_that_is_taken_is_answered(layer: tuple[Any, str, str]) -> None:
    client, url, _ = layer
    deep = "NOT (kind = 'x' OR " * 24 + "TRUE" + ")" * 24
    assert found(client, deep, url) == [*CODES]


def test_collections_lead_to_their_queryables(layer: tuple[Any, str, str]) -> None:
    client, url, _ = layer
    collection = client.get(url.removesuffix("/items")).json()
    rel = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
    (link,) = [each for each in collection["links"] if each["rel"] == rel]
    answer = client.get(link["href"])
    assert answer.headers["content-type"] == link["type"] == "application/schema+json"
    assert client.head(link["href"]).status_code == 200
    said = answer.json()
    assert (said["$id"], said["type"], said["additionalProperties"]) == (link["href"], "object", False)
    assert said["properties"]["code"] == {"title": "编码", "type": "string"}
    assert said["properties"]["geometry"] == {"title": "边界", "format": "geometry-any"}
    for name, schema in said["properties"].items():
        assert found(client, f"{name} IS NULL AND FALSE", url) == []
        if schema.get("type") == "string":
            assert client.get(url, params={name: "没有"}).json()["numberMatched"] == 0
    english = client.get(link["href"], headers={"Accept-Language": "en"}).json()
    assert english["properties"]["code"]["title"] == "Code"
    assert client.get(link["href"].replace("/grid/", "/roads/")).status_code == 404


def test_the_classes_of_filters_are_declared(client: Any) -> None:
    declared = client.get("/ogc/conformance").json()["conformsTo"]
    for end in (
        "ogcapi-features-3/1.0/conf/features-filter",
        "cql2/1.0/conf/basic-cql2",
        "cql2/1.0/conf/cql2-text",
    ):
        assert any(uri.endswith(end) for uri in declared), end


def test_gdal_still_filters_by_itself(town_db: Any, tmp_path: Any) -> None:
    """GDAL (to 3.12) sends filters to servers of an older draft of Part 3 only; to others it sends none."""
    target = tmp_path / "grids.gpkg"
    with serving_at(town_db.db.settings) as url:
        done = subprocess.run(
            [
                "ogr2ogr",
                "-where",
                f"code >= '{CODES[6]}' AND kind = 'base'",
                str(target),
                f"OAPIF:{url}/ogc",
                "grid",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    read = gpd.read_file(target)
    assert set(read["code"]) <= set(CODES[6:])
    assert len(read) > 0

"""The published units as OGC API Features, asked by GDAL and by hand."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pytest
from fastapi import FastAPI

from tests.fixtures.actors import Actors
from tests.fixtures.served import serving_at
from tests.fixtures.towns import CODES, inside, publish_town, shape_of, town_grids

ITEMS = "/ogc/collections/grid/items"


pytestmark = pytest.mark.usefixtures("town_db")


def test_the_documents_lead_from_one_to_the_next(client) -> None:
    landing = client.get("/ogc").json()
    found = {link["rel"]: link["href"] for link in landing["links"]}
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= set(found)
    assert all(client.get(href).status_code == 200 for href in found.values())
    assert any(uri.endswith("conf/core") for uri in client.get(found["conformance"]).json()["conformsTo"])
    layers = client.get(found["data"]).json()["collections"]
    assert [layer["id"] for layer in layers] == ["grid", "community", "street", "district", "excluded"]
    # Nothing is declared to be nobody's in the town.
    assert "spatial" not in layers.pop()["extent"]
    for layer in layers:
        links = {link["rel"]: link["href"] for link in layer["links"]}
        assert client.get(links["self"]).json()["id"] == layer["id"]
        items = client.get(links["items"])
        assert items.headers["content-type"] == "application/geo+json"
        west, south, east, north = layer["extent"]["spatial"]["bbox"][0]
        for feature in items.json()["features"]:
            x, y = feature["geometry"]["coordinates"][0][0][0]
            assert west <= x <= east
            assert south <= y <= north


def test_titles_are_chinese_first_and_english_on_request(client) -> None:
    assert client.get("/ogc/collections/grid").json()["title"] == "网格"
    english = client.get("/ogc/collections/grid", headers={"Accept-Language": "en"})
    assert english.json()["title"] == "Grids"


def test_gdal_reads_a_layer_page_by_page(town_db, tmp_path) -> None:
    with serving_at(town_db.db.settings) as url:
        target = tmp_path / "grids.gpkg"
        done = subprocess.run(
            ["ogr2ogr", "-oo", "PAGE_SIZE=5", str(target), f"OAPIF:{url}/ogc", "grid"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    read = gpd.read_file(target).sort_values("code")
    assert list(read["code"]) == list(CODES)
    assert all(shape_of(code).equals(shape) for code, shape in zip(read["code"], read.geometry, strict=True))


def test_pages_follow_one_another_without_loss(client) -> None:
    seen, address, pages = [], f"{ITEMS}?limit=5", 0
    while address:
        page = client.get(address).json()
        assert page["numberMatched"] == 12
        assert page["numberReturned"] == len(page["features"]) <= 5
        seen += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        pages += 1
    assert (seen, pages) == (list(CODES), 3)


def test_a_box_and_properties_narrow(client) -> None:
    x, y = inside(CODES[0])
    page = client.get(ITEMS, params={"bbox": f"{x},{y},{x},{y}"}).json()
    assert [feature["id"] for feature in page["features"]] == [CODES[0]]
    assert page["numberMatched"] == 1
    tall = client.get(ITEMS, params={"bbox": f"{x},{y},0,{x},{y},9000"}).json()
    assert tall["features"] == page["features"]
    park = client.get(ITEMS, params={"kind": "dedicated"}).json()
    assert [feature["properties"]["kind"] for feature in park["features"]] == ["dedicated"]
    assert client.get(f"{ITEMS}/{CODES[3]}").json()["properties"]["code"] == CODES[3]


BAD = {
    "limit=0": "limit",
    "limit=ten": "limit",
    "bbox=1,2,3": "bbox",
    "bbox=119,37,120,36": "bbox",
    "bbox=119,36,181,37": "bbox",
    "bbox=119,36,9,120,37,8": "bbox",
    "bbox=": "bbox",
    "datetime=yesterday": "datetime",
    "datetime=2026-11-02T00:00:00Z/2026-11-01T00:00:00Z": "datetime",
    "colour=red": "colour",
    "crs=http://www.opengis.net/def/crs/EPSG/0/3857": "crs",
    "f=shapefile": "f",
}


def test_bad_parameters_are_400_and_named(client) -> None:
    for query, field in BAD.items():
        answer = client.get(f"{ITEMS}?{query}")
        assert answer.status_code == 400, query
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["field"] == field


def test_documents_take_the_query_of_a_connection(client) -> None:
    """QGIS adds the query of a connection's address to everything that it opens."""
    for document in ("/ogc", "/ogc/conformance", "/ogc/collections", "/ogc/collections/grid"):
        for query, status in (
            ("datetime=2026-11-01T00:00:00%2B08:00", 200),
            ("f=json&lang=en", 200),
            ("datetime=soon", 400),
            ("f=html", 400),
            ("limit=5", 400),
        ):
            assert client.get(f"{document}?{query}").status_code == status, (document, query)


def test_what_is_not_there_is_404(client) -> None:
    for address in ("/ogc/collections/roads", "/ogc/collections/roads/items", f"{ITEMS}/nowhere"):
        assert client.get(address).status_code == 404


def test_editions_are_read_by_datetime(client, town_db) -> None:
    changed = town_grids()
    changed.loc[changed["code"] == CODES[0], "name"] = "新名"
    before = datetime.now(UTC)
    later = before + timedelta(days=30)
    with town_db.writing() as session:
        publish_town(session, changed, effective_from=later)

    def name(when: str | None) -> tuple[str, int]:
        params = {"datetime": when} if when else {}
        said = client.get(f"{ITEMS}/{CODES[0]}", params=params)
        assert said.status_code == 200, said.text
        return said.json()["properties"]["name"], said.json()["properties"]["edition"]

    now, then = before.isoformat(), (later + timedelta(days=1)).isoformat()
    old = name(None)
    assert old[1] == 1
    assert name(now) == old
    assert name(then) == ("新名", 2)
    # Of an interval the newest version is shown, once.
    assert name(f"{now}/{then}") == name(f"{now}/..") == name("../..") == ("新名", 2)
    assert name(f"../{now}") == old
    assert client.get(ITEMS, params={"datetime": "../.."}).json()["numberMatched"] == 12
    long_ago = client.get(ITEMS, params={"datetime": "2001-01-01T00:00:00Z"}).json()
    assert (long_ago["features"], long_ago["numberMatched"]) == ([], 0)


def test_layers_may_be_closed_to_strangers(app: FastAPI, client, actors: Actors) -> None:
    app.state.settings = app.state.settings.model_copy(update={"public_layers": False})
    assert client.get("/ogc/collections").status_code == 401
    assert actors.person(("viewer", "")).get("/ogc/collections").status_code == 200

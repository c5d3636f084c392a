"""Files under addresses with a hash: kept for ever, and never the wrong one."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest

from app.web.statics import ROOT, Statics
from gis.errors import AssetsMissing
from tests.fixtures.served import Served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "js").mkdir()
    (tmp_path / "vendor" / "lib").mkdir(parents=True)
    (tmp_path / "js" / "a.js").write_text("export const a = 1;\n" * 200)
    (tmp_path / "js" / "b.js").write_text("import './a.js';\n")
    (tmp_path / "vendor" / "lib" / "lib.js").write_text("lib()")
    return tmp_path


def test_files_that_name_each_other_share_a_hash(folder: Path) -> None:
    statics = Statics(folder)
    a, b, lib = (statics.url(name) for name in ("js/a.js", "js/b.js", "vendor/lib/lib.js"))
    assert a.rsplit("/", 2)[0] == b.rsplit("/", 2)[0]
    assert lib.split("/")[2] != a.split("/")[2]


def test_a_change_changes_the_addresses_of_its_bundle_only(folder: Path) -> None:
    before = Statics(folder)
    (folder / "js" / "a.js").write_text("export const a = 2;")
    after = Statics(folder)
    # b.js did not change, but the file it imports did: its address has to as well.
    assert before.url("js/b.js") != after.url("js/b.js")
    assert before.url("vendor/lib/lib.js") == after.url("vendor/lib/lib.js")


def test_a_file_that_was_not_fetched_names_the_command(folder: Path) -> None:
    with pytest.raises(AssetsMissing, match="make assets"):
        Statics(folder).url("vendor/leaflet/leaflet.js")


def test_under_its_own_hash_a_file_is_kept_for_ever(served: Served) -> None:
    statics = Statics()
    found = httpx.get(served.url + statics.url("css/tokens.css"))
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["content-type"].startswith("text/css")
    assert found.text == (ROOT / "css" / "tokens.css").read_text()
    known = httpx.get(str(found.url), headers={"If-None-Match": found.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_under_another_hash_it_answers_and_is_not_kept(served: Served) -> None:
    found = httpx.get(f"{served.url}/static/000000000000/css/tokens.css")
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-cache"


def test_large_texts_travel_compressed(served: Served) -> None:
    url = served.url + Statics().url("vendor/maplibre-gl/maplibre-gl.mjs")
    with httpx.Client() as client, client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        body = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["content-type"].startswith("text/javascript")
    assert gzip.decompress(body) == (ROOT / "vendor" / "maplibre-gl" / "maplibre-gl.mjs").read_bytes()
    assert httpx.get(url, headers={"Accept-Encoding": "identity"}).headers.get("content-encoding") is None


@pytest.mark.parametrize(
    "name", ["nothing.js", "../pages.py", "%2e%2e/pages.py", "..%2f..%2fsettings.py", "/etc/passwd"]
)
def test_nothing_but_the_files_is_served(served: Served, name: str) -> None:
    answer = httpx.get(f"{served.url}/static/000000000000/{name}", follow_redirects=True)
    assert answer.status_code == 404


def test_scripts_that_run_as_workers_may_fetch_from_us(served: Served) -> None:
    url = served.url + Statics().url("vendor/maplibre-gl/maplibre-gl-worker.mjs")
    assert "connect-src 'self'" in httpx.get(url).headers["content-security-policy"]


def test_every_library_was_fetched() -> None:
    names = Statics().names()
    for wanted in (
        "vendor/maplibre-gl/maplibre-gl.mjs",
        "vendor/maplibre-gl/maplibre-gl-worker.mjs",
        "vendor/maplibre-gl/maplibre-gl.css",
        "vendor/leaflet/leaflet.js",
        "vendor/leaflet.heat/leaflet-heat.js",
        "vendor/swagger-ui/swagger-ui-bundle.js",
    ):
        assert wanted in names, "run make assets"

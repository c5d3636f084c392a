"""Files that want to read, call, fill or hold the server: each is refused, and nothing happens."""

from __future__ import annotations

import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from app.drafts import upload_router
from app.files import receiving
from app.files.limits import uploads_folder
from gis.io import write_layer
from gis.sandbox import make_folder
from tests.app.drafts.drafting import LEFT, RIGHT, DraftClient, Drafting
from tests.app.drafts.test_upload import exported, sent, taken
from tests.app.drafts.test_workflow import refused
from tests.fixtures.clients import serving
from tests.fixtures.eventually import eventually
from tests.fixtures.formats import WRITERS, reading_options
from tests.fixtures.hostile import BOX, counting_view, equal_rows, long_table

SECRET = "*:*:*:wangge_owner:correct-horse"
_FEATURE = {
    "type": "Feature",
    "properties": {"code": "a"},
    "geometry": {"type": "Polygon", "coordinates": [[list(xy) for xy in BOX.exterior.coords]]},
}


class Listener:
    """Counts who calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.calls.append(f"{self.command} {self.path}")
                self.send_response(404)
                self.end_headers()

            do_HEAD = do_POST = do_GET  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def vrt(source: str, *, comment: str = "<!-- <kml -->") -> bytes:
    return (
        f'<OGRVRTDataSource>{comment}<OGRVRTLayer name="p"><SrcDataSource>{source}</SrcDataSource>'
        f"<SrcSQL>SELECT *, '{BOX.wkt}' AS wkt FROM pgpass</SrcSQL><GeometryType>wkbPolygon</GeometryType>"
        '<LayerSRS>EPSG:4326</LayerSRS><GeometryField encoding="WKT" field="wkt"/></OGRVRTLayer></OGRVRTDataSource>'
    ).encode()


def geojson(crs: str, *, padding: int = 0) -> bytes:
    """A collection with a member as it is written, after so much else."""
    more = f'"a": "{"x" * padding}", ' if padding else ""
    tail = f', "z": "{"x" * padding}"' if padding else ""
    return (
        f'{{"type": "FeatureCollection", {more}{crs}, "features": [{json.dumps(_FEATURE)}]{tail}}}'.encode()
    )


def programs(home: Path, url: str) -> dict[str, bytes]:
    """Files that are programs for one of GDAL's drivers."""
    link = f'{{"type": "link", "properties": {{"href": "{url}/metadata"}}}}'
    return {
        "vrt": vrt(f"CSV:{home}/pgpass"),
        "vrt in kml's clothes": b"<kml/>" + vrt(f"CSV:{home}/pgpass"),
        "vrt over curl": vrt(f"CSV:/vsicurl/{url}/internal.csv"),
        "vrt over http": vrt(f"{url}/internal.geojson"),
        "vrt of a program": vrt("GPSBABEL:gpx:/tmp/x"),
        "wfs": f"<OGRWFSDataSource><!-- <kml --><URL>{url}</URL></OGRWFSDataSource>".encode(),
        "gdalg": json.dumps(
            {
                "type": "gdal_streamed_alg",
                "command_line": f"gdal vector pipeline ! read /vsicurl/{url}/a.json",
            }
        ).encode(),
        "gdalg with features": json.dumps(
            {
                "type": "gdal_streamed_alg",
                "command_line": f"gdal vector pipeline ! read /vsicurl/{url}/a.json",
                "features": [_FEATURE],
                "x": {"type": "FeatureCollection"},
            }
        ).encode(),
        "link": geojson(f'"crs": {link}'),
        "url": geojson(f'"crs": {{"type": "url", "properties": {{"url": "{url}/metadata"}}}}'),
        "another case": geojson(f'"CRS": {link.replace("type", "Type").replace("link", "LINK")}'),
        "escaped": geojson(f'"\\u0063r\\u0073": {link}'),
        "comments": geojson(f'"crs" /* a */ : /* b */ {link}'),
        "in the middle": geojson(f'"crs": {link}', padding=300_000),
        "twice": geojson(f'"crs": {{"type": "name", "properties": {{"name": "EPSG:4326"}}}}, "crs": {link}'),
        "name that is a path": geojson(
            f'"crs": {{"type": "name", "properties": {{"name": "{home}/pgpass"}}}}'
        ),
        "name that is an address": geojson(f'"crs": {{"type": "name", "properties": {{"name": "{url}/x"}}}}'),
        "network link": (
            '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link>'
            f"<href>{url}/a.kml</href></Link></NetworkLink></Document></kml>"
        ).encode(),
        "external entity": (
            f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file://{home}/pgpass">]>'
            "<kml><Document><Placemark><name>&x;</name></Placemark></Document></kml>"
        ).encode(),
        "path": f"/vsicurl/{url}/a.gpkg\n".encode(),
        "connection": f"WFS:{url}\n".encode(),
        "html": f"<html><kml href='{url}'/></html>".encode(),
    }


def test_no_file_is_a_program(drafting: Drafting, listener: Listener) -> None:
    home = drafting.db.settings.home
    home.mkdir(exist_ok=True)
    (home / "pgpass").write_text(f"{SECRET}\n")
    draft_client = DraftClient.begin(drafting.editor())
    for name, content in programs(home, listener.url).items():
        for query in ({}, {"code": SECRET}):
            for language in ("en", "zh"):
                answer = draft_client.client.put(
                    f"{draft_client.url}/file",
                    content=content,
                    params=query,
                    headers={"If-Match": draft_client.etag, "Accept-Language": language},
                )
                assert answer.status_code == 422, (name, answer.text)
                said = answer.text.replace(SECRET, "", 1) if query else answer.text
                assert "correct-horse" not in said, name
                assert "wangge_owner" not in said, name
                if "path" not in name:
                    assert str(home) not in said, name
                assert "/uploads/" not in said, name
    assert listener.calls == []
    assert draft_client.get()["version"] == 1


# ---------------------------------------------------------------- the good ones
@pytest.mark.parametrize("extension", WRITERS)
def test_every_format_passes_by_request_and_by_command(
    drafting: Drafting, wangge_empty, tmp_path: Path, extension: str
) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    frame = frame[frame["code"].isin([LEFT, RIGHT])][["code", "geometry"]]
    path = WRITERS[extension](frame, tmp_path / f"grids{extension}")
    options = reading_options(extension)
    column = "text" if extension == ".dxf" else "code"
    # Read to the last digit: it says what the draft says.
    refused(sent(draft_client, path, code=column, missing="keep", **options), 409, "no-changes")
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    result = wangge_empty("grids", "check", path, "--code", column, "--json", *words)
    assert result.code == 0, str(result)
    assert (result.document["clean"], result.document["grids"]) == (True, 2)


# ---------------------------------------------------------------- too much
def test_small_files_that_unpack_to_much_are_refused_at_once(drafting: Drafting, tmp_path: Path) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    for count in (1000, 3000):
        body = refused(sent(draft_client, equal_rows(tmp_path / "a.parquet", count)), 422, "duplicate-code")
        assert [defect["kind"] for defect in body["defects"]] == ["duplicate-code"]
    codes = [f"g{at:04}" for at in range(3000)]
    body = refused(
        sent(draft_client, equal_rows(tmp_path / "b.parquet", 3000, codes=codes)), 422, "not-clean"
    )
    assert {defect["kind"] for defect in body["defects"]} == {"overlap"}
    many = {
        "parquet": equal_rows(tmp_path / "c.parquet", 1_000_000),
        "view": counting_view(tmp_path / "d.gpkg", 60_000_000),
        "half a million": counting_view(tmp_path / "e.gpkg", 500_000),
        "table": long_table(tmp_path / "f.csv", 200_000),
    }
    for name, path in many.items():
        body = refused(sent(draft_client, path), 413, "limit-exceeded")
        assert body["limit"] == "WANGGE_UPLOAD_FEATURES", name
        assert body["largest"] == drafting.db.settings.upload_features
        assert body["found"] > body["largest"]
        assert "WANGGE_UPLOAD_FEATURES" in body["detail"]
    features = ",".join([json.dumps(_FEATURE)] * 100_000)
    path = tmp_path / "g.geojson"
    path.write_text(f'{{"type": "FeatureCollection", "features": [{features}]}}')
    refused(sent(draft_client, path), 413, "limit-exceeded")
    reader = drafting.app.state.files
    reader.limits = replace(reader.limits, unpacked_mb=20)
    with zipfile.ZipFile(tmp_path / "h.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in (".shp", ".shx", ".dbf"):
            with archive.open(f"a{suffix}", "w") as member:
                for _ in range(8):
                    member.write(bytes(1 << 20))
    assert (
        refused(sent(draft_client, tmp_path / "h.zip"), 413, "limit-exceeded")["limit"]
        == "WANGGE_UPLOAD_UNPACKED_MB"
    )
    assert draft_client.get()["version"] == 1


def test_a_command_says_which_limit_it_was(
    wangge_empty, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WANGGE_READ_FEATURES", "5")
    path = long_table(tmp_path / "a.csv", 7)
    result = wangge_empty("grids", "check", path, "--code", "code", "--json")
    assert result.code == 3, str(result)
    message = result.document["error"]["message"]
    assert "WANGGE_READ_FEATURES" in message
    assert "7" in message
    assert "5" in message
    shown = {row["name"] for row in wangge_empty("settings", "--json").document}
    for name in (
        "FEATURES",
        "VERTICES",
        "COLUMNS",
        "TEXT_LENGTH",
        "UNPACKED_MB",
        "MEMORY_MB",
        "CPU_S",
        "WALL_S",
    ):
        assert {f"WANGGE_UPLOAD_{name}", f"WANGGE_READ_{name}"} <= shown


# ---------------------------------------------------------------- not text
def test_bytes_that_are_no_text_are_refused_with_their_place(drafting: Drafting, tmp_path: Path) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    whole = json.dumps({"type": "FeatureCollection", "name": "NAME", "features": [_FEATURE]}).encode()
    for wrong in (b"a\x80", b"\xff\xfe\xfd", b"\xed\xa0\x80", b"\xc0\xaf"):
        for content in (whole.replace(b"NAME", wrong), whole.replace(b'"a"', b'"' + wrong + b'"')):
            (tmp_path / "a").write_bytes(content)
            body = refused(sent(draft_client, tmp_path / "a"), 422, "unknown-encoding")
            assert wrong[-1:].hex() in body["detail"] or wrong[:1].hex() in body["detail"]
    (tmp_path / "a").write_bytes(whole.replace(b'"a"', b'"a\\ud800"'))
    assert sent(draft_client, tmp_path / "a").status_code == 422
    bad = _text(b"a", b"b\x80c")
    shapes = pa.array([shapely.to_wkb(BOX)] * 2, pa.binary())
    geo = {
        "version": "1.0.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
    }
    for names in (["code", "geometry"], ["name", "geometry"]):
        table = pa.table([bad, shapes], names=names).replace_schema_metadata({"geo": json.dumps(geo)})
        pq.write_table(table, tmp_path / "b.parquet")
        body = refused(sent(draft_client, tmp_path / "b.parquet", code=names[0]), 422, "unknown-encoding")
        assert (body["rows"][0]["row"], body["rows"][0]["column"]) == (2, names[0])
    path = write_layer(exported(draft_client)[["code", "geometry"]], tmp_path / "c.fgb")
    content = path.read_bytes().replace(b"code", b"co\x80e")
    path.write_bytes(content)
    assert sent(draft_client, path).status_code == 422
    assert draft_client.get()["version"] == 1


def _text(*values: bytes) -> pa.Array:
    """Text that says it is UTF-8 and is not."""
    data = pa.array(values, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(values), data.buffers())


# ---------------------------------------------------------------- while others work
def test_a_file_is_compared_without_a_transaction_and_stored_only_on_what_was_seen(
    drafting: Drafting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    frame.loc[frame["code"] == LEFT, "name"] = "文件里的名"
    path = write_layer(frame, tmp_path / "a.gpkg")
    reader = drafting.app.state.files
    compute, seen = reader.compute_replacement, []
    monkeypatch.setattr(
        reader, "compute_replacement", lambda *a, **k: (seen.append(open_transactions()), compute(*a, **k))[1]
    )

    def open_transactions() -> int:
        with drafting.owner.connect() as connection:
            return connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND state = 'idle in transaction' AND pid <> pg_backend_pid()"
                )
            )

    monkeypatch.setattr(
        receiving, "make_folder", lambda folder: (seen.append(open_transactions()), make_folder(folder))[1]
    )
    assert taken(draft_client, path)["changed"] == [LEFT]
    assert seen == [0, 0]
    other = DraftClient(draft_client.client, draft_client.id, draft_client.etag)
    frame.loc[frame["code"] == LEFT, "name"] = "又一个名"
    write_layer(frame, path)

    def overtaken(*arguments: Any, **options: Any) -> Any:
        other.do(op="rename", grid=RIGHT, name="先到的名")
        return compute(*arguments, **options)

    monkeypatch.setattr(reader, "compute_replacement", overtaken)
    refused(sent(draft_client, path), 412, "stale")
    names = {f["id"]: f["properties"]["name"] for f in draft_client.get("/grids")["features"]}
    assert (names[LEFT], names[RIGHT]) == ("文件里的名", "先到的名")
    refused(sent(draft_client, path), 412, "stale")


def test_who_may_not_is_refused_before_the_body_is_looked_at(drafting: Drafting, client: TestClient) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    read: list[int] = []

    def body() -> Iterator[bytes]:
        read.append(1)
        yield b"x"

    answer = client.put(f"{draft_client.url}/file", content=body(), headers={"If-Match": draft_client.etag})
    assert answer.status_code == 401
    viewer = drafting.actors.person(("viewer", ""))
    assert (
        viewer.put(
            f"{draft_client.url}/file", content=b"x", headers={"If-Match": draft_client.etag}
        ).status_code
        == 403
    )
    stale = draft_client.client.put(
        f"{draft_client.url}/file", content=b"x", headers={"If-Match": f'"{draft_client.id}-99"'}
    )
    assert stale.status_code == 412
    draft_client.do(op="rename", grid=LEFT, name="新名")
    draft_client.send("/submit", {})
    answer = draft_client.client.put(
        f"{draft_client.url}/file", content=b"x", headers={"If-Match": draft_client.etag}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "draft-state")


def test_the_largest_file_is_the_setting(drafting: Drafting) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    lanes = drafting.app.state.file_lanes
    assert lanes.largest == drafting.db.settings.max_upload_mb << 20
    lanes.largest = 1 << 20
    headers = {"If-Match": draft_client.etag}
    whole = draft_client.client.put(f"{draft_client.url}/file", content=bytes(2 << 20), headers=headers)
    pieces = draft_client.client.put(
        f"{draft_client.url}/file", content=iter([bytes(1 << 20)] * 2), headers=headers
    )
    for answer in (whole, pieces):
        body = refused(answer, 413, "upload-too-large")
        assert "WANGGE_MAX_UPLOAD_MB" in body["detail"]


def test_a_full_disk_is_said_and_nothing_stays(
    drafting: Drafting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    path = write_layer(exported(draft_client), tmp_path / "a.gpkg")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for module, name in ((receiving, "_finish"), (receiving, "make_folder")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            answer = sent(draft_client, path)
            refused(answer, 507, "storage-full")
            assert answer.headers["retry-after"]
    monkeypatch.setattr(receiving, "_RESERVE", 1 << 60)
    refused(sent(draft_client, path), 507, "storage-full")
    folder = uploads_folder(drafting.db.settings)
    assert eventually(lambda: not list(folder.rglob("grids")))
    assert upload_router.router.prefix == "/v1/drafts"


def test_what_a_killed_process_left_is_removed_at_the_start(committing_db) -> None:
    folder = uploads_folder(committing_db.settings)
    left = folder / "tmp-of-the-dead"
    left.mkdir(parents=True)
    (left / "grids").write_bytes(bytes(1000))
    with make_folder(folder) as mine, serving(committing_db.settings) as app:
        assert isinstance(app, FastAPI)
        assert not left.exists()
        assert mine.exists(), "somebody works there"


def test_text_columns_of_a_good_file_are_read(drafting: Drafting, tmp_path: Path) -> None:
    """That refusing bad text refuses no good text; what turns the reading order or breaks a line is named by its row."""
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    for unseen in ("\u202e", "\u2028"):
        frame.loc[frame["code"] == LEFT, "name"] = f"祥{unseen}abc"
        body = refused(sent(draft_client, write_layer(frame, tmp_path / "b.gpkg")), 422, "bad-rows")
        assert [row["column"] for row in body["rows"]] == ["name"]
    frame.loc[frame["code"] == LEFT, "name"] = "𠮷祥 ✓ abc e\u0301"
    answer = sent(draft_client, write_layer(frame, tmp_path / "a.gpkg"))
    assert answer.status_code == 200, answer.text
    assert np.isin(LEFT, frame["code"]).all()

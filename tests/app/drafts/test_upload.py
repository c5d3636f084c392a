"""Grids edited in QGIS and uploaded: what changed is recognised, mended on request, or refused with reasons."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.files.limits import uploads_folder
from gis.crs import from_wgs84
from gis.geometry import round_degrees
from gis.io import write_layer
from tests.app.drafts.drafting import LEFT, RIGHT, STREET_1, TALL, DraftClient, Drafting
from tests.app.drafts.test_workflow import broken, refused
from tests.fixtures.answers import hold_to_model
from tests.fixtures.eventually import eventually
from tests.fixtures.towns import DISTRICT, ENCLAVE


def exported(draft_client: DraftClient) -> gpd.GeoDataFrame:
    """The draft's grids as somebody would load them into QGIS."""
    features = draft_client.get("/grids")["features"]
    frame = gpd.GeoDataFrame(
        [f["properties"] for f in features],
        geometry=[shape(f["geometry"]) for f in features],
        crs="EPSG:4326",
    )
    return frame.drop(columns="change")


def sent(draft_client: DraftClient, path: Path, **params: Any):
    return draft_client.client.put(
        f"{draft_client.url}/file",
        content=path.read_bytes(),
        params=params,
        headers={"If-Match": draft_client.etag},
    )


def taken(draft_client: DraftClient, path: Path, **params: Any) -> dict:
    answer = sent(draft_client, path, **params)
    assert answer.status_code == 200, answer.text[:500]
    draft_client.etag = answer.headers["etag"]
    return hold_to_model(draft_client.client.app, answer)


def zipped(frame: gpd.GeoDataFrame, folder: Path) -> Path:
    write_layer(frame, folder / "grids.shp")
    path = folder / "grids.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.glob("grids.*"):
            if part != path:
                archive.write(part, part.name)
    return path


def moved_corner(frame: gpd.GeoDataFrame, metres: float = 30.0) -> tuple[gpd.GeoDataFrame, set[str]]:
    """One shared corner of LEFT and RIGHT dragged in all grids that have it, as QGIS's topological editing does."""
    one, other = (frame.set_index("code").geometry[c] for c in (LEFT, RIGHT))
    corner = shapely.get_coordinates(shapely.intersection(one, other))[0]
    touched = set()

    def drag(xy: np.ndarray) -> np.ndarray:
        out = xy.copy()
        out[(xy == corner).all(axis=1)] += metres * 1e-5
        return round_degrees(out)

    shapes = []
    for code, grid in zip(frame["code"], frame.geometry, strict=True):
        new = shapely.transform(grid, drag)
        shapes.append(new)
        if not new.equals_exact(grid):
            touched.add(code)
    return frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)), touched


@pytest.mark.parametrize("form", ["grids.gpkg", "grids.zip", "grids.geojson"])
def test_a_round_trip_through_a_file_changes_nothing(drafting: Drafting, tmp_path: Path, form: str):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    path = zipped(frame, tmp_path) if form.endswith("zip") else write_layer(frame, tmp_path / form)
    refused(sent(draft_client, path), 409, "no-changes")
    assert draft_client.get()["operations"] == 0


@pytest.mark.parametrize("form", ["grids.gpkg", "grids.zip", "grids.geojson"])
def test_what_was_edited_becomes_operations(drafting: Drafting, tmp_path: Path, form: str):
    draft_client = DraftClient.begin(drafting.editor())
    frame, touched = moved_corner(exported(draft_client))
    frame.loc[frame["code"] == ENCLAVE, "name"] = "中心公园"
    path = zipped(frame, tmp_path) if form.endswith("zip") else write_layer(frame, tmp_path / form)
    result = taken(draft_client, path)
    assert [step["op"] for step in result["steps"]] == ["replace", "rename"]
    assert set(result["changed"]) == touched | {ENCLAVE}
    assert (result["created"], result["retired"]) == ([], [])
    now = {f["id"]: f for f in draft_client.get("/grids")["features"]}
    assert now[ENCLAVE]["properties"]["name"] == "中心公园"
    wanted = frame.set_index("code").geometry
    assert all(shape(now[c]["geometry"]).equals(wanted[c]) for c in touched)
    assert draft_client.get()["operations"] == 2
    draft_client.approve(drafting.publisher()).publish()
    assert broken(drafting) == []


def test_new_and_missing_grids_are_recognised(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    left = frame.set_index("code").geometry[LEFT]
    whole = shapely.coverage_union_all([left, frame.set_index("code").geometry[RIGHT]])
    frame = frame[~frame["code"].isin([LEFT, RIGHT])]
    new = {"code": "370299002003009", "name": "合并网格", "community": "370299002003", "kind": "专属网格"}
    frame = gpd.GeoDataFrame(
        [*frame.drop(columns="geometry").to_dict("records"), new],
        geometry=[*frame.geometry, whole],
        crs="EPSG:4326",
    )
    path = write_layer(frame, tmp_path / "x.gpkg")
    # Two of twelve are more than a tenth: somebody has to say that they end.
    problem = refused(sent(draft_client, path), 422, "grids-missing")
    assert (problem["missing"], problem["grids"]) == ([LEFT, RIGHT], 12)
    assert problem["options"] == ["missing=retire", "missing=keep"]
    result = taken(draft_client, path, missing="retire")
    assert result["created"] == ["370299002003009"]
    assert result["retired"] == [LEFT, RIGHT]
    (step,) = result["steps"]
    assert (step["op"], step["removed"]) == ("replace", [LEFT, RIGHT])
    communities, grids = result["hierarchy"]
    assert (communities["level"], communities["retired"]) == ("community", [])
    assert (grids["before"], grids["after"], grids["new"]) == (
        12,
        11,
        [{"code": "370299002003009", "name": "合并网格"}],
    )
    assert [each["code"] for each in grids["retired"]] == [LEFT, RIGHT]
    (feature,) = [f for f in result["grids"]["features"] if f["id"] == "370299002003009"]
    assert feature["properties"]["kind"] == "dedicated"
    draft_client.send("/undo")
    assert draft_client.get("/grids", changed=True)["features"] == []


def test_a_file_of_a_part_means_that_part(drafting: Drafting, tmp_path: Path):
    """Of a street: what lies outside is not missing. And with missing=keep nothing is."""
    draft_client = DraftClient.begin(drafting.editor(DISTRICT, STREET_1))
    frame = exported(draft_client)
    frame.loc[frame["code"] == TALL, "name"] = "高"
    street = frame[frame["code"].str.startswith(STREET_1)]
    assert taken(draft_client, write_layer(street, tmp_path / "street.gpkg"))["changed"] == [TALL]
    one = frame[frame["code"] == TALL].assign(name="更高")
    assert taken(draft_client, write_layer(one, tmp_path / "one.gpkg"), missing="keep")["retired"] == []
    other = frame.copy()
    other.loc[other["code"] == LEFT, "name"] = "街外"
    refused(sent(draft_client, write_layer(other, tmp_path / "other.gpkg")), 403, "out-of-scope")


def test_columns_may_be_called_otherwise(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    frame = (
        exported(draft_client)
        .rename(columns={"code": "wgbm", "name": "wgmc"})
        .drop(columns=["community", "kind"])
    )
    frame.loc[frame["wgbm"] == LEFT, "wgmc"] = "新名"
    path = write_layer(frame, tmp_path / "x.gpkg")
    refused(sent(draft_client, path), 422, "missing-column")
    assert taken(draft_client, path, code="wgbm", name="wgmc")["changed"] == [LEFT]


def test_gaps_are_mended_within_what_was_asked_and_reported_beyond(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    at = frame.index[frame["code"] == LEFT][0]
    border = shapely.get_coordinates(
        shapely.intersection(frame.geometry[at], frame.set_index("code").geometry[RIGHT])
    )
    # At the rim a wedge that opens towards the outside would be no gap.
    rim = shapely.boundary(shapely.union_all(frame.geometry.to_numpy()))
    corner = border[shapely.distance(shapely.points(border), rim) > 0][0]

    def nudge(xy: np.ndarray) -> np.ndarray:
        out = xy.copy()
        out[(xy == corner).all(axis=1), 0] -= 0.8e-5
        return round_degrees(out)

    shapes = list(frame.geometry)
    shapes[at] = shapely.transform(shapes[at], nudge)
    path = write_layer(frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)), tmp_path / "gap.gpkg")
    answer = sent(draft_client, path)
    assert answer.status_code == 422
    body = answer.json()
    assert body["defects"]
    assert {d["kind"] for d in body["defects"]} <= {"gap", "overlap", "mismatched-edge"}
    assert all(len(d["place"]) == 2 for d in body["defects"])
    assert body["places"]
    assert draft_client.get()["operations"] == 0
    # The gap goes to where it came from: mended, the file says what the draft says.
    same = sent(draft_client, path, tolerance_m=2)
    assert (same.status_code, same.json()["code"]) == (409, "no-changes")
    renamed = frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))
    renamed.loc[at, "name"] = "新名"
    mended = taken(draft_client, write_layer(renamed, tmp_path / "renamed.gpkg"), tolerance_m=2)
    assert mended["changed"] == [LEFT]
    assert draft_client.get("/check") == []


# ---------------------------------------------------------------- where it lies
@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
def test_shifted_coordinates_are_recognised_unless_declared(drafting: Drafting, tmp_path: Path, crs: str):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    frame.loc[frame["code"] == LEFT, "name"] = "新名"

    def shift(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], crs))

    shifted = frame.set_geometry(
        gpd.GeoSeries([shapely.transform(g, shift) for g in frame.geometry], crs="EPSG:4326")
    )
    path = write_layer(shifted, tmp_path / "x.gpkg")
    body = refused(sent(draft_client, path), 422, "crs-shifted")
    assert body["suggested"] == crs
    assert 100 < body["shift_m"] < 2000
    assert body["places"]
    assert draft_client.get()["operations"] == 0
    refused(sent(draft_client, path, crs="wgs84"), 422, "crs-shifted")
    assert LEFT in taken(draft_client, path, crs=crs)["changed"]


def test_a_file_without_crs_is_refused_until_it_is_said(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    frame.loc[frame["code"] == LEFT, "name"] = "新名"
    path = zipped(frame, tmp_path)
    bare = tmp_path / "bare.zip"
    with zipfile.ZipFile(path) as full, zipfile.ZipFile(bare, "w") as archive:
        for name in full.namelist():
            if not name.endswith(".prj"):
                archive.writestr(name, full.read(name))
    answer = sent(draft_client, bare)
    assert (answer.status_code, answer.json()["code"]) == (422, "crs-missing"), answer.text
    assert taken(draft_client, bare, crs="wgs84")["changed"] == [LEFT]
    assert sent(draft_client, bare, crs="EPSG:99999").status_code == 422


# ---------------------------------------------------------------- what is no file of grids
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-body"),
        (b"not a file of shapes at all", None),
        (b"PK\x03\x04broken", None),
        (b'{"type": "FeatureCollection", "features": []}', None),
        (
            b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "a"}, "geometry": null}]}',
            None,
        ),
    ],
)
def test_what_is_no_file_of_grids_is_refused(drafting: Drafting, tmp_path: Path, content: bytes, code):
    draft_client = DraftClient.begin(drafting.editor())
    path = tmp_path / "x"
    path.write_bytes(content)
    answer = sent(draft_client, path)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert code is None or answer.json()["code"] == code
    assert draft_client.get()["version"] == 1


def test_a_form_is_no_file(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    answer = draft_client.client.put(
        f"{draft_client.url}/file", files={"file": b"x"}, headers={"If-Match": draft_client.etag}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "file-in-a-form")
    assert draft_client.client.put(f"{draft_client.url}/file", content=b"x").status_code == 428


def test_two_rows_of_one_code_are_named(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    frame.loc[frame["code"] == RIGHT, "code"] = LEFT
    answer = sent(draft_client, write_layer(frame, tmp_path / "x.gpkg"))
    assert answer.status_code == 422
    assert [d["kind"] for d in answer.json()["defects"]] == ["duplicate-code"]


@pytest.mark.parametrize("name", ["长" * 201, "a\x1b[31mb", "a\u2028b"])
def test_a_name_that_no_operation_takes_is_refused_by_row(drafting: Drafting, tmp_path: Path, name: str):
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    frame.loc[frame.index[1], "name"] = name
    frame.to_parquet(tmp_path / "grids.parquet")
    answer = sent(draft_client, tmp_path / "grids.parquet")
    assert answer.status_code == 422, answer.text
    assert [(row["row"], row["column"]) for row in answer.json()["rows"]] == [(2, "name")]


def test_which_file_it_was_is_in_the_log(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    frame, _ = moved_corner(exported(draft_client))
    path = write_layer(frame, tmp_path / "x.geojson")
    taken(draft_client, path)
    with Session(drafting.owner) as session:
        detail = session.scalar(text("SELECT detail FROM draft_log WHERE action = 'file'"))
    import hashlib

    assert detail["file"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(json.dumps(detail)) < 4000, "the shapes are with the operation, not in the log"
    folder = uploads_folder(drafting.db.settings)
    assert eventually(lambda: not list(folder.rglob("grids"))), "nothing of an upload stays behind"

"""Every format that is read, through every door: the check and the import of the command line, the upload of a draft."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.app.drafts.drafting import LEFT, RIGHT, DraftClient, Drafting
from tests.app.drafts.test_upload import exported
from tests.fixtures.formats import LOOSE, WRITERS, reading_options
from tests.fixtures.towns import CODES, inside

EVERY = {**WRITERS, **LOOSE}


@pytest.fixture
def drafting(app, actors, town_db) -> Drafting:
    return Drafting(app, actors, town_db.db)


def code_of(extension: str) -> str:
    """A drawing has no columns: the code is the text inside a grid."""
    return "text" if extension == ".dxf" else "code"


def options(extension: str) -> list[str]:
    return [word for name, value in reading_options(extension).items() for word in (f"--{name}", str(value))]


def names_of(frame: gpd.GeoDataFrame) -> str:
    return "网格名称" if "网格名称" in frame else "name"


@pytest.mark.parametrize("extension", EVERY)
def test_grids_check(wangge_empty, tmp_path: Path, extension: str) -> None:
    shapes = [shapely.box(120 + at / 100, 36, 120.01 + at / 100, 36.01) for at in range(3)]
    frame = gpd.GeoDataFrame({"code": ["G-01", "G-02", "G-03"]}, geometry=shapes, crs=4326)
    folder = tmp_path / "黄岛区 资料"
    folder.mkdir()
    path = EVERY[extension](frame, folder / f"网格{extension}")
    result = wangge_empty("grids", "check", path, "--code", code_of(extension), *options(extension), "--json")
    assert result.code == 0, str(result)
    assert (result.document["grids"], result.document["clean"]) == (3, True)


@pytest.mark.parametrize("extension", EVERY)
def test_components_import(wangge, town_db, tmp_path: Path, extension: str) -> None:
    places = [inside(code) for code in CODES[:2]]
    shapes = [shapely.box(x, y, x + 1e-5, y + 1e-5) for x, y in places]
    frame = gpd.GeoDataFrame({"code": ["007", "008"]}, geometry=shapes, crs=4326)
    path = EVERY[extension](frame, tmp_path / f"绿地{extension}")
    result = wangge(
        "components",
        "import",
        path,
        "--class",
        "0405",
        "--code",
        code_of(extension),
        *options(extension),
        "--json",
    )
    assert result.code == 0, str(result)
    with Session(town_db.db.owner_engine) as session:
        rows = session.execute(text("SELECT code, grid_code FROM component ORDER BY code")).all()
    assert [tuple(row) for row in rows] == [("007", CODES[0]), ("008", CODES[1])]


@pytest.mark.parametrize("extension", WRITERS)
def test_a_draft_takes_it(drafting: Drafting, tmp_path: Path, extension: str) -> None:
    draft_client = DraftClient.begin(drafting.editor())
    frame = exported(draft_client)
    frame = frame[frame["code"].isin([LEFT, RIGHT])]
    frame.loc[frame["code"] == LEFT, "name"] = "新名"
    path = WRITERS[extension](frame, tmp_path / f"grids{extension}")
    answer = draft_client.client.put(
        f"{draft_client.url}/file",
        content=path.read_bytes(),
        params={
            "missing": "keep",
            "code": code_of(extension),
            **({} if extension == ".dxf" else {"name": "Name" if extension in (".kml", ".kmz") else "name"}),
            **reading_options(extension),
        },
        headers={"If-Match": draft_client.etag},
    )
    if extension == ".dxf":
        assert answer.status_code == 409, answer.text[:500]  # the same ground, and no names in it
        return
    assert answer.status_code == 200, answer.text[:500]
    assert answer.json()["changed"] == [LEFT]
    features = answer.json()["grids"]["features"]
    assert [one["properties"]["name"] for one in features if one["properties"]["code"] == LEFT] == ["新名"]

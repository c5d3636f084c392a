"""``wangge grids``: check, import, export, and the broken files of every GIS office one by one."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.boundaries.unit_tree import CoverageInput
from app.publishing.reassignment import publish as publish_now
from gis.crs import from_wgs84
from gis.io import read_layer
from tests.fixtures.towns import CODES, DISTRICT, shape_of, town_grids, write_town

LEVELS = (
    "--code", "wgbm", "--name", "wgmc", "--community", "community_code", "--community-name", "community_name",
    "--street", "street_code", "--street-name", "street_name", "--kind", "kind",
)  # fmt: skip
BY_CODE = ("--code", "wgbm")


def publish(run, file, *options):
    return run("grids", "import", file, *LEVELS, "--district", DISTRICT, "--publish", "--json", *options)


def editions(db) -> int:
    with Session(db.owner_engine) as session:
        return session.scalar(text("SELECT count(*) FROM edition"))


def frame(**changes) -> gpd.GeoDataFrame:
    """The town with other shapes for some codes (``g`` before the code)."""
    grids = town_grids()
    for code, shape in changes.items():
        grids.loc[grids["code"] == code[1:], "geometry"] = shape
    return grids


# ---------------------------------------------------------------- the way it should go
@pytest.mark.parametrize(
    "name", ["town.gpkg", "town.shp", "town.zip", "town.geojson", "town.fgb", "town.parquet"]
)
def test_every_format_gives_the_same_edition(wangge_empty, committing_db, tmp_path, name):
    frame = town_grids().rename(
        columns={
            "community_code": "comm",
            "community_name": "comm_n",
            "street_code": "street",
            "street_name": "street_n",
        }
    )
    file = write_town(tmp_path / name, frame)
    result = wangge_empty(
        "grids", "import", file, "--code", "wgbm", "--name", "wgmc", "--community", "comm", "--community-name", "comm_n",
        "--street", "street", "--street-name", "street_n", "--kind", "kind", "--publish", "--district", DISTRICT, "--json",
    )  # fmt: skip
    assert result.code == 0, str(result)
    with Session(committing_db.owner_engine) as session:
        again = publish_now(session, CoverageInput(DISTRICT, DISTRICT, town_grids()), author="tester")
        assert not again.published.touched, "whatever the format, the same is published"
        session.rollback()


def test_rehearsal_and_publication(wangge_empty, committing_db, tmp_path):
    file = write_town(tmp_path / "town.gpkg")
    rehearsed = wangge_empty("grids", "import", file, *LEVELS, "--district", DISTRICT, "--json")
    assert rehearsed.code == 0
    assert (
        rehearsed.document["edition"],
        rehearsed.document["published"],
        len(rehearsed.document["added"]),
    ) == (None, False, 12)
    assert editions(committing_db) == 0
    said = wangge_empty("grids", "import", file, *LEVELS, "--district", DISTRICT)
    assert "预演" in said.out
    assert "--publish" in said.out
    published = publish(wangge_empty, file, "--note", "第一版")
    assert (published.document["edition"], published.document["published"]) == (1, True)
    again = publish(wangge_empty, file)
    assert again.code == 0
    assert (again.document["edition"], again.document["published"], again.document["unchanged"]) == (
        1,
        False,
        12,
    )
    with Session(committing_db.owner_engine) as session:
        edition = session.execute(text("SELECT note, author, grids, synthetic FROM edition")).one()
        assert edition.author.startswith("cli:")
        assert (edition.note, edition.grids, edition.synthetic) == ("第一版", 12, False)
    said = wangge_empty("grids", "import", file, *LEVELS, "--publish")
    assert "与第 1 版完全相同，未产生新版本" in said.out
    english = wangge_empty("grids", "import", file, *LEVELS, "--publish", lang="en")
    assert "the same as edition 1" in english.out


def test_effective_from(wangge_empty, committing_db, tmp_path):
    file = write_town(tmp_path / "town.gpkg")
    first = publish(wangge_empty, file, "--effective-from", "2026-01-01T00:00:00+08:00")
    assert datetime.fromisoformat(first.document["effective_from"]) == datetime(2025, 12, 31, 16, tzinfo=UTC)
    grids = town_grids()
    grids.loc[0, "name"] = "新名"
    second = write_town(tmp_path / "second.gpkg", grids)
    early = publish(wangge_empty, second, "--effective-from", "2025-01-01T00:00:00+08:00")
    assert early.code == 3
    assert early.document["error"]["code"] == "effective-too-early"
    for wrong in ("tomorrow", "2026-02-30T00:00:00+08:00", "2026-12-01"):
        result = publish(wangge_empty, second, "--effective-from", wrong)
        assert result.code in (2, 3)
        assert wrong in result.document["error"]["message"]
    for wrong in ("2099-01-01T00:00:00Z", "1989-12-31T23:59:59Z", "9999-12-31T23:59:59.999999-14:00"):
        result = publish(wangge_empty, second, "--effective-from", wrong)
        assert (result.code, result.document["error"]["code"]) in {
            (3, "effective-out-of-bounds"),
            (3, "instant-out-of-bounds"),
        }
        assert "effective" in result.document["error"]["message"]
    soon = datetime.now(UTC) + timedelta(days=400)
    later = publish(wangge_empty, second, "--effective-from", soon.isoformat())
    assert (later.code, later.document["edition"]) == (0, 2)
    assert wangge_empty("locate", "120.055", "35.885", "--json").document["edition"] == 1
    # Nothing takes effect before it: said at once. A rehearsal shows what would differ.
    held_up = publish(wangge_empty, file)
    assert (held_up.code, held_up.document["error"]["code"]) == (3, "scheduled-edition")
    assert wangge_empty("grids", "import", file, *LEVELS, "--json").document["changed"]
    at = wangge_empty("locate", "120.055", "35.885", "--at", "2029-06-01T00:00:00Z", "--json").document
    assert (at["edition"], at["grid"]["name"]) == (2, "新名")
    before = wangge_empty("locate", "120.055", "35.885", "--at", "2020-06-01T00:00:00Z", "--json")
    assert before.code == 1
    assert before.document["error"]["code"] == "nothing-published"


def test_check_touches_nothing_and_needs_no_database(monkeypatch, capfd, tmp_path):
    from tests.fixtures.commands import runner

    run = runner(monkeypatch, capfd, {"WANGGE_HOME": str(tmp_path / "home"), "WANGGE_DATABASE_URL": ""})
    file = write_town(tmp_path / "town.gpkg")
    result = run("grids", "check", file, *BY_CODE)
    assert result.code == 0, str(result)
    assert "✓ 12 个网格，覆盖干净" in result.out
    assert not (tmp_path / "home").exists()
    moved = write_town(
        tmp_path / "moved.gpkg",
        frame(**{f"g{CODES[0]}": shapely.transform(shape_of(CODES[0]), lambda xy: xy + 1e-5)}),
    )
    report = tmp_path / "defects.geojson"
    result = run("grids", "check", moved, *BY_CODE, "--report", report, "--json")
    assert result.code == 1
    assert result.document["clean"] is False
    assert "overlap" in {d["kind"] for d in result.document["defects"]}
    features = json.loads(report.read_text("utf-8"))["features"]
    assert len(features) == len(result.document["defects"])
    assert report.read_text("utf-8").count("重叠") >= 1


def test_clean_mends_and_says_what_moved(wangge_empty, committing_db, tmp_path):
    grids = frame(**{f"g{CODES[0]}": shapely.transform(shape_of(CODES[0]), lambda xy: xy + 2e-6)})
    file = write_town(tmp_path / "town.gpkg", grids)
    assert publish(wangge_empty, file).code == 3
    result = publish(wangge_empty, file, "--clean", "1")
    assert result.code == 0, str(result)
    assert result.document["moved"]
    assert all(0 < m["moved_m"] < 1 for m in result.document["moved"])
    assert wangge_empty("verify").code == 0
    too_little = publish(wangge_empty, file, "--clean", "0.05")
    assert too_little.code == 3
    assert wangge_empty("grids", "check", file, *BY_CODE, "--clean", "0.05").code == 1
    assert wangge_empty("grids", "check", file, *BY_CODE, "--clean", "-1").code == 2


def test_levels_beside_the_grids_are_compared(wangge_empty, tmp_path):
    grids = town_grids()
    file = tmp_path / "levels.gpkg"
    pyogrio.write_dataframe(grids, file, layer="grids")
    streets = grids.dissolve("street_code").reset_index()
    pyogrio.write_dataframe(streets[["street_code", "geometry"]], file, layer="streets")
    options = (
        "--code",
        "code",
        "--street",
        "street_code",
        "--layer",
        "grids",
        "--street-layer",
        "streets",
        "--json",
    )
    assert wangge_empty("grids", "check", file, *options).code == 0
    streets.loc[0, "street_code"] = "370299009"
    pyogrio.write_dataframe(streets[["street_code", "geometry"]], tmp_path / "other.gpkg", layer="streets")
    pyogrio.write_dataframe(grids, tmp_path / "other.gpkg", layer="grids")
    result = wangge_empty("grids", "check", tmp_path / "other.gpkg", *options)
    assert result.code == 1
    assert {tuple(d["codes"]) for d in result.document["defects"] if d["kind"] == "hierarchy"} == {
        ("370299001",),
        ("370299009",),
    }


def test_parts_that_disagree(wangge_empty, tmp_path):
    grids = town_grids()
    part = grids[grids["code"] == CODES[0]].assign(code=CODES[1])
    joined = gpd.GeoDataFrame(
        gpd.pd.concat([grids[grids["code"] != CODES[0]], part.assign(community_code="x")]), crs=4326
    )
    file = write_town(tmp_path / "town.gpkg", joined)
    result = wangge_empty("grids", "check", file, *LEVELS, "--dissolve", "--json")
    assert result.code == 1
    found = result.document["defects"]
    # The other part lies in the next community, whose grids come apart there: a warning each.
    assert [(d["kind"], d["codes"]) for d in found if d["severity"] == "error"] == [("hierarchy", [CODES[1]])]


@pytest.mark.parametrize(
    "name", ["out.gpkg", "out.geojson", "out.shp", "out.fgb", "out.parquet", "out.csv", "out.kml"]
)
def test_export_and_back(wangge, tmp_path, name):
    target = tmp_path / name
    result = wangge("grids", "export", target, "--json")
    assert result.code == 0, str(result)
    assert (result.document["edition"], result.document["grids"]) == (1, 12)
    back = read_layer(target, crs="wgs84" if name.endswith(".csv") else None).frame
    assert len(back) == 12
    if name.endswith((".gpkg", ".fgb", ".parquet")):
        again = wangge("grids", "import", target, "--code", "code", "--name", "name", "--community", "community",
                       "--community-name", "community_name", "--street", "street", "--street-name", "street_name",
                       "--kind", "kind", "--publish", "--json")  # fmt: skip
        assert again.code == 0, str(again)
        assert again.document["published"] is False, "what was exported is what is published"


def test_export_refusals(wangge, tmp_path):
    assert wangge("grids", "export", tmp_path / "a.xyz").code == 3
    assert wangge("grids", "export", tmp_path / "a.gpkg", "--edition", "7").code == 1
    missing = wangge("grids", "export", tmp_path / "nowhere" / "a.gpkg", "--json")
    assert missing.code == 2
    assert "nowhere" in missing.document["error"]["message"]
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- broken files, one by one
def bow_tie(folder: Path) -> Path:
    return write_town(
        folder / "bow.gpkg",
        frame(
            **{
                f"g{CODES[0]}": shapely.Polygon(
                    [(120.05, 35.88), (120.06, 35.89), (120.06, 35.88), (120.05, 35.89)]
                )
            }
        ),
    )


def overlap(folder: Path) -> Path:
    return write_town(
        folder / "overlap.gpkg",
        frame(**{f"g{CODES[0]}": shape_of(CODES[0]).buffer(0.0003, join_style="mitre")}),
    )


def gap(folder: Path) -> Path:
    return write_town(folder / "gap.gpkg", town_grids()[lambda f: f["code"] != "370299002004003"])


def duplicate(folder: Path) -> Path:
    grids = town_grids()
    grids.loc[1, "code"] = CODES[0]
    return write_town(folder / "duplicate.gpkg", grids)


def missing_code(folder: Path) -> Path:
    grids = town_grids()
    grids.loc[1, "code"] = None
    return write_town(folder / "missing.gpkg", grids)


def no_crs(folder: Path) -> Path:
    file = write_town(folder / "nocrs.shp")
    file.with_suffix(".prj").unlink()
    return file


def no_crs_geopackage(folder: Path) -> Path:
    grids = town_grids().rename(columns={"code": "wgbm"}).set_crs(None, allow_override=True)
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.write_dataframe(grids, folder / "nocrs.gpkg")
    return folder / "nocrs.gpkg"


def swapped(folder: Path) -> Path:
    grids = town_grids()
    grids["geometry"] = shapely.transform(grids.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    return write_town(folder / "swapped.gpkg", gpd.GeoDataFrame(grids, crs=4326))


def empty(folder: Path) -> Path:
    (folder / "empty.gpkg").write_bytes(b"")
    return folder / "empty.gpkg"


def no_rows(folder: Path) -> Path:
    pyogrio.write_dataframe(
        town_grids().iloc[:0].rename(columns={"code": "wgbm"}), folder / "rows.gpkg", geometry_type="Polygon"
    )
    return folder / "rows.gpkg"


def directory(folder: Path) -> Path:
    (folder / "folder.gpkg").mkdir()
    return folder / "folder.gpkg"


def absent(folder: Path) -> Path:
    return folder / "absent.gpkg"


def nonsense(folder: Path) -> Path:
    """Two gigabytes of zeros that call themselves a GeoPackage; sparse, so they take no room."""
    with (folder / "huge.gpkg").open("wb") as stream:
        stream.truncate(2 << 30)
    return folder / "huge.gpkg"


def truncated(folder: Path) -> Path:
    file = write_town(folder / "cut.gpkg")
    os.truncate(file, file.stat().st_size // 2)
    return file


def another_kind(folder: Path) -> Path:
    (folder / "letter.docx").write_bytes(b"PK\x03\x04nothing")
    return folder / "letter.docx"


def points(folder: Path) -> Path:
    grids = town_grids()
    grids["geometry"] = grids.representative_point()
    return write_town(folder / "points.gpkg", grids)


def metres(folder: Path) -> Path:
    grids = town_grids()
    grids["geometry"] = shapely.transform(
        grids.geometry.to_numpy(),
        lambda xy: __import__("numpy").column_stack(from_wgs84(xy[:, 0], xy[:, 1], "EPSG:4549")),
    )
    return write_town(folder / "metres.geojson", gpd.GeoDataFrame(grids, crs=4326))


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (bow_tie, "not-clean", ["自相交", CODES[0]]),
        (overlap, "not-clean", ["重叠", "平方米", CODES[0]]),
        (gap, "not-clean", ["空", "平方米", "370299002004001"]),
        (duplicate, "not-clean", [CODES[0], "2 次"]),
        (missing_code, "not-clean", ["第 2 行没有编码"]),
        (no_crs, "crs-missing", ["没有坐标系", "--crs", "EPSG:4549"]),
        (no_crs_geopackage, "crs-missing", ["没有坐标系", "--crs"]),
        (swapped, "swapped-coordinates", ["经度、纬度写反了", "对调后为"]),
        (empty, "empty-file", ["是空的"]),
        (no_rows, "no-rows", ["没有数据行"]),
        (directory, "directory", ["文件夹"]),
        (absent, "no-such-file", ["找不到文件 absent.gpkg"]),
        (nonsense, "wrong-content", ["huge.gpkg", "GeoPackage"]),
        (truncated, "damaged", ["已损坏"]),
        (another_kind, "foreign-format", ["letter.docx", "不能读取"]),
        (points, "not-clean", ["应为面", "Point"]),
        (metres, None, ["平面坐标", "EPSG:4549"]),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_broken_file(wangge_empty, committing_db, tmp_path, make, code, words):
    file = make(tmp_path)
    result = wangge_empty("grids", "import", file, *BY_CODE, "--publish", "--json")
    assert result.code == 3, str(result)
    error = result.document["error"]
    if code:
        assert error["code"] == code, error
    people = wangge_empty("grids", "import", file, *BY_CODE, "--publish")
    assert people.code == 3
    for word in words:
        assert word in people.out + people.err, str(people)
    assert "Traceback" not in people.err
    english = wangge_empty("grids", "import", file, *BY_CODE, "--publish", lang="en")
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in english.out + english.err), str(english)
    assert editions(committing_db) == 0


def test_swapped_where_both_could_be(wangge_empty, tmp_path):
    """Swapped coordinates of Chicago are a place in Antarctica: no reader can know, the distance from the others can."""
    grids = town_grids()
    grids["geometry"] = shapely.transform(grids.geometry.to_numpy(), lambda xy: xy[:, ::-1] - [0, 120])
    file = write_town(tmp_path / "swapped.gpkg", gpd.GeoDataFrame(grids, crs=4326))
    assert wangge_empty("grids", "check", file, *BY_CODE).code == 0


def test_gbk_names(wangge_empty, committing_db, tmp_path):
    grids = town_grids().rename(columns={"code": "编码", "name": "名称"})[["编码", "名称", "geometry"]]
    file = tmp_path / "网格.shp"
    pyogrio.write_dataframe(grids, file, encoding="GBK")
    file.with_suffix(".cpg").unlink(missing_ok=True)
    words = ("grids", "import", file, "--code", "编码", "--name", "名称", "--publish")
    refused = wangge_empty(*words)
    assert refused.code == 3
    assert "gb18030 → 第" in refused.err
    result = wangge_empty(*words, "--encoding", "GBK")
    assert result.code == 0, str(result)
    assert "gb18030" in result.err
    # The record of the import keeps what it was read in.
    with committing_db.owner_engine.connect() as connection:
        kept = connection.execute(
            text("SELECT options->>'encoding' FROM import_job WHERE kind = 'grids'")
        ).all()
    assert ("gb18030",) in [tuple(row) for row in kept]
    located = wangge_empty("locate", "120.055", "35.885", "--json").document
    assert located["grid"]["name"] == "第1社区第1网格"


def test_csv_with_bom_and_semicolons(wangge_empty, tmp_path):
    grids = town_grids()
    lines = ["\ufeffcode;shape;name"] + [
        f'{row.code};"{shapely.to_wkt(row.geometry, rounding_precision=7)}";{row.name}'
        for row in grids.itertuples()
    ]
    file = tmp_path / "town.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    result = wangge_empty("grids", "import", file, "--code", "code", "--publish", "--json")
    assert result.code == 0, str(result)
    assert result.document["grids"] == 12


def test_a_column_that_is_not_there(wangge_empty, tmp_path):
    file = write_town(tmp_path / "town.gpkg")
    result = wangge_empty("grids", "check", file, "--code", "GRID_ID", "--json")
    assert result.code == 3
    assert "wgbm" in result.document["error"]["message"]
    assert wangge_empty("grids", "check", file, "--code", "WGBM").code == 0, "case is forgiven"
    assert wangge_empty("grids", "check", file).code == 2, "--code is needed"


def test_several_layers(wangge_empty, tmp_path):
    file = tmp_path / "two.gpkg"
    for layer in ("旧", "新"):
        pyogrio.write_dataframe(town_grids(), file, layer=layer)
    result = wangge_empty("grids", "check", file, "--code", "code", "--json")
    assert result.code == 3
    assert "旧" in result.document["error"]["message"]
    assert "--layer" in result.document["error"]["message"]
    assert wangge_empty("grids", "check", file, "--code", "code", "--layer", "新").code == 0


def test_crs_of_a_city_survey_and_of_a_map_vendor(wangge_empty, committing_db, tmp_path):
    import numpy as np

    for crs, name in (("EPSG:4549", "survey"), ("gcj02", "vendor")):
        grids = town_grids()
        grids["geometry"] = shapely.transform(
            grids.geometry.to_numpy(),
            lambda xy, crs=crs: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], crs)),
        )
        frame = gpd.GeoDataFrame(grids, crs=None).rename(columns={"code": "wgbm"})
        file = tmp_path / f"{name}.gpkg"
        pyogrio.write_dataframe(frame, file)
        result = wangge_empty(
            "grids", "import", file, *BY_CODE, "--crs", crs, "--publish", "--district", DISTRICT, "--json"
        )
        assert result.code == 0, str(result)
        located = wangge_empty("locate", "120.055", "35.885", "--json").document
        assert located["grid"]["code"] == CODES[0]


def test_refusals_are_remembered(wangge_empty, committing_db, tmp_path):
    publish(wangge_empty, duplicate(tmp_path))
    with Session(committing_db.owner_engine) as session:
        job = session.execute(text("SELECT kind, state, file_name, file_sha256 FROM import_job")).one()
    assert tuple(job)[:3] == ("grids", "refused", "duplicate.gpkg")
    assert len(job.file_sha256) == 64


def test_districts_of_two_continents_are_verified(wangge_empty, tmp_path):
    near = gpd.GeoDataFrame({"beat": ["A"]}, geometry=[shapely.box(120, 36, 120.01, 36.01)], crs=4326)
    pyogrio.write_dataframe(near, tmp_path / "near.geojson")
    first = ("--code", "beat", "--district", "QD", "--publish")
    assert wangge_empty("grids", "import", tmp_path / "near.geojson", *first).code == 0
    lake = shapely.box(-87.62, 41.88, -87.61, 41.89)
    ring = shapely.box(-87.64, 41.86, -87.6, 41.9).difference(lake)
    far = gpd.GeoDataFrame({"beat": ["2E07"]}, geometry=[ring], crs=4326)
    pyogrio.write_dataframe(far, tmp_path / "beats.geojson")
    options = ("--code", "beat", "--district", "IL", "--district-name", "Lakeside", "--publish")
    assert wangge_empty("grids", "import", tmp_path / "beats.geojson", *options).code == 3
    declared = wangge_empty(
        "grids", "import", tmp_path / "beats.geojson", *options, "--accept-gaps", "--reason", "湖"
    )
    assert declared.code == 0, str(declared)
    verified = wangge_empty("verify")
    assert verified.code == 0, str(verified)
    assert "✓ 3" in verified.out

"""``wangge grids import`` says what it would change before it does, and changes nothing that the file does not state."""

from __future__ import annotations

import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.fixtures.towns import CODES, DISTRICT, DISTRICT_NAME, town_grids, write_town

ALL = (
    "--code", "wgbm", "--name", "wgmc", "--community", "community_code", "--community-name", "community_name",
    "--street", "street_code", "--street-name", "street_name", "--kind", "kind",
)  # fmt: skip
BY_CODE = ("--code", "wgbm")


def units(db, sql="SELECT level, code, name, kind, parent_code FROM unit_version WHERE upper_inf(editions)"):
    with Session(db.owner_engine) as session:
        return {(row.level, row.code): row for row in session.execute(text(sql))}


def editions(db) -> int:
    with Session(db.owner_engine) as session:
        return session.scalar(text("SELECT count(*) FROM edition"))


def changed(**cells) -> gpd.GeoDataFrame:
    """The town with other cells: column -> {row: value}."""
    grids = town_grids()
    for column, values in cells.items():
        for row, value in values.items():
            grids.loc[row, column] = value
    return grids


# ---------------------------------------------------------------- the hierarchy
def test_a_rehearsal_prints_the_hierarchy_and_leaves_no_trace(wangge, town_db, tmp_path):
    grids = town_grids()
    old, new = "370299001001001", "370299001001009"
    grids.loc[grids["code"] == old, "code"] = new
    grids.loc[grids["code"] == CODES[1], "name"] = "改了名"
    grids.loc[grids["community_code"] == "370299002004", "community_name"] = "新社区名"
    # Community 370299001002 goes to the second street.
    grids.loc[grids["community_code"] == "370299001002", ["street_code", "street_name"]] = [
        "370299002",
        "第2街道",
    ]
    grids.loc[grids["code"] == CODES[2], "kind"] = "dedicated"
    file = write_town(tmp_path / "town.gpkg", grids)
    before = units(town_db.db)
    report = tmp_path / "report.geojson"
    options = (*ALL, "--code-scheme", "own", "--report", report)
    said = wangge("grids", "import", file, *options)
    assert said.code == 0, str(said)
    for line in (
        f"  改码 1：{old} → {new}",
        f"  改名 1：{CODES[1]} 第1社区第2网格 → 改了名",
        "  改名 1：370299002004 第4社区 → 新社区名",
        "  改隶 1：370299001002：370299001 → 370299002",
        f"  改类型 1：{CODES[2]} base → dedicated",
    ):
        assert line in said.out, str(said)
    assert said.out.index("改码") < said.out.index("预演：")
    document = wangge("grids", "import", file, *options, "--json").document
    levels = {level["level"]: level for level in document["hierarchy"]}
    assert levels["grid"]["recoded"] == [{"from": old, "to": new}]
    assert levels["grid"]["new"] == levels["grid"]["retired"] == []
    assert levels["community"]["moved"] == [{"code": "370299001002", "from": "370299001", "to": "370299002"}]
    assert (levels["street"]["before"], levels["street"]["after"]) == (2, 2)
    # A grid whose community moved keeps its parent: it is not moved.
    assert levels["grid"]["moved"] == []
    written = json.loads(report.read_text("utf-8"))
    assert written["type"] == "FeatureCollection"
    assert written["hierarchy"] == document["hierarchy"]
    assert units(town_db.db) == before
    assert editions(town_db.db) == 1
    # The same before it is published.
    published = wangge("grids", "import", file, *options, "--publish", lang="en")
    assert published.code == 0, str(published)
    assert published.out.index("recoded 1: ") < published.out.index("✓ edition 2 published")
    assert "re-assigned" in published.out


def test_units_that_appear_and_vanish(wangge, town_db, tmp_path):
    grids = town_grids()
    away = grids["community_code"] == "370299002004"
    grids.loc[away, ["community_code", "community_name"]] = ["370299002005", "新设社区"]
    file = write_town(tmp_path / "town.gpkg", grids)
    options = (*ALL, "--code-scheme", "own")
    document = wangge("grids", "import", file, *options, "--json").document
    community = next(level for level in document["hierarchy"] if level["level"] == "community")
    # The same land under another code and another name.
    assert community["recoded"] == [{"from": "370299002004", "to": "370299002005"}]
    assert [each["to"] for each in community["renamed"]] == ["新设社区"]
    # One grid of it elsewhere, and it is another community.
    grids.loc[grids["code"] == "370299002004002", ["community_code", "community_name"]] = [
        "370299002003",
        "第3社区",
    ]
    write_town(file, grids)
    said = wangge("grids", "import", file, *options, lang="en")
    assert "  new 1: 370299002005 新设社区" in said.out
    assert "  retired 1: 370299002004 第4社区" in said.out
    assert "communities 4 → 4" in said.out


def test_the_first_import_says_what_appears(wangge_empty, committing_db, tmp_path):
    file = write_town(tmp_path / "某区边界.gpkg")
    said = wangge_empty("grids", "import", file, *ALL)
    assert said.code == 0, str(said)
    # The district comes from the codes of the grids, never from the name of the file, and that is said.
    assert "没有 --district：取网格编码共同的前六位，新的区 370299" in said.out
    assert "没有名称，暂以编码为名" in said.out
    assert "某区边界" not in said.out
    assert "镇街 0 → 2" in said.out
    assert "网格 0 → 12" in said.out
    named = wangge_empty(
        "grids", "import", file, *ALL, "--district", "370299", "--district-name", "试验区", "--dry-run"
    )
    assert "新的区 370299（试验区）" in named.out
    assert editions(committing_db) == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_district_is_never_named_after_a_file(wangge_empty, committing_db, tmp_path, lang):
    grids = town_grids()
    grids["code"] = [f"G{i}" for i in range(len(grids))]
    file = write_town(tmp_path / "beats.gpkg", grids[["code", "name", "geometry"]])
    for more in ((), ("--publish",), ("--dry-run",)):
        refused = wangge_empty("grids", "import", file, *BY_CODE, *more, "--json", lang=lang)
        assert refused.code == 3
        assert refused.document["error"]["code"] == "district-unknown"
        assert "--district" in refused.document["error"]["message"]
        assert "--district beats" not in refused.document["error"]["message"]
    assert editions(committing_db) == 0
    given = wangge_empty("grids", "import", file, *BY_CODE, "--district", "P9", "--publish", lang=lang)
    assert given.code == 0, str(given)
    assert "--district-name" in given.out
    assert units(committing_db)[("district", "P9")].name == "P9"


# ---------------------------------------------------------------- what the file does not state
@pytest.mark.parametrize(
    "stated", [(), ("--name", "wgmc"), ("--community", "community_code"), ("--street", "street_code")]
)
def test_what_the_file_does_not_state_is_kept(wangge, town_db, tmp_path, stated):
    """Levels, names and kinds: a file of codes and shapes changes shapes."""
    file = write_town(tmp_path / "town.gpkg")
    result = wangge("grids", "import", file, *BY_CODE, *stated, "--json")
    assert result.code == 0, str(result)
    assert result.document["added"] == result.document["changed"] == result.document["retired"] == []
    assert not any(
        level[what]
        for level in result.document["hierarchy"]
        for what in ("new", "retired", "renamed", "moved", "recoded", "kinds", "reshaped")
    )
    said = wangge("grids", "import", file, *BY_CODE, *stated, "--publish")
    assert "完全相同" in said.out
    assert ("保留原有社区" in said.out) is ("--community" not in stated)


def test_an_empty_cell_is_no_new_name(wangge, town_db, tmp_path):
    grids = changed(name={0: None, 1: "甲"}, kind={3: None}, community_name={0: None})
    result = wangge("grids", "import", write_town(tmp_path / "town.gpkg", grids), *ALL, "--publish", "--json")
    assert result.code == 0, str(result)
    assert result.document["changed"] == [CODES[1]]
    now = units(town_db.db)
    assert now[("grid", CODES[0])].name == "第1社区第1网格"
    assert now[("community", "370299001001")].name == "第1社区"


def test_new_grids_without_a_community_column(wangge, town_db, tmp_path):
    """By their national code, where it begins with that of a community there is; refused where nothing tells."""
    west = shapely.box(120.02, 35.87, 120.03, 35.92)
    grids = town_grids()[["code", "geometry"]]
    for code, right in (("370299001002099", "370299001002"), ("N7", None), ("370299009009001", None)):
        more = gpd.GeoDataFrame({"code": [code]}, geometry=[west], crs=4326)
        file = write_town(tmp_path / "more.gpkg", gpd.GeoDataFrame(pd.concat([grids, more]), crs=4326))
        result = wangge("grids", "import", file, *BY_CODE, "--district", DISTRICT, "--publish", "--json")
        if right:
            assert result.code == 0, str(result)
            assert units(town_db.db)[("grid", code)].parent_code == right
            continue
        assert (result.code, result.document["error"]["code"]) == (
            3,
            "grids-missing" if right else "level-missing",
        )
        assert "--community" in result.document["error"]["message"]
        assert code in result.document["error"]["message"]
    assert editions(town_db.db) == 2


def test_a_district_without_communities(wangge_empty, committing_db, tmp_path):
    """It imports, is published again without a word about levels, and may get communities later."""
    grids = town_grids()
    grids["code"] = [f"G{i:02d}" for i in range(len(grids))]
    plain = write_town(tmp_path / "plain.gpkg", grids[["code", "name", "geometry"]])
    first = wangge_empty(
        "grids", "import", plain, *BY_CODE, "--district", "H4V", "--district-name", "甲区", "--publish"
    )
    assert first.code == 0, str(first)
    assert "社区" not in first.out.replace("社区第", "")
    assert "区 0 → 1" in first.out
    again = wangge_empty("grids", "import", plain, *BY_CODE, "--publish")
    assert "完全相同" in again.out
    with_levels = write_town(tmp_path / "levels.gpkg", grids)
    later = wangge_empty(
        "grids", "import", with_levels, *BY_CODE, "--community", "community_code", "--publish", "--json"
    )
    assert later.code == 0, str(later)
    community = next(level for level in later.document["hierarchy"] if level["level"] == "community")
    assert (community["before"], community["after"], len(community["new"])) == (0, 4, 4)
    # And from now on they are kept.
    wangge_empty("grids", "import", plain, *BY_CODE, "--publish")
    assert units(committing_db)[("grid", "G00")].parent_code == "370299001001"


# ---------------------------------------------------------------- grids that the file does not have
def test_more_than_a_tenth_missing(wangge, town_db, tmp_path):
    file = write_town(tmp_path / "half.gpkg", town_grids().iloc[:5])
    for more in ((), ("--publish",)):
        refused = wangge("grids", "import", file, *ALL, *more, "--json")
        assert (refused.code, refused.document["error"]["code"]) == (3, "grids-missing")
        error = refused.document["error"]
        assert (error["missing_count"], error["grids"], len(error["missing"])) == (7, 12, 7)
        for word in ("half.gpkg", "--retire-missing", "--keep-missing", "12", "7"):
            assert word in error["message"]
    assert editions(town_db.db) == 1
    both = wangge("grids", "import", file, *ALL, "--retire-missing", "--keep-missing", "--json")
    assert (both.code, both.document["error"]["code"]) == (2, "usage")
    kept = wangge("grids", "import", file, *ALL, "--keep-missing", "--json")
    assert kept.code == 0, str(kept)
    assert (kept.document["retired"], kept.document["grids"], len(kept.document["kept_missing"])) == (
        [],
        12,
        7,
    )
    ended = wangge("grids", "import", file, *ALL, "--retire-missing", "--publish", "--json")
    assert (ended.code, len(ended.document["retired"])) == (0, 7)


def test_new_codes_for_everything_are_no_new_district(wangge, town_db, tmp_path):
    """The wrong column for --code: every grid is there under another code, and nothing ends by that alone."""
    grids = town_grids()
    grids["code"] = [f"N{i:02d}" for i in range(12)]
    file = write_town(tmp_path / "numbers.gpkg", grids)
    refused = wangge("grids", "import", file, *ALL, "--publish", "--json", lang="en")
    assert (refused.code, refused.document["error"]["code"]) == (3, "grids-missing")
    assert "12 of them under another code" in refused.document["error"]["message"]
    meant = wangge("grids", "import", file, *ALL, "--publish", "--retire-missing", "--json")
    assert meant.code == 0, str(meant)
    grid = next(level for level in meant.document["hierarchy"] if level["level"] == "grid")
    assert (len(grid["recoded"]), grid["new"], grid["retired"]) == (12, [], [])


def test_up_to_a_tenth_is_said(wangge, town_db, tmp_path):
    """One of twelve: retired as ever, and said, with the option that keeps it."""
    town = town_grids()
    file = write_town(tmp_path / "less.gpkg", town[town["code"] != "370299001002001"])
    said = wangge("grids", "import", file, *ALL)
    assert said.code == 0, str(said)
    assert "less.gpkg 没有的 1 个现有网格将撤销：370299001002001（--keep-missing" in said.out


def test_kept_grids_are_checked_with_the_file(wangge, town_db, tmp_path):
    """A part of the town that overlaps what stays is no clean coverage; one that fits is published beside it."""
    town = town_grids()
    part = town[town["code"].isin(["370299002003001", "370299002003002"])].copy()
    part["name"] = ["甲", "乙"]
    file = write_town(tmp_path / "part.gpkg", part)
    done = wangge("grids", "import", file, *ALL, "--keep-missing", "--publish", "--json")
    assert done.code == 0, str(done)
    assert (done.document["changed"], done.document["unchanged"]) == (
        ["370299002003001", "370299002003002"],
        10,
    )
    assert len(units(town_db.db)) == 19
    part.loc[part.index[0], "geometry"] = part.geometry.iloc[0].buffer(0.0005, join_style="mitre")
    over = wangge("grids", "import", write_town(file, part), *ALL, "--keep-missing", "--publish", "--json")
    assert (over.code, over.document["error"]["code"]) == (3, "not-clean")
    assert any("370299001001002" in defect["codes"] for defect in over.document["error"]["defects"]), (
        "an overlap with a grid that stays"
    )


# ---------------------------------------------------------------- rows that contradict each other
@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            {"community_name": {1: "别名"}},
            ["370299001001", "community_name", "第 1 行", "第1社区", "第 2 行", "别名"],
        ),
        ({"street_name": {3: "别街"}}, ["370299001", "street_name", "第 4 行", "别街"]),
        (
            {"street_code": {2: "370299002"}, "street_name": {2: "第2街道"}},
            ["370299001001", "第 3 行", "370299002"],
        ),
        ({"community_code": {4: None}}, ["第 5 行", "community_code", CODES[4]]),
        (
            {"community_code": {4: "370299001001"}, "community_name": {4: "第1社区"}},
            ["第 5 行", CODES[4], "370299001001"],
        ),
    ],
    ids=["two names", "two street names", "two streets", "no community", "code of another community"],
)
def test_rows_that_contradict(wangge_empty, committing_db, tmp_path, cells, words):
    file = write_town(tmp_path / "town.gpkg", changed(**cells))
    refused = wangge_empty("grids", "import", file, *ALL, "--district", DISTRICT, "--publish")
    assert refused.code == 3, str(refused)
    for word in words:
        assert word in refused.out, str(refused)
    assert editions(committing_db) == 0
    checked = wangge_empty("grids", "check", file, *ALL, "--json", lang="en")
    assert checked.code == 1
    assert {d["kind"] for d in checked.document["defects"] if d["severity"] == "error"} == {"hierarchy"}


def test_one_name_for_two_codes_is_a_warning(wangge_empty, committing_db, tmp_path):
    grids = town_grids()
    grids.loc[grids["community_code"] == "370299002004", "community_name"] = "第3社区"
    file = write_town(tmp_path / "town.gpkg", grids)
    said = wangge_empty("grids", "import", file, *ALL, "--district", DISTRICT, "--publish")
    assert said.code == 0, str(said)
    assert "! hierarchy  社区名称 第3社区 对应 2 个编码（community_code 列）" in said.out


def test_own_codes_are_only_warned(wangge_empty, committing_db, tmp_path):
    grids = changed(code={0: "370299009009001"})
    file = write_town(tmp_path / "town.gpkg", grids)
    national = wangge_empty("grids", "import", file, *ALL, "--district", DISTRICT)
    assert national.code == 3
    assert "第 1 行：网格编码 370299009009001 与所属社区 370299001001 不符" in national.out
    own = wangge_empty(
        "grids", "import", file, *ALL, "--district", DISTRICT, "--code-scheme", "own", "--publish"
    )
    assert own.code == 0, str(own)
    assert "! hierarchy" in own.out
    # What is published is published: the same file again is no news.
    again = wangge_empty("grids", "import", file, *ALL, "--publish")
    assert again.code == 0, str(again)
    # Codes without national form say nothing about their community.
    grids["code"] = [f"网-{i}" for i in range(12)]
    free = wangge_empty("grids", "check", write_town(tmp_path / "free.gpkg", grids), *ALL)
    assert free.code == 0, str(free)
    told = wangge_empty(
        "grids", "check", tmp_path / "free.gpkg", *ALL, "--code-scheme", "GB/T 30428.1-2013", "--json"
    )
    assert (told.code, len(told.document["defects"])) == (1, 13)


def test_codes_of_another_district(wangge_empty, committing_db, tmp_path):
    file = write_town(tmp_path / "town.gpkg")
    refused = wangge_empty("grids", "import", file, *ALL, "--district", "370211", "--publish", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (3, "code-unfit")
    assert "370299001" in refused.document["error"]["message"]
    own = wangge_empty(
        "grids", "import", file, *ALL, "--district", "370211", "--code-scheme", "own", "--publish", "--json"
    )
    assert own.code == 0, str(own)


def test_the_town_is_called_as_it_was(wangge, town_db, tmp_path):
    """Without --district-name the district keeps its name."""
    wangge("grids", "import", write_town(tmp_path / "a.gpkg", changed(name={0: "甲"})), *ALL, "--publish")
    assert units(town_db.db)[("district", DISTRICT)].name == DISTRICT_NAME

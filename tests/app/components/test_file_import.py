"""Importing components through the command line: classes, codes, states, dates, places, and every way to go wrong."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.components.rules import SCHEME_2013, SCHEME_2026
from app.verify.service import verify
from gis.crs import from_wgs84
from tests.fixtures.towns import CODES, inside

HOME = CODES[0]
X, Y = inside(HOME)


@pytest.fixture
def importing(wangge):
    """``wangge components import`` with ``--json``; the result's document is at hand."""

    def run(file: Path, *options: object, json: bool = True, lang: str = "zh"):
        return wangge("components", "import", file, *options, *(["--json"] if json else []), lang=lang)

    return run


@pytest.fixture
def rows(town_db):
    """Stored components by code, as dictionaries."""

    def fetch() -> dict[str, dict]:
        with Session(town_db.db.owner_engine) as session:
            found = session.execute(
                text(
                    "SELECT c.*, d.name AS department FROM component c LEFT JOIN department d ON d.id = c.department_id"
                )
            )
            return {row["code"]: dict(row) for row in found.mappings()}

    return fetch


def table(path: Path, *lines: str, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    path.write_text("\n".join(line.replace(",", delimiter) for line in lines) + "\n", encoding=encoding)
    return path


def layer(path: Path, shapes: list, **columns) -> Path:
    frame = gpd.GeoDataFrame(columns or {"n": range(len(shapes))}, geometry=shapes, crs=4326)
    pyogrio.write_dataframe(frame, path, encoding="UTF-8")
    return path


def good(result):
    assert result.code == 0, str(result)
    return result.document


def refused(result, code: str | None = None):
    assert result.code == 3, str(result)
    error = result.document["error"]
    if code:
        assert error["code"] == code, error
    return error


def holds(town_db) -> bool:
    with Session(town_db.db.owner_engine) as session:
        return all(o.holds for o in verify(session))


# ---------------------------------------------------------------- classes, codes, states, dates
def test_everything_a_register_has(importing, rows, town_db, tmp_path):
    file = table(
        tmp_path / "lids.csv",
        "编码,类别,名称,状态,主管,权属,养护,普查,经度,纬度,材质",
        f"3702110101000001,0101,井盖一,完好,供水公司,市水务,养护队,2026-01-02,{X},{Y},铸铁",
        f"37021101001000002,上水井盖,井盖二,破损,,,,2026年3月4日,{X},{Y},",
        f"A-3,101,,DAMAGED,供水公司,,,,{X},{Y},铸铁",
        f"A-4,Water-supply manhole cover,,废弃,,,,20260506,{X},{Y},",
        f"A-5,01001,,,,,,,{X},{Y},",
    )
    document = good(
        importing(
            file, "--class-column", "类别", "--code", "编码", "--name", "名称", "--state", "状态",
            "--department", "主管", "--owner", "权属", "--maintainer", "养护", "--surveyed", "普查",
        )
    )  # fmt: skip
    assert (document["rows"], document["stored"], document["rejected"], document["ownerless"]) == (5, 5, 0, 0)
    stored = rows()
    first = stored["3702110101000001"]
    assert first["code_scheme"] == SCHEME_2013
    parts = ("code_county", "code_major", "code_minor", "code_sequence")
    assert tuple(first[p] for p in parts) == ("370211", "01", "01", "000001")
    assert (first["name"], first["state"], first["owner_name"], first["maintainer_name"]) == (
        "井盖一",
        "intact",
        "市水务",
        "养护队",
    )
    assert (first["surveyed_on"].isoformat(), first["department"], first["attributes"]["材质"]) == (
        "2026-01-02",
        "供水公司",
        "铸铁",
    )
    assert (first["grid_code"], first["import_id"]) == (HOME, document["import_id"])
    second = stored["37021101001000002"]
    assert second["code_scheme"] == SCHEME_2026
    assert tuple(second[p] for p in parts) == ("370211", "01", "001", "000002")
    assert (second["state"], second["surveyed_on"].isoformat()) == ("damaged", "2026-03-04")
    assert second["department"] == "供水企业", "the class's own department where the row names none"
    assert second["attributes"]["材质"] is None
    assert {row["class_code"] for row in stored.values()} == {"0101"}
    assert [stored[c]["state"] for c in ("A-3", "A-4", "A-5")] == ["damaged", "discarded", "intact"]
    assert stored["A-4"]["surveyed_on"].isoformat() == "2026-05-06"
    assert [stored[c]["code_scheme"] for c in ("A-3", "A-4", "A-5")] == ["own"] * 3
    assert holds(town_db)


def test_sixteen_digits_are_of_2013_only_with_the_digits_of_their_class(importing, rows, tmp_path):
    file = table(
        tmp_path / "a.csv",
        "code,lon,lat",
        f"3702110101000001,{X},{Y}",
        f"3702110102000001,{X},{Y}",
    )
    good(importing(file, "--class", "0101", "--code", "code"))
    stored = rows()
    assert stored["3702110101000001"]["code_scheme"] == SCHEME_2013
    other = stored["3702110102000001"]
    assert (other["code_scheme"], other["code_major"], other["code_sequence"]) == ("own", None, None)


def test_the_caller_names_the_scheme(importing, rows, tmp_path):
    file = table(tmp_path / "a.csv", "code,lon,lat", f"3702110102000001,{X},{Y}", f"X1,{X},{Y}")
    good(importing(file, "--class", "0101", "--code", "code", "--code-scheme", "区自编 2019"))
    assert {row["code_scheme"] for row in rows().values()} == {"区自编 2019"}


def test_without_codes_the_file_makes_them(importing, rows, tmp_path):
    file = table(tmp_path / "a.csv", "lon,lat", *[f"{X},{Y}"] * 12)
    good(importing(file, "--class", "路灯"))
    codes = sorted(rows())
    assert len(codes) == 12
    assert codes[0].endswith("-01")
    assert codes[-1].endswith("-12")


def test_columns_are_found_whatever_their_case(importing, rows, tmp_path):
    file = table(tmp_path / "a.csv", "Code,Kind,Lon,Lat", f"c1,0101,{X},{Y}")
    good(importing(file, "--code", "CODE", "--class-column", "kind"))
    assert rows()["c1"]["attributes"] == {"Lon": str(X), "Lat": str(Y)}


# ---------------------------------------------------------------- what is wrong with rows
def test_every_bad_row_is_listed_and_nothing_stored(importing, rows, tmp_path):
    file = table(
        tmp_path / "bad.csv",
        "code,class,state,surveyed,lon,lat",
        f"c1,0101,完好,2026-01-02,{X},{Y}",
        f"c2,9999,完好,2026-01-02,{X},{Y}",
        f"c1,0101,完好,2026-01-02,{X},{Y}",
        f",0101,完好,2026-01-02,{X},{Y}",
        f"c5,0101,新的,2026-01-02,{X},{Y}",
        f"c6,0101,完好,often,{X},{Y}",
        f"c7,0101,完好,2026-01-02,,{Y}",
        f"c8,0101,完好,2026-01-02,{X},abc",
        f"3.70211E+14,0101,完好,2026-01-02,{X},{Y}",
        f"c10,2102,完好,2026-01-02,{X},{Y}",
        f"c11,,完好,2026-01-02,{X},{Y}",
    )
    options = ("--class-column", "class", "--code", "code", "--state", "state", "--surveyed", "surveyed")
    error = refused(importing(file, *options), "bad-rows")
    assert [(row["row"], row["column"]) for row in error["rows"]] == [
        (2, "class"), (3, "code"), (4, "code"), (5, "state"), (6, "surveyed"), (7, "lon"), (8, "lat"),
        (9, "code"), (10, "geometry"), (11, "class"),
    ]  # fmt: skip
    by_row = {row["row"]: row for row in error["rows"]}
    assert "第 1 行重复" in by_row[3]["reason"]
    assert by_row[2]["value"] == "9999"
    assert "应为线，实为点" in by_row[10]["reason"]
    assert rows() == {}

    people = importing(file, *options, json=False)
    assert people.code == 3
    assert "10 行有问题" in people.err
    assert "--skip-bad" in people.err
    assert people.out == ""

    document = good(importing(file, *options, "--skip-bad"))
    assert (document["stored"], document["rejected"]) == (1, 10)
    assert list(rows()) == ["c1"]
    with Path(document["rejected_file"]).open(encoding="utf-8-sig", newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert document["rejected_file"] == str(file) + ".rejected.csv"
    assert [int(row["row"]) for row in listed] == list(range(2, 12))
    assert listed[0] == {"row": "2", "column": "class", "reason": by_row[2]["reason"], "value": "9999"}


def test_all_rows_bad(importing, rows, tmp_path):
    file = table(tmp_path / "a.csv", "lon,lat,class", f"{X},{Y},9999", f"{X},{Y},8888")
    error = refused(importing(file, "--class-column", "class", "--skip-bad"), "no-good-rows")
    assert len(error["rows"]) == 2
    assert rows() == {}


@pytest.mark.parametrize(
    ("class_code", "shapes", "faults"),
    [
        (
            "0101",
            [shapely.Point(X, Y), shapely.MultiPoint([(X, Y)]), shapely.MultiPoint([(X, Y), (X, Y + 0.001)])],
            {3: "多个点"},
        ),
        (
            "2102",
            [
                shapely.LineString([(X, Y), (X, Y + 1e-9)]),
                shapely.MultiLineString([[(X, Y), (X, Y + 0.001)]]),
            ],
            {1: "小于坐标精度"},
        ),
        (
            "0405",
            [
                shapely.box(X, Y, X + 0.001, Y + 0.001),
                shapely.Polygon([(X, Y), (X + 0.001, Y + 0.001), (X + 0.001, Y), (X, Y + 0.001)]),
                shapely.LineString([(X, Y), (X, Y + 0.001)]),
                None,
            ],
            {2: "自相交", 3: "应为面，实为线", 4: "没有图形"},
        ),
        (
            "0405",
            [shapely.GeometryCollection([shapely.Point(X, Y), shapely.box(X, Y, X + 0.001, Y + 0.001)])],
            {1: "混合图形"},
        ),
    ],
)
def test_shapes(importing, rows, town_db, tmp_path, class_code, shapes, faults):
    file = layer(tmp_path / "s.gpkg", shapes)
    result = importing(file, "--class", class_code)
    error = refused(result, "bad-rows")
    assert {row["row"] for row in error["rows"]} == set(faults)
    for row in error["rows"]:
        assert faults[row["row"]] in row["reason"], row
        assert row["column"] == "geometry"
    if len(faults) < len(shapes):
        good(importing(file, "--class", class_code, "--skip-bad"))
        assert len(rows()) == len(shapes) - len(faults)
        assert holds(town_db)


def test_lines_and_areas_bring_shares(importing, town_db, tmp_path):
    a, b = inside("370299002003001"), inside("370299002003002")
    file = layer(
        tmp_path / "pipes.gpkg", [shapely.LineString([a, b]), shapely.LineString([a, (a[0] + 1, a[1])])]
    )
    document = good(importing(file, "--class", "燃气管道"))
    assert document["ownerless"] == 0
    with Session(town_db.db.owner_engine) as session:
        shares = session.execute(
            text("SELECT component_id, sum(share), count(*) FROM component_share GROUP BY 1 ORDER BY 1")
        ).all()
        assert [round(float(s), 9) for _, s, _ in shares] == [1, 1]
        outside = session.scalars(text("SELECT outside_share FROM component ORDER BY id")).all()
        assert outside[0] == 0
        assert 0.9 < outside[1] < 1
    assert holds(town_db)


def test_outside_is_kept_ownerless_and_listed(importing, rows, tmp_path, town_db):
    file = table(
        tmp_path / "a.csv", "code,lon,lat", f"in,{X},{Y}", "out,120.5,36.5", f"in2,{X},{Y}", "far,-87.6,41.8"
    )
    document = good(importing(file, "--class", "0101", "--code", "code"))
    assert document["ownerless"] == 2
    assert document["ownerless_rows"] == [
        {"row": 2, "code": "out", "place": [120.5, 36.5]},
        {"row": 4, "code": "far", "place": [-87.6, 41.8]},
    ]
    assert rows()["out"]["grid_code"] is None
    assert holds(town_db)
    people = table(tmp_path / "b.csv", "code,lon,lat", "out9,120.5,36.5")
    said = importing(people, "--class", "0101", "--code", "code", json=False)
    assert "1 个不属于任何网格" in said.out
    assert "第 1 行在所有网格之外：120.500000,36.500000" in said.err


# ---------------------------------------------------------------- again
def test_the_same_file_twice(importing, rows, tmp_path):
    file = table(tmp_path / "a.csv", "code,lon,lat", f"c1,{X},{Y}", f"c2,{X},{Y}")
    first = good(importing(file, "--class", "0101", "--code", "code"))
    error = refused(importing(file, "--class", "0101", "--code", "code"), "imported-before")
    assert error["import_id"] == first["import_id"]
    assert "--update" in error["message"]
    copy = tmp_path / "other.csv"
    copy.write_bytes(file.read_bytes())
    refused(importing(copy, "--class", "0101", "--code", "code"), "imported-before")
    assert len(rows()) == 2


def test_codes_that_are_there(importing, rows, tmp_path):
    first = table(tmp_path / "a.csv", "code,lon,lat,name", *(f"c{i},{X},{Y},old" for i in range(15)))
    good(importing(first, "--class", "0101", "--code", "code", "--name", "name"))
    second = table(tmp_path / "b.csv", "code,lon,lat,name", *(f"c{i},{X},{Y},new" for i in range(3, 18)))
    options = ("--class", "0101", "--code", "code", "--name", "name")
    error = refused(importing(second, *options), "codes-present")
    assert error["message"].startswith("12 个编码已经存在：c3、c4")
    assert error["rows"][0] == {"row": 1, "code": "c3"}
    assert {row["name"] for row in rows().values()} == {"old"}
    # The same code in another scheme is another component.
    good(importing(second, *options, "--code-scheme", "other"))


def test_update(importing, rows, town_db, tmp_path):
    a, b = inside("370299002003001"), inside("370299002003002")
    good(
        importing(
            layer(tmp_path / "a.gpkg", [shapely.LineString([a, b])] * 2, code=["p1", "p2"], name=["a", "b"]),
            "--class",
            "2102",
            "--code",
            "code",
            "--name",
            "name",
        )
    )
    moved = layer(
        tmp_path / "b.gpkg",
        [shapely.LineString([a, (a[0], a[1] + 0.0001)])] * 2,
        code=["p2", "p3"],
        name=["c", "d"],
    )
    document = good(importing(moved, "--class", "2102", "--code", "code", "--name", "name", "--update"))
    assert (document["stored"], document["updated"]) == (1, 1)
    stored = rows()
    assert [stored[c]["name"] for c in ("p1", "p2", "p3")] == ["a", "c", "d"]
    assert stored["p2"]["paths"] == "{370299.370299002.370299002003.370299002003001}"
    assert stored["p2"]["changed_on"] is not None
    assert stored["p1"]["changed_on"] is None
    assert holds(town_db)
    # Doing it once more changes what is stored to what it is.
    document = good(importing(moved, "--class", "2102", "--code", "code", "--name", "name", "--update"))
    assert (document["stored"], document["updated"]) == (0, 2)
    assert holds(town_db)


def test_replace(importing, rows, tmp_path, town_db):
    file = table(tmp_path / "a.csv", "code,lon,lat", f"c1,{X},{Y}", f"c2,{X},{Y}")
    other = table(tmp_path / "z.csv", "code,lon,lat", f"z1,{X},{Y}")
    good(importing(file, "--class", "0101", "--code", "code"))
    good(importing(other, "--class", "0101", "--code", "code"))
    table(file, "code,lon,lat", f"c2,{X},{Y}", f"c3,{X},{Y}", f"c4,{X},{Y}")
    document = good(importing(file, "--class", "0101", "--code", "code", "--replace"))
    assert (document["removed"], document["stored"]) == (2, 3)
    assert sorted(rows()) == ["c2", "c3", "c4", "z1"]
    assert holds(town_db)


def test_update_and_replace_together(importing, tmp_path):
    file = table(tmp_path / "a.csv", "code,lon,lat", f"c1,{X},{Y}")
    result = importing(file, "--class", "0101", "--update", "--replace")
    assert result.code == 2
    assert result.document["error"]["code"] == "usage"


# ---------------------------------------------------------------- files as they come
def test_bom_and_semicolons_and_decimal_commas(importing, rows, tmp_path):
    file = tmp_path / "de.csv"
    file.write_bytes(("\ufeffcode;lon;lat;注\nc1;" + f"{X};{Y}".replace(".", ",") + ';"a;b"\n').encode())
    good(importing(file, "--class", "0101", "--code", "code"))
    row = rows()["c1"]
    assert row["grid_code"] == HOME
    assert row["attributes"]["注"] == "a;b"


@pytest.mark.parametrize("zipped", [False, True])
def test_shapefile_in_gbk(importing, rows, tmp_path, zipped):
    frame = gpd.GeoDataFrame(
        {"编码": ["甲1"], "名称": ["上水井盖"]}, geometry=[shapely.Point(X, Y)], crs=4326
    )
    file = tmp_path / "井盖.shp"
    pyogrio.write_dataframe(frame, file, encoding="GBK")
    file.with_suffix(".cpg").unlink(missing_ok=True)
    if zipped:
        archive = tmp_path / "packed.zip"
        with zipfile.ZipFile(archive, "w") as target:
            for part in tmp_path.glob("井盖.*"):
                target.write(part, part.name)
        file = archive
    words = (file, "--class-column", "名称", "--code", "编码")
    # Nothing says that it is GBK, and it is not guessed.
    refused = importing(*words)
    assert refused.code == 3
    assert "gb18030 → 上水井盖" in refused.document["error"]["message"]
    good(importing(*words, "--encoding", "GBK"))
    assert rows()["甲1"]["class_code"] == "0101"


def test_shapefile_without_prj(importing, rows, tmp_path):
    file = layer(tmp_path / "a.shp", [shapely.Point(X, Y)])
    file.with_suffix(".prj").unlink()
    error = refused(importing(file, "--class", "0101"), "crs-missing")
    assert "--crs" in error["message"]
    good(importing(file, "--class", "0101", "--crs", "wgs84"))


def test_gcj02_is_shifted_back(importing, rows, tmp_path):
    x, y = from_wgs84(X, Y, "gcj02")
    file = table(tmp_path / "a.csv", "code,lon,lat", f"c1,{float(x):.9f},{float(y):.9f}")
    good(importing(file, "--class", "0101", "--code", "code", "--crs", "gcj02"))
    stored = shapely.from_wkb(
        rows()["c1"]["geom"].data if hasattr(rows()["c1"]["geom"], "data") else rows()["c1"]["geom"]
    )
    assert stored.x == pytest.approx(X, abs=2e-7)
    assert stored.y == pytest.approx(Y, abs=2e-7)


def test_empty_files(importing, tmp_path):
    nothing = tmp_path / "a.csv"
    nothing.write_bytes(b"")
    refused(importing(nothing, "--class", "0101"), "empty-file")
    refused(importing(table(tmp_path / "b.csv", "lon,lat"), "--class", "0101"), "no-rows")
    empty = gpd.GeoDataFrame({"a": []}, geometry=[], crs=4326)
    pyogrio.write_dataframe(empty, tmp_path / "c.gpkg", geometry_type="Point")
    refused(importing(tmp_path / "c.gpkg", "--class", "0101"))


def test_unknown_columns_and_classes(importing, tmp_path):
    file = table(tmp_path / "a.csv", "code,lon,lat", f"c1,{X},{Y}")
    error = refused(importing(file, "--class", "0101", "--code", "nummer"), "missing-column")
    assert "code, lon, lat" in error["message"]
    error = refused(importing(file, "--class", "9999"), "class-unknown")
    assert "9999" in error["message"]
    assert importing(file).code == 2
    assert importing(file, "--class", "0101", "--class-column", "code").code == 2
    error = refused(importing(table(tmp_path / "b.csv", "a,b", "1,2"), "--class", "0101"), "no-place-columns")
    assert "a, b" in error["message"]


def test_dates_that_could_mean_two_things(importing, rows, tmp_path):
    file = table(tmp_path / "a.csv", "code,lon,lat,day", f"c1,{X},{Y},03/04/2019")
    refused(importing(file, "--class", "0101", "--code", "code", "--surveyed", "day"), "ambiguous-dates")
    good(importing(file, "--class", "0101", "--code", "code", "--surveyed", "day", "--date-order", "dmy"))
    assert rows()["c1"]["surveyed_on"].isoformat() == "2019-04-03"


def test_numbers_of_typed_files_are_codes(importing, rows, tmp_path):
    """A code column that some tool made floating-point: 370211001.0 is 370211001; what has lost digits is refused."""
    frame = pd.DataFrame(
        {"code": [370211001.0, 370211002.0], "kind": [101, 102], "lon": [X, X], "lat": [Y, Y]}
    )
    file = tmp_path / "a.parquet"
    frame.to_parquet(file)
    good(importing(file, "--class-column", "kind", "--code", "code"))
    assert sorted(rows()) == ["370211001", "370211002"]
    frame["code"] = [37021101001000001.0, 37021101001000002.0]
    frame.to_parquet(tmp_path / "b.parquet")
    error = refused(importing(tmp_path / "b.parquet", "--class-column", "kind", "--code", "code"), "bad-rows")
    assert "浮点" in error["rows"][0]["reason"]


def test_guests_of_parquet_become_attributes(importing, rows, tmp_path):
    frame = pd.DataFrame(
        {
            "code": ["c1"], "lon": [X], "lat": [Y], "raw": [b"\xff\x00"], "when": pd.to_datetime(["2026-01-02T03:04:05Z"]),
            "tags": [["a", "b"]], "none": [None], "big": [2**60],
        }
    )  # fmt: skip
    file = tmp_path / "a.parquet"
    frame.to_parquet(file)
    good(importing(file, "--class", "0101", "--code", "code"))
    kept = rows()["c1"]["attributes"]
    assert (kept["raw"], kept["tags"], kept["none"], kept["big"]) == ("ff00", ["a", "b"], None, 2**60)
    assert kept["when"].startswith("2026-01-02T03:04:05")


def test_refusals_are_remembered(importing, town_db, tmp_path):
    file = table(tmp_path / "a.csv", "lon,lat,class", f"{X},{Y},9999")
    importing(file, "--class-column", "class")
    with Session(town_db.db.owner_engine) as session:
        jobs = session.execute(
            text("SELECT kind, state, file_name, created_by, report->>'reason' FROM import_job")
        ).all()
    assert [tuple(job)[:3] for job in jobs] == [("components", "refused", "a.csv")]
    assert jobs[0][3].startswith("cli:")
    assert "not acceptable" in jobs[0][4]


def test_before_any_edition(wangge_empty, tmp_path):
    file = table(tmp_path / "a.csv", "lon,lat", f"{X},{Y}")
    result = wangge_empty("components", "import", file, "--class", "0101", "--json")
    assert result.code != 0
    assert result.document["error"]["code"] == "nothing-published"

"""What refusals say: the file, the nearest name, the way out; and no command answers with a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.cli import COMMANDS
from gis.io import read_layer
from gis.spelling import did_you_mean, nearest
from gis.text import Text
from tests.fixtures.towns import CODES, shape_of, town_grids, write_town

PLACE = "120.055,35.885"


def table(folder: Path, text: str, name: str = "lamps.csv") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def refusal(run, *arguments, lang="zh", code=3) -> str:
    result = run(*arguments, lang=lang)
    assert result.code == code, str(result)
    assert "Traceback" not in result.err
    if lang == "en":
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in result.err), str(result)
    return result.err


# ---------------------------------------------------------------- the nearest name
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("wrong", "right", "code"), [("路登", "路灯", "0118"), ("上水井盖儿", "上水井盖", "0101")]
)
def test_the_nearest_class(wangge, tmp_path, wrong, right, code, lang):
    file = table(tmp_path, f"lon,lat,id,kind\n{PLACE},a,{wrong}\n")
    said = wangge("components", "import", file, "--class", wrong, "--code", "id", lang=lang)
    assert said.code == 3
    assert f"{right}（{code}）" in said.err or f"{right} ({code})" in said.err
    assert "wangge components classes" in said.err
    assert "lamps.csv" in said.err
    rows = wangge("components", "import", file, "--class-column", "kind", "--code", "id", lang=lang)
    assert rows.code == 3
    assert right in rows.err
    assert code in rows.err
    assert "kind" in rows.err


def test_classes_near_those_of_the_catalogue_are_said(wangge, tmp_path):
    file = table(tmp_path, f"lon,lat,t,kind\n{PLACE},2026-11-01T08:00:00Z,暴露垃级\n")
    done = wangge("incidents", "import", file, "--time-column", "t", "--class-column", "kind", "--dry-run")
    assert done.code == 0, str(done)
    assert "暴露垃圾（0102）" in done.err
    assert "--strict-classes" in done.err
    strict = refusal(
        wangge,
        "incidents",
        "import",
        file,
        "--time-column",
        "t",
        "--class-column",
        "kind",
        "--strict-classes",
    )
    assert "暴露垃圾（0102）" in strict


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("cod", "code"), ("Codes", "code"), ("nam", "name"), ("community_cod", "community_code")],
)
def test_the_nearest_column(wangge_empty, tmp_path, wrong, meant):
    pyogrio.write_dataframe(town_grids(), tmp_path / "town.gpkg")
    for lang, words in (("zh", "是否指"), ("en", "Did you mean")):
        said = refusal(wangge_empty, "grids", "check", tmp_path / "town.gpkg", "--code", wrong, lang=lang)
        assert "town.gpkg" in said
        assert f"{words} {meant}" in said
        assert "street_name" in said, "and all that there are"


def test_the_nearest_layer(wangge_empty, tmp_path):
    for layer in ("网格2025", "网格2026"):
        pyogrio.write_dataframe(town_grids(), tmp_path / "two.gpkg", layer=layer)
    said = refusal(
        wangge_empty, "grids", "check", tmp_path / "two.gpkg", "--code", "code", "--layer", "网格2027"
    )
    assert "网格2025" in said
    assert "是否指 网格2025、网格2026？" in said
    assert "--layer" in said


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=8))
def test_suggestions_are_names_that_there_are(wanted, known):
    found = nearest(wanted, known)
    assert set(found) <= set(known)
    assert len(found) == len(set(found)) <= 3
    assert did_you_mean(wanted, known) == Text("", "") or found


@given(st.text(st.characters(categories=["Ll", "Lo"]), min_size=4, max_size=20), st.data())
def test_one_slip_is_found(name, data):
    at = data.draw(st.integers(0, len(name) - 1))
    assert nearest(name[:at] + name[at + 1 :], ["0", name, "§§"]) == [name]


# ---------------------------------------------------------------- the file and the way out
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda f: f / "nothing.csv", ["nothing.csv"]),
        (lambda f: table(f, "", "zero.csv"), ["zero.csv"]),
        (lambda f: table(f, "lon,lat,code\n", "header.csv"), ["header.csv"]),
        (lambda f: table(f, "a,b\n1,2\n", "noplace.csv"), ["noplace.csv", "a, b", "--lon"]),
        (lambda f: table(f, "x", "sheet.abc"), ["sheet.abc", ".csv"]),
        (lambda f: (f / "folder.csv").mkdir() or f / "folder.csv", ["folder.csv"]),
        (lambda f: table(f, f"lon,lat,code\nx,y,1\n{PLACE},2\n", "bad.csv"), ["bad.csv", "lon", "--skip-bad"]),
        (lambda f: table(f, f"lon,lat,code\n{PLACE},1\n{PLACE},1\n", "twice.csv"), ["twice.csv", "code", "2"]),
    ],
    ids=["absent", "empty", "no rows", "no place", "extension", "folder", "bad row", "twice"],
)  # fmt: skip
def test_every_refusal_of_components_names_the_file(wangge, tmp_path, make, words, lang):
    said = refusal(
        wangge, "components", "import", make(tmp_path), "--class", "0118", "--code", "code", lang=lang
    )
    for word in words:
        assert word in said


@pytest.mark.parametrize("column", ["no", "t2"])
def test_every_refusal_of_incidents_names_the_file(wangge, tmp_path, column):
    file = table(tmp_path, f"lon,lat,t2,t\n{PLACE},abc,2026-11-01\n", "matters.csv")
    assert "matters.csv" in refusal(wangge, "incidents", "import", file, "--time-column", column)
    assert "matters.csv" in refusal(
        wangge, "incidents", "import", file, "--time-column", "t", "--crs", "EPSG:99999", lang="en"
    )


def test_duplicates_name_their_rows_and_dissolve(wangge_empty, tmp_path):
    grids = town_grids()
    grids.loc[5, "code"] = CODES[0]
    file = write_town(tmp_path / "town.gpkg", grids)
    for lang in ("zh", "en"):
        checked = wangge_empty("grids", "check", file, "--code", "wgbm", lang=lang)
        assert checked.code == 1
        assert "1, 6" in checked.out
        assert "--dissolve" in checked.err
        imported = wangge_empty("grids", "import", file, "--code", "wgbm", "--district", "D", lang=lang)
        assert imported.code == 3
        assert "1, 6" in imported.out
        assert "--dissolve" in imported.err
        assert "town.gpkg" in imported.err


# ---------------------------------------------------------------- rehearsals, lists and exports
def test_a_dry_run_stores_nothing(wangge, tmp_path):
    lamps = table(tmp_path, f"lon,lat,code\n{PLACE},L1\nx,y,L2\n")
    options = ("components", "import", lamps, "--class", "路灯", "--code", "code", "--skip-bad")
    for _ in range(2):
        done = wangge(*options, "--dry-run", "--json")
        assert done.code == 0, str(done)
        assert (done.document["stored"], done.document["rejected"], done.document["dry_run"]) == (1, 1, True)
        assert (done.document["import_id"], done.document["rejected_file"]) == (None, None)
    assert "预演，未保存：1 个部件入库" in wangge(*options, "--dry-run").out
    assert [each.name for each in tmp_path.iterdir()] == ["lamps.csv"]
    assert wangge("components", "export", tmp_path / "none.csv").code == 1
    matters = table(tmp_path, f"lon,lat,t\n{PLACE},2026-11-01T08:00:00Z\n", "matters.csv")
    for _ in range(2):
        done = wangge("incidents", "import", matters, "--time-column", "t", "--dry-run", "--json")
        assert (done.code, done.document["stored"]) == (0, 1), str(done)
    kept = wangge(*options, "--json")
    assert (kept.document["stored"], kept.document["dry_run"]) == (1, False)


def test_classes_are_listed(wangge, monkeypatch):
    every = wangge("components", "classes", "--json").document
    assert (every["count"], len(every["classes"])) == (78, 78)
    assert every["classes"][0] == {
        "code": "0101", "major_code": "01", "major_zh": "公用设施", "major_en": "Public utilities",
        "name_zh": "上水井盖", "name_en": "Water-supply manhole cover", "geometry": "point", "codes_2026": ["01001"],
    }  # fmt: skip
    some = wangge("components", "classes", "manhole", "--json").document["classes"]
    assert {each["code"][:2] for each in some} == {"01"}
    assert [
        each["code"] for each in wangge("components", "classes", "0118", "--json").document["classes"]
    ] == ["0118"]
    assert "路灯" in refusal(wangge, "components", "classes", "路登", code=1)
    assert "Street lamp" in wangge("components", "classes", "路灯", lang="en").out
    assert wangge("incidents", "classes", "暴露垃圾", "--json").document["classes"][0]["code"] == "0102"


@pytest.mark.parametrize("name", ["lamps.gpkg", "lamps.geojson", "lamps.csv", "lamps.parquet"])
def test_components_go_out_and_come_back(wangge, tmp_path, name):
    lamps = table(
        tmp_path,
        f"lon,lat,code,name,state,height,owner\n{PLACE},007,甲,破损,4.5,供电\n120.085,35.885,008,乙,完好,,\n",
    )
    stored = wangge(
        "components", "import", lamps, "--class", "路灯", "--code", "code", "--name", "name", "--state", "state",
        "--owner", "owner", "--json",
    )  # fmt: skip
    assert stored.code == 0, str(stored)
    out = tmp_path / f"out_{name}"
    assert wangge("components", "export", out, "--json").document["components"] == 2
    frame = read_layer(out, crs="wgs84" if name.endswith(".csv") else None).frame
    assert list(frame["code"]) == ["007", "008"]
    assert list(frame["class"]) == ["0118", "0118"]
    assert list(frame["state"]) == ["damaged", "intact"]
    assert "height" in frame
    again = wangge(
        "components", "import", out, "--class-column", "class", "--code", "code", "--name", "name", "--state", "state",
        "--owner", "owner", "--update", "--json",
    )  # fmt: skip
    assert (again.code, again.document["updated"]) == (0, 2), str(again)
    # Filters, each alone.
    for options, count in (
        (("--state", "破损"), 1), (("--state", "intact"), 1), (("--class", "路灯"), 2), (("--major", "01"), 2),
        (("--unit", CODES[0]), 1), (("--unit", "370299"), 2),
    ):  # fmt: skip
        done = wangge("components", "export", tmp_path / "some.csv", *options, "--json")
        assert (done.code, done.document["components"]) == (0, count), (options, str(done))
    for options in (("--class", "路登"), ("--state", "坏")):
        assert wangge("components", "export", tmp_path / "no.csv", *options).code == 3
    assert wangge("components", "export", tmp_path / "no.csv", "--unit", "X").code == 1
    assert not (tmp_path / "no.csv").exists()


# ---------------------------------------------------------------- no command falls
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("grids", "check", "a.gpkg"), 2),
        (("grids", "check", "a.gpkg", "--code", "c", "--clean", "nan"), 2),
        (("grids", "check", "a.gpkg", "--code", "c", "--clean", "x"), 2),
        (("grids", "check", "a.gpkg", "--code", "c", "--report", "nowhere/r.geojson"), 2),
        (("grids", "check", ".", "--code", "c"), 3),
        (("grids", "check", "\udcff.gpkg", "--code", "c"), 3),
        (("grids", "check", "a.gpkg", "--code", ""), 3),
        (("grids", "import", "a.gpkg", "--code", "c", "--effective-from", "0000-00-00"), 3),
        (("grids", "import", "a.gpkg", "--code", "c", "--publish", "--dry-run"), 2),
        (("grids", "import", "a.gpkg", "--code", "c", "--retire-missing", "--keep-missing"), 2),
        (("grids", "export", "nowhere/x.gpkg"), 2),
        (("grids", "export", "x.gpkg", "--edition", "99999999999"), 2),
        (("grids", "withdraw", "x"), 2),
        (("components", "import", "a.csv"), 2),
        (("components", "import", "a.csv", "--class", ""), 3),
        (("components", "export", "nowhere/x.csv"), 2),
        (("components", "export", "x.csv", "--unit", "\udcff"), 2),
        (("incidents", "import", "a.csv", "--time-column", "t", "--time-zone", "../../etc/passwd"), 2),
        (("incidents", "import", "a.csv", "--time-column", "t", "--state", "x"), 2),
        (("locate", "nan", "nan"), 3),
        (("locate", "1e999", "0"), 3),
        (("locate", "35.88", "120.05"), 3),
        (("locate", "120.05"), 2),
        (("locate", "x", "y"), 2),
        (("locate", "120.05", "35.88", "--at", "now"), 3),
        (("locate", "--input", "a.csv", "--output", "nowhere/o.csv"), 2),
        (("heatmap", "x", "--output", "."), 2),
        (("heatmap", "370299", "--output", "h.html", "--days", "999999999999999999999"), 3),
        (("demo", "load", "--district", "x"), 3),
        (("demo", "files", "/dev/null/x"), 2),
        (("token", "issue", "--name", "x", "--role", "x"), 2),
        (("user", "add", "x", "--role", "x"), 2),
        (("db", "restore", "nofile.dump"), 3),
        (("nope",), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_hostile_arguments_end_as_the_contract_says(wangge, tmp_path, monkeypatch, arguments, code):
    monkeypatch.chdir(tmp_path)
    for lang in ("zh", "en"):
        result = wangge(*arguments, lang=lang)
        assert "Traceback" not in result.err
        assert result.code == code, str(result)
        assert result.err.strip()
    assert list(tmp_path.iterdir()) == []
    document = wangge(*arguments, "--json")
    assert document.code == code
    assert json.loads(document.out)["error"]["message"]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_and_refuses_strange_options(wangge, name):
    assert wangge(name, "--help").code == 0
    assert wangge(name, "--no-such-option").code == 2


def test_swapped_places_say_so(wangge):
    assert "先经度，后纬度" in refusal(wangge, "locate", "35.885", "120.055")


def test_a_layer_of_a_file_that_is_no_registry(wangge_empty, tmp_path):
    """Points where areas are meant: named by row and kind, in the file."""
    grids = gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.Point(shape_of(CODES[0]).centroid)], crs=4326)
    pyogrio.write_dataframe(grids, tmp_path / "points.gpkg")
    said = wangge_empty("grids", "import", tmp_path / "points.gpkg", "--code", "code", "--district", "D")
    assert said.code == 3
    assert "points.gpkg" in said.err
    assert "Point" in said.out


def test_a_second_file_is_named_and_not_the_first(wangge, tmp_path):
    grids = write_town(tmp_path / "grids.geojson", town_grids())
    said = refusal(
        wangge, "grids", "check", grids, "--code", "code", "--exclude", tmp_path / "nothere.geojson"
    )
    assert "nothere.geojson" in said
    assert "grids.geojson" not in said

"""Importing incidents through the command line: times, classes, ids, logs, and every way to go wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.verify.service import verify
from tests.fixtures.towns import CODES, inside

HOME = CODES[0]
X, Y = inside(HOME)


@pytest.fixture
def importing(wangge):
    """``wangge incidents import`` with ``--json``."""

    def run(file: Path, *options: object, json: bool = True, lang: str = "zh"):
        given = ("--time-column", "time") if "--time-column" not in options else ()
        return wangge("incidents", "import", file, *given, *options, *(["--json"] if json else []), lang=lang)

    return run


@pytest.fixture
def fetch(town_db):
    """Rows of a query, as dictionaries."""

    def run(query: str, **values) -> list[dict]:
        with Session(town_db.db.owner_engine) as session:
            return [dict(row) for row in session.execute(text(query), values).mappings()]

    return run


def rows(fetch) -> dict[str, dict]:
    return {row["source_id"]: row for row in fetch("SELECT * FROM incident ORDER BY id")}


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def good(result):
    assert result.code == 0, str(result)
    return result.document


def refused(result, code: str):
    assert result.code == 3, str(result)
    assert result.document["error"]["code"] == code
    return result.document["error"]


def holds(town_db) -> bool:
    with Session(town_db.db.owner_engine) as session:
        return all(o.holds for o in verify(session))


def test_everything_a_source_has(importing, fetch, town_db, tmp_path):
    file = table(
        tmp_path / "热线.csv",
        "id,time,kind,state,where,what,via,part,lon,lat,extra",
        f"7,2026-11-01T08:00:00+08:00,0102,已办结,和平路,垃圾成堆,12345,A-1,{X},{Y},5",
        f"8,2026-11-01 09:30,暴露垃圾,处置中,,,,,{X},{Y},",
        f"9,2026-11-01 10:00,Exposed rubbish,open,,,,,{X},{Y},",
        f"10,2026-11-01 10:00,06010,待核查,,,,,{X},{Y},",
        "11,2026-11-01 10:00,102,closed,,,,,121,37,",
    )
    document = good(
        importing(
            file, "--id-column", "id", "--class-column", "kind", "--state-column", "state", "--address", "where",
            "--description", "what", "--channel", "via", "--component", "part",
        )
    )  # fmt: skip
    assert (document["rows"], document["stored"], document["ownerless"], document["edition"]) == (5, 5, 1, 1)
    assert document["ownerless_rows"] == [{"row": 5, "place": [121, 37]}]
    assert "Asia/Shanghai" in " ".join(document["notes"])
    stored = rows(fetch)
    first = stored["7"]
    assert first["occurred_at"] == datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
    assert stored["8"]["occurred_at"] == datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    assert {row["class_code"] for row in stored.values()} == {"0102"}
    assert [stored[i]["state"] for i in ("7", "8", "9", "10", "11")] == [
        "closed",
        "handling",
        "reported",
        "verifying",
        "closed",
    ]
    assert (first["address"], first["description"], first["channel"], first["component_code"]) == (
        "和平路",
        "垃圾成堆",
        "12345",
        "A-1",
    )
    assert (first["source"], first["grid_code"], first["attributes"]["extra"]) == ("热线", HOME, "5")
    assert first["number"].startswith("20261101-")
    assert first["department_id"] is not None
    assert stored["11"]["grid_code"] is None
    logs = fetch(
        "SELECT l.*, i.source_id FROM incident_log l JOIN incident i ON i.id = l.incident_id ORDER BY l.id"
    )
    assert [(log["source_id"], log["action"], log["to_state"]) for log in logs] == [
        (i, "import", stored[i]["state"]) for i in ("7", "8", "9", "10", "11")
    ]
    assert logs[0]["actor"].startswith("cli:")
    assert logs[0]["detail"] == {"import": document["import_id"]}
    assert holds(town_db)


def test_times_of_another_zone_and_a_clock_change(importing, fetch, tmp_path):
    file = table(
        tmp_path / "a.csv",
        "id,time,lon,lat",
        f"1,7/19/2017 13:45,{X},{Y}",
        f"2,3/12/2017 2:30,{X},{Y}",
        f"3,11/5/2017 1:30,{X},{Y}",
    )
    good(importing(file, "--id-column", "id", "--time-zone", "America/Chicago"))
    moments = [row["occurred_at"] for row in rows(fetch).values()]
    assert moments == [
        datetime(2017, 7, 19, 18, 45, tzinfo=UTC),
        datetime(2017, 3, 12, 8, tzinfo=UTC),
        datetime(2017, 11, 5, 6, 30, tzinfo=UTC),
    ]


def test_dates_that_could_mean_two_things(importing, fetch, tmp_path):
    file = table(tmp_path / "a.csv", "time,lon,lat", f"3/4/2017 13:45,{X},{Y}")
    error = refused(importing(file), "ambiguous-dates")
    assert "3/4/2017 13:45" in error["message"]
    good(importing(file, "--date-order", "dmy"))
    assert fetch("SELECT occurred_at FROM incident")[0]["occurred_at"] == datetime(
        2017, 4, 3, 5, 45, tzinfo=UTC
    )
    assert importing(file, "--date-order", "ymd").code == 2


def test_bad_rows(importing, fetch, tmp_path):
    file = table(
        tmp_path / "a.csv",
        "id,time,state,kind,lon,lat",
        f"1,2026-11-01,closed,0102,{X},{Y}",
        f"2,soon,closed,0102,{X},{Y}",
        f"1,2026-11-01,closed,0102,{X},{Y}",
        f"4,2026-11-01,gone,0102,{X},{Y}",
        f"5,2026-11-01,closed,0102,,{Y}",
        f"6,2026-11-01,closed,新类,{X},{Y}",
        f",2026-11-01,closed,0102,{X},{Y}",
    )
    options = ("--id-column", "id", "--state-column", "state", "--class-column", "kind", "--strict-classes")
    error = refused(importing(file, *options), "bad-rows")
    assert [(row["row"], row["column"]) for row in error["rows"]] == [
        (2, "time"), (3, "id"), (4, "state"), (5, "lon"), (6, "kind"),
    ]  # fmt: skip
    assert fetch("SELECT 1 AS x FROM incident") == []
    assert fetch("SELECT 1 AS x FROM incident_class WHERE major_code = '90'") == []
    document = good(importing(file, *options, "--skip-bad"))
    assert (document["stored"], document["rejected"]) == (2, 5)
    assert Path(document["rejected_file"]).exists()
    assert set(rows(fetch)) == {"1", None}, "an incident without an id of its source is one, too"


def test_classes_of_the_source(importing, fetch, town_db, tmp_path):
    file = table(
        tmp_path / "city.csv",
        "id,time,kind,lon,lat",
        f"1,2026-11-01,THEFT,{X},{Y}",
        f"2,2026-11-01,Theft,{X},{Y}",
        f"3,2026-11-01,BATTERY,{X},{Y}",
        f"4,2026-11-01,,{X},{Y}",
    )
    document = good(importing(file, "--id-column", "id", "--class-column", "kind"))
    notes = " ".join(document["notes"])
    assert "2 个类别不在目录里" in notes
    assert "1 行没有类别" in notes
    classes = fetch(
        "SELECT code, name_zh, scheme, major_code FROM incident_class WHERE major_code = '90' ORDER BY code"
    )
    assert [(c["code"], c["name_zh"], c["scheme"]) for c in classes] == [
        ("90001", "BATTERY", "source:city"),
        ("90002", "THEFT", "source:city"),
    ]
    stored = rows(fetch)
    assert [stored[i]["class_code"] for i in "1234"] == ["90002", "90002", "90001", None]
    # A second file meets the same classes and adds one.
    more = table(
        tmp_path / "more.csv",
        "id,time,kind,lon,lat",
        f"9,2026-11-02,theft,{X},{Y}",
        f"8,2026-11-02,ARSON,{X},{Y}",
    )
    good(importing(more, "--id-column", "id", "--class-column", "kind"))
    stored = rows(fetch)
    assert (stored["9"]["class_code"], stored["8"]["class_code"]) == ("90002", "90003")
    assert holds(town_db)


def test_classes_of_the_source_that_sound_sensitive(importing, fetch, tmp_path):
    file = table(
        tmp_path / "a.csv",
        "id,time,kind,lon,lat",
        f"1,2026-11-01,夫妻吵架纠纷,{X},{Y}",
        f"2,2026-11-01,邻里纠纷,{X},{Y}",
        f"3,2026-11-01,THEFT,{X},{Y}",
    )
    notes = " ".join(good(importing(file, "--id-column", "id", "--class-column", "kind"))["notes"])
    assert "1 个来源自带类别按名称标为敏感" in notes
    assert "夫妻吵架纠纷" in notes.partition("敏感")[2]
    marked = fetch(
        "SELECT name_zh FROM incident_class WHERE sensitive AND code IN (SELECT class_code FROM incident)"
    )
    assert {row["name_zh"] for row in marked} == {"夫妻吵架纠纷", "邻里纠纷"}


def test_a_rejected_row_brings_no_class(importing, fetch, tmp_path):
    file = table(tmp_path / "a.csv", "time,kind,lon,lat", f"2026-11-01,0102,{X},{Y}", f"soon,NOISE,{X},{Y}")
    good(importing(file, "--class-column", "kind", "--skip-bad"))
    assert fetch("SELECT 1 AS x FROM incident_class WHERE major_code = '90'") == []


def test_ids_that_are_there(importing, fetch, town_db, tmp_path):
    first = table(tmp_path / "a.csv", "id,time,lon,lat", *(f"{i},2026-11-01,{X},{Y}" for i in range(12)))
    good(importing(first, "--id-column", "id", "--source", "hotline"))
    refused(importing(first, "--id-column", "id", "--source", "hotline"), "imported-before")
    second = table(tmp_path / "b.csv", "id,time,lon,lat", *(f"{i},2026-11-02,{X},{Y}" for i in range(13)))
    error = refused(importing(second, "--id-column", "id", "--source", "hotline"), "ids-present")
    assert error["message"].startswith("12 个编号已经存在")
    # Another source counts for itself.
    good(importing(second, "--id-column", "id", "--source", "app"))
    assert len(fetch("SELECT 1 AS x FROM incident")) == 25
    assert holds(town_db)


def test_update(importing, fetch, town_db, tmp_path):
    file = table(
        tmp_path / "a.csv",
        "id,time,state,lon,lat",
        f"1,2026-11-01,handling,{X},{Y}",
        f"2,2026-11-01,handling,{X},{Y}",
    )
    options = ("--id-column", "id", "--state-column", "state", "--source", "s")
    good(importing(file, *options))
    number = rows(fetch)["2"]["number"]
    x, y = inside(CODES[1])
    table(file, "id,time,state,lon,lat", f"2,2026-11-02,closed,{x},{y}", f"3,2026-11-02,handling,{x},{y}")
    document = good(importing(file, *options, "--update"))
    assert (document["stored"], document["updated"]) == (1, 1)
    stored = rows(fetch)
    assert (stored["2"]["state"], stored["2"]["grid_code"], stored["2"]["number"]) == (
        "closed",
        CODES[1],
        number,
    )
    assert stored["1"]["state"] == "handling"
    logs = fetch(
        "SELECT from_state, to_state FROM incident_log WHERE incident_id = :id ORDER BY id",
        id=stored["2"]["id"],
    )
    assert logs == [
        {"from_state": None, "to_state": "handling"},
        {"from_state": "handling", "to_state": "closed"},
    ]
    assert holds(town_db)


def test_update_needs_ids(importing, tmp_path):
    file = table(tmp_path / "a.csv", "time,lon,lat", f"2026-11-01,{X},{Y}")
    assert "--id-column" in refused(importing(file, "--update"), "no-id")["message"]


def test_replace_voids_and_never_deletes(importing, fetch, town_db, tmp_path):
    file = table(tmp_path / "a.csv", "id,time,lon,lat", f"1,2026-11-01,{X},{Y}", f"2,2026-11-01,{X},{Y}")
    good(importing(file, "--id-column", "id"))
    table(file, "id,time,lon,lat", f"2,2026-11-03,{X},{Y}")
    document = good(importing(file, "--id-column", "id", "--replace"))
    assert (document["removed"], document["stored"]) == (2, 1)
    found = fetch(
        "SELECT state, source_id, (SELECT count(*) FROM incident_log l WHERE l.incident_id = i.id) AS logs FROM incident i ORDER BY id"
    )
    assert [(row["state"], row["source_id"], row["logs"]) for row in found] == [
        ("voided", None, 2), ("voided", None, 2), ("closed", "2", 1),
    ]  # fmt: skip
    assert holds(town_db)


def test_agreement_with_the_sources_own_unit(importing, fetch, tmp_path):
    x, y = inside(CODES[1])
    file = table(
        tmp_path / "a.csv",
        "time,beat,lon,lat",
        f"2026-11-01,{HOME},{X},{Y}",
        f"2026-11-01,0{HOME},{X},{Y}",
        f"2026-11-01,{HOME},{x},{y}",
        f"2026-11-01,,{x},{y}",
    )
    document = good(importing(file, "--compare-column", "beat"))
    assert document["agreement"] == {"column": "beat", "same": 2, "of": 4, "rate": 0.5}
    assert fetch("SELECT attributes->>'beat' AS beat FROM incident ORDER BY id")[0]["beat"] == HOME


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--state", "sleeping"), "sleeping"),
        (("--time-zone", "Mars/Olympus"), "Mars/Olympus"),
        (("--update", "--replace"), "--update"),
    ],
)
def test_wrong_usage(importing, tmp_path, options, words):
    result = importing(table(tmp_path / "a.csv", "time,lon,lat", f"2026-11-01,{X},{Y}"), *options)
    assert result.code == 2
    assert words in result.document["error"]["message"]


def test_shapes_that_are_no_points(importing, fetch, tmp_path):
    import geopandas as gpd
    import pyogrio

    shapes = [
        shapely.MultiPoint([(X, Y)]),
        shapely.MultiPoint([(X, Y), (X, Y + 0.01)]),
        shapely.box(X, Y, X + 0.1, Y + 0.1),
    ]
    frame = gpd.GeoDataFrame({"time": ["2026-11-01"] * 3}, geometry=shapes, crs=4326)
    pyogrio.write_dataframe(frame, tmp_path / "a.gpkg")
    error = refused(importing(tmp_path / "a.gpkg"), "bad-rows")
    assert [row["row"] for row in error["rows"]] == [2, 3]
    good(importing(tmp_path / "a.gpkg", "--skip-bad"))
    assert fetch("SELECT grid_code FROM incident") == [{"grid_code": HOME}]

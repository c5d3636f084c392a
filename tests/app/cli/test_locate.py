"""``wangge locate --input``: files with a boundary file and no database, and what is said when Spark is not here."""

from __future__ import annotations

import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.fixtures.commands import runner
from tests.fixtures.towns import CODES, inside, write_town


@pytest.fixture
def wangge(monkeypatch, capfd):
    """A command that knows no database."""
    return runner(monkeypatch, capfd, {"WANGGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})


@pytest.fixture
def boundaries(tmp_path):
    return ("--boundaries", write_town(tmp_path / "town.gpkg"), "--code", "wgbm")


@pytest.fixture
def points(tmp_path):
    x, y = inside(CODES[0])
    (tmp_path / "in.csv").write_text(f"name,lon,lat\n井盖,{x},{y}\n海上,121,37\n坏,abc,{y}\n")
    return tmp_path / "in.csv"


def test_rows_without_a_place_are_kept_and_listed(wangge, boundaries, points, tmp_path):
    done = wangge("locate", "--input", points, "--output", tmp_path / "out.csv", *boundaries)
    assert done.code == 0, done
    assert "3 行，1 行有归属" in done.out
    assert "第 3 行 lon/lat：没有可用的坐标（abc, " in done.err
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert [line.split(",")[-1] for line in lines] == ["grid_code", CODES[0], "", ""]
    said = wangge(
        "locate", "--input", points, "--output", tmp_path / "out.csv", *boundaries, "--json"
    ).document
    assert {key: said[key] for key in ("rows", "owned", "without_owner", "unusable")} == {
        "rows": 3, "owned": 1, "without_owner": 2, "unusable": 1,
    }  # fmt: skip
    assert [row["row"] for row in said["bad_rows"]] == [3]


def test_refusals_of_the_input_end_with_3(wangge, boundaries, tmp_path):
    for content in ("", "a,b\n1,2\n", "lon,lat\n36,120\n", 'lon,lat\n1,"2\n'):
        (tmp_path / "in.csv").write_text(content)
        done = wangge("locate", "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv", *boundaries)
        assert done.code == 3, done
        assert not (tmp_path / "out.csv").exists()


def test_wrong_usage_ends_with_2(wangge, boundaries, points, tmp_path):
    here = ("locate", "--input", points, *boundaries)
    assert wangge(*here).code == 2
    assert wangge(*here, "--output", tmp_path / "out.csv", "--master", "local[1]").code == 2
    assert wangge(*here, "--output", tmp_path / "out.csv", "--engine", "flink").code == 2


def spark(wangge, boundaries, tmp_path, **options):
    pq.write_table(pa.table({"lon": [120.05], "lat": [35.88]}), tmp_path / "in.parquet")
    return wangge(
        "locate", "--input", tmp_path / "in.parquet", "--output", tmp_path / "out", "--engine", "spark", *boundaries, **options
    )  # fmt: skip


def test_without_pyspark(wangge, boundaries, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    done = spark(wangge, boundaries, tmp_path, lang="en")
    assert done.code == 2, done
    assert "pip install 'wangge[spark]'" in done.err
    assert "Java 17" in done.err


@pytest.mark.parametrize(("version", "said"), [("11.0.2", "Java 11"), (None, "没有找到 java")])
def test_without_a_java_that_will_do(wangge, boundaries, tmp_path, monkeypatch, version, said):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if version:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
        (tmp_path / "bin" / "java").chmod(0o755)
    done = spark(wangge, boundaries, tmp_path)
    assert done.code == 2, done
    assert said in done.err
    assert "openjdk-17-jre-headless" in done.err

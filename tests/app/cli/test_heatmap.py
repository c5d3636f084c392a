"""``wangge heatmap``: one file, everything in it, and refusals that say what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.fixtures.commands import Command, environment, runner
from tests.fixtures.served import BUSY, INCIDENTS, PopulatedTown
from tests.fixtures.towns import DISTRICT, DISTRICT_NAME


@pytest.fixture
def wangge(
    populated_town: PopulatedTown, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    return runner(monkeypatch, capfd, environment(populated_town.settings))


def test_one_file_with_everything_in_it(
    wangge: Command, populated_town: PopulatedTown, tmp_path: Path
) -> None:
    target = tmp_path / "heat.html"
    ended = wangge("heatmap", DISTRICT, "--output", target, "--days", 600, "--json")
    assert ended.code == 0, ended
    assert ended.document["name"] == DISTRICT_NAME
    assert ended.document["incidents"] == INCIDENTS
    assert ended.document["bytes"] == target.stat().st_size < 1_000_000
    page = target.read_text()
    assert f"共 <b>{INCIDENTS}</b> 件" in page
    assert "演示数据" in page
    assert not re.search(r'<script[^>]+src=|<link[^>]+rel="stylesheet"', page)
    assert list(tmp_path.iterdir()) == [target]


def test_a_class_and_days(wangge: Command, populated_town: PopulatedTown, tmp_path: Path) -> None:
    target = tmp_path / "heat.html"
    ended = wangge("heatmap", BUSY, "--output", target, "--days", 30, "--class", "0102", "--json")
    with populated_town.owner_engine.connect() as connection:
        expected = connection.scalar(
            text(
                "SELECT count(*) FROM incident WHERE grid_code = :code AND class_code = '0102' AND "
                "(occurred_at AT TIME ZONE 'Asia/Shanghai')::date > (now() AT TIME ZONE 'Asia/Shanghai')::date - 30"
            ),
            {"code": BUSY},
        )
    assert ended.document["incidents"] == expected > 0
    assert "暴露垃圾" in target.read_text()


def test_in_english(wangge: Command, tmp_path: Path) -> None:
    ended = wangge("heatmap", BUSY, "--output", tmp_path / "heat.html", lang="en")
    assert ended.code == 0
    assert "incidents since" in ended.out
    assert "incident heat map</h1>" in (tmp_path / "heat.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("370298",), 1, "370298"),
        ((DISTRICT, "--class", "9999"), 1, "9999"),
        ((DISTRICT, "--days", 0), 3, "1 到 3660"),
    ],
)
def test_refusals(
    wangge: Command, tmp_path: Path, arguments: tuple[object, ...], code: int, message: str
) -> None:
    target = tmp_path / "heat.html"
    target.write_text("what was there")
    ended = wangge("heatmap", *arguments, "--output", target)
    assert ended.code == code
    assert message in ended.err
    assert target.read_text() == "what was there"


def test_a_place_that_cannot_be_written(wangge: Command, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "nowhere" / "heat.html"):
        ended = wangge("heatmap", DISTRICT, "--output", target)
        assert ended.code == 2
        assert str(target) in ended.err


def test_without_the_front_end_files_it_names_the_command(
    wangge: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.heatmap.VENDOR", tmp_path / "nothing")
    ended = wangge("heatmap", DISTRICT, "--output", tmp_path / "heat.html")
    assert ended.code == 1
    assert "make assets" in ended.err

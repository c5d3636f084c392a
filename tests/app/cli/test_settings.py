"""``wangge settings``, and what is said of variables that mean nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import Settings, unknown_variables, variable_of
from tests.fixtures.commands import ROOT, runner, start_wangge

KNOWN = sorted(variable_of(field) for field in Settings.model_fields)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("WANGGE_WORKER", "WANGGE_WORKERS"),
        ("WANGGE_DATABSE_URL", "WANGGE_DATABASE_URL"),
        ("WANGGE_PROT", "WANGGE_PORT"),
        ("wangge_trusted_proxy", "WANGGE_TRUSTED_PROXIES"),
        ("WANGE_PUBLIC_URL", "WANGGE_PUBLIC_URL"),
        ("WANGGE_QQ", None),
    ],
)
def test_a_slip_is_found_and_the_nearest_setting_named(wrong: str, meant: str | None) -> None:
    (found,) = unknown_variables(
        {wrong: "geheim", "PATH": "/bin", "WANGGE_HOME": "/x", "WANGGE_REAL_DATA": "/y"}
    )
    assert (found.name, found.nearest) == (wrong, meant)
    for said in (found.text.zh, found.text.en):
        assert wrong in said
        assert meant is None or meant in said
        assert "geheim" not in said


@given(st.sampled_from(KNOWN), st.data())
def test_any_one_letter_lost_is_noticed_and_any_case_is_right(name: str, data: st.DataObject) -> None:
    assert unknown_variables({name: "1", name.lower(): "1", name.title(): "1"}) == []
    at = data.draw(st.integers(len("WANGGE_"), len(name) - 1))
    slip = name[:at] + name[at + 1 :]
    if slip not in KNOWN:
        assert [each.name for each in unknown_variables({slip: "1"})] == [slip]


def test_other_programs_are_left_alone() -> None:
    others = {
        "PATH": "",
        "HOME": "",
        "WINDOWID": "",
        "WAYLAND_DISPLAY": "",
        "PGPASSWORD": "",
        "SPARK_HOME": "",
    }
    assert unknown_variables(others) == []


def test_what_the_project_itself_names_is_a_setting() -> None:
    listed = subprocess.run(
        ["git", "grep", "-hoE", "WANGGE_[A-Z_]+", "--", ".", ":!tests", ":!app/settings.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    # What ends like a prefix speaks of several.
    names = {name for name in listed if not name.endswith("_")}
    assert "WANGGE_PORT" in names
    assert unknown_variables(dict.fromkeys(names, "")) == []


def test_every_setting_says_where_its_value_comes_from(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    secret = "postgresql://u:geheim@db/wangge"
    variables = {"WANGGE_HOME": str(tmp_path), "WANGGE_WORKERS": "2", "WANGGE_DATABASE_URL": secret}
    wangge = runner(monkeypatch, capfd, variables)
    shown = wangge("settings", "--json")
    by_name = {row["name"]: row for row in shown.document}
    assert sorted(by_name) == KNOWN
    assert (by_name["WANGGE_WORKERS"]["value"], by_name["WANGGE_WORKERS"]["source"]) == ("2", "environment")
    assert (by_name["WANGGE_PORT"]["value"], by_name["WANGGE_PORT"]["source"]) == ("8000", "default")
    assert all(row["description"] for row in by_name.values())
    assert shown.err == ""
    assert "geheim" not in shown.out
    assert re.search("环境变量", wangge("settings").out)


def test_a_mistyped_variable_is_said_by_every_command_beside_its_answer(tmp_path: Path) -> None:
    variables = {"WANGGE_HOME": str(tmp_path), "WANGGE_LANG": "en", "WANGGE_WORKER": "4\x1b[31m"}
    command = start_wangge(variables, "settings", "--json")
    out, err = command.communicate(timeout=60)
    assert command.returncode == 0
    assert out.startswith("[{")
    assert err == "The variable WANGGE_WORKER is no setting and does nothing; was WANGGE_WORKERS meant?\n"

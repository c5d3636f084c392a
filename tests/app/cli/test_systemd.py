"""``wangge systemd``: what the units say, and that any path in them stays one word."""

from __future__ import annotations

import getpass
import re
import shutil
import tempfile
from configparser import ConfigParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.systemd import closed_folder
from app.errors import Invalid
from app.kit.systemd_units import UnitPlan, unit_files
from tests.fixtures.commands import runner

ALL = {
    "wangge.service",
    "wangge-backup.service",
    "wangge-backup.timer",
    "wangge-rehearse.service",
    "wangge-rehearse.timer",
}


def plan(**more: object) -> UnitPlan:
    whole = {
        "program": ("/opt/wangge/.venv/bin/wangge",),
        "user": "wangge",
        "home": Path("/var/lib/wangge"),
        "environment_file": Path("/etc/wangge/wangge.env"),
        "backup": Path("/var/lib/wangge/backup"),
        "port": 8000,
        "reads": (Path("/opt/wangge"), Path("/usr/bin/python3.11")),
    }
    return UnitPlan(**(whole | more))  # type: ignore[arg-type]


def values(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def test_units_can_be_read_and_run_what_there_is() -> None:
    units = unit_files(plan())
    assert set(units) == ALL
    for name, text in units.items():
        parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(text)
        assert set(parser.sections()) <= {"Unit", "Service", "Timer", "Install"}, name
        if name.endswith(".timer"):
            assert f"{name.removesuffix('timer')}service" in units
    service = units["wangge.service"]
    for expected in (
        "Type=notify",
        "Restart=always",
        "WatchdogSec=60",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
    ):
        assert expected in service
    assert values(service, "ExecStart") == ["/opt/wangge/.venv/bin/wangge up --empty"]
    assert values(units["wangge-backup.service"], "ExecStart") == [
        "/opt/wangge/.venv/bin/wangge db backup --nightly"
    ]
    assert values(units["wangge-rehearse.service"], "ExecStart") == [
        "/opt/wangge/.venv/bin/wangge db rehearse"
    ]
    for name in ALL:
        if name.endswith(".service"):
            assert values(units[name], "ReadWritePaths") == ["/var/lib/wangge"]
            assert values(units[name], "ProtectHome") == ["yes"]
            assert values(units[name], "CapabilityBoundingSet") == [""]


def test_what_differs_from_place_to_place() -> None:
    low = unit_files(plan(port=443))["wangge.service"]
    assert (
        values(low, "CapabilityBoundingSet") == values(low, "AmbientCapabilities") == ["CAP_NET_BIND_SERVICE"]
    )
    apart = unit_files(plan(backup=Path("/mnt/backup")))["wangge.service"]
    assert values(apart, "ReadWritePaths") == ["/var/lib/wangge -/mnt/backup"]
    # A program or data below /home must stay visible.
    for more in (
        {"reads": (Path("/home/gis/wangge"),)},
        {"home": Path("/home/gis/data")},
        {"backup": Path("/root/b")},
    ):
        assert values(unit_files(plan(**more))["wangge.service"], "ProtectHome") == ["read-only"]
    assert set(unit_files(plan(backup=None))) == {"wangge.service"}


@given(
    st.text(
        st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="/"), min_size=1, max_size=30
    )
)
def test_a_path_is_one_word_whatever_it_holds(name: str) -> None:
    if name in (".", "..") or not all(each.isprintable() for each in name):
        return
    home = Path("/srv") / name
    text = unit_files(plan(home=home, program=(f"/opt/{name}/wangge",), backup=home / "backup"))[
        "wangge.service"
    ]

    (command,) = values(text, "ExecStart")
    assert "$" not in command.replace("$$", "")
    (paths,) = values(text, "ReadWritePaths")
    for line, expected in ((command.replace("$$", "$"), 3), (paths, 1)):
        assert line.replace("%%", "").count("%") == 0
        quoted = re.findall(r'"(?:[^"\\]|\\.)*"|[^ "]+', line)
        assert len(quoted) == expected
        first = quoted[0]
        if first.startswith('"'):
            first = re.sub(r"\\(.)", r"\1", first[1:-1])
        assert first.replace("%%", "%") in (f"/opt/{name}/wangge", str(home))


def test_what_cannot_be_said_is_refused() -> None:
    for more in ({"home": Path("/srv/a\nExecStartPre=/bin/evil")}, {"user": "a b"}, {"user": "root\nX=1"}):
        with pytest.raises(Invalid):
            unit_files(plan(**more))


def test_the_command_prints_or_writes_and_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "units"
    wangge = runner(monkeypatch, capfd, {"WANGGE_HOME": str(tmp_path / "home")})
    printed = wangge("systemd", "--user", "gis", lang="en")
    assert printed.code == 0, printed
    assert "# ===== wangge-backup.timer =====" in printed.out
    assert "systemctl enable --now wangge.service wangge-backup.timer wangge-rehearse.timer" in printed.err
    written = wangge("systemd", "--user", "gis", "--output", folder, "--json")
    assert {path.name for path in folder.iterdir()} == ALL
    for path in folder.iterdir():
        assert path.read_text("utf-8") == written.document["units"][path.name]
        assert path.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "home").exists() is False
    secret = {"WANGGE_HOME": str(tmp_path), "WANGGE_DATABASE_URL": "postgresql://u:geheim@db/wangge"}
    external = runner(monkeypatch, capfd, secret)("systemd", "--json")
    assert set(external.document["units"]) == {"wangge.service"}
    assert "geheim" not in external.out
    refused = wangge("systemd", "--output", "/proc/units")
    assert refused.code == 3
    assert "/proc/units" in refused.err


def test_a_program_that_the_user_cannot_reach_is_noticed() -> None:
    # Not below the run's own folder, which is closed to others on purpose.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        program = folder / "closed" / "bin" / "python"
        program.parent.mkdir(parents=True)
        for each in (program.parent, program.parent.parent):
            each.chmod(0o755)
        assert closed_folder([program], "nobody") is None
        (folder / "closed").chmod(0o700)
        assert closed_folder([Path("/usr/bin/env"), program], "nobody") == folder / "closed"
        assert closed_folder([program], getpass.getuser()) is None
    finally:
        shutil.rmtree(folder)

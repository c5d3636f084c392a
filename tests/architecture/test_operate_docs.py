"""What docs/operate*.md name is there: commands, series of /metrics, unit files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.kit.systemd_units import UnitPlan, unit_files

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("operate.md", "operate.zh-CN.md")


def read(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_series_and_units_exist(name: str) -> None:
    text = read(name)
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    commands = set(re.findall(r"(?:^|[` /])wangge ([a-z]+)\b", code, re.MULTILINE)) - {"wangge"}
    assert {"db", "systemd", "demo", "verify", "tls", "up"} <= commands <= set(COMMANDS)
    source = (ROOT / "app" / "metrics.py").read_text("utf-8")
    series = {re.sub(r"_total$", "", found) for found in re.findall(r"\bwangge_[a-z_]+", text)}
    series -= {"wangge_owner", "wangge_service", "wangge_reader"}
    templates = {
        f"wangge_{kind}_{end}"
        for kind in ("backup", "rehearsal")
        for end in ("last_success_timestamp_seconds", "failures")
    }
    assert len(series) > 8
    assert {each for each in series - templates if f'"{each}"' not in source} == set()
    plan = UnitPlan(("/w",), "w", Path("/h"), Path("/e"), Path("/h/backup"), 8000, (Path("/c"),))
    units = set(re.findall(r"\bwangge(?:-[a-z]+)?\.(?:service|timer)\b", text))
    assert units <= set(unit_files(plan))


def test_both_languages_say_the_same_things() -> None:
    english, chinese = map(read, DOCUMENTS)

    def told(text: str, pattern: str) -> set[str]:
        return set(re.findall(pattern, text))

    for pattern in (r"\b8\.1\.\d+(?:\.\d+)?\b", r"^## ", r"WANGGE_[A-Z_]+[A-Z]", r"\bV\d+(?:\.\d+)?\b"):
        assert told(chinese, pattern) == told(english, pattern), pattern
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", chinese, re.MULTILINE))
    # What is not met is not left out in either.
    assert len(re.findall(r"\*\*[^*|\n]*not met", english)) == len(re.findall(r"\*\*[^*|\n]*未满足", chinese))

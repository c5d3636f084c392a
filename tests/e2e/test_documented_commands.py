"""The commands of the documents run as they stand, from top to bottom, on a machine that has just been set up."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.core import TyperGroup

from app.cli import LazyGroup
from tests.fixtures.documented import Shown, run_shown, shown_commands
from tests.fixtures.ups import ROOT, Up, soon

READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
# Of the others the commands are those of a whole machine as root: that they are there is tried, not what they do.
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))

# What a test cannot run, by how the command begins, and why.
NOT_HERE = {
    "make run": "serves until it is interrupted; tests/e2e/test_up.py runs it",
    "make test": "is what runs this",
    ".venv/uv-tool/bin/uv pip install": "fetches 400 MB; the suite has pyspark from its lock file",
    "wangge locate --input /mnt/points": "names a folder and a cluster of the reader's; tests/gis/spark has its own",
    "WANGGE_HOST=0.0.0.0 make run": "serves to the network until it is interrupted",
    "wangge db restore --to": "names an instant of the reader's; tests/app/db/test_point_in_time.py restores to one",
    "wangge grids withdraw 12": "names an edition of the reader's; tests/app/drafts/test_withdrawal.py withdraws one",
    "wangge systemd --output /etc/systemd/system": "writes where the operating system looks; tests/app/cli/test_systemd.py",
}


def plain(command: str) -> str:
    """A command without its comment and with single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"\s#\s.*$", "", command)).strip()


def reason_against(command: str) -> str | None:
    return next((reason for start, reason in NOT_HERE.items() if command.startswith(start)), None)


def to_run(document: Path) -> list[Shown]:
    return [shown for shown in shown_commands(document) if reason_against(shown.command) is None]


def normal(text: str) -> str:
    """Numbers apart: counts of an invented present differ from day to day."""
    return re.sub(r"\d[\d,.]*", "0", text).strip()


def test_both_languages_show_the_same_commands() -> None:
    """So it is enough to run those of one."""
    english, chinese = ([plain(shown.command) for shown in to_run(each)] for each in READMES)
    assert english == chinese
    assert len(english) > 15
    every = [shown.command for each in READMES for shown in shown_commands(each)]
    unused = [start for start in NOT_HERE if not any(command.startswith(start) for command in every)]
    assert not unused, "no document shows these any more"


def named_commands(document: Path) -> set[str]:
    """Everything that begins with ``wangge`` in code of a document, also in a sentence or a table."""
    text = document.read_text("utf-8").replace("\\\n", " ")
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)).replace("`", "\n")
    return set(re.findall(r"(?:^|[ /])wangge (?!wangge )([a-z][^\n#&|]*)", code, re.MULTILINE))


def unknown_parts(words: list[str]) -> list[str]:
    """What the command line does not have of a command: its name, the name below it, an option."""
    command = LazyGroup().get_command(None, words[0])
    if command is None:
        return words[:1]
    if isinstance(command, TyperGroup):
        below = [word for word in words[1:2] if re.fullmatch(r"[a-z-]+", word)]
        if not below:
            return []
        if below[0] not in command.commands:
            return below
        command = command.commands[below[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    return [option for option in options if option not in {*known, "--help"}]


@pytest.mark.parametrize("document", [*READMES, *DOCUMENTS], ids=lambda path: path.name)
def test_every_command_and_option_exists(document: Path) -> None:
    wrong = {}
    for command in named_commands(document):
        unknown = unknown_parts(command.replace("[", " ").replace("]", " ").replace("(", " ").split())
        if unknown:
            wrong[command] = unknown
    assert not wrong
    assert named_commands(document)


def test_the_readme_runs(ups: Callable[..., Up], tmp_path: Path) -> None:
    """On a fresh home with the demo, in a folder of its own; what is shown as answer is what comes, numbers apart."""
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    (work / ".venv").symlink_to(ROOT / ".venv")
    up = ups(home, tmp_path / "up.log")
    soon(up.ready, up, patience_s=900)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    environment |= {
        "WANGGE_HOME": str(home),
        "WANGGE_PORT": str(up.port),
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "COLUMNS": "200",
    }
    wrong = []
    for shown in to_run(READMES[1]):
        command = shown.command.replace("127.0.0.1:8000", f"127.0.0.1:{up.port}")
        done = run_shown(command, folder=work, environment=environment)
        said = (
            f"{READMES[1].name}:{shown.line}: {command}\nexit {done.returncode}\n{done.stdout}{done.stderr}"
        )
        # A check that finds something ends with 1.
        expected = 1 if any(line.startswith("✗") for line in shown.answer) else 0
        if done.returncode != expected:
            wrong.append(said)
            continue
        came = {normal(line) for line in f"{done.stdout}\n{done.stderr}".splitlines()}
        missing = [line for line in shown.answer if line.strip() != "…" and normal(line) not in came]
        if missing:
            wrong.append(f"{said}\nnot said: {missing}")
    assert not wrong, "\n\n".join(wrong)

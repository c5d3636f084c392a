"""The scripts of the pages that need no browser: run by Node's own runner, which `make setup-test` has installed."""

import re
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "js"


def test_scripts_that_need_no_browser() -> None:
    files = sorted(FOLDER.glob("*.test.mjs"))
    assert len(files) >= 6
    node = shutil.which("node")
    assert node is not None, "node is missing: make setup-test"
    command = [node, "--test", "--test-reporter=tap", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ended = {name: int(count) for name, count in re.findall(r"^# (\w+) (\d+)$", done.stdout, re.MULTILINE)}
    written = sum(len(re.findall(r"^test\(", file.read_text("utf-8"), re.MULTILINE)) for file in files)
    assert ended["pass"] == written, "every test of every file ran"
    assert (ended["skipped"], ended["todo"]) == (0, 0)

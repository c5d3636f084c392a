"""Long files begin first, and the figures are rewritten by one option."""

import json
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.costs import longest_first, merged

ROOT = Path(__file__).parents[2]
FILES = st.sampled_from("abcdefgh")


@given(st.lists(FILES), st.dictionaries(FILES, st.floats(0, 1000)))
def test_each_file_once_and_no_longer_one_after_a_shorter_one(
    files: list[str], costs: dict[str, float]
) -> None:
    ordered = longest_first(files, costs)
    assert sorted(ordered) == sorted(set(files))
    known = [costs[file] for file in ordered if file in costs]
    assert known == sorted(known, reverse=True)


def test_what_nobody_measured_counts_by_its_tests() -> None:
    assert longest_first(["new"] * 100 + ["one", "two"], {"one": 29.0, "two": 31.0}) == ["two", "new", "one"]


def test_figures_of_files_that_did_not_run_stay_and_of_those_that_are_gone_do_not(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).touch()
    assert merged({"b": 5.0, "gone": 9.0}, {"a": 1.26}, root=tmp_path) == {"a": 1.3, "b": 5.0}


def test_workers_take_the_order_and_the_option_rewrites_the_figures(tmp_path: Path) -> None:
    """For real: xdist itself would begin with the file that holds the most tests."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    tests = tmp_path / "tests"
    tests.mkdir()
    # The shortest first by name and by the number of tests.
    for name, number in (("a", 9), ("b", 1), ("c", 5)):
        body = "".join(
            f"def test_{at}():\n    open({str(tmp_path / 'ran')!r}, 'a').write('{name}')\n"
            for at in range(number)
        )
        (tests / f"test_{name}.py").write_text(body)
    costs = tests / "costs.json"
    costs.write_text(json.dumps({"tests/test_a.py": 1.0, "tests/test_b.py": 30.0, "tests/test_c.py": 7.0}))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.fixtures.costs",
        "-q",
        "-n",
        "1",
        "--dist",
        "loadfile",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--costs", costs],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "ran").read_text() == "b" + "c" * 5 + "a" * 9
    rewritten = json.loads(costs.read_text())
    assert list(rewritten) == [f"tests/test_{name}.py" for name in "abc"]
    assert max(rewritten.values()) < 7, "these are the figures of this run"


def test_every_figure_is_of_a_file_that_is_there() -> None:
    costs = json.loads((ROOT / "tests" / "costs.json").read_text("utf-8"))
    assert [name for name in costs if not (ROOT / name).is_file()] == []

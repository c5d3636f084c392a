"""Built indexes on disk: shared, bounded, and never the reason for an error."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
import shapely

from app.boundaries.index_store import IndexStore
from gis.locate import GridIndex
from tests.fixtures.commands import ROOT

HASH = "ab" * 32


@pytest.fixture
def logged(monkeypatch) -> list[str]:
    """Warnings of the store, whatever other tests made of logging."""
    events: list[str] = []

    class Log:
        def warning(self, event: str, **_: object) -> None:
            events.append(event)

        def debug(self, event: str, **_: object) -> None:
            pass

    monkeypatch.setattr("app.boundaries.index_store.log", Log())
    return events


def build() -> GridIndex:
    return GridIndex.build(["a", "b"], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], edition=3)


def get(store: IndexStore, edition: int = 3, made: list | None = None) -> GridIndex:
    def counted() -> GridIndex:
        if made is not None:
            made.append(edition)
        return build()

    return store.get(HASH, edition, codes=["a", "b"], build=counted)


def test_built_once_and_opened_after(tmp_path):
    store, made = IndexStore(tmp_path / "a" / "b"), []
    first, second = get(store, made=made), get(store, made=made)
    assert made == [3]
    assert first.content_hash == second.content_hash == build().content_hash
    assert second.locate([0.5, 1.5, 9], [0.5, 0.5, 0.5]).tolist() == [0, 1, -1]
    assert store.folder.stat().st_mode & 0o077 == 0, "who may write here decides who owns a place"
    assert {path.suffix for path in store.folder.iterdir()} == {".wgix", ".lock"}


def test_only_so_many_are_kept_and_those_used_last(tmp_path):
    store = IndexStore(tmp_path, kept=3)
    for edition in range(1, 4):
        get(store, edition)
        os.utime(store.path(HASH, edition), (edition, edition))
    get(store, 1)  # used again
    get(store, 4)
    assert sorted(path.name for path in tmp_path.glob("*.wgix")) == [f"{HASH}-{n}.wgix" for n in (1, 3, 4)]
    assert not store.path(HASH, 2).with_suffix(".lock").exists()


def test_what_a_killed_process_left_is_swept(tmp_path):
    store = IndexStore(tmp_path)
    old, new = tmp_path / ".x.part", tmp_path / ".y.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    get(store)
    assert not old.exists()
    assert new.exists(), "somebody may be writing it"


def test_a_folder_that_cannot_be_used_costs_no_answer(tmp_path, logged):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("x")
    index = get(IndexStore(in_the_way / "index"))
    assert index.locate(0.5, 0.5) == 0
    assert logged == ["index_folder_unusable"]


def test_a_full_disk_costs_no_answer(tmp_path, monkeypatch, logged):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(GridIndex, "save", full)
    assert get(IndexStore(tmp_path)).locate(0.5, 0.5) == 0
    assert logged == ["index_not_kept"]
    assert not list(tmp_path.glob("*.wgix"))


def test_a_builders_failure_is_its_own(tmp_path):
    from gis.errors import CoverageError

    def fails() -> GridIndex:
        return GridIndex.build(["a", "b"], [shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)])

    with pytest.raises(CoverageError):
        IndexStore(tmp_path).get(HASH, 1, codes=["a", "b"], build=fails)


def test_threads_at_once_build_once(tmp_path):
    store, made, found = IndexStore(tmp_path), [], []
    threads = [threading.Thread(target=lambda: found.append(get(store, made=made))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert made == [3]
    assert [index.locate(1.5, 0.5).tolist() for index in found] == [1] * 6


SLOW = """
import sys, time
from pathlib import Path
from app.boundaries.index_store import IndexStore
import tests.app.boundaries.test_index_store as here
def slow():
    print("building", flush=True)
    time.sleep(float(sys.argv[2]))
    return here.build()
store = IndexStore(Path(sys.argv[1]))
print(store.get(here.HASH, 3, codes=["a", "b"], build=slow).content_hash, flush=True)
"""


def other_process(folder, seconds: float) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, str(folder), str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_a_process_waits_for_the_one_that_builds(tmp_path):
    first = other_process(tmp_path, 2)
    assert first.stdout.readline() == "building\n"
    made: list[int] = []
    index = get(IndexStore(tmp_path), made=made)
    assert made == []
    assert first.stdout.readline().strip() == index.content_hash
    first.stdout.close()
    assert first.wait(60) == 0


def test_a_killed_builder_holds_nobody_up(tmp_path):
    first = other_process(tmp_path, 600)
    assert first.stdout.readline() == "building\n"
    threading.Timer(0.3, first.kill).start()
    made: list[int] = []
    began = time.monotonic()
    get(IndexStore(tmp_path), made=made)
    assert made == [3]
    assert time.monotonic() - began < 500
    first.stdout.close()
    first.wait(60)

"""A disk without room: said plainly, before and after trying, and nothing is lost by it."""

import pytest

from app.db import cluster
from app.db.cluster import diagnose
from app.db.errors import DiskFull
from tests.fixtures.clusters import python, query

START_WITH_SMALL_FILES = """
import resource, sys
from pathlib import Path
from app.db import cluster
from app.db.errors import DiskFull
# Every write past this size fails, as on a disk that fills up; it needs no root and no mount.
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    cluster.start(Path(sys.argv[1]), extra={"shared_buffers": "16MB"}, durable=False)
except DiskFull as refusal:
    print(refusal)
"""


def test_no_room_to_create(home, monkeypatch, start_cluster):
    monkeypatch.setattr(diagnose, "NEEDED_TO_CREATE", 1 << 60)
    with pytest.raises(DiskFull, match="磁盘空间不足") as refusal:
        start_cluster(home)
    assert str(home) in refusal.value.text("en")
    assert not (home / "cluster").exists()
    assert cluster.status(home).state == "absent"


def test_room_ends_while_creating(home):
    process = python(START_WITH_SMALL_FILES, home, 4_000_000)
    out, err = process.communicate(timeout=120)
    assert "磁盘空间不足" in out, err
    assert not (home / "cluster").exists()
    assert not list(home.glob(".cluster.new*"))


def test_room_ends_and_comes_back(home, start_cluster):
    info = start_cluster(home)
    query(info, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    cluster.stop(home, immediate=True)  # so that the next start has to write: recovery
    process = python(START_WITH_SMALL_FILES, home, 100_000)
    out, err = process.communicate(timeout=120)
    assert "磁盘空间不足" in out, err
    assert query(start_cluster(home), "SELECT count(*) FROM kept") == 1000


@pytest.mark.parametrize(
    "said",
    [
        'FATAL:  could not write lock file "postmaster.pid": No space left on device',
        "PANIC:  could not write to file: Disk quota exceeded",
    ],
)
def test_the_server_s_words_are_understood(tmp_path, said):
    assert isinstance(diagnose.explain("启动", "Starting", said, tmp_path), DiskFull)


def test_other_words_are_shown(tmp_path):
    failure = diagnose.explain("启动", "Starting", "FATAL: something new", tmp_path)
    assert not isinstance(failure, DiskFull)
    assert "something new" in failure.text("zh")
    other = diagnose.explain(
        "启动", "Starting", "The data directory was initialized by PostgreSQL version 16, which", tmp_path
    )
    assert "postgresql-16" in other.text("en")

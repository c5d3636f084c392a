"""Nightly backups, and back to an instant: exact rows, damaged files named, nothing lost when killed."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app.bootstrap import prepare
from app.db import cluster
from app.db.cluster import places, record
from app.db.cluster.swap_data import READY
from app.db.errors import BackupRefused
from app.db.recovery import archive
from app.db.recovery.nightly import run_nightly
from app.db.recovery.point_in_time import restore_to
from app.db.recovery.rehearsal import rehearse
from app.db.recovery.segments import SEGMENT
from app.db.recovery.staging import FOLDER
from app.db.recovery.status import backup_status
from app.db.recovery.store import store_of
from app.db.urls import database_urls
from app.settings import load_settings
from tests.fixtures import run_folder
from tests.fixtures.clusters import ROOT, SMALL, new_scratch, query

QUIET = {"say": lambda _: None}


@pytest.fixture(scope="module")
def backed_up_once(request):
    """A stopped home with the schema, one nightly backup, and rows before, between and after noted instants."""
    scratch = new_scratch(request.config)
    home = scratch / "home"
    info = cluster.start(home, extra=SMALL, durable=False)
    prepare(info.owner_url)
    query(info, "CREATE TABLE witness (id int PRIMARY KEY)")
    rows(info, range(10))
    (home / "totp.key").write_text("sealed")
    run_nightly(home, store_of(home), database_urls(load_settings(home=home)), keep=3, **QUIET)
    instants = []
    for first in (10, 20, 30):
        rows(info, range(first, first + 10))
        instants.append(now(info))
        time.sleep(0.05)
    query(info, "DELETE FROM witness WHERE id < 25")
    archive.switch(store_of(home), info.libpq_url())
    rows(info, range(100, 105))
    cluster.stop(home)
    yield home, instants
    run_folder.remove(scratch)


@pytest.fixture
def backed_up(backed_up_once, home):
    """A stopped copy of it, the test's own, with the instants."""
    original, instants = backed_up_once
    subprocess.run(["cp", "-a", original, home], check=True)
    yield home, instants
    if record.load(home) is not None:
        cluster.stop(home, immediate=True)


def rows(info, ids):
    with psycopg.connect(info.libpq_url()) as connection:
        connection.cursor().executemany("INSERT INTO witness VALUES (%s)", [(i,) for i in ids])


def now(info):
    return query(info, "SELECT clock_timestamp()")


def ids(home, start_cluster):
    info = start_cluster(home)
    with psycopg.connect(info.libpq_url()) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM witness ORDER BY id")]


def where_of(home):
    return places.of_record(home, record.load(home))


def test_exactly_the_rows_of_the_instant(backed_up, start_cluster):
    home, instants = backed_up
    done = restore_to(home, store_of(home), instants[2], **QUIET)
    assert ids(home, start_cluster) == list(range(40))
    assert done.moved_aside is not None
    assert (done.moved_aside / "PG_VERSION").exists(), "what was replaced is kept"
    assert not (where_of(home).folder / FOLDER).exists(), "nothing of the work is left"


def test_an_instant_after_the_last_commit_is_the_present(backed_up, start_cluster):
    home, _ = backed_up
    before = ids(home, start_cluster)
    restore_to(home, store_of(home), datetime.now(UTC), **QUIET)
    assert ids(home, start_cluster) == before == [*range(25, 40), *range(100, 105)]


def test_twice_in_a_row_and_forward_again(backed_up, start_cluster):
    home, instants = backed_up
    store = store_of(home)
    restore_to(home, store, instants[0], **QUIET)
    info = start_cluster(home)
    rows(info, [500])
    later = now(info)
    rows(info, [501])
    archive.switch(store, info.libpq_url())
    restore_to(home, store, later, **QUIET)
    assert ids(home, start_cluster) == [*range(20), 500]


def test_too_early_give_me_the_later_one(backed_up, start_cluster):
    """What lay after the first restore's instant is on a line of its own, and still to be had; bases of it as well."""
    home, instants = backed_up
    store = store_of(home)
    info = start_cluster(home)
    time.sleep(1.1)
    # A base backup of the morning's line, from after the instant that is restored first.
    run_nightly(home, store, database_urls(load_settings(home=home)), keep=3, **QUIET)
    rows(info, [300])
    evening = now(info)
    rows(info, [301])
    cluster.stop(home)
    restore_to(home, store, instants[0], **QUIET)
    assert ids(home, start_cluster) == list(range(20))
    restore_to(home, store, evening, **QUIET)
    assert ids(home, start_cluster) == [*range(25, 40), *range(100, 105), 300]
    restore_to(home, store, instants[1], **QUIET)
    info = start_cluster(home)
    rows(info, [400])
    archive.switch(store, info.libpq_url())
    rehearsed = rehearse(home, store, lambda url: ids_at(url) and [], **QUIET)
    assert rehearsed.base < evening.strftime("%Y%m%dT%H%M%SZ")
    # The disk is lost: the archive alone knows the newest line.
    latest = now(info)
    cluster.stop(home)
    subprocess.run(["rm", "-rf", where_of(home).folder], check=True)
    restore_to(home, store, latest, **QUIET)
    assert ids(home, start_cluster) == [*range(30), 400]


def ids_at(url):
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM witness ORDER BY id")]


def test_one_at_a_time(backed_up):
    home, instants = backed_up
    store = store_of(home)
    with store.alone(home), pytest.raises(BackupRefused, match="under way"):
        restore_to(home, store, instants[0], **QUIET)
    with store.alone(home), pytest.raises(BackupRefused, match="under way"):
        rehearse(home, store, lambda _: [], **QUIET)


def test_nothing_is_written_through_a_link(backed_up, start_cluster, scratch):
    """Whoever has the server's account must not become root by laying links where root writes."""
    home, _ = backed_up
    store = store_of(home)
    victim = scratch / "victim"
    victim.write_text("root's own")
    path = next(path for path in store.wal.iterdir() if SEGMENT.fullmatch(path.name))
    os.utime(path, (1, 1))
    (store.wal / f"{path.name}.gz").symlink_to(victim)
    start_cluster(home)
    time.sleep(1.1)
    run_nightly(home, store, database_urls(load_settings(home=home)), keep=3, **QUIET)
    assert victim.read_text() == "root's own"
    assert (victim.stat().st_uid, store.about.stat().st_uid) == (os.geteuid(), os.geteuid())
    assert not any(path.name.endswith(".key") for path in store.bases.rglob("*"))


def test_outside_the_range_nothing_is_touched(backed_up, start_cluster):
    home, instants = backed_up
    for instant in (instants[0] - timedelta(days=1), datetime.now(UTC) + timedelta(hours=1)):
        with pytest.raises(BackupRefused, match="can be restored: 2"):
            restore_to(home, store_of(home), instant, **QUIET)
    assert ids(home, start_cluster) == [*range(25, 40), *range(100, 105)]


def test_without_a_cluster_the_backups_are_enough(backed_up, scratch, start_cluster):
    """The disk of the data is lost, another machine has only the backup folder."""
    home, instants = backed_up
    fresh = scratch / "fresh"
    fresh.mkdir(mode=0o711)
    subprocess.run(["cp", "-a", home / "backup", fresh / "backup"], check=True)
    done = restore_to(fresh, store_of(fresh), instants[1], **QUIET)
    assert done.moved_aside is None
    try:
        assert ids(fresh, start_cluster) == list(range(30))
        assert (fresh / "totp.key").read_text() == "sealed", "without it no second factor can be read"
        assert (fresh / "totp.key").stat().st_mode & 0o777 == 0o600
    finally:
        cluster.stop(fresh, immediate=True)


def segments_after_base(store):
    names = archive.segments(store)
    assert len(names) > 1
    return names


@pytest.mark.parametrize("how", ["gone", "packed and cut short", "a byte"])
def test_a_damaged_log_is_named(backed_up, start_cluster, how):
    home, instants = backed_up
    store = store_of(home)
    # The last one was archived when the server stopped; the instants are in the one before.
    name = segments_after_base(store)[-2]
    path = store.wal / name
    if how == "gone":
        path.unlink()
        # Its copy in the data is lost too: that disk failed.
        for copy in (where_of(home).data / "pg_wal").glob(f"{name}*"):
            copy.unlink()
    elif how == "packed and cut short":
        packed = gzip.compress(path.read_bytes(), 1)
        path.with_name(f"{name}.gz").write_bytes(packed[: len(packed) // 2])
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[60:8000] = bytes(7940)
        path.write_bytes(content)
    with pytest.raises(BackupRefused) as refused:
        restore_to(home, store, instants[2], **QUIET)
    assert name in refused.value.detail.en or "breaks off" in refused.value.detail.en
    if how != "gone":
        assert ids(home, start_cluster) == [*range(25, 40), *range(100, 105)]


def test_a_damaged_base_is_named(backed_up, start_cluster):
    home, instants = backed_up
    store = store_of(home)
    with (store.base_backups()[0].folder / "base.tar.gz").open("r+b") as handle:
        handle.seek(100_000)
        handle.write(b"damage")
    with pytest.raises(BackupRefused, match=r"base\.tar\.gz does not have the checksum"):
        restore_to(home, store, instants[0], **QUIET)
    assert ids(home, start_cluster) == [*range(25, 40), *range(100, 105)]


RESTORE = """
import sys
from datetime import datetime
from pathlib import Path
from app.db.recovery.point_in_time import restore_to
from app.db.recovery.store import store_of
home = Path(sys.argv[1])
restore_to(home, store_of(home), datetime.fromisoformat(sys.argv[2]), say=lambda text: print(text.en, flush=True))
"""


def test_killed_in_the_middle_the_old_data_are_there(backed_up, start_cluster):
    home, instants = backed_up
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-c", RESTORE, str(home), instants[0].isoformat()],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
    )
    for line in child.stdout:
        if line.startswith("Replaying"):
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert ids(home, start_cluster) == [*range(25, 40), *range(100, 105)]
    # And the same restore again does what it should.
    restore_to(home, store_of(home), instants[0], **QUIET)
    assert ids(home, start_cluster) == list(range(20))


@pytest.mark.parametrize("moved", [False, True])
def test_killed_between_the_last_renames_the_next_start_finishes(backed_up, start_cluster, moved):
    home, instants = backed_up
    restore_to(home, store_of(home), instants[0], **QUIET)
    where = where_of(home)
    (old,) = where.folder.glob("data.before-*")
    where.data.rename(where.folder / READY)
    if not moved:
        old.rename(where.data)
    assert ids(home, start_cluster) == list(range(20))
    assert len(list(where.folder.glob("data.before-*"))) == 1


def test_refused_while_the_service_runs(backed_up):
    import fcntl

    home, instants = backed_up
    with (home / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BackupRefused, match="stop it first"):
            restore_to(home, store_of(home), instants[0], **QUIET)


def test_the_rehearsal_proves_the_backup_and_leaves_the_live_database_alone(backed_up, start_cluster):
    home, _ = backed_up
    store = store_of(home)
    live = start_cluster(home)
    rows(live, [700])
    seen = {}

    def check(url):
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            seen["ids"] = [r[0] for r in connection.execute("SELECT id FROM witness ORDER BY id")]
            seen["port"] = connection.info.port
        return []

    done = rehearse(home, store, check, **QUIET)
    assert done.broken == []
    assert seen["ids"] == [*range(25, 40), *range(100, 105)], "all that was archived, and nothing else"
    assert seen["port"] != live.port
    assert cluster.status(home).pid == live.pid
    assert backup_status(store).rehearsal_at is not None
    assert rehearse(home, store, lambda _: ["broken"], **QUIET).broken == ["broken"]
    assert backup_status(store).rehearsal_failures == 1


def test_old_backups_and_their_log_are_deleted(backed_up, start_cluster):
    home, _ = backed_up
    store = store_of(home)
    info = start_cluster(home)
    urls = database_urls(load_settings(home=home))
    first = store.base_backups()[0]
    time.sleep(1.1)
    run_nightly(home, store, urls, keep=1, **QUIET)
    (kept,) = store.base_backups()
    assert kept.name > first.name
    assert [path.name for path in store.dumps.iterdir()] == [f"{kept.name}.dump"]
    assert min(archive.segments(store)) >= kept.wal_start
    rows(info, [900])
    instant = now(info)
    rows(info, [901])
    cluster.stop(home)
    restore_to(home, store, instant, **QUIET)
    assert 900 in (found := ids(home, start_cluster))
    assert 901 not in found


def test_compressed_segments_are_read_back(backed_up, start_cluster):
    home, instants = backed_up
    store = store_of(home)
    for path in store.wal.iterdir():
        if SEGMENT.fullmatch(path.name):
            os.utime(path, (1, 1))
    assert archive.compress(store) > 0
    assert not any(SEGMENT.fullmatch(path.name) for path in store.wal.iterdir())
    restore_to(home, store, instants[0], **QUIET)
    assert ids(home, start_cluster) == list(range(20))


def run(home, *arguments, expect):
    env = {k: v for k, v in os.environ.items() if not k.startswith("WANGGE_")} | {
        "WANGGE_HOME": str(home),
        "WANGGE_LANG": "en",
    }
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments, "--json"], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_commands(backed_up, start_cluster):
    home, instants = backed_up
    assert "offset" in run(home, "db", "restore", "--to", "2026-11-29 08:00", expect=2)["error"]["message"]
    assert "one of the two" in run(home, "db", "backup", expect=2)["error"]["message"]
    done = run(home, "db", "restore", "--to", instants[0].isoformat(), expect=0)
    assert done["to"] == instants[0].isoformat()
    assert ids(home, start_cluster) == list(range(20))
    made = run(home, "db", "backup", "--nightly", expect=0)
    assert made["base_bytes"] > 0
    rehearsed = run(home, "db", "rehearse", expect=0)
    assert rehearsed["holds"] is True
    assert backup_status(store_of(home)).backup_failures == 0

"""Where a cluster lives: moved, copied, deep, oddly named, or behind a folder its user cannot pass."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.db import cluster
from app.db.cluster import places
from app.db.errors import ClusterFailure
from tests.fixtures.clusters import python, query
from tests.fixtures.connections import engine_on

ASK_AS_NOBODY = """
import os, sys
from pathlib import Path
from app.db import cluster
from app.db.errors import DatabaseFailure
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for act in (cluster.start, cluster.status, cluster.stop):
    try:
        act(Path(sys.argv[1]))
        print("no refusal")
    except DatabaseFailure as refusal:
        print(refusal.code, str(refusal).count("WANGGE_HOME"))
"""


def test_moved_home(home, scratch, start_cluster):
    query(start_cluster(home), "CREATE TABLE kept AS SELECT 1 AS n")
    cluster.stop(home)
    moved = scratch / "elsewhere" / "moved"
    moved.parent.mkdir()
    home.rename(moved)
    info = start_cluster(moved)
    assert info.data.is_relative_to(moved)
    assert query(info, "SELECT n FROM kept") == 1


def test_home_moved_under_a_running_server(home, scratch, start_cluster):
    first = start_cluster(home)
    moved = scratch / "moved"
    home.rename(moved)
    assert cluster.status(home).state == "absent"
    found = cluster.status(moved)
    assert (found.state, found.pid) == ("running", first.pid)
    again = start_cluster(moved)
    assert (again.pid, again.started_now) == (first.pid, False)
    assert cluster.stop(moved) is True


def test_copied_home_is_a_cluster_of_its_own(home, scratch, start_cluster):
    query(start_cluster(home), "CREATE TABLE kept AS SELECT 1 AS n")
    cluster.stop(home)
    copy = scratch / "copy"
    subprocess.run(["cp", "-a", home, copy], check=True)
    first, second = start_cluster(home), start_cluster(copy)
    assert first.port != second.port
    query(second, "UPDATE kept SET n = 2")
    assert query(first, "SELECT n FROM kept") == 1


def test_copy_of_a_running_home_does_not_take_its_pid_for_its_own(home, scratch, start_cluster):
    first = start_cluster(home)
    query(first, "CREATE TABLE kept AS SELECT 1 AS n")
    query(first, "CHECKPOINT")
    copy = scratch / "copy"
    subprocess.run(["cp", "-a", home, copy], check=True)
    assert cluster.status(copy).state == "stopped"
    second = start_cluster(copy)
    assert second.pid != first.pid
    assert query(first, "SELECT n FROM kept") == 1


def test_deep_home_gets_a_short_socket_folder(scratch, start_cluster):
    deep = scratch / ("深" * 20) / ("d" * 60) / "home"
    info = start_cluster(deep)
    assert len(os.fsencode(info.socket_folder / f".s.PGSQL.{info.port}")) <= 107
    assert not info.socket_folder.is_relative_to(deep)
    assert "wangge-" in info.socket_folder.name
    assert cluster.status(deep).socket_folder == info.socket_folder
    cluster.destroy(deep)
    assert not info.socket_folder.exists()


def test_a_stranger_cannot_prepare_our_socket_folder(scratch, start_cluster):
    deep = scratch / ("d" * 120) / "home"
    info = start_cluster(deep)
    cluster.stop(deep)
    # Somebody else owns the name now; as an ordinary user the nearest to it is a name that is no folder.
    info.socket_folder.rmdir() if info.socket_folder.is_dir() else None
    info.socket_folder.symlink_to("/tmp")
    try:
        again = start_cluster(deep)
        assert again.socket_folder != info.socket_folder
        assert query(again, "SELECT 1") == 1
    finally:
        info.socket_folder.unlink()


@pytest.mark.parametrize("name", ["网格 一", "it's", 'a"b', "a,b", "$HOME", "back\\slash", "per%cent"])
def test_oddly_named_home(scratch, start_cluster, name):
    from sqlalchemy import text

    info = start_cluster(scratch / name)
    assert query(info, "SELECT 1") == 1
    with engine_on(info.owner_url, pooled=False) as engine, engine.connect() as connection:
        assert connection.scalar(text("SELECT inet_server_port()")) is None  # over the socket


def test_home_behind_a_closed_folder(scratch, start_cluster, monkeypatch):
    elsewhere = scratch / "var-lib"
    monkeypatch.setattr(places, "SYSTEM_FOLDER", elsewhere)
    closed = scratch / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "home"
    said = []
    info = start_cluster(home, say=said.append)
    assert query(info, "SELECT 1") == 1
    if os.geteuid() != 0:
        # Our own folder is not closed to us.
        assert info.data.is_relative_to(home)
        return
    assert info.data.is_relative_to(elsewhere)
    assert any(str(elsewhere) in text.zh and str(home) in text.zh for text in said)
    assert json.loads((home / "cluster.json").read_text())["cluster"] == str(info.data.parent)
    assert cluster.stop(home) is True
    assert start_cluster(home).data == info.data

    # A copy of the home must not run off with the original's data; the moved original keeps it.
    shutil.copytree(home, closed / "copy")
    with pytest.raises(ClusterFailure, match="副本"):
        start_cluster(closed / "copy")
    shutil.rmtree(closed / "copy")
    cluster.stop(home)
    home.rename(closed / "moved")
    assert start_cluster(closed / "moved").data == info.data

    # A home that was deleted and made anew begins empty and says where the old data is.
    cluster.stop(closed / "moved")
    shutil.rmtree(closed / "moved")
    said.clear()
    fresh = start_cluster(closed / "moved", say=said.append)
    assert fresh.data != info.data
    assert any(str(info.data.parent) in text.en for text in said)
    cluster.destroy(closed / "moved")


def test_home_of_another_user(scratch, start_cluster):
    if os.geteuid() == 0:
        # Ask as `nobody`, in a process of its own, about a home that root made.
        start_cluster(scratch / "home")
        process = python(ASK_AS_NOBODY, scratch / "home")
        out, err = process.communicate(timeout=60)
        assert out.splitlines() == ["home-unusable 2"] * 3, err
    else:
        with pytest.raises(ClusterFailure, match="WANGGE_HOME"):
            start_cluster(Path("/root/home"))

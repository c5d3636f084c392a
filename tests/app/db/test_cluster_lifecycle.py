"""A private cluster is made, started, stopped and reported, and what it keeps on disk is nobody else's to read."""

import os
import signal
import socket
import stat

import psycopg
import pytest

from app.db import cluster
from app.db.errors import ClusterFailure
from tests.fixtures.clusters import START_IN_ANOTHER_PROCESS, python, query
from tests.fixtures.eventually import eventually


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_create_start_stop_status(home, start_cluster):
    assert cluster.status(home).state == "absent"
    said = []
    info = start_cluster(home, say=said.append)
    assert (info.state, info.started_now) == ("running", True)
    assert any("PostgreSQL" in text.zh for text in said)
    assert cluster.status(home).pid == info.pid
    query(info, "CREATE TABLE kept AS SELECT '青岛' AS name")

    again = start_cluster(home)
    assert (again.pid, again.started_now) == (info.pid, False)

    assert cluster.stop(home) is True
    assert cluster.stop(home) is False
    stopped = cluster.status(home)
    assert (stopped.state, stopped.pid, stopped.port) == ("stopped", None, info.port)

    later = start_cluster(home)
    assert later.port == info.port
    assert query(later, "SELECT name FROM kept") == "青岛"


def test_settings_of_the_server(home, start_cluster):
    info = start_cluster(home, extra={"shared_buffers": "16MB"})
    expected = {
        "server_encoding": "UTF8",
        "lc_collate": "C.UTF-8",
        "data_checksums": "on",
        "listen_addresses": "127.0.0.1",
        "jit": "off",
        "password_encryption": "scram-sha-256",
        "shared_buffers": "16MB",
        "fsync": "on",
    }
    with psycopg.connect(info.libpq_url()) as connection:
        for name, value in expected.items():
            assert connection.execute(f"SELECT current_setting('{name}')").fetchone() == (value,), name
        rules = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert rules == [("scram-sha-256",)]


def test_only_its_own_account_gets_in(home, start_cluster):
    info = start_cluster(home)
    assert mode(home / "pgpass") == 0o600
    assert mode(info.data) == 0o700
    assert mode(info.socket_folder) == 0o700
    assert mode(info.log) == 0o600
    expected = "postgres" if os.geteuid() == 0 else None
    assert expected is None or info.account == expected
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=info.port, user=cluster.OWNER, password="guess", dbname="wangge"
        )
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host=str(info.socket_folder), port=info.port, user=cluster.OWNER, password="x", dbname="wangge"
        )
    # The passwords are in no text that could reach a log.
    secret = (home / "pgpass").read_text().splitlines()[0].split(":")[4]
    assert secret in info.libpq_url()
    assert secret not in repr(info)


def test_roles(home, start_cluster):
    info = start_cluster(home)
    mine = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    assert query(info, mine) is True
    assert query(info, mine, role=cluster.SERVICE) is False
    assert (
        query(
            info,
            "SELECT rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user",
            role=cluster.SERVICE,
        )
        is False
    )


def test_a_weakened_service_role_is_set_right_at_the_next_start(home, start_cluster):
    info = start_cluster(home)
    query(info, f"ALTER ROLE {cluster.SERVICE} BYPASSRLS PASSWORD 'other'")
    info = start_cluster(home)
    assert (
        query(info, "SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user", role=cluster.SERVICE)
        is False
    )


def test_two_starts_at_once_make_one_server(home):
    both = [python(START_IN_ANOTHER_PROCESS, home) for _ in range(2)]
    answers = []
    for process in both:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        answers.append(out)
    assert answers[0] == answers[1]


def test_an_interrupted_creation_is_begun_anew(home, scratch, start_cluster):
    process = python(START_IN_ANOTHER_PROCESS, home)
    eventually(lambda: list(home.glob(".cluster.new*/data/base")), every=0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(home.glob(".cluster.new*"))
    assert not (home / "cluster").exists()
    info = start_cluster(home)
    assert info.state == "running"
    assert not list(home.glob(".cluster.new*"))


def test_a_lost_password_file_is_made_again(home, start_cluster):
    query(start_cluster(home), "CREATE TABLE kept AS SELECT 1 AS n")
    cluster.stop(home)
    (home / "pgpass").unlink()
    assert query(start_cluster(home), "SELECT n FROM kept") == 1


def test_a_lost_record_is_made_again(home, start_cluster):
    query(start_cluster(home), "CREATE TABLE kept AS SELECT 1 AS n")
    cluster.stop(home)
    (home / "cluster.json").unlink()
    assert query(start_cluster(home), "SELECT n FROM kept") == 1


def test_a_record_that_makes_no_sense_is_refused_by_name(home, start_cluster):
    start_cluster(home)
    cluster.stop(home)
    good = (home / "cluster.json").read_text()
    (home / "cluster.json").write_text('{"format": 99}')
    with pytest.raises(ClusterFailure, match=r"cluster\.json"):
        start_cluster(home)
    (home / "cluster.json").write_text(good)


def test_data_that_vanished_is_not_replaced_by_an_empty_database(home, start_cluster):
    info = start_cluster(home)
    cluster.stop(home)
    info.data.rename(info.data.with_name("elsewhere"))
    with pytest.raises(ClusterFailure, match="但那里没有数据库"):
        start_cluster(home)
    info.data.with_name("elsewhere").rename(info.data)
    assert start_cluster(home).state == "running"


def test_home_that_is_a_file(scratch, start_cluster):
    (scratch / "home").write_text("")
    with pytest.raises(ClusterFailure, match="WANGGE_HOME"):
        start_cluster(scratch / "home")


def test_a_taken_port_is_left_to_whoever_has_it(home, start_cluster):
    first = start_cluster(home)
    cluster.stop(home)
    said = []
    with socket.create_server(("127.0.0.1", first.port)):
        second = start_cluster(home, say=said.append)
        assert second.port != first.port
        assert any(str(first.port) in text.en and "taken" in text.en for text in said)
        assert query(second, "SELECT inet_server_port()") == second.port
    cluster.stop(home)
    assert start_cluster(home).port == second.port


def test_what_an_up_started_can_be_kept_by_a_person(home, start_cluster):
    assert start_cluster(home, started_by="up").started_by == "up"
    assert start_cluster(home, started_by="up").started_by == "up"
    assert start_cluster(home).started_by == "user"
    assert start_cluster(home, started_by="up").started_by == "user"

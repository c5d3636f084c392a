"""``wangge db`` from outside: exit codes, one JSON document, and what is said to people."""

import json
import os
import sys

import psycopg
import pytest

from app.cli import main


@pytest.fixture
def run(monkeypatch, capfd):
    """A command line, run here for the seconds that a new process takes: (exit code, output, errors)."""
    for name in [n for n in os.environ if n.startswith("WANGGE_")]:
        monkeypatch.delenv(name)

    def run(*arguments, **env):
        for name, value in env.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.setattr(sys, "argv", ["wangge", "db", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfd.readouterr()
        return int(end.value.code or 0), out, err

    return run


@pytest.fixture
def document(run):
    """The same with --json: its document."""

    def document(*arguments, expect=0, **env):
        code, out, err = run(*arguments, "--json", **env)
        assert code == expect, out + err
        return json.loads(out)

    return document


def test_a_day_of_a_private_database(home, start_cluster, run, document):
    where = {"WANGGE_HOME": home}
    assert document("status", expect=4, **where)["state"] == "absent"
    assert document("url", expect=4, **where)["error"]["code"] == "database-unreachable"

    started = document("start", **where)
    assert (started["state"], started["started_now"]) == ("running", True)
    assert document("migrate", **where)["changed"] is True
    state = document("status", **where)
    assert state["revision"] == state["newest_revision"]
    assert state["postgis"].startswith("3.")
    url = document("url", **where)["url"]
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM component_class").fetchone() == (78,)

    code, out, err = run("url", **where)
    assert (code, out.strip()) == (0, url)
    assert err == ""
    assert document("stop", **where)["stopped_now"] is True
    code, out, err = run("status", **where)
    assert code == 4
    assert "stopped" in out
    code, out, err = run("migrate", **where, WANGGE_LANG="en")
    assert code == 4
    assert "wangge db start" in err
    assert "Traceback" not in err


def test_an_external_database(database, tmp_path, document):
    where = {"WANGGE_HOME": tmp_path / "home", "WANGGE_DATABASE_URL": database.libpq}
    for command in ("start", "stop"):
        assert document(command, **where)["external"] is True
    assert document("status", **where)["external"] is True
    assert document("url", **where)["url"].startswith("postgresql://wangge_owner:")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", ["status", "url", "migrate"])
def test_an_external_database_that_is_not_there(command, tmp_path, run):
    where = {"WANGGE_HOME": tmp_path, "WANGGE_DATABASE_URL": "postgresql://me:secret@127.0.0.1:9/none"}
    code, out, err = run(command, **where)
    assert code == 4
    assert "Traceback" not in err
    assert "secret" not in out + err

"""A backup restored into an empty cluster is the same database: rows, rules, rights and what no dump carries."""

import json
import os
import re
import stat
import subprocess
import sys

import psycopg
import pytest
from psycopg import sql

from app.bootstrap import prepare
from app.db import backup, cluster
from app.db.cluster.swap import RESTORED, finish_swap
from app.db.errors import BackupRefused
from app.db.urls import database_urls, libpq_url
from app.settings import load_settings
from tests.fixtures import run_folder
from tests.fixtures.clusters import ROOT, SMALL, new_scratch, query

# Four squares beside each other in the West Coast New Area, in one community of one street.
GRIDS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {
                "code": f"37021100100100{number}",
                "name": f"网格{number}",
                "community": "370211001001",
                "street": "370211001",
            },
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[x, 35.9], [x + 0.01, 35.9], [x + 0.01, 35.91], [x, 35.91], [x, 35.9]],
                ],
            },
        }
        for number, x in ((n, 120.0 + n / 100) for n in range(1, 5))
    ],
}


def wangge(home, *arguments, expect=0):
    """Run the command line as a person does; its JSON document."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("WANGGE_")} | {"WANGGE_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, arguments), "--json"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def filled_once(request):
    """A stopped home whose database holds an edition, incidents with owners, and classes; made once."""
    scratch = new_scratch(request.config)
    home = scratch / "home"
    info = cluster.start(home, extra=SMALL, durable=False)
    prepare(info.owner_url)
    boundaries, reports = scratch / "grids.geojson", scratch / "incidents.csv"
    boundaries.write_text(json.dumps(GRIDS, ensure_ascii=False))
    columns = ["--code", "code", "--name", "name", "--community", "community", "--street", "street"]
    wangge(home, "grids", "import", boundaries, *columns, "--district", "370211", "--publish")
    event = query(info, "SELECT code FROM incident_class ORDER BY code LIMIT 1")
    rows = [
        f"{n},{120.012 + n / 2500:.6f},35.905,{event},2026-11-0{n % 9 + 1}T08:00:00+08:00" for n in range(60)
    ]
    reports.write_text("number,lon,lat,class,at\n" + "\n".join(rows) + "\n")
    options = [
        "--lon",
        "lon",
        "--lat",
        "lat",
        "--class-column",
        "class",
        "--time-column",
        "at",
        "--id-column",
        "number",
    ]
    wangge(home, "incidents", "import", reports, *options)
    cluster.stop(home)
    yield home
    run_folder.remove(scratch)


@pytest.fixture
def filled(filled_once, home, start_cluster):
    """A running copy of it, the test's own."""
    subprocess.run(["cp", "-a", filled_once, home], check=True)
    return start_cluster(home)


def restore(home, file, *, replace=False):
    """Restore as the command does, without the seconds a new process takes."""
    urls = database_urls(load_settings(home=home))
    return backup.restore(urls, file, replace=replace, prepare=prepare, say=lambda _: None)


def contents(url):
    """Every table's rows as one hash each, and everything beside rows that a database is made of."""
    with psycopg.connect(url) as connection:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname = 'public' AND c.relkind = 'r' AND NOT EXISTS "
                "(SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"
            )
        ]
        found = {}
        for name in tables:
            hashing = sql.SQL("SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {} t")
            found[name] = connection.execute(hashing.format(sql.Identifier(name))).fetchone()
        catalogue = {
            "functions": "SELECT p.oid::regprocedure::text, proleakproof, prosecdef, proconfig FROM pg_proc p "
            "JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public' ORDER BY 1",
            "policies": "SELECT tablename, policyname, cmd, roles::text, qual, with_check FROM pg_policies ORDER BY 1, 2",
            "row security": "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class "
            "WHERE relrowsecurity ORDER BY 1",
            "triggers": "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger "
            "WHERE NOT tgisinternal ORDER BY 1, 2",
            "rights": "SELECT table_name, grantee, privilege_type FROM information_schema.table_privileges "
            "WHERE table_schema = 'public' ORDER BY 1, 2, 3",
            "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
        }
        return found | {
            name: connection.execute(statement).fetchall() for name, statement in catalogue.items()
        }


def test_into_an_empty_cluster(filled, home, scratch, start_cluster):
    before = contents(filled.libpq_url())
    assert before["incident"][0] == 60
    assert before["edition"][0] == 1
    assert any(row[1] for row in before["functions"]), (
        "no function is leakproof: this test would miss their loss"
    )
    file = scratch / "out" / "wangge.dump"
    file.parent.mkdir()
    made = wangge(home, "db", "backup", file)
    assert made == {"file": str(file), "size_bytes": file.stat().st_size}
    assert file.read_bytes()[:5] == b"PGDMP"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in file.parent.iterdir()] == ["wangge.dump"]

    other = start_cluster(scratch / "other")
    wangge(scratch / "other", "db", "restore", file)
    after = contents(other.libpq_url())
    for name, rows in before.items():
        assert after[name] == rows, name
    assert wangge(scratch / "other", "verify")["holds"] is True
    # What comes next gets numbers of its own, and an owner.
    assert (
        query(other, "SELECT grid_owner(ST_SetSRID(ST_MakePoint(120.015, 35.905), 4326))")
        == "370211001001001"
    )


def test_restore_over_data_needs_force_and_then_replaces_all(filled, home, scratch):
    file = scratch / "wangge.dump"
    urls = database_urls(load_settings(home=home))
    backup.backup(urls, file)
    before = contents(filled.libpq_url())
    query(filled, "INSERT INTO department (code, name) VALUES ('later', '后来')")
    refused = wangge(home, "db", "restore", file, expect=3)
    assert "--force" in refused["error"]["message"]
    assert "incident 60" in refused["error"]["message"]
    assert query(filled, "SELECT count(*) FROM department WHERE code = 'later'") == 1

    # Somebody is connected all the while, as the running service is.
    with psycopg.connect(filled.libpq_url()) as onlooker:
        onlooker.execute("SELECT 1")
        restore(home, file, replace=True)
        with pytest.raises(psycopg.OperationalError):
            onlooker.execute("SELECT 1")
        onlooker.close()
    assert contents(filled.libpq_url()) == before
    with psycopg.connect(libpq_url(filled.owner_url)) as connection:
        names = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
    assert names == {"postgres", "template0", "template1", "wangge"}


def test_a_broken_file_changes_nothing(filled, home, scratch):
    file = scratch / "wangge.dump"
    urls = database_urls(load_settings(home=home))
    backup.backup(urls, file)
    before = contents(filled.libpq_url())
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) * 3 // 4 :] = os.urandom(len(whole) - len(whole) * 3 // 4)
    for content in (
        whole[: len(whole) // 2],
        whole[:5],
        bytes(damaged),
        b"",
        b"SELECT 1;",
        b"PGDMPnot really",
    ):
        file.write_bytes(content)
        with pytest.raises(BackupRefused):
            restore(home, file, replace=True)
    assert contents(filled.libpq_url()) == before


def test_a_backup_of_something_else_is_refused(filled, home, scratch):
    query(filled, "CREATE TABLE alien (n int)")
    file = scratch / "alien.dump"
    urls = database_urls(load_settings(home=home))
    from app.db.clients import run_client

    assert (
        run_client(urls.owner, "pg_dump", "--format=custom", "--table=alien", f"--file={file}").returncode
        == 0
    )
    with pytest.raises(BackupRefused, match="alembic_version"):
        backup.check_file(file)


def test_a_backup_of_a_newer_version_is_refused(filled, home, scratch):
    file = scratch / "newer.dump"
    urls = database_urls(load_settings(home=home))
    known = query(filled, "SELECT version_num FROM alembic_version")
    query(filled, "UPDATE alembic_version SET version_num = 'from_the_future'")
    backup.backup(urls, file)
    query(filled, f"UPDATE alembic_version SET version_num = '{known}'")
    before = contents(filled.libpq_url())
    with pytest.raises(BackupRefused, match="from_the_future"):
        restore(home, file, replace=True)
    assert contents(filled.libpq_url()) == before


def test_an_interrupted_swap_is_finished_by_the_next_start(home, start_cluster):
    info = start_cluster(home)
    query(info, "CREATE TABLE which AS SELECT 'live' AS name")
    with psycopg.connect(
        libpq_url(info.owner_url).replace("/wangge?", "/postgres?"), autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {RESTORED} TEMPLATE wangge")
        connection.execute("CREATE DATABASE wangge_replaced TEMPLATE template0")
        # As far as: the live one closed to new connections, its place not taken yet.
        connection.execute("ALTER DATABASE wangge WITH ALLOW_CONNECTIONS false")
    cluster.stop(home)
    again = start_cluster(home)
    assert query(again, "SELECT name FROM which") == "live"
    with psycopg.connect(
        libpq_url(again.owner_url).replace("/wangge?", "/postgres?"), autocommit=True
    ) as connection:
        assert finish_swap(connection) is False
        # As far as: the live name free, the restored database waiting.
        connection.execute(f"ALTER DATABASE wangge RENAME TO {RESTORED}")
    cluster.stop(home)
    assert query(start_cluster(home), "SELECT name FROM which") == "live"


def test_backup_names_what_is_wrong_with_its_target(filled, home, scratch):
    for target in (scratch, scratch / "no" / "such" / "folder.dump"):
        with pytest.raises(BackupRefused, match=re.escape(str(target))):
            backup.backup(database_urls(load_settings(home=home)), target)


def test_an_earlier_backup_outlives_a_failed_one(filled, home, scratch):
    file = scratch / "wangge.dump"
    file.write_bytes(b"the earlier one")
    cluster.stop(home)
    wangge(home, "db", "backup", file, expect=4)
    assert file.read_bytes() == b"the earlier one"


def test_external_server(filled, home, scratch, database_server):
    """Another server, where databases cannot be swapped: in one transaction, into an empty database."""
    from tests.fixtures import throwaway

    file = scratch / "wangge.dump"
    backup.backup(database_urls(load_settings(home=home)), file)
    target = throwaway.empty(database_server, "wangge_external_restore")
    try:
        urls = database_urls(load_settings(home=scratch / "none", database_url=target.owner_url))
        done = backup.restore(urls, file, replace=False, prepare=prepare, say=lambda _: None)
        assert done.revision is not None
        assert contents(target.libpq)["incident"] == contents(filled.libpq_url())["incident"]
        with pytest.raises(BackupRefused, match="--force"):
            backup.restore(urls, file, replace=False, prepare=prepare, say=lambda _: None)
        backup.restore(urls, file, replace=True, prepare=prepare, say=lambda _: None)
        assert contents(target.libpq) == contents(filled.libpq_url())
    finally:
        throwaway.drop(database_server, "wangge_external_restore")

"""Backup to one file and back: pg_dump's custom format, whole or not at all in both directions."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg import sql
from sqlalchemy import make_url

from app.db import locks, migrate
from app.db.clients import program_for, run_client
from app.db.cluster import diagnose
from app.db.cluster.roles import ensure_reader
from app.db.cluster.swap import RESTORED, RESTORING, finish_swap, statement
from app.db.errors import BackupRefused
from app.db.urls import DatabaseUrls, libpq_url
from gis.text import Text

MAGIC = b"PGDMP"
LEAKPROOF = Path(__file__).parent / "functions" / "leakproof.sql"
# What people and imports made; the rest of a migrated database is the catalogue, which every backup brings anyway.
CONTENT = ("edition", "unit_version", "draft", "component", "incident", "officer", "account", "import_job")

Say = Callable[[Text], None]
Prepare = Callable[[str], None]


@dataclass(frozen=True)
class BackupInfo:
    """A backup file; after a restore also the schema revision the database now has."""

    file: Path
    size_bytes: int
    revision: str | None = None


def backup(urls: DatabaseUrls, file: Path) -> BackupInfo:
    """Dump the database into ``file``; an earlier file of that name stays until the new one is whole."""
    if file.is_dir() or not file.parent.is_dir():
        raise BackupRefused(
            f"不能写入 {file}：应给出一个文件名，它所在的文件夹必须已存在。",
            f"Cannot write {file}: name a file in a folder that exists.",
            code="backup-unwritable",
        )
    beside = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        beside.touch(mode=0o600)  # it holds password hashes and people's reports
        done = run_client(urls.owner, "pg_dump", "--format=custom", f"--file={beside}")
        if done.returncode != 0:
            raise _failed(Text("备份失败", "The backup failed"), done.stderr)
        with beside.open("rb+") as handle:
            os.fsync(handle.fileno())
        size = beside.stat().st_size
        beside.replace(file)
    except OSError as error:
        raise BackupRefused(
            f"不能写入 {file}：{error.strerror}",
            f"Cannot write {file}: {error.strerror}",
            code="backup-unwritable",
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return BackupInfo(file, size)


def check_file(file: Path) -> BackupInfo:
    """Refuse what is no backup of wangge, before anything is touched."""
    try:
        with file.open("rb") as handle:
            start = handle.read(len(MAGIC))
        size = file.stat().st_size
    except OSError as error:
        raise BackupRefused(
            f"不能读取 {file}：{error.strerror}",
            f"Cannot read {file}: {error.strerror}",
            code="backup-unreadable",
        ) from error
    if start != MAGIC:
        raise BackupRefused(
            f"{file} 不是备份文件：应是 wangge db backup 写出的 pg_dump 自定义格式，以 PGDMP 开头；实际开头是 {start!r}。",
            f"{file} is no backup: it should be pg_dump's custom format as `wangge db backup` writes it, beginning "
            f"with PGDMP; it begins with {start!r}.",
            code="not-a-backup",
        )
    command = [program_for("pg_restore", None), "--list", str(file)]
    listing = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    if listing.returncode != 0 or not re.search(r"TABLE DATA \S+ alembic_version ", listing.stdout):
        reason = listing.stderr.strip() or "no table alembic_version"
        raise BackupRefused(
            f"{file} 不是完整的 wangge 备份：{reason}",
            f"{file} is no whole backup of wangge: {reason}",
            code="backup-incomplete",
        )
    return BackupInfo(file, size)


def restore(urls: DatabaseUrls, file: Path, *, replace: bool, prepare: Prepare, say: Say) -> BackupInfo:
    """Put the content of ``file`` into the database, then let ``prepare`` (given the owner's URL) bring it up to date.

    A database that holds anything is refused unless ``replace``. In the private cluster the file is restored beside
    the live database and takes its place only when it is whole; on an external server, where making databases may
    be forbidden, it happens in one transaction.
    """
    found = check_file(file)
    content = _content(urls.owner)
    if content and not replace:
        listed = ", ".join(content)
        raise BackupRefused(
            f"数据库不是空的（{listed}）。恢复会替换其中全部数据；确定要这样做请加 --force。",
            f"The database is not empty ({listed}). Restoring replaces all of it; if you mean that, add --force.",
            code="database-not-empty",
        )
    say(Text(f"正在恢复 {file}…", f"Restoring {file}…"))
    put = _in_place if urls.external else _beside
    return BackupInfo(found.file, found.size_bytes, put(urls, file, prepare))


def _beside(urls: DatabaseUrls, file: Path, prepare: Prepare) -> str:
    live = make_url(urls.owner)
    fresh = live.set(database=RESTORING).render_as_string(hide_password=False)
    admin = live.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(libpq_url(admin), autocommit=True) as connection:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", (locks.RESTORING.number,)).fetchone() != (
            True,
        ):
            raise BackupRefused(
                "另一个恢复正在进行。", "Another restore is under way.", code="backup-under-way"
            )
        for name in (RESTORING, RESTORED):
            connection.execute(statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
        connection.execute(statement("CREATE DATABASE {} TEMPLATE template0", RESTORING))
        try:
            jobs = str(min(4, len(os.sched_getaffinity(0))))
            _pg_restore(fresh, "--jobs", jobs, str(file))
            revision = _bring_up_to_date(fresh, file, prepare)
        except BaseException:
            connection.execute(statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", RESTORING))
            raise
        connection.execute(statement("ALTER DATABASE {} RENAME TO {}", RESTORING, RESTORED))
        finish_swap(connection)
    return revision


def _in_place(urls: DatabaseUrls, file: Path, prepare: Prepare) -> str:
    # Who may not make the role is told by pg_restore which one is missing.
    refused = suppress(psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(libpq_url(urls.owner), autocommit=True) as connection, refused:
        ensure_reader(connection)
    # Objects go to whoever restores: the owner's name on another server need not exist here.
    _pg_restore(urls.owner, "--single-transaction", "--no-owner", "--clean", "--if-exists", str(file))
    return _bring_up_to_date(urls.owner, file, prepare)


def _pg_restore(url: str, *arguments: str) -> None:
    done = run_client(url, "pg_restore", "--exit-on-error", *arguments)
    if done.returncode != 0:
        raise _failed(Text("恢复失败", "The restore failed"), done.stderr)


def _bring_up_to_date(url: str, file: Path, prepare: Prepare) -> str:
    with psycopg.connect(libpq_url(url)) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    revision = row[0] if row else ""
    try:
        known = ScriptDirectory(str(migrate.MIGRATIONS)).get_revision(revision)
    except CommandError:
        known = None
    if known is None:
        raise BackupRefused(
            f"{file} 的结构版本 {revision} 本程序不认识：它来自更新的版本，请先升级 wangge。",
            f"{file} has schema revision {revision}, unknown to this program: it comes from a newer version; "
            f"upgrade wangge first.",
            code="backup-newer",
        )
    prepare(url)
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute(LEAKPROOF.read_bytes())
        # A dump carries no statistics; without them the first queries are planned blindly.
        connection.execute("ANALYZE")
    return migrate.head()


def _content(url: str) -> list[str]:
    """Which tables of content hold anything, with their row counts up to a thousand."""
    found = []
    with psycopg.connect(libpq_url(url), connect_timeout=10) as connection:
        for table in CONTENT:
            if connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() == (None,):
                continue
            counting = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1000) AS counted")
            row = connection.execute(counting.format(sql.Identifier(table))).fetchone()
            if row and row[0]:
                found.append(f"{table} {row[0]}{'+' if row[0] == 1000 else ''}")
    return found


def _failed(what: Text, stderr: str) -> BackupRefused:
    if diagnose.NO_ROOM.search(stderr):
        return BackupRefused(
            f"{what.zh}：磁盘空间不足，没有留下任何改动。",
            f"{what.en}: no space left on the disk; nothing was changed.",
            code="backup-no-space",
        )
    said = "\n".join(stderr.strip().splitlines()[-6:])
    return BackupRefused(
        f"{what.zh}，没有留下任何改动：{said}",
        f"{what.en}, nothing was changed: {said}",
        code="backup-failed",
    )

"""Create, start, stop and report the private cluster of one WANGGE_HOME."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from app.db.cluster import binaries as programs
from app.db.cluster import create, diagnose, places, ports, process, record, roles, tuning
from app.db.cluster.account import Account, server_account
from app.db.cluster.archiving import archive_settings
from app.db.cluster.lock import exclusive
from app.db.cluster.places import Places
from app.db.cluster.record import DATABASE, OWNER, SERVICE, Record
from app.db.cluster.swap_data import finish_data_swap
from app.db.errors import ClusterFailure
from gis.text import Text

Say = Callable[[Text], None]
State = Literal["absent", "stopped", "running"]
LOG_KEPT = 10 * 1024 * 1024
# Recovery after a crash in the middle of a bulk load may replay gigabytes.
START_WAIT_S = 600
ATTEMPTS = 6


@dataclass(frozen=True)
class ClusterInfo:
    """What is known of the private cluster; ports, pid and URLs only where they apply."""

    state: State
    home: Path
    data: Path | None = None
    log: Path | None = None
    major: int | None = None
    pid: int | None = None
    port: int | None = None
    socket_folder: Path | None = None
    account: str | None = None
    owner_url: str | None = field(default=None, repr=False)  # they hold passwords
    service_url: str | None = field(default=None, repr=False)
    started_now: bool = False
    started_by: str = ""

    def libpq_url(self, role: str = OWNER) -> str | None:
        """A URL over TCP that every libpq program takes (psql, QGIS, ogr2ogr), password included."""
        secret = record.passwords(self.home).get(role)
        if self.state == "absent" or self.port is None or secret is None:
            return None
        return f"postgresql://{role}:{secret}@127.0.0.1:{self.port}/{DATABASE}"


def _quiet(_: Text) -> None:
    pass


def status(home: Path) -> ClusterInfo:
    """What is there, changing nothing."""
    try:
        known = record.load(home)
        if known is None:
            return ClusterInfo("absent", home)
        where = places.of_record(home, known)
        if not (where.data / "PG_VERSION").exists():
            return ClusterInfo("absent", home, data=where.data)
        return _info(home, known, where, process.running(where.data))
    except PermissionError as error:
        raise record.not_ours(Path(error.filename or home)) from error


def start(
    home: Path,
    *,
    say: Say = _quiet,
    extra: Mapping[str, str] | None = None,
    durable: bool = True,
    started_by: str = "user",
) -> ClusterInfo:
    """Create the cluster if there is none, start it if it is stopped, make sure of roles and database.

    ``extra`` are server settings over the tuned ones, for this start. ``durable=False`` skips flushing a new cluster
    to disk (tests). ``started_by`` is remembered, so that ``wangge up`` stops what an ``up`` started and nothing else.
    """
    with _failures_in_words(home):
        places.prepare_home(home)
        with exclusive(home / "cluster.lock"):
            known, where, account = _ensure_exists(home, say, durable=durable)
            live = process.settled(where.data, wait_s=START_WAIT_S)
            if live is not None and live.ready:
                if started_by == "user" and known.started_by != "user":
                    known = known.having(started_by="user")
                    record.save(home, known)
                _ensure_roles(home, known, where, live)
                return _info(home, known, where, live)
            secrets, owner_is_new = record.ensure_passwords(home)
            pg = programs.find(_major(where))
            if owner_is_new and live is None:
                process.clear_orphans(where.data)
                create.reset_owner_password(pg, account, where.data, secrets[OWNER])
            # Remembered before it runs: whoever is interrupted here must know whose it is.
            known = known.having(started_by=started_by)
            known = _start(home, known, where, account, pg, say, extra or {})
            live = process.running(where.data)
            if live is None:
                raise diagnose.explain(
                    "启动数据库", "Starting the database", diagnose.tail(where.log, 0), where.folder
                )
            _ensure_roles(home, known, where, live)
            return _info(home, known, where, live, started_now=True)


def stop(home: Path, *, say: Say = _quiet, immediate: bool = False) -> bool:
    """Stop the server; gives whether one was running. Connections are ended, what was committed is kept."""
    with _failures_in_words(home):
        if record.load(home) is None:
            return False
        with exclusive(home / "cluster.lock"):
            known = record.load(home)
            if known is None:
                return False
            where = places.of_record(home, known)
            live = process.running(where.data)
            if live is None:
                # A killed server's backends may still be there; a stopped cluster has none.
                process.clear_orphans(where.data)
                return False
            say(Text("正在停止数据库…", "Stopping the database…"))
            gone = process.halt(live, where.data, immediate=immediate)
            if not gone and not process.halt(live, where.data, immediate=True, wait_s=30):
                said = diagnose.tail(where.log, 0)
                raise diagnose.explain("停止数据库", "Stopping the database", said, where.folder)
            return True


def destroy(home: Path) -> None:
    """Stop the server and remove its data and records; for throwaway clusters."""
    stop(home, immediate=True)
    known = record.load(home)
    if known is not None:
        where = places.of_record(home, known)
        if known.socket_folder:
            shutil.rmtree(known.socket_folder, ignore_errors=True)
        shutil.rmtree(where.folder, ignore_errors=True)
    for name in ("cluster.json", "pgpass", "cluster.lock"):
        (home / name).unlink(missing_ok=True)


def _ensure_exists(home: Path, say: Say, *, durable: bool) -> tuple[Record, Places, Account]:
    known = record.load(home)
    if known is None and (home / "cluster" / "data" / "PG_VERSION").exists():
        # The record was lost (or never written: the process died between the rename and it); the data is whole.
        known = Record("cluster", 0, os.urandom(8).hex())
    if known is not None:
        where = places.of_record(home, known)
        # A restore to an instant that was killed between its last two renames.
        finish_data_swap(where)
        if (where.data / "PG_VERSION").exists():
            places.check_claim(home, where, known.identifier)
            return known, where, server_account(where.data)
        if where.folder.exists() or not where.folder.is_relative_to(home.absolute()):
            raise ClusterFailure(
                f"{record.path_of(home)} 说数据在 {where.data}，但那里没有数据库。请放回数据；"
                f"若要从空库开始，请删除 {record.path_of(home)} 和 {where.folder}。",
                f"{record.path_of(home)} says the data is in {where.data}, but there is no database there. Put the "
                f"data back; to begin with an empty database delete {record.path_of(home)} and {where.folder}.",
                code="data-missing",
            )
    pg = programs.find()
    account = server_account()
    folder, why = places.choose_folder(home, account)
    if why is not None:
        say(why)
        for old in places.leftovers(home):
            say(
                Text(
                    f"注意：{old} 是这个文件夹以前的数据库，不再使用；不需要时可以删除。",
                    f"Note: {old} is an earlier database of this folder, no longer used; delete it if not needed.",
                )
            )
    known = Record(folder, 0, os.urandom(8).hex())
    where = places.of_record(home, known)
    say(
        Text(
            f"正在建立私有数据库（PostgreSQL {pg.major}）…",
            f"Creating the private database (PostgreSQL {pg.major})…",
        )
    )
    secrets, _ = record.ensure_passwords(home)
    create.create(pg, account, where, secrets[OWNER], durable=durable)
    places.write_claim(home, where)
    record.save(home, known)
    return known, where, account


def _start(
    home: Path,
    known: Record,
    where: Places,
    account: Account,
    pg: programs.Binaries,
    say: Say,
    extra: Mapping[str, str],
) -> Record:
    say(Text("正在启动数据库…", "Starting the database…"))
    diagnose.check_room(where.folder, diagnose.NEEDED_TO_START)
    _roll_log(where.log)
    avoid: frozenset[int] = frozenset()
    said = ""
    for _ in range(ATTEMPTS):
        sockets = places.socket_folder(where, account)
        if process.running(where.data) is None:
            process.clear_orphans(where.data)
            # Without a server and without orphans the numbers in these are a stranger's or a dead one's. PostgreSQL
            # itself would believe them where a process has that number, or where nobody buries the dead (containers).
            for stale in (where.data / "postmaster.pid", *sockets.glob(".s.PGSQL.*")):
                stale.unlink(missing_ok=True)
        port = ports.choose(known.port or None, avoid=avoid)
        if known.port and port != known.port:
            say(
                Text(
                    f"端口 {known.port} 已被占用，改用 {port}。", f"Port {known.port} is taken; using {port}."
                )
            )
        known = known.having(port=port, socket_folder=None if sockets == where.run else str(sockets))
        record.save(home, known)
        _write_conf(where, account, port, sockets, extra)
        log_start = where.log.stat().st_size if where.log.exists() else 0
        trouble = process.launch(pg, account, where.data, where.log, wait_s=START_WAIT_S)
        if trouble is None:
            return known
        said = f"{trouble}\n{diagnose.tail(where.log, log_start)}"
        if diagnose.PORT_TAKEN.search(said) and not ports.is_free(port):
            avoid |= {port}  # taken in the moment between looking and binding
        elif not diagnose.SHARED_MEMORY.search(said):
            break
    raise diagnose.explain("启动数据库", "Starting the database", said, where.folder)


def _write_conf(where: Places, account: Account, port: int, sockets: Path, extra: Mapping[str, str]) -> None:
    settings = tuning.server_settings(tuning.this_machine(where.data)) | {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        # A list of folders: double quotes keep a comma or a space in the name part of it.
        "unix_socket_directories": '"' + str(sockets).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "cluster_name": "wangge",
        **archive_settings(where),
    }
    conf = where.data / "wangge.conf"
    record.write_atomically(conf, tuning.as_conf(settings | dict(extra)), mode=0o600)
    account.own(conf)


def _roll_log(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_KEPT:
        log.replace(log.with_name("server.log.1"))


def _major(where: Places) -> int:
    return int((where.data / "PG_VERSION").read_text().split(".")[0])


def _sockets(known: Record, where: Places, live: process.Postmaster | None) -> Path:
    if known.socket_folder:
        return Path(known.socket_folder)
    # Beside the data, wherever that is now: a folder moved under a running server takes its socket along.
    if live is not None and live.socket_folder and not places.fits(where.run):
        return Path(live.socket_folder)
    return where.run


def _ensure_roles(home: Path, known: Record, where: Places, live: process.Postmaster) -> None:
    secrets, _ = record.ensure_passwords(home)
    roles.ensure_roles(str(_sockets(known, where, live)), live.port or known.port, secrets)


def _info(
    home: Path, known: Record, where: Places, live: process.Postmaster | None, *, started_now: bool = False
) -> ClusterInfo:
    port = (live.port if live else None) or known.port or None
    sockets = _sockets(known, where, live)
    secrets = record.passwords(home)

    def url(role: str) -> str | None:
        if role not in secrets or port is None:
            return None
        # The socket: quicker than TCP, and its folder can only be ours, whoever listens on the port meanwhile.
        return f"postgresql+psycopg://{role}:{secrets[role]}@/{DATABASE}?host={quote(str(sockets), safe='')}&port={port}"

    return ClusterInfo(
        state="running" if live is not None else "stopped",
        home=home,
        data=where.data,
        log=where.log,
        major=_major(where),
        pid=live.pid if live else None,
        port=port,
        socket_folder=sockets,
        account=server_account(where.data).name,
        owner_url=url(OWNER),
        service_url=url(SERVICE),
        started_now=started_now,
        started_by=known.started_by,
    )


@contextmanager
def _failures_in_words(home: Path) -> Iterator[None]:
    """Turn what the system refuses (room, permission, read-only disk) into our errors."""
    try:
        yield
    except PermissionError as error:
        raise record.not_ours(Path(error.filename or home)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise diagnose.disk_full(home) from error
        if error.errno == errno.EROFS:
            raise ClusterFailure(
                f"{home} 所在的文件系统是只读的。请换一个 WANGGE_HOME。",
                f"The file system of {home} is read-only. Choose another WANGGE_HOME.",
                code="home-unusable",
            ) from error
        raise

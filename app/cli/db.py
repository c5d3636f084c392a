"""``wangge db``: the database, private or external."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer

from app.cli.context import Context, make_context
from app.cli.errors import WrongUsage
from app.cli.output import Exit, JsonOption
from app.db import cluster
from app.db.engine import make_engine
from app.db.session import EVERYTHING, read_session
from app.db.urls import DatabaseUrls, database_urls, libpq_url
from gis.text import Text

if TYPE_CHECKING:
    from app.db.recovery.store import Store

app = typer.Typer(add_completion=False, no_args_is_help=True, help="数据库 / the database")

Force = Annotated[bool, typer.Option("--force", help="替换已有的全部数据 / replace all data that is there.")]


@app.command()
def start(as_json: JsonOption = False) -> None:
    """启动私有数据库，没有就先建立 / start the private database, creating it first if need be."""
    context = make_context(as_json=as_json)
    if _is_external(context):
        return
    info = cluster.ensure(context.settings, say=_teller(context))
    context.out.document(_described(info))
    if info.started_now:
        context.out.note(f"数据库已启动，端口 {info.port}。", f"The database is up on port {info.port}.")
    else:
        context.out.note(
            f"数据库已在运行，端口 {info.port}。", f"The database was running, on port {info.port}."
        )


@app.command()
def stop(as_json: JsonOption = False) -> None:
    """停止私有数据库 / stop the private database; what was committed is kept."""
    context = make_context(as_json=as_json)
    if _is_external(context):
        return
    stopped = cluster.stop(context.settings.home, say=_teller(context))
    context.out.document({"external": False, "state": "stopped", "stopped_now": stopped})
    if stopped:
        context.out.note("数据库已停止。", "The database is stopped.")
    else:
        context.out.note("数据库没有在运行。", "The database was not running.")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """数据库的状态；连不上时退出码 4 / the state of the database; exit code 4 when it cannot be reached."""
    context = make_context(as_json=as_json)
    document: dict[str, object] = {"external": True, "state": "running"}
    if context.settings.database_url is None:
        document = _described(cluster.status(context.settings.home))
    if document["state"] == "running":
        document |= _seen_inside(database_urls(context.settings))
    context.out.document(document)
    for name, value in document.items():
        context.out.line(f"{name}: {'-' if value is None else value}")
    if document["state"] != "running":
        raise typer.Exit(int(Exit.DATABASE))


@app.command()
def url(as_json: JsonOption = False) -> None:
    """libpq 连接地址（含密码），供 psql、QGIS、ogr2ogr / a libpq URL, password included."""
    context = make_context(as_json=as_json)
    urls = database_urls(context.settings)
    if urls.external:
        address = libpq_url(urls.owner)
    else:
        # Over TCP, which every program takes; one on the socket would tie people to this machine's paths.
        address = cluster.status(context.settings.home).libpq_url() or ""
    with psycopg.connect(address, connect_timeout=10):
        pass
    context.out.document({"url": address, "external": urls.external})
    context.out.line(address)


@app.command()
def migrate(as_json: JsonOption = False) -> None:
    """把结构和目录升到最新 / bring the schema and the catalogues up to date."""
    from app.bootstrap import prepare
    from app.db import migrate as migrations

    context = make_context(as_json=as_json)
    engine = context.engine()
    try:
        before = migrations.current(engine)
        prepare(database_urls(context.settings).owner)
        after = migrations.current(engine)
    finally:
        engine.dispose()
    context.out.document({"from": before, "to": after, "changed": before != after})
    if before == after:
        context.out.note(f"结构已是最新（{after}）。", f"The schema was up to date ({after}).")
    else:
        context.out.note(
            f"结构已从 {before or '空'} 升到 {after}。",
            f"The schema went from {before or 'none'} to {after}.",
        )


@app.command()
def backup(
    file: Annotated[Path | None, typer.Argument(help="写到哪个文件 / the file to write")] = None,
    nightly: Annotated[
        bool,
        typer.Option(
            "--nightly",
            help="每晚的备份：基础备份、导出、日志归档、清理旧的 / base backup, dump, archived log, old ones deleted.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """备份到一个文件（pg_dump 自定义格式）/ back up to one file (pg_dump's custom format)."""
    from app.db import backup as backups

    context = make_context(as_json=as_json)
    if nightly == (file is not None):
        raise WrongUsage(
            "请给出一个文件名，或用 --nightly（两者取一）。",
            "Name a file, or use --nightly; one of the two.",
        )
    if file is None:
        _backup_nightly(context)
        return
    made = backups.backup(database_urls(context.settings), file.expanduser().absolute())
    context.out.document({"file": str(made.file), "size_bytes": made.size_bytes})
    size = f"{made.size_bytes / 1e6:.1f} MB"
    context.out.note(f"已备份到 {made.file}（{size}）。", f"Backed up to {made.file} ({size}).")


def _backup_nightly(context: Context) -> None:
    from app.db.recovery.nightly import run_nightly

    store = _store(context)
    urls = database_urls(context.settings)
    done = run_nightly(
        context.settings.home, store, urls, keep=context.settings.backup_keep, say=_teller(context)
    )
    context.out.document(asdict(done))
    size = f"{(done.base_bytes + done.dump_bytes) / 1e6:.1f} MB"
    context.out.note(
        f"已备份 {done.base}（{size}，{store.folder}）；保留 {done.segments_kept} 段日志，删除 {done.removed} 个旧备份。",
        f"Backed up {done.base} ({size}, {store.folder}); {done.segments_kept} log segments kept, {done.removed} old "
        f"backups deleted.",
    )


@app.command()
def restore(
    file: Annotated[Path | None, typer.Argument(help="备份文件 / the backup file")] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="INSTANT",
            help="恢复到这一时刻（带时区，如 2026-11-29T08:00:00+08:00），用每晚的备份和归档的日志 / back to this instant.",
        ),
    ] = None,
    force: Force = False,
    as_json: JsonOption = False,
) -> None:
    """从备份恢复；数据库不空时须加 --force / restore a backup; a database with data needs --force."""
    from app.bootstrap import prepare
    from app.db import backup as backups

    context = make_context(as_json=as_json)
    if (to is None) == (file is None):
        raise WrongUsage(
            "请给出备份文件，或用 --to 给出时刻（两者取一）。",
            "Name a backup file, or an instant by --to; one of the two.",
        )
    if file is None:
        _restore_to(context, to or "")
        return
    urls = database_urls(context.settings)
    path = file.expanduser().absolute()
    done = backups.restore(urls, path, replace=force, prepare=prepare, say=_teller(context))
    context.out.document({"file": str(done.file), "size_bytes": done.size_bytes, "revision": done.revision})
    context.out.note(
        f"已恢复，结构版本 {done.revision}。可运行 wangge verify 复核。",
        f"Restored, schema revision {done.revision}. `wangge verify` re-checks it.",
    )


def _restore_to(context: Context, text: str) -> None:
    from app.bootstrap import prepare
    from app.db.recovery.point_in_time import restore_to

    home = context.settings.home
    store = _store(context)
    done = restore_to(home, store, _instant(text), say=_teller(context))
    info = cluster.start(home, say=_teller(context))
    prepare(info.owner_url or "")
    if not done.was_running:
        cluster.stop(home)
    context.out.document(
        {
            "to": done.instant.isoformat(),
            "base": done.base,
            "moved_aside": str(done.moved_aside) if done.moved_aside else None,
        }
    )
    context.out.note(
        f"已恢复到 {done.instant.isoformat()}。原来的数据在 {done.moved_aside or '（没有）'}，不需要时可以删除。"
        f"可运行 wangge verify 复核。",
        f"Restored to {done.instant.isoformat()}. The data that were here are in {done.moved_aside or '(none)'}; "
        f"delete them when they are not needed. `wangge verify` re-checks the database.",
    )


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - refused below, like any other without an offset
    if instant.tzinfo is None:
        raise WrongUsage(
            f"--to 应为带时区的时刻，如 2026-11-29T08:00:00+08:00，收到 {text!r}。",
            f"--to takes an instant with an offset, such as 2026-11-29T08:00:00+08:00; came {text!r}.",
        )
    return instant


@app.command()
def rehearse(as_json: JsonOption = False) -> None:
    """把最近的备份恢复到另一个临时库并复核；不成立时退出码 1 / restore the last backup into a second cluster and verify it."""
    from app.db.recovery.rehearsal import rehearse as run

    context = make_context(as_json=as_json)
    lang = context.out.lang

    def check(owner_url: str) -> list[str]:
        from app.verify.service import verify

        engine = make_engine(owner_url, pooled=False, application="wangge-rehearsal")
        try:
            with read_session(engine, EVERYTHING) as session:
                outcomes = list(verify(session))
        finally:
            engine.dispose()
        for outcome in outcomes:
            context.out.line(outcome.line(lang))
        return [text.in_(lang) for outcome in outcomes for text in outcome.broken]

    done = run(context.settings.home, _store(context), check, say=_teller(context))
    context.out.document(
        {"base": done.base, "holds": not done.broken, "broken": done.broken, "seconds": done.seconds}
    )
    if done.broken:
        raise typer.Exit(int(Exit.CHECK_FAILED))
    context.out.note(
        f"演练通过：备份 {done.base} 在 {done.seconds:.0f} 秒内恢复并复核。",
        f"The rehearsal passed: backup {done.base} was restored and verified in {done.seconds:.0f} s.",
    )


def _store(context: Context) -> Store:
    """The backups of the private database; an external one has its own ways."""
    from app.db.recovery.store import store_of

    if context.settings.database_url is not None:
        raise WrongUsage(
            "数据库是外部的（WANGGE_DATABASE_URL）：它的基础备份、日志归档和按时刻恢复由那台服务器负责"
            "（pg_basebackup、pgBackRest 等）；wangge db backup FILE 和 restore FILE 照常可用。",
            "The database is external (WANGGE_DATABASE_URL): base backups, the archived log and restoring to an instant "
            "are that server's (pg_basebackup, pgBackRest ...); `wangge db backup FILE` and `restore FILE` work.",
            code="database-external",
        )
    return store_of(context.settings.home, context.settings.backup_dir)


def _teller(context: Context) -> cluster.Say:
    def tell(text: Text) -> None:
        context.out.note(text.zh, text.en)

    return tell


def _is_external(context: Context) -> bool:
    if context.settings.database_url is None:
        return False
    context.out.document({"external": True})
    context.out.note(
        "数据库是外部的（WANGGE_DATABASE_URL），由它自己的管理员启动和停止。",
        "The database is external (WANGGE_DATABASE_URL); whoever runs that server starts and stops it.",
    )
    return True


def _described(info: cluster.ClusterInfo) -> dict[str, object]:
    return {
        "external": False,
        "state": info.state,
        "home": str(info.home),
        "data": str(info.data) if info.data else None,
        "log": str(info.log) if info.log else None,
        "port": info.port,
        "socket_folder": str(info.socket_folder) if info.socket_folder else None,
        "pid": info.pid,
        "account": info.account,
        "started_now": info.started_now,
    }


def _seen_inside(urls: DatabaseUrls) -> dict[str, object]:
    from app.db.inspect import look_inside

    return look_inside(urls)

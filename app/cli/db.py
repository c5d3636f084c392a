"""``wangge db``: the database, private or external."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from app.cli.context import Context, make_context
from app.cli.output import Exit, JsonOption
from app.db import cluster
from app.db.urls import DatabaseUrls, database_urls, libpq_url
from app.i18n import Text

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
    document: dict[str, Any] = {"external": True, "state": "running"}
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
    file: Annotated[Path, typer.Argument(help="写到哪个文件 / the file to write")],
    as_json: JsonOption = False,
) -> None:
    """备份到一个文件（pg_dump 自定义格式）/ back up to one file (pg_dump's custom format)."""
    from app.db import backup as backups

    context = make_context(as_json=as_json)
    made = backups.backup(database_urls(context.settings), file.expanduser().absolute())
    context.out.document({"file": str(made.file), "size_bytes": made.size_bytes})
    size = f"{made.size_bytes / 1e6:.1f} MB"
    context.out.note(f"已备份到 {made.file}（{size}）。", f"Backed up to {made.file} ({size}).")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="备份文件 / the backup file")],
    force: Force = False,
    as_json: JsonOption = False,
) -> None:
    """从备份恢复；数据库不空时须加 --force / restore a backup; a database with data needs --force."""
    from app.bootstrap import prepare
    from app.db import backup as backups

    context = make_context(as_json=as_json)
    urls = database_urls(context.settings)
    path = file.expanduser().absolute()
    done = backups.restore(urls, path, replace=force, prepare=prepare, say=_teller(context))
    context.out.document({"file": str(done.file), "size_bytes": done.size_bytes, "revision": done.revision})
    context.out.note(
        f"已恢复，结构版本 {done.revision}。可运行 wangge verify 复核。",
        f"Restored, schema revision {done.revision}. `wangge verify` re-checks it.",
    )


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


def _described(info: cluster.ClusterInfo) -> dict[str, Any]:
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


def _seen_inside(urls: DatabaseUrls) -> dict[str, Any]:
    from app.db.inspect import look_inside

    return look_inside(urls)

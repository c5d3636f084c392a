"""``wangge up``: from nothing to a served page, and back to nothing on Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from app.bootstrap import prepare
from app.cli.context import Context, make_context
from app.cli.output import Exit, JsonOption
from app.db import cluster, migrate
from app.db.cluster.places import prepare_home
from app.db.engine import make_engine
from app.db.session import EVERYTHING, read_session, write_session
from app.db.urls import DatabaseUrls, database_urls
from app.i18n import Text
from app.kit.supervise import Child, Stopped, call_on_signals, raise_on_signals, wait_until_answering

WATCH_S = 1.0

NoDemo = Annotated[bool, typer.Option("--no-demo", help="不装入演示区 / do not load the demo district.")]


def command(no_demo: NoDemo = False, as_json: JsonOption = False) -> None:
    """准备数据库并启动服务；Ctrl-C 全部停下 / prepare the database and serve; Ctrl-C stops all of it."""
    context = make_context(as_json=as_json)
    settings = context.settings
    raise_on_signals()
    ours = False
    child: Child | None = None
    try:
        prepare_home(settings.home)
        with _only_one(context):
            port = _free_port(context)
            ours = _start_database(context)
            urls = database_urls(settings)
            _prepare(context, urls)
            if not no_demo:
                _load_demo(context, urls)
            child = _serve(port)
            host = _reachable(settings.host)
            if not wait_until_answering(host, port, "/healthz", alive=lambda: child.ended is None):
                context.out.fail(
                    Exit.CHECK_FAILED,
                    "网页服务没有起来；原因见上面的日志。",
                    "The web service did not come up; the log above says why.",
                )
            # Last, when nothing can fail any more: the password is shown once.
            _announce(context, f"http://{host}:{port}", _first_admin(urls))
            _watch(context, child, ours=ours)
            context.out.fail(
                Exit.CHECK_FAILED,
                f"网页服务意外结束（退出码 {child.ended}）。",
                f"The web service ended by itself (exit status {child.ended}).",
            )
    except Stopped:
        context.out.note("正在停止…", "Stopping…")
    finally:
        # A second Ctrl-C means: do not wait for requests under way.
        call_on_signals(child.kill if child else lambda: None)
        if child is not None:
            child.stop()
        # Asked again: somebody may have run `wangge db start` meanwhile, to keep it.
        if ours and cluster.status(settings.home).started_by == "up":
            cluster.stop(settings.home, say=_teller(context))
        context.out.note("已停止。", "Stopped.")


@contextmanager
def _only_one(context: Context) -> Iterator[None]:
    """Refuse a second ``up`` over the same home: it would stop the first one's database when it ends."""
    path = context.settings.home / "up.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(descriptor, 200).decode("ascii", "replace").strip()
            context.out.fail(
                Exit.CHECK_FAILED,
                f"wangge 已在这个文件夹运行（{other}，{context.settings.home}）。"
                f"请先停掉它；若要另开一个，请设不同的 WANGGE_HOME 和 WANGGE_PORT。",
                f"wangge is running over this folder already ({other}, {context.settings.home}). Stop it first; for "
                f"another one set a different WANGGE_HOME and WANGGE_PORT.",
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"pid {os.getpid()}, port {context.settings.port}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _free_port(context: Context) -> int:
    settings = context.settings
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
            probe.listen(1)
        except OSError as error:
            reason = error.strerror or str(error)
            context.out.fail(
                Exit.CHECK_FAILED,
                f"不能在 {settings.host}:{settings.port} 上提供服务：{reason}。"
                f"请停掉占用端口的程序，或另选端口，如 WANGGE_PORT=8001 make run。",
                f"Cannot serve on {settings.host}:{settings.port}: {reason}. Stop the program that has the port, or "
                f"choose another one, for example WANGGE_PORT=8001 make run.",
            )
        return int(probe.getsockname()[1])


def _start_database(context: Context) -> bool:
    """Start the private cluster; gives whether it is for this ``up`` to stop it."""
    settings = context.settings
    if settings.database_url is not None:
        return False
    info = cluster.start(settings.home, say=_teller(context), started_by="up")
    # Also one left running by an `up` that was killed; not one that a person started with `wangge db start`.
    return info.started_by == "up"


def _prepare(context: Context, urls: DatabaseUrls) -> None:
    engine = make_engine(urls.owner, pooled=False, application="wangge-up")
    try:
        before = migrate.current(engine)
    finally:
        engine.dispose()
    if before != migrate.head():
        context.out.note("正在升级数据库结构…", "Bringing the database schema up to date…")
    prepare(urls.owner)


def _load_demo(context: Context, urls: DatabaseUrls) -> None:
    from app.demo import service as demo

    engine = make_engine(urls.owner, pooled=False, application="wangge-up")
    try:
        with read_session(engine, EVERYTHING) as session:
            if not demo.is_empty(session):
                return
        context.out.note(
            "数据库是空的，正在装入演示区（青岛西海岸新区，合成数据）…",
            "The database is empty; loading the demo district (West Coast New Area, synthetic data)…",
        )
    finally:
        engine.dispose()


def _first_admin(urls: DatabaseUrls) -> tuple[str, str] | None:
    from app.auth.service import ensure_first_admin

    engine = make_engine(urls.owner, pooled=False, application="wangge-up")
    try:
        with write_session(engine, EVERYTHING) as session:
            return ensure_first_admin(session)
    finally:
        engine.dispose()


def _serve(port: int) -> Child:
    # Without --json: standard output belongs to this process's one document.
    command = [sys.executable, "-m", "app", "serve", "--parent", str(os.getpid())]
    return Child(command, env=os.environ | {"WANGGE_PORT": str(port)})


def _announce(context: Context, address: str, admin: tuple[str, str] | None) -> None:
    document: dict[str, Any] = {"url": address, "pid": os.getpid(), "admin": None}
    if admin is not None:
        document["admin"] = {"name": admin[0], "password": admin[1]}
        context.out.line(
            context.out.say(
                f"管理员账号 {admin[0]}，初始密码 {admin[1]}（只显示这一次，请登录后修改）",
                f"Administrator {admin[0]}, first password {admin[1]} (shown this once; change it after signing in)",
            )
        )
    context.out.document(document)
    context.out.line(
        context.out.say(
            f"网格 wangge 已就绪：{address}（Ctrl-C 停止）", f"wangge is ready: {address} (Ctrl-C stops it)"
        )
    )
    sys.stdout.flush()


def _watch(context: Context, child: Child, *, ours: bool) -> None:
    """Until the service ends: bring back a database that was killed."""
    home = context.settings.home
    while child.ended is None:
        time.sleep(WATCH_S)
        if ours and cluster.status(home).state != "running":
            context.out.note("数据库意外停止，正在恢复…", "The database stopped unexpectedly; recovering it…")
            cluster.start(home, say=_teller(context), started_by="up")


def _teller(context: Context) -> cluster.Say:
    def tell(text: Text) -> None:
        context.out.note(text.zh, text.en)

    return tell


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound

"""``wangge up``: from nothing to a served page, and back to nothing on Ctrl-C.

The imports of the service take seconds, those of the database work too. The service's process is therefore started
first and imports while this one brings the database up; only then it is told to open its port. What is imported at
the head of this file is what must be there before that.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import Exit, JsonOption, Output
from app.i18n import Text
from app.kit.supervise import (
    Child,
    Stopped,
    call_on_signals,
    held_back,
    raise_on_signals,
    stop_with_parent,
    wait_until_answering,
)
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.db.urls import DatabaseUrls

WATCH_S = 0.5

Parent = Annotated[
    int, typer.Option(hidden=True, help="End when this process (make) is interrupted or gone.")
]

NoDemo = Annotated[bool, typer.Option("--no-demo", help="不装入演示区 / do not load the demo district.")]


def command(no_demo: NoDemo = False, as_json: JsonOption = False, parent: Parent = 0) -> None:
    """准备数据库并启动服务；Ctrl-C 全部停下 / prepare the database and serve; Ctrl-C stops all of it."""
    settings = load_settings()
    out = Output(as_json=as_json, lang=settings.lang)
    raise_on_signals()
    if parent:
        stop_with_parent(parent)
    with _only_one(settings, out):
        port = _free_port(settings, out)
        server = _Server(port)
        try:
            _start_database(settings, out)
            urls = _prepare(settings, out)
            if not no_demo:
                _load_demo(settings, out)
            host = _reachable(settings.host)
            server.open()
            if not wait_until_answering(host, port, "/healthz", alive=lambda: server.ended is None):
                out.fail(
                    Exit.CHECK_FAILED,
                    "网页服务没有起来；原因见上面的日志。",
                    "The web service did not come up; the log above says why.",
                )
            with held_back():
                _announce(out, f"http://{host}:{port}", _first_admin(urls, settings))
            _watch(settings, out, server)
            out.fail(
                Exit.CHECK_FAILED,
                f"网页服务意外结束（退出码 {server.ended}）。",
                f"The web service ended by itself (exit status {server.ended}).",
            )
        except Stopped:
            out.note("正在停止…", "Stopping…")
        finally:
            # A second Ctrl-C means: do not wait for requests under way.
            call_on_signals(server.kill)
            server.stop()
            _stop_database(settings, out)
            out.note("已停止。", "Stopped.")


class _Server(Child):
    """The web service, importing; it opens its port when told to."""

    def __init__(self, port: int) -> None:
        self._told, self._tell = os.pipe()
        # Without --json: standard output belongs to this process's one document.
        command = [
            sys.executable,
            "-m",
            "app",
            "serve",
            "--parent",
            str(os.getpid()),
            "--wait-for",
            str(self._told),
        ]
        super().__init__(command, env=os.environ | {"WANGGE_PORT": str(port)}, pass_fds=(self._told,))
        os.close(self._told)

    def open(self) -> None:
        """The database is ready: serve."""
        os.write(self._tell, b"!")


@contextmanager
def _only_one(settings: Settings, out: Output) -> Iterator[None]:
    """Refuse a second ``up`` over the same home: it would stop the first one's database when it ends."""
    from app.db.cluster.places import prepare_home

    prepare_home(settings.home)
    path = settings.home / "up.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(descriptor, 200).decode("ascii", "replace").strip()
            out.fail(
                Exit.CHECK_FAILED,
                f"wangge 已在这个文件夹运行（{other}，{settings.home}）。"
                f"请先停掉它；若要另开一个，请设不同的 WANGGE_HOME 和 WANGGE_PORT。",
                f"wangge is running over this folder already ({other}, {settings.home}). Stop it first; for "
                f"another one set a different WANGGE_HOME and WANGGE_PORT.",
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"pid {os.getpid()}, port {settings.port}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _free_port(settings: Settings, out: Output) -> int:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
            probe.listen(1)
        except OSError as error:
            reason = error.strerror or str(error)
            out.fail(
                Exit.CHECK_FAILED,
                f"不能在 {settings.host}:{settings.port} 上提供服务：{reason}。"
                f"请停掉占用端口的程序，或另选端口，如 WANGGE_PORT=8001 make run。",
                f"Cannot serve on {settings.host}:{settings.port}: {reason}. Stop the program that has the port, or "
                f"choose another one, for example WANGGE_PORT=8001 make run.",
            )
        return int(probe.getsockname()[1])


def _start_database(settings: Settings, out: Output) -> None:
    from app.db import cluster

    if settings.database_url is None:
        cluster.start(settings.home, say=_teller(out), started_by="up")


def _stop_database(settings: Settings, out: Output) -> None:
    """Stop what an ``up`` started, be it one that was killed; not what a person keeps with ``wangge db start``."""
    from app.db import cluster

    info = cluster.status(settings.home)
    if settings.database_url is None and info.state == "running" and info.started_by == "up":
        cluster.stop(settings.home, say=_teller(out))


def _prepare(settings: Settings, out: Output) -> DatabaseUrls:
    from app.bootstrap import prepare
    from app.db import migrate
    from app.db.engine import make_engine
    from app.db.urls import database_urls

    urls = database_urls(settings)
    engine = make_engine(urls.owner, pooled=False, application="wangge-up")
    try:
        before = migrate.current(engine)
    finally:
        engine.dispose()
    if before != migrate.head():
        out.note("正在升级数据库结构…", "Bringing the database schema up to date…")
    prepare(urls.owner)
    return urls


def _load_demo(settings: Settings, out: Output) -> None:
    from app.cli.context import Context
    from app.demo.service import is_empty

    context = Context(settings, out)
    with context.reading() as session:
        if not is_empty(session):
            return
    from app.cli.demo import load_with_progress, tell
    from app.demo.plan import DEFAULT_DISTRICT, Scale

    out.note(
        "数据库是空的，正在装入演示区（青岛西海岸新区；网格、部件、事件均为合成数据）…",
        "The database is empty; loading the demo district (West Coast New Area; grids, components and incidents are "
        "synthetic)…",
    )
    report = load_with_progress(context, DEFAULT_DISTRICT, Scale.SMALL)
    if not out.as_json:  # one document only, and that one says where we serve
        tell(context, report)


def _first_admin(urls: DatabaseUrls, settings: Settings) -> Path | None:
    """The file with the first administrator's password, while that is still good."""
    from app.auth import first_admin
    from app.db.engine import make_engine
    from app.db.session import EVERYTHING, write_session

    engine = make_engine(urls.owner, pooled=False, application="wangge-up")
    try:
        with write_session(engine, EVERYTHING) as session:
            return first_admin.ensure(session, settings.home)
    finally:
        engine.dispose()


def _announce(out: Output, address: str, password_file: Path | None) -> None:
    document: dict[str, Any] = {"url": address, "pid": os.getpid(), "admin": None}
    if password_file is not None:
        document["admin"] = {"name": "admin", "password_file": str(password_file)}
        out.line(
            out.say(
                f"管理员账号 admin，初始密码在文件 {password_file} 里（首次登录须修改，之后文件自动删除）",
                f"Administrator admin; the first password is in the file {password_file} (to be changed at the first "
                f"sign-in, which removes the file)",
            )
        )
    out.document(document)
    out.line(
        out.say(
            f"网格 wangge 已就绪：{address}（Ctrl-C 停止）", f"wangge is ready: {address} (Ctrl-C stops it)"
        )
    )
    sys.stdout.flush()


def _watch(settings: Settings, out: Output, server: Child) -> None:
    """Until the service ends: bring back a database that was killed."""
    from app.db import cluster

    home = settings.home
    while server.ended is None:
        time.sleep(WATCH_S)
        if settings.database_url is None and cluster.status(home).state != "running":
            out.note("数据库意外停止，正在恢复…", "The database stopped unexpectedly; recovering it…")
            cluster.start(home, say=_teller(out), started_by="up")


def _teller(out: Output) -> Callable[[Text], None]:
    def tell(text: Text) -> None:
        out.note(text.zh, text.en)

    return tell


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound

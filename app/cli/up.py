"""``wangge up``: from nothing to a served page, kept running, and back to nothing on Ctrl-C.

The imports of the service take seconds, those of the database work too. The web workers are therefore started first
and import while this process brings the database up; only then they may serve. What is imported at the head of this
file is what must be there before that.

Two keep watch afterwards: a thread over the web workers (``app.kit.worker_pool``) and this process's main thread over
the database. Neither waits for the other, so that places are located while the database is away.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CheckFailed
from app.cli.listening import TlsCert, TlsKey, bind, service_manager, settings_with_tls, start_pool
from app.cli.output import JsonOption, Output
from app.kit.listener import base_url, reachable_host
from app.kit.service_manager import ServiceManager
from app.kit.supervise import (
    Stopped,
    call_on_signals,
    held_back,
    raise_on_signals,
    stop_with_parent,
    wait_until_answering,
)
from app.kit.worker_channel import Board
from app.kit.worker_pool import WorkerPool
from app.settings import Settings
from gis.text import Text

if TYPE_CHECKING:
    from app.db.urls import DatabaseUrls
    from app.tls.context import ServerTls

WATCH_S = 0.5

Parent = Annotated[
    int, typer.Option(hidden=True, help="End when this process (make) is interrupted or gone.")
]

Empty = Annotated[
    bool,
    typer.Option(
        "--empty",
        help="不装入演示区，以后也不装（正式使用）/ load no demo district, now or later: for a real district.",
    ),
]
NoDemo = Annotated[bool, typer.Option("--no-demo", hidden=True, help="The earlier name of --empty.")]


def command(
    empty: Empty = False,
    no_demo: NoDemo = False,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    as_json: JsonOption = False,
    parent: Parent = 0,
) -> None:
    """准备数据库并启动服务；Ctrl-C 全部停下 / prepare the database and serve; Ctrl-C stops all of it."""
    settings = settings_with_tls(tls_cert, tls_key)
    out = Output(as_json=as_json, lang=settings.lang)
    manager = service_manager()
    raise_on_signals()
    if parent:
        stop_with_parent(parent)
    tls = _tls(settings)
    with _only_one(settings):
        board = Board.make()
        listener = bind(settings)
        port = int(listener.getsockname()[1])
        pool = start_pool(settings, listener, out, manager, board)
        try:
            _remember_choice(settings, empty=empty or no_demo)
            _run(settings, out, manager, pool, board, tls, port)
        except Stopped:
            manager.stopping()
            out.note("正在停止…", "Stopping…")
        finally:
            # A second Ctrl-C means: do not wait for requests under way.
            call_on_signals(pool.kill)
            pool.stop()
            _stop_database(settings, out)
            out.note("已停止。", "Stopped.")


def _run(
    settings: Settings,
    out: Output,
    manager: ServiceManager,
    pool: WorkerPool,
    board: Board,
    tls: ServerTls | None,
    port: int,
) -> None:
    """Bring everything up, say where it is, and keep it running until it is stopped."""
    from app.observability import configure_logging

    configure_logging(settings)
    urls = _bring_up(settings, out, pool)
    pool.open()
    host = reachable_host(settings.host)
    if not pool.wait_until_serving() or not _answers(settings, tls, host, port, pool):
        raise CheckFailed(
            "网页服务没有起来；原因见上面的日志。",
            "The web service did not come up; the log above says why.",
            code="service-not-up",
        )
    url = base_url("https" if tls else "http", host, port)
    # Last, when nothing can fail any more, and in one go.
    with held_back():
        _announce(out, url, _first_admin(urls, settings))
    manager.ready(url)
    _watch(settings, out, pool, board)


def _tls(settings: Settings) -> ServerTls | None:
    if not settings.tls:
        return None
    from app.tls.context import ServerTls

    return ServerTls.of(settings)


def _answers(settings: Settings, tls: ServerTls | None, host: str, port: int, pool: WorkerPool) -> bool:
    """Whether the service answers at its address; over TLS with a certificate that holds."""
    context = None
    if tls is not None and settings.tls_cert is not None:
        from app.tls.authority import TlsFiles, authority_of
        from app.tls.context import verifying_context

        ours = authority_of(TlsFiles.in_home(settings.home), settings.tls_cert)
        context = verifying_context(settings.tls_cert, ours)
    return wait_until_answering(host, port, "/healthz", alive=lambda: pool.failure is None, tls=context)


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
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
            raise CheckFailed(
                f"wangge 已在这个文件夹运行（{other}，{settings.home}）。"
                f"请先停掉它；若要另开一个，请设不同的 WANGGE_HOME 和 WANGGE_PORT。",
                f"wangge is running over this folder already ({other}, {settings.home}). Stop it first; for "
                f"another one set a different WANGGE_HOME and WANGGE_PORT.",
                code="already-running",
            ) from None
        with suppress(OSError):  # without room on the disk the lock still holds, it only says less
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"pid {os.getpid()}, port {settings.port}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _remember_choice(settings: Settings, *, empty: bool) -> None:
    from app.demo.preference import keep_empty

    if empty:
        keep_empty(settings.home)


def _bring_up(settings: Settings, out: Output, pool: WorkerPool) -> DatabaseUrls:
    """Start the database, bring its schema up to date, load the demo where it is wanted.

    Without room on the disk this is tried until there is some: a machine that starts again with a full disk locates
    places meanwhile, from what it kept. Everything else that fails ends the command, which says why.
    """
    from app.db.errors import DiskFull, is_out_of_room
    from app.kit.backoff import Backoff

    backoff = Backoff()
    warned = False
    while True:
        try:
            _start_database(settings, _quiet if warned else _teller(out))
            urls = _prepare(settings, out)
            _load_demo(settings, out)
            return urls
        except Exception as error:
            if not is_out_of_room(error) or not _was_made(settings):
                raise
            wait = max(backoff.failed(), 1.0)
            if not warned:
                reason = error.detail if isinstance(error, DiskFull) else Text.same(str(error))
                out.note(
                    f"{reason.zh}\n将不断重试；不需要数据库的服务（如 /v1/locate）先行启动。",
                    f"{reason.en}\nTrying again until there is room; what needs no database (such as /v1/locate) "
                    f"starts now.",
                )
                pool.open()
            warned = True
            time.sleep(wait)


def _was_made(settings: Settings) -> bool:
    from app.db import cluster

    return settings.database_url is not None or cluster.status(settings.home).state != "absent"


def _start_database(settings: Settings, say: Callable[[Text], None]) -> None:
    from app.db import cluster

    if settings.database_url is None:
        cluster.start(settings.home, say=say, started_by="up")


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
    from app.demo.preference import stays_empty
    from app.demo.service import is_empty

    context = Context(settings, out)
    with context.reading() as session:
        if not is_empty(session):
            return
    if stays_empty(settings.home):
        out.note(
            "数据库是空的，按选择不装入演示区。下一步：wangge grids import 文件（导入网格），或 wangge demo load。",
            "The database is empty, and no demo was wanted. Next: `wangge grids import FILE`, or `wangge demo load`.",
        )
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
    document: dict[str, object] = {"url": address, "pid": os.getpid(), "admin": None}
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


def _watch(settings: Settings, out: Output, pool: WorkerPool, board: Board) -> None:
    """Bring back a database that ended, until we are stopped; the pool does the same for its workers."""
    from app.db.cluster import ClusterInfo
    from app.db.cluster.keeper import DatabaseKeeper
    from app.db.urls import database_urls

    if settings.database_url is not None:
        pool.wait()
        return
    known = database_urls(settings, running=False).service

    def started(info: ClusterInfo) -> None:
        nonlocal known
        board["database_restarts"] += 1
        if info.service_url is not None and info.service_url != known:
            # Its port was taken meanwhile: workers know the old one only.
            known = info.service_url
            pool.restart()

    keeper = DatabaseKeeper(settings.home, say=_teller(out), started=started)
    while True:
        time.sleep(WATCH_S)
        keeper.look()


def _teller(out: Output) -> Callable[[Text], None]:
    def tell(text: Text) -> None:
        out.note(text.zh, text.en)

    return tell


def _quiet(_: Text) -> None:
    pass

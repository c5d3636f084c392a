"""``wangge serve``: the web service alone."""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from app.cli.context import Context, make_context
from app.cli.errors import CheckFailed
from app.cli.listening import TlsCert, TlsKey, bind, service_manager, settings_with_tls, start_pool
from app.cli.output import JsonOption
from app.db.urls import database_urls, libpq_url
from app.kit.http_protocol import server_options
from app.kit.listener import base_url
from app.kit.supervise import Stopped, call_on_signals, end_with_parent, raise_on_signals
from app.kit.worker_channel import Board, WorkerChannel
from app.kit.worker_pool import TRACE_SIGNAL
from app.settings import Settings
from app.tls.context import ServerTls

if TYPE_CHECKING:
    from socket import socket

# A heartbeat a second: uvicorn's loop ticks ten times in it.
_BEAT_TICKS = 10
# A renewed certificate is looked for this often.
_CERTIFICATE_TICKS = 100

Parent = Annotated[int, typer.Option(hidden=True, help="End when this process, our parent, does.")]
Channel = Annotated[str, typer.Option(hidden=True, help="Be a worker; the descriptors shared with its pool.")]


def command(
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    as_json: JsonOption = False,
    parent: Parent = 0,
    channel: Channel = "",
) -> None:
    """只启动网页服务（数据库须已在运行）/ serve; the database must be up already."""
    if parent:
        end_with_parent(parent)
    context = make_context(as_json=as_json, settings=settings_with_tls(tls_cert, tls_key))
    if channel:
        _work_in_pool(context.settings, WorkerChannel.parse(channel))
        return
    _serve(context)


def _serve(context: Context) -> None:
    """Serve alone with one worker, with a pool of them otherwise."""
    settings, out = context.settings, context.out
    tls = ServerTls.of(settings)
    # A missing database should end this command with exit code 4, not show as errors of every request.
    with psycopg.connect(libpq_url(database_urls(settings).service), connect_timeout=10):
        pass
    listener = bind(settings)
    manager = service_manager()
    url = base_url("https" if tls else "http", settings.host, listener.getsockname()[1])
    out.document({"url": url, "workers": settings.workers})
    if settings.workers == 1:
        _run_server(settings, listener, tls, lambda: manager.ready(url), manager.alive)
        return
    from app.observability import configure_logging

    configure_logging(settings)
    raise_on_signals()
    pool = start_pool(settings, listener, out, manager)
    try:
        pool.open()
        if not pool.wait_until_serving():
            raise CheckFailed(
                "网页服务没有起来；原因见上面的日志。",
                "The web service did not come up; the log above says why.",
                code="service-not-up",
            )
        manager.ready(url)
        pool.wait()
    except Stopped:
        pass
    finally:
        manager.stopping()
        call_on_signals(pool.kill)
        pool.stop()


def _work_in_pool(settings: Settings, channel: WorkerChannel) -> None:
    """Serve as one of the workers of a pool."""
    import socket

    import app.main  # noqa: F401 - the long part, done while `wangge up` brings the database up

    # Before a worker that hangs is ended, the pool has it write where it stands.
    faulthandler.register(TRACE_SIGNAL, all_threads=True)
    if not channel.wait_for_leave():
        sys.exit(0)  # the pool did not come up; it says why
    _run_server(
        settings,
        socket.socket(fileno=channel.listener),
        ServerTls.of(settings),
        lambda: None,
        channel.beat,
        board=Board(channel.board),
    )


def _run_server(
    settings: Settings,
    listener: socket,
    tls: ServerTls | None,
    serving: Callable[[], None],
    beat: Callable[[], None],
    *,
    board: Board | None = None,
) -> None:
    from app.main import create_app

    application = create_app(settings)
    application.state.board = board
    config = uvicorn.Config(
        application,
        # app.auth.public_address and app.auth.address read them, each hop for itself.
        proxy_headers=False,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        ssl_context_factory=None if tls is None else lambda *_: tls.context,
        **server_options(settings),
    )
    server = _Server(config, tls, serving, beat)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return  # Ctrl-C: it has ended properly already
    if not server.started:
        sys.exit(STARTUP_FAILURE)


class _Server(uvicorn.Server):
    """Uvicorn's server; its event loop says that it turns, and takes a renewed certificate."""

    def __init__(
        self,
        config: uvicorn.Config,
        tls: ServerTls | None,
        serving: Callable[[], None],
        beat: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._tls, self._serving, self._beat = tls, serving, beat
        self._ticks = 0

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if self._ticks == 0:
            self._serving()
        if self._ticks % _BEAT_TICKS == 0:
            self._beat()
        if self._tls is not None and self._ticks % _CERTIFICATE_TICKS == 0:
            self._tls.reload_if_changed()
        self._ticks += 1
        return await super().on_tick(counter)

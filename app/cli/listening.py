"""What ``wangge up`` and ``wangge serve`` share: the options of TLS, the socket, and the pool of web workers."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.errors import CheckFailed
from app.cli.output import Output
from app.kit.listener import bind_listener
from app.kit.metrics_folder import FOLDER_VARIABLE, forget_worker, make_folder, remove_folder
from app.kit.service_manager import ServiceManager
from app.kit.worker_channel import Board
from app.kit.worker_pool import WorkerPool
from app.settings import Settings, load_settings
from gis.text import Text

TlsCert = Annotated[
    Path | None,
    typer.Option(
        "--tls-cert", help="证书链（PEM）；提供 HTTPS / certificate chain; serve HTTPS (WANGGE_TLS_CERT)."
    ),
]
TlsKey = Annotated[
    Path | None, typer.Option("--tls-key", help="证书的私钥（PEM）/ its private key (WANGGE_TLS_KEY).")
]


def settings_with_tls(cert: Path | None, key: Path | None) -> Settings:
    """The settings; options of the command line win over the environment."""
    return load_settings(**{name: path for name, path in (("tls_cert", cert), ("tls_key", key)) if path})


def service_manager() -> ServiceManager:
    """The manager that started us (systemd), if one did."""
    return ServiceManager(os.environ)


def bind(settings: Settings) -> socket.socket:
    """The socket to listen on, or the end with the reason."""
    try:
        return bind_listener(settings.host, settings.port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckFailed(
            f"不能在 {settings.host}:{settings.port} 上提供服务：{reason}。"
            f"请停掉占用端口的程序，或另选端口，如 WANGGE_PORT=8001 make run。",
            f"Cannot serve on {settings.host}:{settings.port}: {reason}. Stop the program that has the port, or "
            f"choose another one, for example WANGGE_PORT=8001 make run.",
            code="port-unusable",
        ) from error


def start_pool(
    settings: Settings,
    listener: socket.socket,
    out: Output,
    manager: ServiceManager,
    board: Board | None = None,
) -> WorkerPool:
    """The web workers, importing; they serve when the pool is opened."""

    def say(text: Text) -> None:
        out.note(text.zh, text.en)

    numbers = make_folder(settings.home)
    files = {"WANGGE_TLS_CERT": settings.tls_cert, "WANGGE_TLS_KEY": settings.tls_key}
    # Without --json: standard output belongs to the one document of the process that we are.
    return WorkerPool(
        [sys.executable, "-m", "app", "serve", "--parent", str(os.getpid())],
        count=settings.workers,
        listener=listener,
        env=os.environ
        | {name: str(path) for name, path in files.items() if path is not None}
        | {FOLDER_VARIABLE: str(numbers)},
        hang_s=settings.hang_seconds,
        board=board or Board.make(),
        say=say,
        each_look=manager.alive,
        ended=lambda pid: forget_worker(numbers, pid),
        closed=lambda: remove_folder(numbers),
    )

"""``wangge serve``: the web service alone."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import psycopg
import typer
import uvicorn

from app.cli.context import make_context
from app.cli.output import JsonOption
from app.db.urls import database_urls, libpq_url
from app.kit.http_protocol import server_options
from app.kit.supervise import end_with_parent

Parent = Annotated[int, typer.Option(hidden=True, help="End when this process, our parent, does.")]
WaitFor = Annotated[int, typer.Option(hidden=True, help="Serve when a byte comes on this file descriptor.")]


def command(as_json: JsonOption = False, parent: Parent = 0, wait_for: WaitFor = -1) -> None:
    """只启动网页服务（数据库须已在运行）/ serve; the database must be up already."""
    if parent:
        end_with_parent(parent)
    context = make_context(as_json=as_json)
    settings = context.settings
    if wait_for >= 0:
        import app.main  # noqa: F401 - the long part, done while `wangge up` brings the database up

        if os.read(wait_for, 1) == b"":
            sys.exit(0)  # it did not come up; whoever waits for it says why
        os.close(wait_for)
    # A missing database should end this command with exit code 4, not show as errors of every request.
    with psycopg.connect(libpq_url(database_urls(settings).service), connect_timeout=10):
        pass
    context.out.document({"url": f"http://{settings.host}:{settings.port}", "workers": settings.workers})
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        **server_options(settings),
    )

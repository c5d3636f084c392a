"""A web application whose event loop a request can stop, served as one worker: by uvicorn, or under our own pool.

``python -m bench.blockable --channel …`` is such a worker of `app.kit.worker_pool`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from typing import Any

import uvicorn

from app.kit.worker_channel import WorkerChannel

BLOCKED_S = 40.0
"""How long a blocked event loop stands still."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the worker's number; ``/block`` stops the event loop first, as a mistake in a handler would."""
    if scope["type"] != "http":
        return
    await receive()
    if scope["path"] == "/block":
        time.sleep(BLOCKED_S)
    body = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def work(channel: WorkerChannel) -> None:
    """Serve as a worker of the pool, with a heartbeat from the event loop."""
    if not channel.wait_for_leave():
        return
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")

    async def serve() -> None:
        async def beat() -> None:
            while True:
                channel.beat()
                await asyncio.sleep(1)

        beating = asyncio.create_task(beat())
        await uvicorn.Server(config).serve([socket.socket(fileno=channel.listener)])
        beating.cancel()

    asyncio.run(serve())


if __name__ == "__main__":
    work(WorkerChannel.parse(sys.argv[sys.argv.index("--channel") + 1]))

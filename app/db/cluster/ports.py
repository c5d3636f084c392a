"""A free port on the loopback address."""

from __future__ import annotations

import random
import socket

# Below the kernel's ephemeral range (32768 and up), so that no outgoing connection sits on a remembered port.
LOWEST, HIGHEST = 20000, 29999


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on ``host:port`` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as PostgreSQL does: TIME_WAIT is no obstacle
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose(preferred: int | None, *, avoid: frozenset[int] = frozenset()) -> int:
    """The preferred port when it is free, else a random free one."""
    if preferred is not None and preferred not in avoid and is_free(preferred):
        return preferred
    candidates = random.SystemRandom().sample(range(LOWEST, HIGHEST + 1), 500)
    for port in candidates:
        if port not in avoid and is_free(port):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST} on 127.0.0.1")

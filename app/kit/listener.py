"""The listening socket, bound by whoever outlives the workers, so that clients wait while one is started again."""

from __future__ import annotations

import socket


def bind_listener(host: str, port: int) -> socket.socket:
    """A bound TCP socket, which workers that get it listen on together. Port 0 takes a free one.

    It does not listen yet: a service that still starts refuses, and so looks like what it is. Once a worker listens it
    does so for good, and clients queue while no worker is there.
    """
    with _bound(host, port) as probe:
        # Two of us may both be bound to one port; only listening tells.
        probe.listen(1)
        port = probe.getsockname()[1]
    return _bound(host, port)


def _bound(host: str, port: int) -> socket.socket:
    family, address = socket.AF_INET, (host, port)
    if host:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # "localhost" is both: the older one is what people type.
        family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)  # type: ignore[assignment]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def reachable_host(host: str) -> str:
    """The address at which this machine reaches a service that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound


def base_url(scheme: str, host: str, port: int) -> str:
    """An address for people; IPv6 in brackets."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

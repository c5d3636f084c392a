"""What systemd is told of this process (``sd_notify``): ready, alive, stopping, and how it does.

The protocol is a line of text to a datagram socket that ``NOTIFY_SOCKET`` names. Without it nothing happens.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping

_EXTENSION_S = 120


class ServiceManager:
    """The manager that started this process; its variables are taken out of the environment of our children."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = environment.pop("NOTIFY_SOCKET", "")
        interval = environment.pop("WATCHDOG_USEC", "")
        watched = environment.pop("WATCHDOG_PID", "")
        mine = watched in ("", str(os.getpid()))
        # Half the time it allows, as sd_watchdog_enabled(3) recommends.
        self._interval = int(interval) / 2e6 if mine and interval.isdigit() and int(interval) else None
        self._pinged = self._extended = float("-inf")
        self._ready = False

    def ready(self, status: str) -> None:
        """The service can be used."""
        self._ready = True
        self._send("READY=1", f"STATUS={status}")

    def status(self, text: str) -> None:
        """A line that ``systemctl status`` shows."""
        self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Call often: feeds the watchdog, and asks for more time while the service is still starting."""
        instant = time.monotonic()
        if self._interval is not None and instant - self._pinged >= self._interval:
            self._pinged = instant
            self._send("WATCHDOG=1")
        if not self._ready and instant - self._extended >= _EXTENSION_S / 4:
            # Recovery of a database or loading the demo district takes as long as it takes.
            self._extended = instant
            self._send(f"EXTEND_TIMEOUT_USEC={_EXTENSION_S * 1_000_000}")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the zero byte of an abstract address.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        message = "\n".join(line.replace("\n", " ") for line in lines)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto(message.encode(), address)
        except OSError:
            return  # a manager that does not listen is no reason to stop

"""Turns at the connections that are kept for looking at passwords.

Signing in has several short transactions with a long hash between them, so it holds no turn at the database for all of
its time; each transaction takes one of these instead. Never more threads want a connection than are kept for them, and
of one name only one: the others would hold a connection only to wait in the database for the lock on that name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.kit.admission import Overloaded
from app.settings import SIGN_IN_CONNECTIONS


class SignInTurns:
    """So many turns at once, and one for each name; to be waited for in a thread."""

    def __init__(self, places: int = SIGN_IN_CONNECTIONS, *, patience_s: float = 3.0) -> None:
        self._free = places
        self._patience_s = patience_s
        self._names: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """A turn for a transaction about an account's name.

        Raises
        ------
        Overloaded
            None came in time.
        """
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._free > 0 and name not in self._names, timeout=self._patience_s
            ):
                raise Overloaded
            self._free -= 1
            self._names.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._names.remove(name)
                self._changed.notify_all()


# A worker has one pool of connections, and these belong to it.
TURNS = SignInTurns()

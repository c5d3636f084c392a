"""Reading instants that PostgreSQL holds and Python cannot: the years before 1 and after 9999, and infinity.

One such row, written by hand or by an older release, would otherwise end every query that meets it. It is read as the
nearest instant that can be worked with; who has to know looks with `is_limit`.
"""

from __future__ import annotations

import re
from datetime import datetime

from psycopg import DataError
from psycopg.abc import AdaptContext, Buffer
from psycopg.abc import Loader as LoaderProtocol
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format

from app.kit.instants import FIRST, LAST

_TIMESTAMPTZ = "timestamptz"
_BEFORE = re.compile(rb"-infinity|.* BC")
_AFTER = re.compile(rb"infinity|\d{5,}-.*")


def is_limit(instant: datetime) -> bool:
    """Whether an instant that was read stands for one beyond the calendar."""
    return instant in (FIRST, LAST)


def _text_loader(inner: type[LoaderProtocol]) -> type[Loader]:
    class TextLoader(Loader):
        """Text of a timestamptz."""

        format = Format.TEXT

        def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._load = inner(oid, context).load

        def load(self, data: Buffer) -> object:
            """The instant, or the end of the calendar that it lies beyond."""
            try:
                return self._load(data)
            except DataError:
                words = bytes(data)
                if _BEFORE.fullmatch(words):
                    return FIRST
                if _AFTER.fullmatch(words):
                    return LAST
                raise

    return TextLoader


def _binary_loader(inner: type[LoaderProtocol]) -> type[Loader]:
    class BinaryLoader(Loader):
        """Microseconds since 2000 of a timestamptz."""

        format = Format.BINARY

        def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._load = inner(oid, context).load

        def load(self, data: Buffer) -> object:
            """The instant, or the end of the calendar that it lies beyond."""
            try:
                return self._load(data)
            except DataError:
                return FIRST if int.from_bytes(bytes(data), "big", signed=True) < 0 else LAST

    return BinaryLoader


def read_any_instant(adapters: AdaptersMap) -> None:
    """Let a connection (or whatever has adapters) read every timestamptz."""
    oid = adapters.types[_TIMESTAMPTZ].oid
    for format_, made in ((Format.TEXT, _text_loader), (Format.BINARY, _binary_loader)):
        inner = adapters.get_loader(oid, format_)
        if inner is not None:
            adapters.register_loader(oid, made(inner))

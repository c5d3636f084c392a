"""What most commands need: settings, an output, and a session on the database as its operator."""

from __future__ import annotations

import getpass
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.cli.output import Output
from app.files.limits import command_limits
from app.files.reader import FileReader
from app.kit.visible import written_out
from app.settings import Settings, load_settings

# The database comes when a command turns to it: some need a file alone.
if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.db.session import ReadSession, WriteSession


def operator() -> str:
    """Who runs the command, for logs: the operating system's user."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


@dataclass(frozen=True)
class Context:
    """Settings and output of one command."""

    settings: Settings
    out: Output

    def engine(self) -> Engine:
        """An engine as the owner of the schema: a command line belongs to whoever runs the machine."""
        from app.db.engine import make_engine
        from app.db.urls import database_urls

        return make_engine(database_urls(self.settings).owner, pooled=False, application="wangge-cli")

    def files(self) -> FileReader:
        """The reader of files that are named on the command line."""
        return FileReader(self.settings, command_limits(self.settings), make_home=False)

    @contextmanager
    def reading(self, *, snapshot: bool = False) -> Iterator[ReadSession]:
        """A read-only transaction; with ``snapshot`` it sees one state of the database throughout."""
        from app.db.session import EVERYTHING, read_session

        engine = self.engine()
        isolated = engine.execution_options(isolation_level="REPEATABLE READ") if snapshot else engine
        try:
            with read_session(isolated, EVERYTHING) as session:
                yield session
        finally:
            engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[WriteSession]:
        """A transaction, committed when the block ends well."""
        from app.db.session import RowScope, write_session

        engine = self.engine()
        try:
            with write_session(engine, RowScope(paths=("",), actor=operator(), acts=("",))) as session:
                yield session
        finally:
            engine.dispose()


def make_context(*, as_json: bool, settings: Settings | None = None) -> Context:
    """Read the settings, unless the command did, and choose the output."""
    settings = settings or load_settings()
    if not structlog.is_configured():
        # Standard output is the answer's alone, above all with --json.
        structlog.configure(
            processors=[written_out, *structlog.get_config()["processors"]],
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
            cache_logger_on_first_use=False,
        )
    return Context(settings=settings, out=Output(as_json=as_json, lang=settings.lang))

"""Keeps the private server running while ``wangge up`` does: a server that ended is started again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from app.db.cluster import lifecycle
from app.db.cluster.lifecycle import ClusterInfo
from app.db.errors import DatabaseFailure
from app.kit.backoff import Backoff
from gis.text import Text

log = structlog.get_logger("wangge.supervisor")


# Looking whether there is room again costs nothing, and people wait.
_LONGEST_S = 10.0


def _quiet(_: Text) -> None:
    pass


class DatabaseKeeper:
    """Looks whether the server of ``home`` runs and starts it when not, with a wait that grows; never gives up."""

    def __init__(
        self,
        home: Path,
        *,
        say: Callable[[Text], None],
        started: Callable[[ClusterInfo], None] = lambda _: None,
        backoff: Backoff | None = None,
    ) -> None:
        self._home, self._say, self._started = home, say, started
        self._backoff = backoff or Backoff(longest_s=_LONGEST_S)
        self._due: float | None = None
        self._last_reason = ""

    def look(self) -> None:
        """Look once; a start is tried when it is due. No failure leaves this method."""
        try:
            if lifecycle.status(self._home).state == "running":
                self._backoff.healthy()
                self._due = None
                return
            if self._due is None:
                self._due = time.monotonic() + self._backoff.failed()
                log.error("database_ended", home=str(self._home))
                self._tell("数据库意外停止，正在恢复…", "The database stopped unexpectedly; recovering it…")
            if time.monotonic() < self._due:
                return
            # What it is about to do is said once, not with every try of a night with a full disk.
            say = _quiet if self._last_reason else self._say
            self._started(lifecycle.start(self._home, say=say, started_by="up"))
        except DatabaseFailure as error:
            self._wait_after(error.detail, str(error))
        except Exception as error:
            # Whatever it was, the next try may find it gone; the web service goes on meanwhile.
            log.exception("database_start_failed")
            self._wait_after(Text.same(str(error)), str(error))
        else:
            self._due, self._last_reason = None, ""
            log.info("database_restarted", home=str(self._home))
            self._tell("数据库已恢复。", "The database is back.")

    def _wait_after(self, reason: Text, said: str) -> None:
        wait = self._backoff.failed()
        self._due = time.monotonic() + wait
        log.error("database_not_started", error=said.splitlines()[0] if said else "?", retry_in_s=wait)
        if said != self._last_reason:
            # Once, not every half minute for as long as the disk is full.
            self._tell(
                f"{reason.zh}\n将不断重试；不需要数据库的服务（如 /v1/locate）照常。",
                f"{reason.en}\nTrying again until it works; what needs no database (such as /v1/locate) goes on.",
            )
        self._last_reason = said

    def _tell(self, zh: str, en: str) -> None:
        try:
            self._say(Text(zh, en))
        except OSError:
            return  # a terminal that is gone, a log on a full disk

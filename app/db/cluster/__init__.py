"""The private PostgreSQL + PostGIS cluster that lives in WANGGE_HOME.

``start`` / ``ensure`` create and start it, ``stop`` and ``status`` do what they say. One subject a file: ``account`` (who
runs it), ``binaries``, ``places`` (which folders), ``record`` (what is remembered), ``tuning``, ``create``, ``process``
(the live server), ``diagnose`` (its words into ours), ``roles``, ``lifecycle`` (the order of it all).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.db.cluster.lifecycle import ClusterInfo, Say, destroy, start, status, stop
from app.db.cluster.record import DATABASE, OWNER, SERVICE

if TYPE_CHECKING:
    from app.settings import Settings

__all__ = [
    "DATABASE",
    "OWNER",
    "SERVICE",
    "ClusterInfo",
    "Say",
    "destroy",
    "ensure",
    "start",
    "status",
    "stop",
]


def ensure(settings: Settings, *, say: Say | None = None) -> ClusterInfo:
    """The private cluster of ``settings.home``, created and started if it is not."""
    return start(settings.home) if say is None else start(settings.home, say=say)

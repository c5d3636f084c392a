"""How the server archives its log: to where the marker beside its data says, or nowhere."""

from __future__ import annotations

import os
from pathlib import Path

from app.db.cluster.places import Places

MARKER = "archive-to"
"""Holds the folder for archived segments, relative to the cluster's folder; made by the first nightly backup."""


def archive_settings(where: Places) -> dict[str, str]:
    """Server settings for archiving; changing them later needs a reload only, no restart.

    Without a marker segments are let go, not kept: an archive that nothing prunes would fill the disk.
    """
    target = archive_folder(where)
    if target is None:
        return {"archive_mode": "on", "archive_library": "", "archive_command": "true"}
    return {
        "archive_mode": "on",
        "archive_library": "basic_archive",
        "basic_archive.archive_directory": str(target),
        # What was committed reaches the archive within five minutes, however little happens.
        "archive_timeout": "300",
    }


def archive_folder(where: Places) -> Path | None:
    """The folder for archived segments; None where nothing is archived."""
    try:
        text = (where.folder / MARKER).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    return Path(os.path.normpath(where.folder / text))

"""The schedule and what is said of each grid, kept on disk beside the built indexes.

A worker that starts while the database is away answers from it, and says so in ``/readyz``; nothing else reads it.
The file carries the digest of its content: a damaged one is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import structlog

from app.boundaries.index_store import IndexStore
from app.boundaries.loading import LoadedEdition, Scheduled
from app.kit.clock import now
from gis.locate import GridIndex

log = structlog.get_logger(__name__)

NAME = "editions.json"
_FORMAT = 1


class _NoShapes(OSError):
    """An index that is not on disk cannot be built without the database."""


@dataclass(frozen=True)
class Snapshot:
    """What was kept: the schedule, the editions with their indexes, and when."""

    schedule: tuple[Scheduled, ...]
    editions: tuple[LoadedEdition, ...]
    kept_at: datetime


class EditionSnapshot:
    """The file in the folder of a store; every worker writes the same into it."""

    def __init__(self, store: IndexStore, *, origin: str) -> None:
        self._store = store
        # Another database has other editions: what was kept of one says nothing of the other.
        self._origin = hashlib.sha256(origin.encode()).hexdigest()
        self._path = store.folder / NAME
        self._kept: tuple[object, ...] | None = None

    def keep(self, schedule: Sequence[Scheduled], editions: Iterable[LoadedEdition]) -> None:
        """Write what is known now, unless this process has just written the same."""
        held = sorted(editions, key=lambda edition: edition.number)
        state = (tuple(schedule), tuple(edition.scheduled for edition in held))
        if state == self._kept and self._path.exists():
            return
        content = json.dumps(
            {
                "format": _FORMAT,
                "origin": self._origin,
                "kept_at": now().isoformat(),
                "schedule": [_as_dict(each) for each in schedule],
                "editions": [
                    {
                        "number": edition.number,
                        "descriptions": edition.descriptions,
                        "paths": edition.paths.tolist(),
                    }
                    for edition in held
                ],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        draft = self._path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            self._store.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            draft.replace(self._path)
        except OSError as error:
            # A full disk costs the snapshot, never the answer.
            log.warning("snapshot_not_kept", file=str(self._path), error=str(error))
            draft.unlink(missing_ok=True)
            return
        self._kept = state

    def read(self) -> Snapshot | None:
        """What was kept last, with indexes from disk; None when there is nothing whole."""
        try:
            digest, _, content = self._path.read_bytes().partition(b"\n")
            if hashlib.sha256(content).hexdigest().encode() != digest:
                raise ValueError("its content is not what its digest says")
            document = json.loads(content)
            if document["format"] != _FORMAT:
                raise ValueError(f"format {document['format']}")
            if document["origin"] != self._origin:
                raise ValueError("it was kept of another database")
            schedule = tuple(_from_dict(each) for each in document["schedule"])
            by_number = {each.number: each for each in schedule}
            return Snapshot(
                schedule,
                tuple(
                    edition
                    for each in document["editions"]
                    if (edition := self._loaded(by_number[each["number"]], each)) is not None
                ),
                datetime.fromisoformat(document["kept_at"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError) as error:
            log.warning("snapshot_discarded", file=str(self._path), error=str(error))
            return None

    def _loaded(self, scheduled: Scheduled, kept: dict[str, Any]) -> LoadedEdition | None:
        descriptions = tuple(kept["descriptions"])
        codes = [each["grid"]["code"] for each in descriptions]
        try:
            # The store looks into the file: it must hold these grids and no others.
            index = self._store.get(
                scheduled.content_hash, scheduled.number, codes=codes, build=_refuse_to_build
            )
        except OSError as error:
            log.warning("index_not_kept", edition=scheduled.number, error=str(error))
            return None
        return LoadedEdition(scheduled, index, descriptions, np.array(kept["paths"], dtype=object))


def _refuse_to_build() -> GridIndex:
    raise _NoShapes("it is not on disk, and shapes are in the database only")


def _as_dict(scheduled: Scheduled) -> dict[str, Any]:
    return {
        "number": scheduled.number,
        "effective_from": scheduled.effective_from.isoformat(),
        "synthetic": scheduled.synthetic,
        "content_hash": scheduled.content_hash,
    }


def _from_dict(kept: dict[str, Any]) -> Scheduled:
    return Scheduled(
        int(kept["number"]),
        datetime.fromisoformat(kept["effective_from"]),
        bool(kept["synthetic"]),
        str(kept["content_hash"]),
    )

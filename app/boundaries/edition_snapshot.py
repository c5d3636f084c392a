"""The schedule and what is said of each grid, kept on disk beside the built indexes.

A worker that starts while the database is away answers from it, and says so in ``/readyz``; nothing else reads it.
The file is lines of JSON (what it is, then grids by the hundred) and ends with the digest of all before: a damaged one
is as good as none. It is made a few lines at a time, since a city's grids put into text at once would stop every
request of the worker.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
import shapely
import structlog

from app.boundaries.edition_loader import LoadedEdition, Scheduled
from app.boundaries.index_store import IndexStore
from app.kit.clock import now
from gis.locate import ExcludedAreas, GridIndex

log = structlog.get_logger(__name__)

NAME = "editions.jsonl"
_FORMAT = 2
_GRIDS_A_LINE = 200


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
        draft = self._path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            self._store.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            digest = hashlib.sha256()
            with draft.open("wb") as file:
                for line in self._lines(schedule, held):
                    digest.update(line)
                    file.write(line)
                file.write(digest.hexdigest().encode())
            draft.replace(self._path)
        except OSError as error:
            # A full disk costs the snapshot, never the answer.
            log.warning("snapshot_not_kept", file=str(self._path), error=str(error))
            draft.unlink(missing_ok=True)
            return
        self._kept = state

    def _lines(self, schedule: Sequence[Scheduled], editions: Sequence[LoadedEdition]) -> Iterator[bytes]:
        yield _line(
            {
                "format": _FORMAT,
                "origin": self._origin,
                "kept_at": now().isoformat(),
                "schedule": [_as_dict(each) for each in schedule],
            }
        )
        for edition in editions:
            for first in range(0, len(edition.descriptions), _GRIDS_A_LINE):
                part = slice(first, first + _GRIDS_A_LINE)
                yield _line(
                    {
                        "edition": edition.number,
                        "descriptions": edition.descriptions[part],
                        "paths": edition.paths[part].tolist(),
                    }
                )
            for code, reason, shape in zip(
                edition.excluded.codes, edition.excluded.reasons, edition.excluded.polygons, strict=True
            ):
                yield _line(
                    {
                        "edition": edition.number,
                        "excluded": {"code": code, "reason": reason, "wkb": shapely.to_wkb(shape, hex=True)},
                    }
                )

    def read(self) -> Snapshot | None:
        """What was kept last, with indexes from disk; None when there is nothing whole."""
        try:
            content, _, digest = self._path.read_bytes().rpartition(b"\n")
            if hashlib.sha256(content + b"\n").hexdigest().encode() != digest:
                raise ValueError("its content is not what its digest says")
            head, *parts = map(json.loads, content.split(b"\n"))
            if head["format"] != _FORMAT:
                raise ValueError(f"format {head['format']}")
            if head["origin"] != self._origin:
                raise ValueError("it was kept of another database")
            schedule = tuple(_from_dict(each) for each in head["schedule"])
            by_number = {each.number: each for each in schedule}
            found = [
                self._loaded(by_number[number], list(same))
                for number, same in groupby(parts, key=lambda part: part["edition"])
            ]
            return Snapshot(
                schedule,
                tuple(edition for edition in found if edition is not None),
                datetime.fromisoformat(head["kept_at"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, shapely.errors.ShapelyError) as error:
            log.warning("snapshot_discarded", file=str(self._path), error=str(error))
            return None

    def _loaded(self, scheduled: Scheduled, parts: Sequence[dict[str, Any]]) -> LoadedEdition | None:
        land = [part["excluded"] for part in parts if "excluded" in part]
        parts = [part for part in parts if "excluded" not in part]
        descriptions = tuple(each for part in parts for each in part["descriptions"])
        paths = [path for part in parts for path in part["paths"]]
        codes = [each["grid"]["code"] for each in descriptions]
        try:
            # The store looks into the file: it must hold these grids and no others.
            index = self._store.get(
                scheduled.content_hash, scheduled.number, codes=codes, build=_refuse_to_build
            )
        except OSError as error:
            log.warning("index_not_kept", edition=scheduled.number, error=str(error))
            return None
        excluded = ExcludedAreas(
            shapely.from_wkb([each["wkb"] for each in land]),
            [each["reason"] for each in land],
            [each["code"] for each in land],
        )
        return LoadedEdition(scheduled, index, descriptions, np.array(paths, dtype=object), excluded)


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _refuse_to_build() -> GridIndex:
    raise _NoShapes("it is not on disk, and shapes are in the database only")


def _as_dict(scheduled: Scheduled) -> dict[str, object]:
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

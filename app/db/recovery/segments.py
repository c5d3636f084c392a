"""Names of WAL segments: which follows which, and whether some are missing between.

A name has 24 hexadecimal digits: timeline, high and low part of the position, in pieces of 16 MiB (wangge's clusters
are made with PostgreSQL's default size).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SEGMENT = re.compile(r"[0-9A-F]{24}")
PER_HIGH_PART = 0x100
SEGMENT_BYTES = 16 << 20


def number_of(name: str) -> int:
    """The place of a segment in the log, whatever its timeline.

    >>> number_of("000000010000000100000002")
    258
    """
    return int(name[8:16], 16) * PER_HIGH_PART + int(name[16:24], 16)


def number_at(lsn: str) -> int:
    """The segment that holds a position of the log.

    >>> number_at("1/2000028")
    258
    """
    high, low = (int(part, 16) for part in lsn.split("/"))
    return ((high << 32) + low) // SEGMENT_BYTES


def missing_between(first: str, names: Iterable[str]) -> list[str]:
    """Segments from ``first`` to the last of ``names`` that are not among them, on any timeline.

    >>> missing_between("000000010000000000000002", ["000000010000000000000002", "000000010000000000000004"])
    ['000000010000000000000003']
    """
    known = {number_of(name) for name in names if number_of(name) >= number_of(first)}
    if not known:
        return [first]
    timeline = first[:8]
    return [
        f"{timeline}{number // PER_HIGH_PART:08X}{number % PER_HIGH_PART:08X}"
        for number in range(number_of(first), max(known) + 1)
        if number not in known
    ]

"""Coordinate systems as requests name them, without keeping the event loop: PROJ may think for a tenth of a second.

What PROJ said of a number, refusals too, is remembered for the ones asked for last; unknown numbers are looked up one at
a time, so that somebody who goes through the whole register stops nobody.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

import numpy as np

from app.kit.admission import Gate
from gis.crs import SourceCrs, parse_crs, to_wgs84
from gis.errors import CrsUnknown, Refusal

_P = ParamSpec("_P")
_T = TypeVar("_T")

_EPSG = re.compile(r"\s*epsg\s*:{1,2}\s*(\d{1,7})\s*", re.IGNORECASE)
_KEPT = 256
_PATIENCE_S = 3.0

_known: OrderedDict[int, SourceCrs | CrsUnknown] = OrderedDict()
_one_at_a_time = threading.Lock()
_lookups = Gate(1, most_waiting=32, patience_s=_PATIENCE_S)
_lookup_thread = ThreadPoolExecutor(1, thread_name_prefix="crs-lookup")
# PROJ keeps what it has prepared by thread: one thread has it all.
_proj_thread = ThreadPoolExecutor(1, thread_name_prefix="proj")


async def read_crs(text: str, *, place: Hashable = None) -> SourceCrs:
    """:func:`gis.crs.parse_crs` for the event loop; ``place`` is who shares a turn when it has to be looked up.

    Raises
    ------
    gis.errors.CrsUnknown
        As there.
    Overloaded
        Too many unknown systems are being looked up.
    """
    match = _EPSG.fullmatch(text)
    if match is None:
        return parse_crs(text)
    number = int(match[1])
    if number not in _known:
        async with _lookups.turn(place):
            await asyncio.get_running_loop().run_in_executor(_lookup_thread, _look_up, number)
    return _given(number)


def find_crs(text: str) -> SourceCrs:
    """The same for code that runs in a thread."""
    match = _EPSG.fullmatch(text)
    return parse_crs(text) if match is None else _given(int(match[1]))


async def with_proj(source: SourceCrs, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run what converts a few places from ``source``: here, unless PROJ is needed for it."""
    if source.family != "proj":
        return work(*args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_proj_thread, lambda: work(*args, **kwargs))


def _given(number: int) -> SourceCrs:
    found = _known.get(number) or _look_up(number)
    if isinstance(found, CrsUnknown):
        raise CrsUnknown(*found.detail, code=found.code)
    return found


def _look_up(number: int) -> SourceCrs | CrsUnknown:
    with _one_at_a_time:
        found = _known.get(number)
        if found is None:
            found = _known[number] = _ask_proj(number)
            while len(_known) > _KEPT:
                _known.popitem(last=False)
        return found


def _ask_proj(number: int) -> SourceCrs | CrsUnknown:
    try:
        source = parse_crs(number)
    except CrsUnknown as error:
        return error.with_traceback(None)
    # The transformation is found with the first place; whether that one has an answer is no matter.
    with suppress(Refusal):
        to_wgs84(np.zeros(1), np.zeros(1), source)
    return source

"""What a confined process does: one task of one message, answered by one message."""

from __future__ import annotations

import traceback
from pathlib import Path

import pyarrow as pa

from gis.errors import Refusal
from gis.io.formats import detect
from gis.io.limits import ReadLimits, limit_exceeded
from gis.io.reader import read_layer
from gis.sandbox.drivers import keep_driver
from gis.sandbox.layers import describe_layer
from gis.sandbox.messages import Message
from gis.sandbox.refusals import describe_refusal
from gis.sandbox.replacement import compute_replacement

__all__ = ["answer"]

Answer = tuple[dict[str, object], dict[str, pa.Table]]
_LONGEST_TRACE = 4000


def answer(message: Message, limits: ReadLimits) -> Answer:
    """Do a task; a refusal is an answer, too, and so is a fault of ours."""
    try:
        return _TASKS[message.header["task"]](message, limits)
    except Refusal as error:
        return {"refusal": describe_refusal(error)}, {}
    except (MemoryError, pa.ArrowMemoryError):
        return {"refusal": describe_refusal(limit_exceeded(limits, "memory_mb"))}, {}
    except Exception as error:  # noqa: BLE001 - whatever a file makes of a library, the caller is told
        if "bad_alloc" in str(error) or "out of memory" in str(error).lower():
            return {"refusal": describe_refusal(limit_exceeded(limits, "memory_mb"))}, {}
        return {"failure": traceback.format_exc()[-_LONGEST_TRACE:]}, {}


def _read(message: Message, limits: ReadLimits) -> Answer:
    """Read a layer, with the one driver for its format left in the process."""
    source = Path(message.header["name"])
    keep_driver(detect(source).driver)
    return describe_layer(read_layer(source, limits=limits, **message.header["options"]))


def _replace(message: Message, _limits: ReadLimits) -> Answer:
    """Compute what a file of grids makes of a coverage."""
    keep_driver(None)
    return compute_replacement(message)


_TASKS = {"read": _read, "replace": _replace}

"""Bodies of requests: never longer than a route takes, never nested deeper than anything needs, refused by problem.

(FastAPI's own ``max_body_size`` answers plain text, and nothing of it looks at nesting.)
"""

from __future__ import annotations

import json
import re
import threading

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from app.errors import Invalid, TooLarge
from app.kit.admission import Overloaded
from app.kit.whole_text import refuse_bytes

DEEPEST_JSON = 64
"""Nesting of arrays and objects; a GeoJSON collection of multi-polygons has nine levels."""

_WORTH_A_THREAD = 64 * 1024
# Also one that never ends: matched once, from its beginning, however long it is.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_STEP = np.zeros(256, dtype=np.int32)
_STEP[list(b"[{")], _STEP[list(b"]}")] = 1, -1


class BodyMemory:
    """What all bodies held in memory may take together, in one worker."""

    def __init__(self, most_bytes: int) -> None:
        self.held = 0
        self._most = most_bytes
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Make room for ``count`` bytes, or refuse."""
        with self._lock:
            if self.held + count > self._most:
                raise Overloaded
            self.held += count

    def give_back(self, count: int) -> None:
        """They are gone."""
        with self._lock:
            self.held -= count


class LimitedRequest(Request):
    """A request whose body is counted while it comes; one that is held in memory counts for the worker, too."""

    def __init__(
        self, scope: Scope, receive: Receive, *, most_bytes: int, memory: BodyMemory | None = None
    ) -> None:
        super().__init__(scope, self._counted)
        self._uncounted = receive
        self._most = most_bytes
        self._memory = memory
        self._taken = self._held = 0
        self._grammar: json.JSONDecodeError | None = None

    async def _counted(self) -> Message:
        message = await self._uncounted()
        count = len(message.get("body", b""))
        self._taken += count
        if self._taken > self._most:
            raise _too_large(self._most, None)
        if self._memory is not None:
            self._memory.take(count)
            self._held += count
        return message

    def check_length(self) -> None:
        """Refuse a body that says it is too long, before any of it is read."""
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._most:
            raise _too_large(self._most, int(length))

    async def load(self) -> None:
        """Read the body, and parse it when it is JSON: in a thread when it is long."""
        body = await self.body()
        if body and _is_json(self.headers.get("content-type", "")):
            parsed = await run_in_threadpool(_parse, body) if len(body) > _WORTH_A_THREAD else _parse(body)
            if isinstance(parsed, json.JSONDecodeError):
                self._grammar = parsed
            else:
                # Where Starlette keeps it, and app.kit.whole_text looks for it.
                self._json = parsed

    async def json(self) -> object:
        """What :meth:`load` parsed."""
        if self._grammar is not None:
            raise self._grammar
        return await super().json()

    def forget(self) -> None:
        """The body is needed no more."""
        if self._memory is not None:
            self._memory.give_back(self._held)
        self._held = 0


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _parse(body: bytes) -> object:
    """The value; an error of its grammar is given back, for whoever words refusals of fields."""
    if is_deeper(body, DEEPEST_JSON):
        raise Invalid(
            f"JSON 嵌套最多 {DEEPEST_JSON} 层，收到的更深。",
            f"JSON may be nested {DEEPEST_JSON} levels deep; what came is deeper.",
            code="too-deep",
            most=DEEPEST_JSON,
        )
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        return error
    except UnicodeDecodeError as error:
        raise refuse_bytes(error) from error
    except ValueError as error:
        # A whole number of more digits than Python reads.
        raise Invalid(
            f"JSON 无法读取：{error}",
            f"the JSON cannot be read: {error}",
            field="body",
            code="json-unreadable",
        ) from error


def is_deeper(body: bytes, most: int) -> bool:
    """Whether brackets outside strings are nested deeper than ``most``.

    >>> is_deeper(b'{"a": [[1], "[[[["]}', 3), is_deeper(b'{"a": [[1], "[[[["]}', 2)
    (False, True)
    >>> is_deeper(b"[" * 100, 64), is_deeper(b"]" * 100, 64)
    (True, False)
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    brackets = np.frombuffer(_STRING.sub(b"", body).translate(None, _NO_BRACKET), dtype=np.uint8)
    return bool(len(brackets)) and int(np.cumsum(_STEP[brackets]).max()) > most


def _too_large(most: int, came: int | None) -> TooLarge:
    came_zh = f"收到 {_size(came)}" if came else "收到的更多"
    came_en = f"{_size(came)} came" if came else "more came"
    return TooLarge(
        f"请求内容最多 {_size(most)}，{came_zh}。",
        f"The body may have {_size(most)}; {came_en}.",
        most_bytes=most,
        code="body-too-large",
    )


def _size(count: int) -> str:
    return f"{count / 2**20:.4g} MiB" if count >= 2**20 else f"{count / 1024:.4g} KiB"

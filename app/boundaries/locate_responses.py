"""Answers of ``GET /v1/locate`` in bytes: what is said of a grid is put together once an edition, not once a question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]

VARY = b"Accept-Language, Cookie, Authorization"
# A publication may take force at any instant, and must then be what everybody is told: ask again each time.
ASK_AGAIN = b"no-cache"
# What owned a place on a day that no publication can reach any more never changes.
SETTLED = b"private, max-age=604800, immutable"
# Told apart from what an earlier form of the answer was tagged with.
_FORM = "1"


class Answer(NamedTuple):
    """One answer: headers of 200, its body, the tag, and headers of 304."""

    headers: Headers
    body: bytes
    tag: bytes
    unchanged: Headers


class Answers:
    """What one edition answers: by grid, and by whether the place lies on the grid's border."""

    def __init__(self, descriptions: Sequence[dict[str, object]], *, edition: int, content_hash: str) -> None:
        self._descriptions = descriptions
        self._edition = edition
        # The number is in the answer and names come from the edition, so both belong to the tag.
        self._mark = f"{_FORM}-{edition}-{content_hash[:16]}"
        self._made: dict[tuple[int, bool, bytes], Answer] = {}

    def get(self, owner: int, *, on_boundary: bool, cache: bytes = ASK_AGAIN) -> Answer:
        """The answer for a grid, ready to be sent; its lists must not be changed."""
        key = (owner, on_boundary, cache)
        answer = self._made.get(key)
        if answer is None:
            answer = self._made[key] = self._make(owner, on_boundary, cache)
        return answer

    def _make(self, owner: int, on_boundary: bool, cache: bytes) -> Answer:
        said = {**self._descriptions[owner], "edition": self._edition, "on_boundary": on_boundary}
        body = json.dumps(said, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        tag = f'"{self._mark}-{owner}{"b" if on_boundary else ""}"'.encode()
        unchanged = [(b"etag", tag), (b"cache-control", cache), (b"vary", VARY)]
        headers = [
            (b"content-length", str(len(body)).encode()),
            (b"content-type", b"application/json"),
            *unchanged,
        ]
        return Answer(headers, body, tag, unchanged)

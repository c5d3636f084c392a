"""Members of a JSON text by the depth at which they stand, without building the whole of it.

Files have gigabytes of coordinates and one member that says what those are in; it may stand anywhere.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["JsonKind", "Member", "json_kind", "mapped", "members", "occurrences", "parent_of"]

Buffer = bytes | mmap.mmap
JsonKind = Literal["GeoJSON", "Esri JSON", "TopoJSON"]
_COLON = re.compile(rb"\s*:")
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_NO_STRUCTURE = bytes(set(range(256)) - set(b'"{}[]'))
_AT_ONCE = 1 << 23
_LONGEST_VALUE = 1 << 16
_GEOJSON = frozenset(
    [
        "FeatureCollection",
        "Feature",
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    ]
)


@dataclass(frozen=True)
class Member:
    """A member that was found.

    Parameters
    ----------
    at : int
        Where its key begins.
    depth : int
        1 in the outermost object.
    value : object
        As JSON has it.
    """

    at: int
    depth: int
    value: object


@contextmanager
def mapped(source: Path) -> Iterator[Buffer]:
    """Map a file that is not empty."""
    with source.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


def occurrences(content: Buffer, word: bytes, *, lower: bool = False) -> Iterator[int]:
    """Find where a word stands, also in capitals where `word` is in `lower` case.

    A mapped file is searched byte by byte by its own `find`, which takes many times as long.

    Examples
    --------
    >>> list(occurrences(b"a,b,A,a", b"a", lower=True))
    [0, 4, 6]
    """
    for begin in range(0, len(content), _AT_ONCE):
        block = content[begin : begin + _AT_ONCE + len(word) - 1]
        block = block.lower() if lower else block
        at = block.find(word)
        while at >= 0:
            yield begin + at
            at = block.find(word, at + 1)


def members(content: Buffer, name: str) -> Iterator[Member]:
    """Find every member of a name, in order; one whose value is cut off or longer than 64 KiB is passed over.

    Examples
    --------
    >>> text = b'{"a": {"crs": 1, "b": "}\\\\"{"}, "crs": {"x": [2]}}'
    >>> [(one.depth, one.value) for one in members(text, "crs")]
    [(2, 1), (1, {'x': [2]})]
    """
    depth, done = _Depth(content), 0
    for at, end in _keys(content, name):
        if at < done:
            continue
        begin = end + len(content[end : end + 256]) - len(content[end : end + 256].lstrip())
        text = content[begin : begin + _LONGEST_VALUE].decode("utf-8", errors="replace")
        try:
            value, length = json.JSONDecoder().raw_decode(text)
        except (json.JSONDecodeError, RecursionError):
            continue
        yield Member(at, depth.at(at), value)
        # What stands inside the value is of the value.
        done = begin + len(text[:length].encode())


def _keys(content: Buffer, name: str) -> Iterator[tuple[int, int]]:
    """Give where keys of a name begin, and where what follows their colon does."""
    for begin, end in _spelled(content, name):
        colon = _COLON.match(content, end)
        if colon and content[begin - 1 : begin] != b"\\":
            yield begin, colon.end()


def _spelled(content: Buffer, name: str) -> Iterator[tuple[int, int]]:
    if next(occurrences(content, rf"\u{ord(name[0]):04x}".encode()), None) is not None:
        letters = "".join(rf"(?:{letter}|\\u{ord(letter):04x}|\\u{ord(letter):04X})" for letter in name)
        yield from (found.span() for found in re.finditer(f'"{letters}"'.encode(), content))
        return
    # Hardly any writer escapes letters of a key; looking for the plain ones is many times faster.
    word = f'"{name}"'.encode()
    for at in occurrences(content, word):
        yield at, at + len(word)


def parent_of(content: Buffer, member: Member, names: tuple[str, ...]) -> str | None:
    """Say which of some members holds a member directly; None when it is none of them, or begins far before it.

    Examples
    --------
    >>> text = b'{"geometry": {"type": "Point", "crs": 1}, "properties": {"crs": 2}}'
    >>> [parent_of(text, one, ("geometry", "properties")) for one in members(text, "crs")]
    ['geometry', 'properties']
    """
    begin = max(0, member.at - _LONGEST_VALUE)
    before = bytes(content[begin : member.at])
    opened = list(re.finditer(rf'"({"|".join(names)})"\s*:\s*\{{'.encode(), before))
    if not opened or _Depth(before[opened[-1].end() :]).at(len(before) - opened[-1].end()) != 0:
        return None
    return opened[-1][1].decode()


class _Depth:
    """How many brackets are open at places of a text that are asked for from front to back."""

    def __init__(self, content: Buffer) -> None:
        self._content, self._at, self._depth, self._inside = content, 0, 0, False

    def at(self, place: int) -> int:
        while self._at < place:
            end = min(place, self._at + _AT_ONCE)
            # An escape is two bytes at least, and a run of backslashes belongs together.
            while end < place and self._content[end - 1 : end] == b"\\":
                end += 1
            self._take(self._content[self._at : end])
            self._at = end
        return self._depth

    def _take(self, part: bytes) -> None:
        if b"\\" in part:
            part = _ESCAPE.sub(b"", part)
        marks = (b'"' if self._inside else b"") + part.translate(None, _NO_STRUCTURE)
        # Where a string ends and another begins, nothing between them counts; what is left is nearly nothing.
        marks = _STRING.sub(b"", marks.replace(b'""', b""))
        outside, quote, _ = marks.partition(b'"')
        self._inside = bool(quote)
        self._depth += outside.count(b"{") + outside.count(b"[") - outside.count(b"}") - outside.count(b"]")


def json_kind(head: bytes) -> JsonKind | None:
    """Say of the beginning of a JSON object what it is; one that says nothing yet is taken for GeoJSON.

    Examples
    --------
    >>> json_kind(b'{"type":"Topology","objects":{"a":{"type":"Polygon"}},"arcs":[]}')
    'TopoJSON'
    >>> json_kind(b'{"features":[{"attributes":{"type":"Point"},"geometry":{"rings":[]}}]')
    'Esri JSON'
    >>> json_kind(b'{"type":"FeatureCollection","features":[]}')
    'GeoJSON'
    """
    outermost = [one.value for one in members(head, "type") if one.depth == 1]
    kind = outermost[0] if outermost and isinstance(outermost[0], str) else None
    if kind == "Topology":
        return "TopoJSON"
    if kind in _GEOJSON:
        return "GeoJSON"
    if any(one.depth == 1 and str(one.value).startswith("esri") for one in members(head, "geometryType")):
        return "Esri JSON"
    if kind is None and not re.search(rb'"coordinates"\s*:', head):
        if re.search(rb'"(?:rings|paths|attributes|spatialReference|curveRings)"\s*:', head):
            return "Esri JSON"
        if re.search(rb'"arcs"\s*:', head):
            return "TopoJSON"
    if kind is not None:
        return None
    return "GeoJSON" if _looks_geojson(head) else None


def _looks_geojson(head: bytes) -> bool:
    kinds = [one.value for one in members(head, "type")]
    return not kinds or any(isinstance(one, str) and one in _GEOJSON for one in kinds)

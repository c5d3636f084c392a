"""Text that is no text: halves of surrogate pairs, bytes that are not UTF-8, NUL. Refused by field, before any route.

JSON can spell half a surrogate pair (``"\\\\ud800"``), an address can carry any byte (``%ff``). Neither can be stored,
logged or sent back, and PostgreSQL has no place for NUL. One dependency of the application looks at every request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_to_bytes

from fastapi import Request
from starlette.exceptions import HTTPException

from app.errors import BadRequest, Invalid
from app.kit.visible import visible
from gis.text import Text

# Only these bytes of a body can become such a text; the rest is not looked at value by value. The last but one: a
# surrogate in bytes, which Python's reader of JSON lets pass. NUL: also UTF-16 and UTF-32.
_SUSPECT = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)|\xed[\xa0-\xbf]|\x00")
_NO_TEXT = re.compile("[\ud800-\udfff\x00]")
_SHOWN = 80


class BrokenAddress(BadRequest):
    """An address whose bytes are not UTF-8."""

    code, title = "broken-address", Text("地址有误", "Broken address")


async def refuse_broken_text(request: Request) -> None:
    """A dependency: refuses the request when its address or its JSON holds text that is none."""
    _check_address(request)
    # Read by FastAPI before; asking for it here would take the stream from routes that read it themselves.
    body: bytes = getattr(request, "_body", b"")
    if hasattr(request, "_json") and _SUSPECT.search(body):
        for place, text in _texts(request._json):
            if _NO_TEXT.search(text):
                raise _no_text(".".join(place) or "body", text)


def not_utf8(error: HTTPException) -> Invalid | None:
    """The refusal of a body that could not be read because it is not UTF-8; None where that was not the reason."""
    cause = error.__cause__
    return refuse_bytes(cause) if isinstance(cause, UnicodeDecodeError) else None


def refuse_bytes(cause: UnicodeDecodeError) -> Invalid:
    """The refusal of a body that is not UTF-8, with the first byte that is not."""
    came = cause.object[cause.start : cause.start + 1].hex()
    return Invalid(
        f"请求内容应为 UTF-8 文字；第 {cause.start + 1} 个字节 0x{came} 不是",
        f"the body has to be UTF-8 text; its byte {cause.start + 1}, 0x{came}, is not",
        code="not-utf8",
        field="body",
        position=cause.start,
    )


def _check_address(request: Request) -> None:
    raw: bytes = request.scope.get("raw_path") or b""
    query: bytes = request.scope["query_string"]
    if b"%" in raw:
        path = unquote_to_bytes(raw)
        try:
            path.decode()
        except UnicodeDecodeError as error:
            name = next((n for n, v in request.path_params.items() if "\ufffd" in str(v)), "path")
            shown = visible(path.decode(errors="surrogateescape"))[:_SHOWN]
            raise BrokenAddress(
                f"{name} 应为 UTF-8 文字（百分号编码），收到 {shown}",
                f"{name} has to be UTF-8 text, percent-encoded; came {shown}",
                field=name,
            ) from error
        for name, value in request.path_params.items():
            if isinstance(value, str) and "\0" in value:
                raise _no_text(name, value)
    if b"%" in query or not query.isascii():
        for part in query.split(b"&"):
            _check_parameter(part, strict=request.scope["path"].startswith("/ogc"))


def _check_parameter(part: bytes, *, strict: bool) -> None:
    name, _, value = part.partition(b"=")
    for piece in (name, value):
        plain = unquote_to_bytes(piece.replace(b"+", b" ")).decode(errors="surrogateescape")
        if _NO_TEXT.search(plain):
            refusal = _no_text(unquote(name.decode("latin-1")), plain, octets=True)
            if strict:
                # The standard answers 400 to a parameter that cannot be read.
                raise BrokenAddress(*refusal.detail, **refusal.extra)
            raise refusal


def _no_text(field: str, came: str, *, octets: bool = False) -> Invalid:
    # Not the text itself, which may be a password: only what is wrong in it, and where.
    field = visible(field)[:_SHOWN]
    found = _NO_TEXT.search(came)
    at, mark = (found.start() + 1, ord(found[0])) if found else (0, 0)
    # Python keeps a byte that is not UTF-8 as such a half.
    shown = f"0x{mark - 0xDC00:02x}" if octets and mark >= 0xDC80 else f"U+{mark:04X}"
    return Invalid(
        f"{field} 应为完整的文字，不能含 NUL、半个代理对或非 UTF-8 的字节；第 {at} 个字符是 {shown}",
        f"{field} has to be whole text, without NUL, halves of surrogate pairs or bytes that are not UTF-8; "
        f"its character {at} is {shown}",
        code="not-text",
        field=field,
        fields=[{"field": field, "expected": "whole text", "came": shown, "kind": "not_text"}],
    )


def _texts(document: object) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text of a JSON document with its place, names of fields too; without recursion, however deep it is."""
    left: list[tuple[tuple[str, ...], object]] = [((), document)]
    while left:
        place, value = left.pop()
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, dict):
            for key, each in value.items():
                yield (*place, key), key
                left.append(((*place, key), each))
        elif isinstance(value, list):
            left.extend(
                ((*place, str(at)), each) for at, each in enumerate(value) if not isinstance(each, float)
            )

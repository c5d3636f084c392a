"""Versions of what is edited by several people: the ``ETag`` of an answer, and the ``If-Match`` of a write.

Our tags name a version of what is told, never the bytes it is told in. A proxy that compresses an answer on its way
says so in the tag: nginx, Caddy and most others weaken it (``W/"3-7"``), Apache and some more put the coding behind it
(``"3-7-gzip"``), each only for answers that they do compress. Both name the version that we named, so they count as it
everywhere, in ``If-Match`` too, where RFC 9110 would let no weak tag match and nobody behind a proxy could write.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header
from starlette.requests import Request

from app.errors import Stale, VersionRequired

# Old Apaches put the coding behind the quotes; there it is not part of what is found.
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
# No tag of ours ends like this.
_CODING = re.compile(r"(?:[-;](?:gzip|br|zstd|deflate))+$")


def tags(header: str | None) -> frozenset[str]:
    """The versions that an ``If-Match`` or ``If-None-Match`` header names.

    >>> sorted(tags('"3-7", W/"3-8", "3-9-gzip"'))
    ['3-7', '3-8', '3-9']
    """
    return frozenset(_CODING.sub("", tag) for tag in _TAG.findall(header or ""))


def names(if_none_match: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag (quoted); weak and strong are the same there (RFC 9110, 13.1.2).

    >>> names('W/"a", "b"', '"a"'), names("*", '"a"'), names('"ab"', '"a"'), names(None, '"a"')
    (True, True, False, False)
    """
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or tag.strip('"') in tags(if_none_match)


def is_known(request: Request, tag: str) -> bool:
    """Whether the asker has the version of a tag (quoted) already, so that 304 says enough."""
    # A list of tags may come in several lines.
    return names(", ".join(request.headers.getlist("if-none-match")), tag)


def _seen(
    if_match: Annotated[
        str | None, Header(description="The ETag of the answer that this write is based on.")
    ] = None,
) -> frozenset[str]:
    found = tags(if_match)
    if not found:
        # "*" says nothing of what was seen, so it would write over the work of others.
        raise VersionRequired(
            "请求须带 If-Match，值为所依据应答的 ETag",
            "send If-Match with the ETag of the answer that you saw",
            came=if_match,
        )
    return found


Seen = Annotated[frozenset[str], Depends(_seen)]


def refuse_stale(seen: frozenset[str], present: str) -> None:
    """Refuse a write that is based on another version than the present one."""
    if present not in seen:
        raise Stale(
            "其他人已经修改，请取最新版本后重试；您的修改没有写入",
            "somebody has changed this since; fetch it again and retry. Nothing was written",
            headers={"ETag": f'"{present}"'},
            expected=min(seen),
            came=present,
        )

"""Versions of what is edited by several people: the ``ETag`` of an answer, and the ``If-Match`` of a write."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header

from app.errors import Stale, VersionRequired

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def tags(header: str | None) -> frozenset[str]:
    """The tags of an ``If-Match`` or ``If-None-Match`` header; proxies that compress make them weak.

    >>> sorted(tags('"3-7", W/"3-8"'))
    ['3-7', '3-8']
    """
    return frozenset(_TAG.findall(header or ""))


def names(if_none_match: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag (quoted); weak and strong are the same there (RFC 9110, 13.1.2).

    >>> names('W/"a", "b"', '"a"'), names("*", '"a"'), names('"ab"', '"a"'), names(None, '"a"')
    (True, True, False, False)
    """
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or tag.strip('"') in tags(if_none_match)


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

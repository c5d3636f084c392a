"""Entity tags: what a client holds already."""

from __future__ import annotations

import re

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def names(condition: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag; weak and strong forms of it are the same there (RFC 9110, 13.1.2).

    >>> names('W/"a", "b"', '"a"'), names("*", '"a"'), names('"ab"', '"a"'), names(None, '"a"')
    (True, True, False, False)
    """
    if not condition:
        return False
    return condition.strip() == "*" or tag in _TAG.findall(condition)

"""Where to go after signing in: only ever to a page of ours."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_next(target: str | None, *, root: str = "") -> str:
    """``target`` when it is an absolute path on this site, below the sub-path ``root``; otherwise the first page.

    Browsers read ``//host``, ``/\\host`` and paths with control characters as another site.

    >>> safe_next("/dispatch?state=open#n3")
    '/dispatch?state=open#n3'
    >>> safe_next("//evil.example"), safe_next("/\\\\evil.example"), safe_next("https://evil.example")
    ('/', '/', '/')
    """
    default = f"{root}/"
    if not target or not target.startswith(default) or len(target) > 2000:
        return default
    if any(ord(character) < 33 or ord(character) == 127 or character == "\\" for character in target):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    if parts.scheme or parts.netloc or target.startswith("//"):
        return default
    return target

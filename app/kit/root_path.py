"""Paths below the sub-path under which a proxy publishes the service."""

from __future__ import annotations

from starlette.types import Scope


def own_path(scope: Scope) -> str:
    """The path of a request as the routes name it: without the sub-path.

    >>> own_path({"path": "/wangge/v1/locate", "root_path": "/wangge"}), own_path({"path": "/v1/locate"})
    ('/v1/locate', '/v1/locate')
    """
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root) else path

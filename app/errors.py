"""What the service refuses, by the HTTP status that answers it: one table for these and for the core's refusals.

::

    gis.errors.Refusal                  422
    ├── LimitExceeded                   413
    ├── AssetsMissing                   503
    └── ServiceRefusal                  may carry HTTP headers
        ├── BadRequest                  400  what a standard answers with 400
        ├── Unauthorised                401
        ├── Forbidden                   403
        ├── NotFound                    404
        │   └── NoOwner                 404  (type …/no-owner)
        ├── SlowRequest                 408
        ├── Conflict                    409
        ├── Stale                       412
        ├── TooLarge                    413
        ├── UnsupportedMedia            415
        ├── Invalid                     422
        ├── VersionRequired             428
        ├── TooMany                     429
        ├── Internal                    500
        ├── Unavailable                 503
        └── StorageFull                 507
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gis.errors import AssetsMissing, LimitExceeded, Place, Refusal
from gis.text import Text


class ServiceRefusal(Refusal):
    """A refusal of the service.

    Parameters
    ----------
    headers : mapping, optional
        Headers of HTTP that go with it, such as Retry-After.
    """

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        code: str | None = None,
        places: Iterable[Place] = (),
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(zh, en, code=code, places=places, **members)
        self.headers = dict(headers or {})


class BadRequest(ServiceRefusal):
    """An address or parameter that cannot be read, where a standard asks for 400."""

    code = "bad-request"


class Unauthorised(ServiceRefusal):
    """Nobody is signed in, or the credentials are wrong."""

    code = "unauthorised"


class Forbidden(ServiceRefusal):
    """Signed in, but not allowed."""

    code = "forbidden"


class NotFound(ServiceRefusal):
    """Nothing there, or nothing the asker may see."""

    code = "not-found"


class NoOwner(NotFound):
    """The place lies outside every grid."""

    code, title = "no-owner", Text("不属于任何网格", "No grid owns this place")


class SlowRequest(ServiceRefusal):
    """The request did not arrive in time."""

    code = "slow-body"


class Conflict(ServiceRefusal):
    """The request disagrees with what is stored."""

    code = "conflict"


class Stale(ServiceRefusal):
    """Somebody else changed it since; nothing was written."""

    code = "stale"


class TooLarge(ServiceRefusal):
    """More than one request may carry."""

    code = "too-large"


class UnsupportedMedia(ServiceRefusal):
    """A kind of content that is not read here."""

    code = "unsupported-media"


class Invalid(ServiceRefusal):
    """Understood, but not acceptable: names the field, what was expected and what came."""

    code = "invalid"


class VersionRequired(ServiceRefusal):
    """A write must say which version it saw."""

    code = "version-required"


class TooMany(ServiceRefusal):
    """Asked too often; carries Retry-After."""

    code = "too-many"


class Internal(ServiceRefusal):
    """A fault of ours, which is logged."""

    code = "internal"


class Unavailable(ServiceRefusal):
    """Something needed is not ready yet."""

    code = "unavailable"


class StorageFull(ServiceRefusal):
    """A disk has no room for what came."""

    code = "storage-full"


# The nearest class of a refusal decides, so that the core needs no word of HTTP.
STATUSES: Mapping[type[Refusal], int] = {
    BadRequest: 400,
    Unauthorised: 401,
    Forbidden: 403,
    NotFound: 404,
    SlowRequest: 408,
    Conflict: 409,
    Stale: 412,
    TooLarge: 413,
    LimitExceeded: 413,
    UnsupportedMedia: 415,
    Refusal: 422,
    VersionRequired: 428,
    TooMany: 429,
    Internal: 500,
    Unavailable: 503,
    AssetsMissing: 503,
    StorageFull: 507,
}

TITLES: Mapping[int, Text] = {
    400: Text("请求有误", "Bad request"),
    401: Text("请先登录", "Sign in first"),
    403: Text("无权操作", "Not allowed"),
    404: Text("未找到", "Not found"),
    405: Text("不支持这种请求方法", "Method not allowed"),
    406: Text("没有这种格式", "Not acceptable"),
    408: Text("请求太慢", "The request did not arrive in time"),
    409: Text("与现有数据冲突", "Conflicts with what is stored"),
    412: Text("已被他人修改", "Changed by somebody else since"),
    413: Text("请求过大", "Too large"),
    415: Text("不支持这种内容格式", "Unsupported media type"),
    422: Text("输入有误", "Input not accepted"),
    428: Text("请指明所依据的版本", "Say which version you saw"),
    429: Text("操作过于频繁", "Too many attempts"),
    500: Text("内部错误", "Internal error"),
    503: Text("服务暂不可用", "Not available right now"),
    507: Text("磁盘空间不足", "No room on the disk"),
}


def status_of(kind: type[Refusal]) -> int:
    """The HTTP status of a kind of refusal.

    >>> status_of(NoOwner), status_of(Refusal)
    (404, 422)
    """
    return next(STATUSES[each] for each in kind.__mro__ if each in STATUSES)


def title_of(kind: type[Refusal]) -> Text:
    """What all refusals of a kind have in common, in a few words."""
    return kind.title or TITLES[status_of(kind)]

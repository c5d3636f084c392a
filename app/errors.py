"""Errors that carry an HTTP status, the table from geometry errors to statuses, and the one place that answers them.

::

    AppError
    ├── NotFound            404
    ├── NoOwner             404  (type …/no-owner)
    ├── Unauthorised        401
    ├── Forbidden           403
    ├── Conflict            409
    ├── Stale               412
    ├── TooLarge            413
    ├── UnsupportedMedia    415
    ├── Invalid             422
    ├── VersionRequired     428
    ├── TooMany             429
    └── Unavailable         503
"""

from __future__ import annotations

from typing import Any

from app.i18n import Lang, Text


class AppError(Exception):
    """An expected refusal: a machine word, a message in both languages, and what else helps to mend it."""

    status = 500
    code = "internal"
    title = Text("内部错误", "Internal error")

    def __init__(
        self,
        zh: str | None = None,
        en: str | None = None,
        *,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.detail = Text(zh or self.title.zh, en or zh or self.title.en)
        self.code = code or self.code
        self.headers = headers or {}
        self.extra = extra
        super().__init__(f"{self.detail.zh} / {self.detail.en}")

    def text(self, lang: Lang) -> str:
        """The message in one language."""
        return self.detail.in_(lang)

    def problem(self, lang: Lang, *, instance: str | None = None) -> dict[str, Any]:
        """The RFC 9457 document for this error."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.title.in_(lang),
            "status": self.status,
            "code": self.code,
            "detail": self.text(lang),
        }
        if instance:
            body["instance"] = instance
        return body | self.extra


class NotFound(AppError):
    """Nothing there, or nothing the asker may see."""

    status, code, title = 404, "not-found", Text("未找到", "Not found")


class NoOwner(NotFound):
    """The place lies outside every grid."""

    code, title = "no-owner", Text("不属于任何网格", "No grid owns this place")


class Unauthorised(AppError):
    """Nobody is signed in, or the credentials are wrong."""

    status, code, title = 401, "unauthorised", Text("请先登录", "Sign in first")


class Forbidden(AppError):
    """Signed in, but not allowed."""

    status, code, title = 403, "forbidden", Text("无权操作", "Not allowed")


class Conflict(AppError):
    """The request disagrees with what is stored."""

    status, code, title = 409, "conflict", Text("与现有数据冲突", "Conflicts with what is stored")


class Stale(AppError):
    """Somebody else changed it since; nothing was written."""

    status, code, title = 412, "stale", Text("已被他人修改", "Changed by somebody else since")


class VersionRequired(AppError):
    """A write must say which version it saw."""

    status, code, title = 428, "version-required", Text("请指明所依据的版本", "Say which version you saw")


class TooLarge(AppError):
    """More than one request may carry."""

    status, code, title = 413, "too-large", Text("请求过大", "Too large")


class UnsupportedMedia(AppError):
    """A kind of content that is not read here."""

    status, code, title = 415, "unsupported-media", Text("不支持这种内容格式", "Unsupported media type")


class Invalid(AppError):
    """Understood, but not acceptable: names the field, what was expected and what came."""

    status, code, title = 422, "invalid", Text("输入有误", "Input not accepted")


class TooMany(AppError):
    """Asked too often; carries Retry-After."""

    status, code, title = 429, "too-many", Text("操作过于频繁", "Too many attempts")


class Unavailable(AppError):
    """Something needed is not ready yet."""

    status, code, title = 503, "unavailable", Text("服务暂不可用", "Not available right now")

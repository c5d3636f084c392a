"""The body of a request as a file, and work on it that ends when the client hangs up. No connection is held meanwhile."""

from __future__ import annotations

import asyncio
import errno
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import anyio
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.errors import Invalid, TooLarge, UnsupportedMedia
from app.files.errors import ReadersBusy, SlowBody, UploadStorageFull
from app.settings import Settings
from gis.sandbox import Cancellation, Cancelled, make_folder

Result = TypeVar("Result")

_BLOCK = 1 << 20
# Left free for everything else that the disk is needed for.
_RESERVE = 256 << 20
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class FileLanes:
    """How many files are received and read at once, in one worker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.largest = settings.max_upload_mb << 20
        self._receiving: Counter[str] = Counter()
        # One person with slow files keeps nobody else out.
        self._most_each = max(1, settings.uploads_at_once // 4)
        self._reading = anyio.CapacityLimiter(settings.upload_readers)

    @asynccontextmanager
    async def receive(self, request: Request, folder: Path, *, sender: str) -> AsyncIterator[Path]:
        """The body as a file in a folder of its own, for as long as the block lasts.

        ``sender`` is who sends it: a quarter of the places is theirs at most.

        Raises
        ------
        UnsupportedMedia, TooLarge, Invalid
            A form, more than a file may have, nothing.
        SlowBody, UploadStorageFull, ReadersBusy
            It does not arrive in time; no room; too many others.
        """
        refuse_body(request, self.largest)
        if (
            self._receiving.total() >= self.settings.uploads_at_once
            or self._receiving[sender] >= self._most_each
        ):
            raise ReadersBusy
        self._receiving[sender] += 1
        try:
            made, inside = await _on_disk(partial(_enter_folder, folder))
            try:
                if shutil.disk_usage(inside).free < _RESERVE + _length(request):
                    raise UploadStorageFull
                # Without an extension the content alone decides what it is.
                path = inside / "grids"
                await self._write(request, path)
                yield path
            finally:
                with anyio.CancelScope(shield=True):
                    await run_in_threadpool(made.__exit__, None, None, None)
        finally:
            self._receiving[sender] -= 1
            if not self._receiving[sender]:
                del self._receiving[sender]

    async def _write(self, request: Request, path: Path) -> None:
        deadline = time.monotonic() + self.settings.upload_total_s
        taken, pending = 0, bytearray()
        stream = request.stream().__aiter__()
        with path.open("wb") as file:
            while True:
                left = min(self.settings.upload_idle_s, deadline - time.monotonic())
                try:
                    chunk = await asyncio.wait_for(anext(stream), max(left, 0.001))
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    raise _slow(self.settings, taken) from None
                taken += len(chunk)
                if taken > self.largest:
                    raise _too_large(self.largest, None)
                pending += chunk
                if len(pending) >= _BLOCK:
                    await _on_disk(partial(file.write, bytes(pending)))
                    pending.clear()
            await _on_disk(partial(_finish, file, bytes(pending)))
        if not taken:
            raise Invalid("请求里没有文件", "there is no file in the request", code="empty-body")

    async def read(self, request: Request, work: Callable[[Cancellation], Result]) -> Result:
        """Work on a file in a thread of the readers' own; the work is stopped when the client hangs up."""
        if self._reading.statistics().tasks_waiting >= self.settings.uploads_at_once:
            raise ReadersBusy
        cancellation = Cancellation()
        watcher = asyncio.ensure_future(_cancel_when_gone(request, cancellation))
        try:
            return await anyio.to_thread.run_sync(
                work, cancellation, limiter=self._reading, abandon_on_cancel=True
            )
        except Cancelled:
            raise ClientDisconnect from None
        finally:
            watcher.cancel()
            # Whatever way this ends, nothing goes on.
            cancellation.cancel()


async def _cancel_when_gone(request: Request, cancellation: Cancellation) -> None:
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            cancellation.cancel()
            return


def _enter_folder(parent: Path) -> tuple[AbstractContextManager[Path], Path]:
    made = make_folder(parent)
    return made, made.__enter__()


def _finish(file: BinaryIO, rest: bytes) -> None:
    file.write(rest)
    file.flush()


async def _on_disk(work: Callable[[], Result]) -> Result:
    """Do something with the disk in a thread."""
    try:
        return await run_in_threadpool(work)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UploadStorageFull from error
        raise


def refuse_body(request: Request, largest: int) -> None:
    """Refuse a body by its headers."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        raise UnsupportedMedia(
            "请把文件本身作为请求内容发送，不要用表单",
            "send the file itself as the body, not a form",
            came=kind,
            code="file-in-a-form",
        )
    if _length(request) > largest:
        raise _too_large(largest, _length(request))


def _length(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def _too_large(largest: int, came: int | None) -> TooLarge:
    more_zh = f"，收到 {-(-came >> 20)} MiB" if came else ""
    more_en = f", {-(-came >> 20)} MiB came" if came else ""
    return TooLarge(
        f"文件最大 {largest >> 20} MiB（设置 WANGGE_MAX_UPLOAD_MB）{more_zh}",
        f"a file may have {largest >> 20} MiB (setting WANGGE_MAX_UPLOAD_MB){more_en}",
        limit="WANGGE_MAX_UPLOAD_MB",
        largest=largest,
        found=came,
        code="upload-too-large",
    )


def _slow(settings: Settings, taken: int) -> SlowBody:
    return SlowBody(
        f"已收到 {taken} 字节，但连续 {settings.upload_idle_s} 秒没有数据，或总时间超过 {settings.upload_total_s} 秒"
        "（设置 WANGGE_UPLOAD_IDLE_S、WANGGE_UPLOAD_TOTAL_S）",
        f"{taken} bytes came, then nothing for {settings.upload_idle_s} s, or more than {settings.upload_total_s} s "
        "went by in all (settings WANGGE_UPLOAD_IDLE_S, WANGGE_UPLOAD_TOTAL_S)",
        headers={"Connection": "close"},
    )

"""What is refused about a file before anybody looks inside."""

from __future__ import annotations

from app.errors import SlowRequest, StorageFull, Unavailable
from gis.text import Text


class SlowBody(SlowRequest):
    """The file did not arrive in time."""

    code, title = "slow-body", Text("上传太慢", "The file did not arrive in time")


class UploadStorageFull(StorageFull):
    """The disk has no room for the file."""

    code = "storage-full"

    def __init__(self) -> None:
        super().__init__(
            "服务器磁盘空间不足，文件没有保存，也没有改动任何数据；请联系管理员，稍后再试",
            "the server's disk has no room for the file; nothing was changed. Tell an administrator, try again later",
            headers={"Retry-After": "60"},
        )


class ReadersBusy(Unavailable):
    """As many files as may be are being read or wait for it."""

    code = "readers-busy"

    def __init__(self) -> None:
        super().__init__(
            "正在处理的文件过多，请稍后重试",
            "too many files are being read right now; try again soon",
            headers={"Retry-After": "5"},
        )


class UploadsUnconfined(Unavailable):
    """This machine cannot close the reader of a file off, and nobody has said that it may read all the same."""

    code = "uploads-unconfined"

    def __init__(self) -> None:
        super().__init__(
            "本机无法把读取文件的进程与其他文件和网络隔离，上传已被拒绝，文件没有被打开；请使用支持 Landlock（Linux 5.13+）"
            "和 seccomp 的内核，或以 root 启动；若愿意承担风险，请设置 WANGGE_UPLOAD_UNCONFINED=true 并重启服务",
            "this machine cannot close the process that reads a file off from other files and the network; the upload "
            "was refused and not opened. Use a kernel with Landlock (Linux 5.13 or later) and seccomp, or start as "
            "root; to accept the risk, set WANGGE_UPLOAD_UNCONFINED=true and restart the service",
        )

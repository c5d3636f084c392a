"""Files that a command is to write: said at once where that cannot be, before minutes are spent on what goes in."""

from __future__ import annotations

import os
from pathlib import Path

from app.cli.errors import WrongUsage


def refuse_unwritable(*targets: Path | None) -> None:
    """End with exit code 2 when a file cannot be written: a folder of that name, or none to put it in."""
    for target in targets:
        if target is None:
            continue
        folder = target.absolute().parent
        if target.is_dir():
            zh, en = f"{target} 是文件夹，应为文件名", f"{target} is a directory; expected a file name"
        elif not folder.is_dir():
            zh, en = (
                f"不能写到 {target}：没有文件夹 {folder}",
                f"cannot write {target}: there is no folder {folder}",
            )
        elif not os.access(folder, os.W_OK):
            zh, en = (
                f"不能写到 {target}：文件夹 {folder} 不可写",
                f"cannot write {target}: {folder} is not writable",
            )
        else:
            continue
        raise WrongUsage(zh, en, code="output-unusable")

"""Front-end files: npm fetches what package-lock.json names, and the listed files are copied to static/vendor."""

from __future__ import annotations

import stamp
from say import ROOT, run, step

WEB = ROOT / "app" / "web"
VENDOR = WEB / "static" / "vendor"
STAMP = VENDOR / ".wangge-setup"

NPM_FAILED = (
    "npm ci 失败。请检查网络；在国内可设镜像：npm config set registry <镜像地址>。",
    "npm ci failed. Check the network; a mirror is set by `npm config set registry <address>`.",
)


def _wanted() -> str:
    return stamp.digest(WEB / "package.json", WEB / "package-lock.json", WEB / "assets.mjs")


def is_current() -> bool:
    """Whether the copied files are those of the lock file."""
    return stamp.matches(STAMP, _wanted())


def ensure() -> bool:
    """Fetch and copy; gives whether anything was done."""
    if is_current():
        return False
    step("安装网页前端文件（npm ci）", "installing front-end files (npm ci)")
    run(
        ["npm", "ci", "--no-progress"],
        cwd=WEB,
        why=NPM_FAILED,
    )
    run(
        ["npm", "run", "--silent", "assets"],
        cwd=WEB,
        why=("复制前端文件失败。", "Copying the front-end files failed."),
    )
    stamp.write(STAMP, _wanted())
    return True

"""What client packages are made with, beside the product and at the hashes of lock files.

For Python ``.venv-clients`` of requirements-clients.lock, for TypeScript ``clients/typescript/node_modules``.
"""

from __future__ import annotations

import sys

import environment
import stamp
from frontend import NPM_FAILED
from say import ROOT, run, step

VENV = ROOT / ".venv-clients"
STAMP = VENV / "wangge-setup"
LOCK = ROOT / "requirements-clients.lock"
TYPESCRIPT = ROOT / "clients" / "typescript"
TYPESCRIPT_STAMP = TYPESCRIPT / "node_modules" / ".wangge-setup"


def ensure(mode: str) -> bool:
    """Make both match their lock files; gives whether anything was done. `make run` does without."""
    return mode != "run" and any([_python(), _typescript()])


def _python() -> bool:
    wanted = stamp.digest(LOCK, environment.VERSION, str(VENV))
    if stamp.matches(STAMP, wanted):
        return False
    step("安装客户端生成工具（.venv-clients）", "installing what makes clients (.venv-clients)")
    uv, settings = environment.uv()
    program = uv[0]
    python = str(VENV / "bin" / "python")
    run(
        [program, "venv", "-q", "--clear", "-p", sys.executable, str(VENV)],
        why=("建立 .venv-clients 失败。", "Making .venv-clients failed."),
        env=settings,
    )
    run(
        [*uv, "sync", "-q", "--require-hashes", "-p", python, str(LOCK)],
        why=(
            f"安装客户端生成工具失败。{environment.NETWORK[0]}",
            f"Installing what makes clients failed. {environment.NETWORK[1]}",
        ),
        env=settings,
    )
    stamp.write(STAMP, wanted)
    return True


def typescript_is_current(mode: str) -> bool:
    """Whether what makes the TypeScript client is that of its lock file, or not needed."""
    return mode == "run" or stamp.matches(TYPESCRIPT_STAMP, _typescript_wanted())


def _typescript_wanted() -> str:
    return stamp.digest(TYPESCRIPT / "package.json", TYPESCRIPT / "package-lock.json")


def _typescript() -> bool:
    if typescript_is_current("clients"):
        return False
    step("安装 TypeScript 客户端生成工具（npm ci）", "installing what makes the TypeScript client (npm ci)")
    run(["npm", "ci", "--no-progress"], cwd=TYPESCRIPT, why=NPM_FAILED)
    stamp.write(TYPESCRIPT_STAMP, _typescript_wanted())
    return True

"""The virtual environment: every package at the version and hash of requirements.lock, installed by a pinned uv.

For tests requirements-spark.lock as well: pyspark is 400 MB that `make run` does without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import stamp
from say import ROOT, SetupFailed, run, step

VENV = ROOT / ".venv"
TOOL = VENV / "uv-tool"
STAMP = VENV / "wangge-setup"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
SPARK_LOCK = ROOT / "requirements-spark.lock"
# Packages are built for 3.11, 3.12 ...; a system's upgrade from 3.11.2 to 3.11.3 leaves them as they are.
VERSION = str(sys.version_info[:2])
UV_LOCK = Path(__file__).with_name("uv.lock")

NETWORK = (
    "请检查网络；在国内可设镜像：pip config set global.index-url <镜像地址>。",
    "Check the network; a mirror is set by `pip config set global.index-url <address>`.",
)


def ensure(mode: str) -> bool:
    """Make the environment match the lock files; gives whether anything was done."""
    # What tests have installed stays, so that `make run` and `make test` in turn do not undo each other.
    spark = mode == "test" or _has_spark()
    locks = [LOCK, SPARK_LOCK] if spark else [LOCK]
    # The path is part of it: scripts in a virtual environment name it, so a moved checkout needs a new one.
    wanted = stamp.digest(*locks, UV_LOCK, ROOT / "pyproject.toml", VERSION, str(VENV))
    there = (VENV / "bin" / "wangge").exists() and spark == _has_spark()
    if stamp.matches(STAMP, wanted) and there and _works(PYTHON):
        return False
    if VENV.exists() and not os.access(VENV, os.W_OK):
        raise SetupFailed(
            f"没有权限修改 {VENV}：它由另一个用户建立。请用那个用户运行，或删除它后重试。",
            f"No permission to change {VENV}: another user made it. Run as that user, or delete it and try again.",
        )
    STAMP.unlink(missing_ok=True)
    _make()
    uv = _uv()
    names = " + ".join(lock.name for lock in locks)
    step(f"安装 Python 依赖（{names}）", f"installing Python packages ({names})")
    environment = _uv_environment()
    why = (f"安装 Python 依赖失败。{NETWORK[0]}", f"Installing Python packages failed. {NETWORK[1]}")
    run(
        # pyspark comes as source: what builds it is held to the lock as well.
        [
            *uv,
            "sync",
            "--require-hashes",
            "--compile-bytecode",
            "--build-constraints",
            str(LOCK),
            "-p",
            str(PYTHON),
            *map(str, locks),
        ],
        why=why,
        env=environment,
    )
    # The project itself, with the setuptools just installed: no build environment is fetched for it.
    editable = ["install", "-p", str(PYTHON), "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    run([*uv, *editable], why=("安装 wangge 本身失败。", "Installing wangge itself failed."), env=environment)
    stamp.write(STAMP, wanted)
    return True


def uv() -> tuple[list[str], dict[str, str]]:
    """The ``uv pip`` command, and the environment variables it is to be run with."""
    return _uv(), _uv_environment()


def _has_spark() -> bool:
    return any(VENV.glob("lib/python3*/site-packages/pyspark/__init__.py"))


def _works(python: Path) -> bool:
    """Whether this interpreter starts: the one it links to may have been removed or upgraded away."""
    try:
        done = subprocess.run([str(python), "-c", "import sys"], check=False, capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


def _make() -> None:
    if _works(PYTHON) and _same_version() and not _moved():
        return
    step("建立虚拟环境 .venv", "making the virtual environment .venv")
    if VENV.exists():
        shutil.rmtree(VENV)
    # No pip in it: uv installs from outside, so that only what the lock file names is inside.
    run(
        [sys.executable, "-m", "venv", "--without-pip", str(VENV)],
        why=("建立虚拟环境失败。", "Making the virtual environment failed."),
    )


def _same_version() -> bool:
    said = subprocess.run(
        [str(PYTHON), "-c", "import sys; print(sys.version_info[:2])"],
        check=False,
        capture_output=True,
        text=True,
    )
    return said.stdout.strip() == VERSION


def _moved() -> bool:
    """Whether the checkout was moved or copied: the scripts in the environment still name the old place."""
    for name in ("wangge", "alembic", "uvicorn"):
        script = VENV / "bin" / name
        if script.exists():
            return str(VENV) not in script.read_text("utf-8", "replace")[:1000]
    return False


def _uv() -> list[str]:
    """The ``uv pip`` command of the pinned version, installed by pip with its hash checked."""
    program = TOOL / "bin" / "uv"
    wanted = stamp.digest(UV_LOCK, VERSION, str(TOOL))
    if not (stamp.matches(TOOL / "wangge-setup", wanted) and program.exists()):
        step("安装 uv（依赖安装工具）", "installing uv (installs the packages)")
        shutil.rmtree(TOOL, ignore_errors=True)
        why = (
            "建立工具环境失败，请确认 python3-venv 已安装。",
            "Making the tool environment failed; is python3-venv there?",
        )
        run([sys.executable, "-m", "venv", str(TOOL)], why=why)
        pip = [
            str(TOOL / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
        ]
        why = (f"下载 uv 失败。{NETWORK[0]}", f"Downloading uv failed. {NETWORK[1]}")
        run([*pip, "--require-hashes", "--no-deps", "-r", str(UV_LOCK)], why=why)
        stamp.write(TOOL / "wangge-setup", wanted)
    return [str(program), "pip"]


def _uv_environment() -> dict[str, str]:
    """uv does not read pip's configuration: hand over its mirror and certificate, unless uv has its own."""
    environment = dict(os.environ)
    # Whatever environment happens to be active, and whatever uv is configured for elsewhere, is not ours.
    for name in (
        "VIRTUAL_ENV",
        "UV_PROJECT_ENVIRONMENT",
        "UV_CONSTRAINT",
        "UV_OVERRIDE",
        "PYTHONPATH",
        "PYTHONHOME",
    ):
        environment.pop(name, None)
    environment |= {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    environment.setdefault("UV_HTTP_TIMEOUT", "120")
    for uv_name, pip_name in (("UV_DEFAULT_INDEX", "index-url"), ("UV_INSECURE_HOST", "trusted-host")):
        value = _pip_option(pip_name)
        if value and uv_name not in environment and "UV_INDEX_URL" not in environment:
            environment[uv_name] = value
    certificate = _pip_option("cert")
    if certificate:
        environment.setdefault("SSL_CERT_FILE", certificate)
    return environment


def _pip_option(name: str) -> str | None:
    """An option of pip from its environment variable or configuration files."""
    given = os.environ.get("PIP_" + name.replace("-", "_").upper())
    if given:
        return given
    pip = [str(TOOL / "bin" / "python"), "-m", "pip", "config", "get"]
    for section in ("global", "install"):
        said = subprocess.run([*pip, f"{section}.{name}"], check=False, capture_output=True, text=True)
        if said.returncode == 0 and said.stdout.strip():
            return said.stdout.strip()
    return None

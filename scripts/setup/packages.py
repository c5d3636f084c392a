"""Debian packages: which are missing, and installing them."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import client_tools
import frontend
from say import SetupFailed, run, step

OLDEST_POSTGRES, OLDEST_NODE, OLDEST_JAVA = 15, 18, 17
SERVER_ROOT = Path("/usr/lib/postgresql")
NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/wangge.conf")


@dataclass(frozen=True)
class Need:
    """Something the system must have: how to see it, which packages bring it, what it is for."""

    packages: Callable[[], list[str]]
    present: Callable[[], bool]
    zh: str
    en: str


def postgres_present() -> bool:
    """Whether a usable PostgreSQL with PostGIS is installed."""
    for folder in SERVER_ROOT.glob("[0-9]*"):
        control = Path("/usr/share/postgresql", folder.name, "extension", "postgis.control")
        if int(folder.name) >= OLDEST_POSTGRES and (folder / "bin" / "initdb").exists() and control.exists():
            return True
    initdb = shutil.which("initdb")
    if initdb is None:
        return False
    base = Path(initdb).resolve().parents[1] / "share"
    return any((base / sub / "extension" / "postgis.control").exists() for sub in ("", "postgresql"))


def postgres_packages() -> list[str]:
    """The server of this distribution: 15 where it has it, else its newest."""
    for major in (15, 18, 17, 16):
        if _candidate(f"postgresql-{major}-postgis-3"):
            return [f"postgresql-{major}", f"postgresql-{major}-postgis-3", f"postgresql-client-{major}"]
    return ["postgresql-15", "postgresql-15-postgis-3", "postgresql-client-15"]


def venv_present() -> bool:
    """Whether a virtual environment with pip can be made."""
    return all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))


def venv_packages() -> list[str]:
    """python3-venv, or that of the very Python which runs this where it is not the system's default."""
    default = Path("/usr/bin/python3").resolve().name
    own = f"python3.{sys.version_info.minor}"
    return ["python3-venv"] if default == own else [f"{own}-venv"]


def node_present() -> bool:
    """Whether Node.js of a usable version and npm are on the path."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return False
    said = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    version = re.match(r"v(\d+)", said.stdout)
    return version is not None and int(version[1]) >= OLDEST_NODE


def node_packages() -> list[str]:
    """Some distributions of Node.js bring npm inside, Debian's does not."""
    return ["nodejs"] if _has("npm") or "nodesource" in _candidate("nodejs") else ["nodejs", "npm"]


def java_present() -> bool:
    """Whether the Java that Spark would start is there and new enough."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if program is None:
        return False
    try:
        said = subprocess.run([program, "-version"], check=False, capture_output=True, text=True)
    except OSError:
        return False
    version = re.search(r'version "(\d+)', said.stderr + said.stdout)
    return version is not None and int(version[1]) >= OLDEST_JAVA


def java_packages() -> list[str]:
    """The oldest runtime that will do: distributions have one or two of them."""
    for major in (17, 21, 25):
        if _candidate(f"openjdk-{major}-jre-headless"):
            return [f"openjdk-{major}-jre-headless"]
    return ["default-jre-headless"]


def fonts_present() -> bool:
    """Whether a Chinese typeface is installed."""
    listed = (
        subprocess.run(["fc-list", ":lang=zh"], check=False, capture_output=True, text=True)
        if _has("fc-list")
        else None
    )
    return bool(listed and listed.stdout.strip())


def atomic_present() -> bool:
    """Whether the library is there that the Node.js inside Playwright is linked to."""
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return False
    return True


def _has(program: str) -> bool:
    return shutil.which(program) is not None


def needs(mode: str) -> list[Need]:
    """What ``mode`` needs of the system now; nothing for a step that is already done."""
    wanted = []
    external = bool(os.environ.get("WANGGE_DATABASE_URL")) and mode == "run"
    if not external:
        wanted.append(
            Need(postgres_packages, postgres_present, "PostgreSQL 与 PostGIS", "PostgreSQL with PostGIS")
        )
    wanted.append(Need(venv_packages, venv_present, "Python 虚拟环境", "Python virtual environments"))
    if not frontend.is_current() or not client_tools.typescript_is_current(mode):
        wanted.append(
            Need(
                node_packages,
                node_present,
                f"Node.js {OLDEST_NODE}+ 与 npm",
                f"Node.js {OLDEST_NODE}+ and npm",
            )
        )
    if mode == "test":
        wanted += [
            Need(
                lambda: ["chromium", "chromium-sandbox"],
                lambda: _has("chromium"),
                "浏览器测试",
                "browser tests",
            ),
            Need(
                lambda: ["libatomic1"], atomic_present, "浏览器测试的驱动", "the driver of the browser tests"
            ),
            Need(lambda: ["fonts-noto-cjk", "fontconfig"], fonts_present, "中文字体", "Chinese typeface"),
            Need(
                lambda: ["gdal-bin"],
                lambda: _has("ogr2ogr"),
                "GDAL 客户端测试",
                "tests with GDAL as a client",
            ),
            Need(
                lambda: ["grass-core"],
                lambda: _has("grass"),
                "GRASS 拓扑检查（测试）",
                "tests that ask GRASS for its opinion",
            ),
            Need(
                java_packages,
                java_present,
                f"Java {OLDEST_JAVA}+（Spark 测试）",
                f"Java {OLDEST_JAVA}+ (tests with Spark)",
            ),
        ]
    return wanted


def ensure(mode: str) -> bool:
    """Install what is missing; gives whether anything was."""
    missing = [need for need in needs(mode) if not need.present()]
    if not missing:
        return False
    names = list(dict.fromkeys(name for need in missing for name in need.packages()))
    zh, en = "、".join(n.zh for n in missing), ", ".join(n.en for n in missing)
    prefix = _as_root(names, zh, en)
    step(f"安装系统软件包（{zh}）：{' '.join(names)}", f"installing Debian packages ({en})")
    _install(prefix, names)
    still = [need for need in missing if not need.present()]
    if still:
        raise SetupFailed(
            f"软件包已安装，但仍找不到：{'、'.join(n.zh for n in still)}。请检查 PATH 和版本后重试。",
            f"The packages were installed, but these are still not found: {', '.join(n.en for n in still)}. "
            f"Check PATH and versions, then try again.",
        )
    return True


def _as_root(names: list[str], zh: str, en: str) -> list[str]:
    """How to become root for apt, or the refusal that names the packages."""
    listed = " ".join(names)
    if not _has("apt-get"):
        raise SetupFailed(
            f"缺少 {zh}，而本机没有 apt。请用系统自己的方式安装相当于这些 Debian 软件包的程序，然后重试：{listed}",
            f"Missing: {en}; and there is no apt here. Install what corresponds to these Debian packages, then try "
            f"again: {listed}",
        )
    if os.geteuid() == 0:
        return []
    if _has("sudo"):
        # Without a terminal nobody could type a password: sudo must refuse at once rather than wait.
        sudo = ["sudo"] if sys.stdin is not None and sys.stdin.isatty() else ["sudo", "-n"]
        if subprocess.run([*sudo, "true"], check=False).returncode == 0:
            return sudo
    raise SetupFailed(
        f"缺少 {zh}，安装需要 root 或 sudo。请让管理员运行下面的命令，然后重试：\n    apt-get install {listed}",
        f"Missing: {en}; installing needs root or sudo. Have an administrator run this, then try again:\n"
        f"    apt-get install {listed}",
    )


def _install(prefix: list[str], names: list[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    # sudo drops the environment; env puts back what matters.
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q"]
    command += ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
    why = (
        "软件包安装失败。请检查网络、软件源（/etc/apt）和磁盘空间；也可以自己安装后重试：apt-get install "
        + " ".join(names),
        "Installing packages failed. Check the network, the package sources (/etc/apt) and the disk; or install them "
        "yourself and try again: apt-get install " + " ".join(names),
    )
    try:
        run([*command, "update"], why=why, env=environment)
    except SetupFailed:
        # One source of many that does not answer must not stop us; if it matters, the installation says so.
        step("更新软件包列表时有错误，继续安装", "updating the package lists met errors, going on")
    server = any(re.fullmatch(r"postgresql-\d+", name) for name in names)
    if server:
        _forbid_main_cluster(prefix, why)
    try:
        run([*command, "install", "--no-install-recommends", *names], why=why, env=environment)
    finally:
        if server:
            run([*prefix, "rm", "-f", str(NO_MAIN_CLUSTER)], why=why)


def _forbid_main_cluster(prefix: list[str], why: tuple[str, str]) -> None:
    """Debian makes and starts a server on port 5432 with the package; ours needs none, so none is left behind.

    Only for this installation: the file is removed after it.
    """
    line = "create_main_cluster = false"
    script = f"mkdir -p {NO_MAIN_CLUSTER.parent} && echo '{line}' > {NO_MAIN_CLUSTER}"
    run([*prefix, "sh", "-c", script], why=why)


def _candidate(package: str) -> str:
    """The version apt would install; empty where it knows none."""
    if not _has("apt-cache"):
        return ""
    said = subprocess.run(["apt-cache", "policy", package], check=False, capture_output=True, text=True)
    found = re.search(r"Candidate: (\d\S*)", said.stdout)
    return found[1] if found else ""

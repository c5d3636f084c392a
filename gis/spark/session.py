"""The connection to Spark: looked for before anything is read, so that what is missing is said at once."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import gis
from gis.errors import EngineError

if TYPE_CHECKING:
    from pyspark import SparkConf, SparkContext

__all__ = ["OLDEST_JAVA", "connected", "first_line", "packed", "refuse_missing"]

OLDEST_JAVA = 17
_INSTALL_JAVA = "apt-get install openjdk-17-jre-headless"


def refuse_missing() -> None:
    """Refuse when pyspark or a Java that runs it is not here.

    Raises
    ------
    gis.errors.EngineError
        Code ``engine-missing``; says what to install.
    """
    try:
        with _quiet_about_pandas():
            import pyspark  # noqa: F401 - whether it is there
    except ImportError as error:
        raise EngineError(
            "没有安装 pyspark：pip install 'wangge[spark]'，并安装 Java 17 或更新版本",
            "pyspark is not installed: pip install 'wangge[spark]', and install Java 17 or newer",
            code="engine-missing",
        ) from error
    version = java_version()
    if version is None or version < OLDEST_JAVA:
        came_zh = "没有找到 java" if version is None else f"找到的是 Java {version}"
        came_en = "there is no java" if version is None else f"Java {version} was found"
        raise EngineError(
            f"Spark 需要 Java {OLDEST_JAVA} 或更新版本，{came_zh}；Debian 和 Ubuntu：{_INSTALL_JAVA}",
            f"Spark needs Java {OLDEST_JAVA} or newer, {came_en}; on Debian and Ubuntu: {_INSTALL_JAVA}",
            code="engine-missing",
        )


@contextmanager
def _quiet_about_pandas() -> Iterator[None]:
    """Pass over what pyspark says of newer versions of pandas, which is not used with it here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        yield


def java_version() -> int | None:
    """Give the major version of the Java that Spark would start; None when there is none that runs."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if program is None:
        return None
    try:
        said = subprocess.run([program, "-version"], check=False, capture_output=True, text=True)
    except OSError:
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(found[1]) if found else None


@contextmanager
def connected(master: str, *, configuration: dict[str, str] | None = None) -> Iterator[SparkContext]:
    """Connect to a cluster for the length of a job, or take part in a session of this process that is there already.

    Raises
    ------
    gis.errors.EngineError
    """
    refuse_missing()
    if master.startswith("sc://"):
        raise EngineError(
            f"{master} 是 Spark Connect 地址；请给出集群地址，如 spark://HOST:7077、yarn、k8s://…、local[*]",
            f"{master} is an address of Spark Connect; give the cluster's own, like spark://HOST:7077, yarn, k8s://…, local[*]",
            code="engine-missing",
        )
    with _quiet_about_pandas():
        from pyspark import SparkConf, SparkContext
    # It tells of each of its connections, also when the streams for telling are closed.
    logging.getLogger("py4j").setLevel(logging.WARNING)
    active: SparkContext | None = SparkContext._active_spark_context
    if active is not None:
        yield active
        return
    settings = {
        "spark.app.name": "wangge locate",
        "spark.log.level": "ERROR",
        "spark.ui.showConsoleProgress": "false",
        # A machine that goes takes only what it was doing: what it had finished is in the files.
        "spark.task.maxFailures": "8",
    }
    if master.startswith("local"):
        settings["spark.ui.enabled"] = "false"
        # Executors on this machine run this Python.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with tempfile.TemporaryDirectory(prefix="wangge-spark-", ignore_cleanup_errors=True) as scratch:
        # Spark would put the logs of such executors into its own installation.
        os.environ.setdefault("SPARK_WORKER_DIR", scratch)
        conf = SparkConf().setMaster(master).setAll([*(settings | (configuration or {})).items()])
        with _quiet_about_pandas():
            context = _started(SparkContext, conf, master)
        try:
            if not master.startswith("local"):
                context.addPyFile(str(packed(Path(scratch))))
            yield context
        finally:
            context.stop()
            if os.environ.get("SPARK_WORKER_DIR") == scratch:
                del os.environ["SPARK_WORKER_DIR"]


def _started(kind: type[SparkContext], conf: SparkConf, master: str) -> SparkContext:
    try:
        context: SparkContext = kind(conf=conf)
    except Exception as error:
        raise EngineError(
            f"连接不上 Spark（{master}）：{first_line(error)}",
            f"cannot connect to Spark ({master}): {first_line(error)}",
        ) from error
    return context


def first_line(error: BaseException) -> str:
    """Give what went wrong in one line, of Java's message where it came from there."""
    java = getattr(error, "java_exception", None)
    text = str(java.getMessage() if java is not None else error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def packed(folder: Path) -> Path:
    """Pack this package into a zip that executors import it from; gives the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "gis/spark/worker.py" in zipfile.ZipFile(packed(Path(folder))).namelist()
    True
    """
    root = Path(str(gis.__file__)).parent
    target = folder / "wangge-gis.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(root.rglob("*.py")):
            out.write(file, Path("gis", file.relative_to(root)))
    return target

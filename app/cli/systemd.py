"""``wangge systemd``: unit files for this installation."""

from __future__ import annotations

import getpass
import os
import pwd
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from app.cli.context import Context, make_context
from app.cli.errors import CommandRefused
from app.cli.output import JsonOption
from app.kit.resources import CODE
from app.kit.systemd_units import UnitPlan, unit_files
from app.settings import Settings

DEFAULT_USER = "wangge"
# A virtual environment borrows its interpreter from elsewhere.
_READS = (CODE, Path(sys.executable).resolve())


def command(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="写到这个文件夹（如 /etc/systemd/system）；不给则打印 / write them to a folder."
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="运行服务的系统用户 / the system user that runs the service.")
    ] = None,
    environment_file: Annotated[
        Path,
        typer.Option("--environment-file", help="其余设置所在的文件 / where further settings are read from."),
    ] = Path("/etc/wangge/wangge.env"),
    as_json: JsonOption = False,
) -> None:
    """systemd 单元：服务、每晚备份、每周恢复演练 / units for the service, nightly backup and weekly rehearsal."""
    context = make_context(as_json=as_json)
    settings = context.settings
    units = unit_files(
        UnitPlan(
            program=_program(),
            user=user or _user(),
            home=settings.home,
            environment_file=environment_file.absolute(),
            backup=_backup_folder(settings),
            port=settings.port,
            reads=_READS,
        )
    )
    if output is not None:
        _write(output, units)
    context.out.document({"output": str(output.absolute()) if output else None, "units": units})
    if output is None:
        for name, text in units.items():
            context.out.line(f"# ===== {name} =====")
            context.out.line(text)
    _say_next(context, user or _user(), settings, timers=[name for name in units if name.endswith(".timer")])


def _program() -> tuple[str, ...]:
    beside = Path(sys.executable).with_name("wangge")
    return (str(beside),) if os.access(beside, os.X_OK) else (sys.executable, "-m", "app")


def _user() -> str:
    """Whoever asks, but never root: PostgreSQL does not run as root, and nothing else needs to."""
    name = DEFAULT_USER
    if os.geteuid() != 0:
        with suppress(KeyError, OSError):
            name = getpass.getuser()
    return name


def _backup_folder(settings: Settings) -> Path | None:
    if settings.database_url is not None:
        return None
    from app.db.recovery.store import store_of

    return store_of(settings.home, settings.backup_dir).folder


def _write(folder: Path, units: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in units.items():
            beside = folder / f".{name}.partial"
            beside.write_text(text, "utf-8")
            beside.chmod(0o644)
            beside.replace(folder / name)
    except OSError as error:
        raise CommandRefused(
            f"不能写入 {folder}：{error.strerror}。写 /etc/systemd/system 需要 root。",
            f"Cannot write to {folder}: {error.strerror}. /etc/systemd/system takes root.",
            code="unit-folder-unwritable",
        ) from error


def closed_folder(paths: Iterable[Path], user: str) -> Path | None:
    """The first folder on the way to these paths that is closed to a user; none for what that user owns."""
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        uid = None
    for path in paths:
        for folder in reversed(path.parents):
            found = folder.stat()
            if not found.st_mode & stat.S_IXOTH and found.st_uid != uid:
                return folder
    return None


def _say_next(context: Context, user: str, settings: Settings, *, timers: list[str]) -> None:
    note = context.out.note
    names = " ".join(["wangge.service", *timers])
    note(
        f"下一步（root）：useradd --system --home-dir {settings.home} {user}；install -d -o {user} -m 700 {settings.home}；"
        f"systemctl daemon-reload；systemctl enable --now {names}",
        f"Next, as root: useradd --system --home-dir {settings.home} {user}; install -d -o {user} -m 700 "
        f"{settings.home}; systemctl daemon-reload; systemctl enable --now {names}",
    )
    closed = closed_folder(_READS, user)
    if closed is not None:
        note(
            f"注意：{closed} 不许用户 {user} 通过，服务将无法启动；请把程序放到 /opt，并用系统的 Python 建立 .venv。",
            f"Mind: {closed} is closed to the user {user}, so the service cannot start; put the program under /opt and "
            f"make .venv with the system's Python.",
        )
    if not timers:
        note(
            "数据库是外部的：它的备份由那台服务器负责，这里只有服务单元。",
            "The database is external: its backups are that server's, so there is the unit of the service only.",
        )

"""Making a new cluster: under a temporary name, renamed only when it is whole."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import time
from pathlib import Path

from app.db.cluster import diagnose
from app.db.cluster.account import Account
from app.db.cluster.binaries import Binaries
from app.db.cluster.places import Places
from app.db.cluster.record import OWNER
from app.db.errors import ClusterFailure

CONF_LINES = """
# Added by wangge.
include_if_exists 'wangge.conf'   # written at every start: port, socket, memory
include_if_exists 'local.conf'    # yours, if you want to change anything
"""


def create(
    binaries: Binaries, account: Account, places: Places, password: str, *, durable: bool = True
) -> None:
    """Run initdb for ``places``; whatever interrupts it, ``places.folder`` exists whole afterwards or not at all."""
    parent = places.folder.parent
    parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Our lock is held: anything by these names was left by an attempt that did not end.
    for half_made in parent.glob(f".{places.folder.name}.new*"):
        _remove(half_made)
    diagnose.check_room(parent, diagnose.NEEDED_TO_CREATE)
    # A name never used before: an initdb that outlived its killed parent must not meet ours in one folder.
    draft = Places(parent / f".{places.folder.name}.new-{secrets.token_hex(4)}")
    draft.folder.mkdir(mode=0o700)
    account.own(draft.folder)
    try:
        _initdb(binaries, account, draft, password, durable=durable)
        with (draft.data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(CONF_LINES)
        draft.folder.rename(places.folder)
    except BaseException:
        _remove(draft.folder)
        raise


def _remove(folder: Path) -> None:
    """Remove a folder in which an initdb that was told to end may still be tidying up itself."""
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _initdb(binaries: Binaries, account: Account, draft: Places, password: str, *, durable: bool) -> None:
    secret = draft.folder / "initdb-password"
    secret.touch(mode=0o600)
    secret.write_text(password + "\n", "ascii")
    account.own(secret)
    try:
        for locale in ("C.UTF-8", "C"):  # C: a system without the locale C.UTF-8; texts stay UTF-8
            # setpriv: should we be killed, the kernel ends initdb, which then removes what it began.
            command = [
                "setpriv",
                "--pdeathsig",
                "TERM",
                binaries.program("initdb"),
                "-D",
                str(draft.data),
                "-U",
                OWNER,
                "--encoding=UTF8",
            ]
            command += [
                f"--locale={locale}",
                "--auth=scram-sha-256",
                f"--pwfile={secret}",
                "--data-checksums",
            ]
            command += [] if durable else ["--no-sync"]
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, **account.spawn_options()
            )
            if done.returncode == 0:
                return
            if "invalid locale name" not in done.stderr:
                break
        raise diagnose.explain("建立数据库", "Creating the database", done.stderr, draft.folder.parent)
    finally:
        secret.unlink(missing_ok=True)


def reset_owner_password(binaries: Binaries, account: Account, data: Path, password: str) -> None:
    """Give the owner a new password in a stopped cluster whose password file was lost."""
    command = [
        binaries.program("postgres"),
        "--single",
        "-D",
        str(data),
        "-c",
        "log_statement=none",
        "postgres",
    ]
    options = account.spawn_options()
    del options["stdin"]  # the statement goes through it, so that no process list shows it
    done = subprocess.run(
        command,
        input=f"ALTER ROLE {OWNER} PASSWORD '{password}'\n",
        check=False,
        capture_output=True,
        text=True,
        **options,
    )
    if done.returncode != 0 or "ERROR" in done.stderr:
        raise ClusterFailure(
            f"密码文件丢失，重设密码也失败：{done.stderr.strip()}",
            f"The password file is gone and setting a new one failed: {done.stderr.strip()}",
            code="database-password-lost",
        )

"""Which folder the cluster lives in, and which folder its socket."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from app.db.cluster import record as records
from app.db.cluster.account import Account
from app.db.errors import ClusterFailure
from gis.text import Text

# Where root puts the data when the user `postgres` cannot pass through the folders above WANGGE_HOME.
SYSTEM_FOLDER = Path("/var/lib/wangge")
# struct sockaddr_un holds 107 bytes and the closing zero.
LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True)
class Places:
    """The folders of one cluster; ``folder`` holds the others and belongs to the server's account."""

    folder: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def run(self) -> Path:
        """The socket folder, where its path is short enough."""
        return self.folder / "run"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    @property
    def note(self) -> Path:
        """Whose data this is; written only where the data lives outside its home."""
        return self.folder / "home.json"


def prepare_home(home: Path) -> None:
    """Make WANGGE_HOME. Others may pass through (the server's user must) but not list it."""
    try:
        missing = [p for p in (home, *home.parents) if not p.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o755, exist_ok=True)
        if home in missing:
            home.chmod(0o711)
        if not home.is_dir():
            raise NotADirectoryError(home)
    except (NotADirectoryError, FileExistsError) as error:
        raise ClusterFailure(
            f"WANGGE_HOME 应为文件夹，但 {error.filename or error} 不是。",
            f"WANGGE_HOME should be a folder, but {error.filename or error} is not one.",
            code="home-unusable",
        ) from error
    except PermissionError as error:
        raise records.not_ours(home) from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise records.not_ours(home)


def of_record(home: Path, record: records.Record) -> Places:
    """The folders a record names."""
    return Places((home / record.cluster).absolute())


def choose_folder(home: Path, account: Account) -> tuple[str, Text | None]:
    """Where a new cluster goes: ``cluster`` in the home, or an absolute path elsewhere and the reason to tell."""
    if not account.switch or account.can_enter(home):
        return "cluster", None
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:8]
    # A random part: data left by a home that was deleted must not come back as if it were this one's.
    folder = SYSTEM_FOLDER / f"{home.parent.name or 'root'}-{digest}-{secrets.token_hex(3)}"
    return str(folder), Text(
        f"系统用户 {account.name} 进不了 {home}（上级文件夹不许通过），数据改放在 {folder}，并记在 {records.path_of(home)}。",
        f"The system user {account.name} cannot enter {home} (a folder above is closed to it); the data is kept in "
        f"{folder} instead, as {records.path_of(home)} records.",
    )


def check_claim(home: Path, places: Places, identifier: str) -> None:
    """For data outside its home: refuse when the home was copied, follow when it was moved."""
    if places.folder.is_relative_to(home.absolute()):
        return
    try:
        noted = json.loads(places.note.read_text("utf-8"))
    except FileNotFoundError:
        return
    other = Path(noted["home"])
    if other == home.resolve():
        return
    try:
        rival = records.load(other)
    except ClusterFailure:
        rival = None
    if rival is not None and rival.identifier == identifier and other.exists() and not other.samefile(home):
        raise ClusterFailure(
            f"{home} 是 {other} 的副本，而数据在 {places.folder}，仍属于原处。"
            f"若要一个新的空库，请删除 {records.path_of(home)} 与 {home / 'pgpass'}；若要带数据，请用 wangge db backup / restore。",
            f"{home} is a copy of {other}, whose data in {places.folder} still belongs to the original. For a new "
            f"empty database delete {records.path_of(home)} and {home / 'pgpass'}; to take the data along use "
            f"`wangge db backup` and `restore`.",
            code="home-copied",
        )
    write_claim(home, places)


def write_claim(home: Path, places: Places) -> None:
    """Note beside outside data whose it is."""
    if not places.folder.is_relative_to(home.absolute()):
        text = json.dumps({"home": str(home.resolve())}, ensure_ascii=False) + "\n"
        records.write_atomically(places.note, text, mode=0o644)


def leftovers(home: Path) -> list[Path]:
    """Data folders outside, made for this home earlier and no longer named by it."""
    record = records.load(home)
    found = []
    for note in sorted(SYSTEM_FOLDER.glob("*/home.json")):
        try:
            noted = Path(json.loads(note.read_text("utf-8"))["home"])
        except (OSError, ValueError, KeyError):
            continue
        if noted == home.resolve() and (record is None or str(note.parent) != record.cluster):
            found.append(note.parent)
    return found


def socket_folder(places: Places, account: Account) -> Path:
    """A folder for the socket, made if need be: beside the data, or under /tmp where that path is too long."""
    if fits(places.run):
        places.run.mkdir(mode=0o700, exist_ok=True)
        account.own(places.run)
        return places.run
    digest = hashlib.sha256(os.fsencode(places.folder)).hexdigest()[:12]
    for attempt in range(10):
        # /tmp rather than XDG_RUNTIME_DIR: the latter disappears when the person signs out, the server may stay.
        # TMPDIR is not asked, it may itself be deep.
        folder = Path("/tmp") / f"wangge-{account.uid}-{digest}{attempt or ''}"  # noqa: S108 - owner checked below
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            pass
        else:
            account.own(folder)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid:
            folder.chmod(0o700)
            return folder
        # Somebody else made that name; never put a socket where they could replace it.
    raise ClusterFailure(
        "在 /tmp 下找不到可用的套接字文件夹：名字都被其他用户占用。请换一个路径较短的 WANGGE_HOME。",
        "No usable socket folder under /tmp: the names are taken by another user. Choose a shorter WANGGE_HOME.",
        code="no-socket-folder",
    )


def fits(folder: Path) -> bool:
    """Whether the kernel and libpq (for which a comma begins another host) accept a socket in ``folder``."""
    path = os.fsencode(folder / ".s.PGSQL.65535.lock")
    return len(path) <= LONGEST_SOCKET_PATH and not set(b",\n") & set(path)

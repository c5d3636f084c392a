"""Where PostgreSQL's programs are."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from app.db.errors import PostgresMissing

OLDEST, PREFERRED = 15, 15
DEBIAN_ROOT = Path("/usr/lib/postgresql")
DEBIAN_SHARE = Path("/usr/share/postgresql")


@dataclass(frozen=True)
class Binaries:
    """One installed PostgreSQL."""

    major: int
    folder: Path

    def program(self, name: str) -> str:
        """The path of ``initdb``, ``pg_ctl``, ``pg_dump`` ..."""
        return str(self.folder / name)


def installed() -> list[Binaries]:
    """Every PostgreSQL of a version we can use that has PostGIS, best first."""
    found = {
        int(folder.parent.name): Binaries(int(folder.parent.name), folder)
        for folder in DEBIAN_ROOT.glob("[0-9]*/bin")
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists()
    }
    on_path = shutil.which("initdb")
    if on_path:  # another distribution, or a build of one's own
        folder = Path(on_path).resolve().parent
        version = re.search(r"(\d+)", folder.parent.name)
        major = int(version[1]) if version else PREFERRED
        found.setdefault(major, Binaries(major, folder))
    usable = [b for b in found.values() if b.major >= OLDEST and _has_postgis(b)]
    return sorted(usable, key=lambda b: (b.major != PREFERRED, -b.major))


def find(major: int | None = None) -> Binaries:
    """The PostgreSQL to use: that of an existing data folder (``major``), or the best installed one."""
    choice = installed()
    for binaries in choice:
        if major is None or binaries.major == major:
            return binaries
    wanted = major or PREFERRED
    have = ", ".join(str(b.major) for b in choice) or "-"
    raise PostgresMissing(
        f"没有找到可用的 PostgreSQL {wanted} 和 PostGIS（本机可用版本：{have}）。"
        f"请运行 make run，或安装：apt-get install postgresql-{wanted} postgresql-{wanted}-postgis-3",
        f"No usable PostgreSQL {wanted} with PostGIS was found (usable versions here: {have}). "
        f"Run `make run`, or install: apt-get install postgresql-{wanted} postgresql-{wanted}-postgis-3",
    )


def _has_postgis(binaries: Binaries) -> bool:
    shares = [DEBIAN_SHARE / str(binaries.major), binaries.folder.parent / "share"]
    shares += [binaries.folder.parent / "share" / "postgresql"]
    return any((share / "extension" / "postgis.control").exists() for share in shares)

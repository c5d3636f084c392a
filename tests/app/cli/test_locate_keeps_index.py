"""A built index is kept between commands; where it cannot be, the answer is the same and stays alone on its line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.fixtures.towns import CODES, inside


def locate(town_db, home: Path) -> subprocess.CompletedProcess[str]:
    lon, lat = inside(CODES[0])
    return subprocess.run(
        [sys.executable, "-m", "app", "locate", str(lon), str(lat), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "WANGGE_HOME": str(home),
            "WANGGE_DATABASE_URL": town_db.db.database.owner_url,
            "WANGGE_LANG": "en",
        },
    )


def test_the_index_is_built_once_and_a_spoilt_one_again(town_db, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = locate(town_db, home)
    assert first.returncode == 0, first.stderr
    (kept,) = (home / "cache" / "index").glob("*.wgix")
    stamp = kept.stat().st_ino
    assert json.loads(locate(town_db, home).stdout) == json.loads(first.stdout)
    assert kept.stat().st_ino == stamp
    kept.write_bytes(b"spoilt")
    again = locate(town_db, home)
    # Standard output is one document; that the file was bad is said elsewhere.
    assert json.loads(again.stdout)["grid"]["code"] == CODES[0]
    assert "index_discarded" in again.stderr
    shutil.rmtree(home / "cache")
    (home / "cache").write_text("in the way")
    blocked = locate(town_db, home)
    assert json.loads(blocked.stdout)["grid"]["code"] == CODES[0]
    assert "index_folder_unusable" in blocked.stderr

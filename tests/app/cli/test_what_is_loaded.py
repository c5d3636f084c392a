"""A command loads what it uses: help and places in files wait for no library of the service."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

OUTLINE = Path(__file__).parents[3] / "data" / "boundaries" / "cnmaps" / "370211.geojson"
DATABASE = ("sqlalchemy", "psycopg", "geoalchemy2", "alembic")
WEB = ("fastapi", "starlette", "limits", "uvicorn", "jinja2", "argon2", "cryptography")
DRAWING = ("folium", "h3", "segno", "pyspark")
# What every other command needs to say anything at all.
ANY = ("numpy", "pydantic", "structlog", "rich.table")


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        (["--help"], (*DATABASE, *WEB, *DRAWING, *ANY)),
        (["--version"], (*DATABASE, *WEB, *DRAWING, *ANY)),
        (
            ["locate", "120.15", "35.95", "--boundaries", str(OUTLINE), "--code", "code"],
            (*DATABASE, *WEB, *DRAWING),
        ),
    ],
    ids=lambda value: value[0],
)
def test_a_command_loads_what_it_uses(
    arguments: list[str], left_out: tuple[str, ...], tmp_path: Path
) -> None:
    code = (
        "import atexit, sys; from app.cli import main; "
        f"atexit.register(lambda: print(sorted(set({left_out!r}) & set(sys.modules)), file=sys.stderr)); "
        f"sys.argv = ['wangge', *{arguments!r}]; main()"
    )
    environment = {**os.environ, "WANGGE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"

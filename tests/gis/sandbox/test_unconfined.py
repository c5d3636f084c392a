"""Machines that cannot close a reader off: it says so before it opens the file, where its caller wants nothing less."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from gis.io import ReadLimits
from gis.sandbox import Sandbox, Unconfined, client
from gis.sandbox.confine import is_closed_off

_WEAK = (
    "import sys; sys.path.insert(0, sys.argv[1]); import gis.sandbox.confine as c; {}; "
    "from gis.sandbox.zygote import main; main()"
)
_NO_FILES = (
    "c.restrict_files = lambda **_: False; c._change_root = lambda _: False; c._become = lambda _: False"
)
_NO_CALLS = "c.filter_system_calls = lambda: False"


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(f"code,wkt\na,{shapely.box(120, 36, 121, 37).wkt!r}\n".replace("'", '"'))
    return path


@pytest.mark.parametrize("off", [_NO_FILES, _NO_CALLS])
def test_a_reader_that_is_not_closed_off_opens_nothing_unless_that_is_accepted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, layer: Path, off: str
) -> None:
    # As though the file were opened, which would be another refusal.
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"SQLite format 3\0")
    monkeypatch.setattr(client, "_START", _WEAK.format(off))
    limits = ReadLimits(memory_mb=1500, cpu_s=60, wall_s=120)
    with Sandbox(tmp_path / "closed", closed_off=True) as sandbox:
        for path in (layer, broken):
            with pytest.raises(Unconfined):
                sandbox.read_layer(path, limits=limits, wkt="wkt", crs="EPSG:4326")
        assert not is_closed_off(sandbox.protection)
    with Sandbox(tmp_path / "open") as sandbox:
        assert len(sandbox.read_layer(layer, limits=limits, wkt="wkt", crs="EPSG:4326").frame) == 1

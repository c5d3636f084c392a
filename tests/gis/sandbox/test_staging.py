"""The closed root holds the file, PROJ's data under their own address, and a folder to write to, wherever those lie."""

import os
from pathlib import Path

import pytest

from gis.sandbox import staging
from gis.sandbox.confine import SCRATCH
from gis.sandbox.staging import prepare_place


@pytest.mark.parametrize("where", ["tmp/checkout/proj", "in/proj", "usr/share/proj", "proj"])
def test_data_of_proj_lie_anywhere(tmp_path, monkeypatch, where):
    """A checkout under /tmp: the folder to write to was to be made where PROJ's data had their address already."""
    if os.geteuid() != 0:
        assert staging.unprivileged_user() is None, "nothing is staged for who is no root"
        return
    source = tmp_path / "data.csv"
    source.write_text("lon,lat\n120,36\n")
    monkeypatch.setattr(staging, "proj_folders", lambda: [Path("/") / where])
    monkeypatch.setattr(staging, "_put", lambda *_: None)
    with prepare_place(tmp_path, source) as place:
        made = Path(place.folder)
        assert (made / where).is_dir()
        assert (made / SCRATCH).is_dir()

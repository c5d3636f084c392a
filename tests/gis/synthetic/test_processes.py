"""The same bytes in another process: nothing may hang on hash seeds, dictionary order or what ran before."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import shapely

from tests.gis.synthetic.toy import toy, toy_components, toy_incidents

ROOT = Path(__file__).parents[3]


def fingerprint() -> str:
    digest = hashlib.sha256()
    for frame in (toy().grids, toy_components(count=800)):
        digest.update(pd.DataFrame(frame.drop(columns="geometry")).to_csv().encode())
        for wkb in shapely.to_wkb(frame.geometry.to_numpy()):
            digest.update(wkb)
    digest.update(toy_incidents(count=900, years=1).to_csv().encode())
    return digest.hexdigest()


def test_another_process_with_another_hash_seed_makes_the_same() -> None:
    code = "from tests.gis.synthetic.test_processes import fingerprint; print(fingerprint())"
    others = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "4242")
    ]
    assert others == [fingerprint()] * 2

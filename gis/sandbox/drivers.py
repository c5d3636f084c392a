"""GDAL with one driver: every other is taken out of the process before a file is opened, most of them long before."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

from gis.io.formats import FORMATS

__all__ = ["GDAL_ENVIRONMENT", "keep_driver", "load_gdal", "proj_folders"]

# Before GDAL is loaded: no plugins, no sidecar files, nothing over the network, no threads of its own.
GDAL_ENVIRONMENT = {
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_NUM_THREADS": "1",
    "OGR_GPKG_NUM_THREADS": "1",
    "PROJ_NETWORK": "OFF",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "CPL_CURL_VERBOSE": "NO",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_ENABLE_WMS_CACHE": "NO",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    # The faster way runs a query to its end even when the first rows were all that anybody wanted.
    "OGR_GPKG_STREAM_BASE_IMPL": "YES",
    "CPL_DEBUG": "OFF",
}


@cache
def _gdal() -> ctypes.CDLL:
    """Find the GDAL that pyogrio has loaded."""
    import pyogrio  # noqa: F401

    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.split(maxsplit=5)[-1]
        if "libgdal" in Path(path).name:
            library = ctypes.CDLL(path)
            library.GDALGetDriver.restype = ctypes.c_void_p
            library.GDALGetDriverShortName.restype = ctypes.c_char_p
            library.GDALGetDriverShortName.argtypes = [ctypes.c_void_p]
            library.GDALDeregisterDriver.argtypes = [ctypes.c_void_p]
            return library
    raise RuntimeError("pyogrio has loaded no GDAL whose drivers could be taken out")


def load_gdal() -> None:
    """Load the library now, so that processes forked later need not open it, with no driver but those that are used."""
    _keep({one.driver for one in FORMATS.values() if one.driver is not None})


def keep_driver(name: str | None) -> None:
    """Take every driver but one out of this process; all of them for None."""
    _keep(set() if name is None else {name})


def _keep(names: set[str]) -> None:
    gdal = _gdal()
    for at in reversed(range(gdal.GDALGetDriverCount())):
        driver = gdal.GDALGetDriver(at)
        if gdal.GDALGetDriverShortName(driver).decode() not in names:
            gdal.GDALDeregisterDriver(driver)
    left = gdal.GDALGetDriverCount()
    if left != len(names):
        raise RuntimeError(f"{left} drivers are left beside {', '.join(sorted(names)) or None}")


def proj_folders() -> list[Path]:
    """Where the two PROJ libraries, pyproj's and GDAL's, look for their data."""
    import pyogrio
    import pyproj.datadir

    bundled = Path(pyogrio.__file__).parent / "proj_data"
    return [folder for folder in (Path(pyproj.datadir.get_data_dir()), bundled) if folder.is_dir()]

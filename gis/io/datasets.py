"""Data sets of several files: which files of a folder or an archive belong together."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gis.io.archive import archive_members

__all__ = ["SIDECARS", "Dataset", "archive_datasets", "is_geodatabase", "parts_beside"]

SIDECARS = {
    ".shp": (".shp", ".shx", ".dbf", ".prj", ".cpg"),
    ".tab": (".tab", ".dat", ".map", ".id", ".ind"),
    ".mif": (".mif", ".mid"),
}
"""The files of one data set, by the extension of the one that people name."""

# What every File Geodatabase begins with: the list of its tables.
_CATALOG = "a00000001.gdbtable"


@dataclass(frozen=True)
class Dataset:
    """A data set in an archive.

    Parameters
    ----------
    kind : str
        ``.shp``, ``.tab``, ``.mif``, ``.gdb`` or ``.kml``.
    name : str
        How people would call it: its name without folders and extension.
    parts : dict of str to ZipInfo
        Members by lower-case extension; by the names of the files for a geodatabase.
    """

    kind: str
    name: str
    parts: dict[str, zipfile.ZipInfo]


def is_geodatabase(folder: Path) -> bool:
    """Whether a folder is a File Geodatabase, whatever it is called."""
    return (folder / _CATALOG).is_file()


def parts_beside(path: Path) -> dict[str, Path]:
    """Find the files that belong to a Shapefile or MapInfo table, whatever the case of their names.

    Returns
    -------
    dict of str to Path
        By lower-case extension. A file of exactly the same name wins over one that differs in case.
    """
    wanted = SIDECARS.get(path.suffix.lower())
    if wanted is None or not path.parent.is_dir():
        return {path.suffix.lower(): path}
    found: dict[str, Path] = {}
    for other in sorted(path.parent.iterdir()):
        suffix = other.suffix.lower()
        if suffix not in wanted or other.stem.casefold() != path.stem.casefold():
            continue
        if suffix not in found or other.stem == path.stem:
            found[suffix] = other
    found[path.suffix.lower()] = path
    return found


def archive_datasets(archive: zipfile.ZipFile) -> list[Dataset]:
    """List the data sets of an archive, each kind by its names."""
    members = archive_members(archive)
    found = [*_geodatabases(archive, members)]
    for kind, suffixes in SIDECARS.items():
        groups: dict[str, dict[str, zipfile.ZipInfo]] = {}
        names: dict[str, str] = {}
        for path, info in members.items():
            if path.suffix.lower() in suffixes:
                stem = str(path.with_suffix("")).casefold()
                groups.setdefault(stem, {}).setdefault(path.suffix.lower(), info)
                if path.suffix.lower() == kind:
                    names[stem] = path.stem
        found += [Dataset(kind, names[stem], groups[stem]) for stem in sorted(names)]
    found += [
        Dataset(".kml", path.stem, {".kml": info})
        for path, info in members.items()
        if path.suffix.lower() == ".kml"
    ]
    return found


def _geodatabases(
    archive: zipfile.ZipFile, members: dict[PurePosixPath, zipfile.ZipInfo]
) -> Iterable[Dataset]:
    for folder in sorted({path.parent for path in members if path.name.lower() == _CATALOG}):
        parts = {path.name.lower(): info for path, info in members.items() if path.parent == folder}
        # The folder itself may have been left out: the files lie in the archive.
        name = folder.stem if folder.name else Path(archive.filename or "").stem
        yield Dataset(".gdb", name, parts)

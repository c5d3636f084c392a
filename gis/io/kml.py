"""Layers out of KML and KMZ: folders are layers, placemarks are rows."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gis.crs import WGS84, CrsLike
from gis.errors import BadRow, LayerNotFound, UnreadableFile
from gis.io.archive import archive_members, opened_archive, unpack
from gis.io.kml_document import Document, Placemark, read_document
from gis.io.layer import (
    ALL_LAYERS,
    LayerData,
    LayerInfo,
    assemble,
    bad_row,
    digest_of,
    given_or_found,
    together_note,
)
from gis.io.limits import current_limits
from gis.io.names import distinct_names
from gis.io.text_encoding import document_encoding, text_as_utf8
from gis.spelling import did_you_mean
from gis.text import Text

__all__ = ["list_kml", "list_kmz", "read_kml", "read_kmz"]

_WHOLE = {"int", "uint", "short", "ushort"}
_BROKEN = {"float", "double"}
_OTHERS = {
    "NetworkLink": ("指向其他文件的链接", "links to other files"),
    "GroundOverlay": ("图片", "images"),
    "PhotoOverlay": ("图片", "images"),
    "ScreenOverlay": ("图片", "images"),
    "Model": ("三维模型", "models"),
    "Tour": ("漫游", "tours"),
}


# ---------------------------------------------------------------- files
def read_kml(
    source: Path, *, layer: str | None, crs: CrsLike | None, encoding: str | None = None
) -> LayerData:
    """Read a folder of a KML file.

    Raises
    ------
    gis.errors.InputRefused
        As for any other file; `LayerNotFound` where several folders hold placemarks and none is named.
    """
    document, found = _read(source, name=source.name, encoding=encoding)
    return _layer(document, source, driver="KML", layer=layer, crs=crs, encoding=found)


def read_kmz(
    source: Path, *, layer: str | None, crs: CrsLike | None, encoding: str | None = None
) -> LayerData:
    """Read a folder of the documents in a KMZ.

    Raises
    ------
    gis.errors.LimitExceeded
        It unpacks to more than is taken.
    gis.errors.InputRefused
        As for any other file.
    """
    document, found = _read_all(source, encoding=encoding)
    return _layer(document, source, driver="KMZ", layer=layer, crs=crs, encoding=found)


def list_kml(source: Path) -> list[LayerInfo]:
    """List the folders of a KML file that hold placemarks."""
    return _Layers(_read(source, name=source.name)[0], source).infos()


def list_kmz(source: Path) -> list[LayerInfo]:
    """List the folders of a KMZ that hold placemarks."""
    return _Layers(_read_all(source)[0], source).infos()


def _read(path: Path, *, name: str, encoding: str | None = None) -> tuple[Document, str | None]:
    """Read a document, and the encoding that it came in where that is not UTF-8."""
    with path.open("rb") as stream:
        start = stream.read(2)
    # Two bytes a character, and no mark: told by the first of them.
    given = encoding or {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}.get(start)
    found = document_encoding(path, given=given, name=name)
    plain = found.startswith("utf-8")
    with text_as_utf8(path, "utf-8" if plain else found) as document, document.open("rb") as stream:
        read = read_document(stream, name=name)
    return read, None if plain else found


def _read_all(source: Path, *, encoding: str | None = None) -> tuple[Document, str | None]:
    """Read all documents of an archive as one; they refer to one another, and the first is the main one."""
    whole, found = Document(), None
    with opened_archive(source) as archive, tempfile.TemporaryDirectory(prefix="wangge-kmz-") as folder:
        members = [path for path in archive_members(archive) if path.suffix.lower() == ".kml"]
        infos = archive_members(archive)
        unpack(archive, {f"{at}.kml": infos[path] for at, path in enumerate(members)}, Path(folder))
        for at, path in enumerate(members):
            name = source.name if len(members) == 1 else f"{source.name}/{path}"
            part, found = _read(Path(folder) / f"{at}.kml", name=name, encoding=encoding)
            _append(whole, part)
    return whole, found


def _append(whole: Document, part: Document) -> None:
    shift = len(whole.containers)
    for container in part.containers:
        container.parent = None if container.parent is None else container.parent + shift
    for mark in part.placemarks:
        mark.container += shift
    whole.containers += part.containers
    whole.placemarks += part.placemarks
    whole.closed_rings += part.closed_rings
    whole.skipped += part.skipped
    for name, kinds in part.types.items():
        whole.types.setdefault(name, set()).update(kinds)


# ---------------------------------------------------------------- layers
class _Layers:
    """The folders of a document that hold placemarks, by names of which none is given twice."""

    def __init__(self, document: Document, source: Path) -> None:
        self.document, self.source = document, source
        self.marks: dict[int, list[Placemark]] = {}
        for mark in document.placemarks:
            self.marks.setdefault(mark.container, []).append(mark)
        own = [self._own(at) for at in range(len(document.containers))]
        # Those with placemarks choose their names first: folders around them are often called alike.
        order = sorted(range(len(own)), key=lambda at: (at not in self.marks, at))
        times = Counter(own[at] for at in self.marks)
        names: dict[int, str] = {}
        for at in order:
            alone = times[own[at]] == 1 if at in self.marks else own[at] not in names.values()
            base = free = own[at] if alone else self._path(at, own)
            copy = 2
            while free in names.values():
                free, copy = f"{base} ({copy})", copy + 1
            names[at] = free
        self.names = [names[at] for at in range(len(own))]

    def _own(self, at: int) -> str:
        container = self.document.containers[at]
        if container.name:
            return container.name
        return self.source.stem if container.parent is None else f"Layer {at + 1}"

    def _path(self, at: int, own: Sequence[str]) -> str:
        parts, up = [own[at]], self.document.containers[at].parent
        while up is not None:
            parts.append(own[up])
            up = self.document.containers[up].parent
        return "/".join(reversed(parts))

    def infos(self) -> list[LayerInfo]:
        return [
            LayerInfo(self.names[at], _kind_of(marks), len(marks)) for at, marks in sorted(self.marks.items())
        ]

    def below(self, at: int) -> list[int]:
        """Give a folder and all that lie in it, and in those."""
        found = {at}
        for child, container in enumerate(self.document.containers):
            if container.parent in found:
                found.add(child)
        return sorted(found & self.marks.keys())

    def choose(self, wanted: str | None) -> tuple[str, list[int]]:
        """Pick what to read: its name, and the folders whose placemarks it is.

        Raises
        ------
        gis.errors.LayerNotFound
        """
        leaves = sorted(self.marks)
        listing = ", ".join(self.names[at] for at in leaves) or "-"
        file = self.source.name
        if wanted is not None and wanted in self.names:
            at = self.names.index(wanted)
            return wanted, ([at] if at in self.marks else self.below(at))
        if wanted not in (None, ALL_LAYERS):
            meant = did_you_mean(str(wanted), [self.names[at] for at in leaves])
            raise LayerNotFound(
                f"文件 {file} 中没有图层（文件夹）{wanted!r}；现有：{listing}{meant.zh}",
                f"file {file} has no layer (folder) {wanted!r}; it has: {listing}{meant.en}",
            )
        spatial = [at for at in leaves if _kind_of(self.marks[at]) is not None]
        if not spatial:
            raise LayerNotFound(
                f"文件 {file} 中没有带图形的地标（Placemark）",
                f"file {file} has no placemark with a shape",
                code="no-spatial-layer",
            )
        if len(spatial) == 1:
            return self.names[spatial[0]], spatial
        # Where each has one placemark, a folder is what names a grid, and not what one could choose.
        if wanted == ALL_LAYERS or max(len(own) for own in self.marks.values()) == 1:
            return ALL_LAYERS, leaves
        raise LayerNotFound(
            f"文件 {file} 有多个图层（文件夹），请用 layer 指明一个，或用 {ALL_LAYERS} 全部读取：{listing}",
            f"file {file} has several layers (folders), name one, or {ALL_LAYERS} for all of them: {listing}",
            code="several-layers",
        )


def _kind_of(marks: Iterable[Placemark]) -> str | None:
    kinds = {mark.shape.geom_type for mark in marks if mark.shape is not None}
    broken = any(mark.broken for mark in marks)
    if not kinds:
        return "Unknown" if broken else None
    return next(iter(kinds)) if len(kinds) == 1 else "Unknown"


# ---------------------------------------------------------------- rows
def _layer(
    document: Document,
    source: Path,
    *,
    driver: str,
    layer: str | None,
    crs: CrsLike | None,
    encoding: str | None,
) -> LayerData:
    layers = _Layers(document, source)
    if not layers.marks and not document.containers:
        raise UnreadableFile(
            f"文件 {source.name} 中没有地标（Placemark）",
            f"file {source.name} has no placemarks",
            code="no-rows",
        )
    chosen, folders = layers.choose(layer)
    marks = [mark for at in folders for mark in layers.marks[at]]
    current_limits().refuse_over("features", len(marks))
    labels = [layers.names[mark.container] for mark in marks] if len(folders) > 1 else None
    columns, notes = _columns(marks, labels, document.types)
    shapes = np.full(len(marks), None, dtype=object)
    shapes[:] = [None if mark.broken else mark.shape for mark in marks]
    bad: list[BadRow] = [
        bad_row(at + 1, "geometry", mark.broken.zh, mark.broken.en, mark.name)
        for at, mark in enumerate(marks)
        if mark.broken
    ]
    settled, crs_source = given_or_found(crs, WGS84, name=source.name, source="format")
    return assemble(
        columns,
        shapes,
        crs=settled,
        crs_source=crs_source,
        driver=driver,
        sha256=digest_of([source]),
        encoding=encoding,
        layer=chosen,
        bad_rows=bad,
        notes=[*notes, *_left_out(document, layers, folders)],
    )


def _columns(
    marks: Sequence[Placemark], labels: Sequence[str] | None, types: dict[str, set[str]]
) -> tuple[pd.DataFrame, list[Text]]:
    """Make the columns: what every placemark may have, then its data by the names as they are written."""
    columns: dict[str, object] = {}
    for name, values in (
        ("layer", labels),
        ("id", [mark.identifier for mark in marks]),
        ("Name", [mark.name for mark in marks]),
        ("description", [mark.description for mark in marks]),
    ):
        if values is not None and any(value is not None for value in values):
            columns[name] = pd.Series(list(values), dtype="str")
    keys = list(dict.fromkeys(key for mark in marks for key in mark.data))
    labels_of, changed = distinct_names(keys, taken=columns)
    for key, label in zip(keys, labels_of, strict=True):
        columns[label] = _typed([mark.data.get(key) for mark in marks], types.get(key, set()))
    frame = pd.DataFrame(columns, index=range(len(marks)))
    notes = [
        Text(
            f"扩展数据 {key!r} 与另一列同名，列名改为 {labels_of[at]!r}",
            f"the extended data {key!r} are called like another column; their column is {labels_of[at]!r}",
        )
        for at, key in changed
    ]
    return frame, notes


def _typed(values: Sequence[str | None], kinds: set[str]) -> pd.Series:
    """Take texts for numbers where a schema says that they are, and where nothing is lost."""
    if kinds and kinds <= _WHOLE:
        wholes = [None if value is None else _whole(value.strip()) for value in values]
        if all((whole is None) == (value is None) for whole, value in zip(wholes, values, strict=True)):
            return pd.Series(wholes, dtype="Int64")
    if kinds and kinds <= _BROKEN:
        numbers = pd.to_numeric(pd.Series(list(values), dtype="str"), errors="coerce")
        if int(numbers.notna().sum()) == sum(value is not None for value in values):
            return numbers.astype("float64")
    return pd.Series(list(values), dtype="str")


def _whole(text: str) -> int | None:
    """Read a whole number that is written as numbers are: leading zeros and signs make a text of it."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or (len(digits) > 1 and digits.startswith("0")):
        return None
    value = int(text) if len(digits) < 20 else 1 << 64
    return value if -(1 << 63) <= value < 1 << 63 else None


def _left_out(document: Document, layers: _Layers, folders: Sequence[int]) -> list[Text]:
    """Say what of a document is not read, and what was made of it."""
    notes = [together_note(len(folders))] if len(folders) > 1 else []
    for kind, count in document.skipped.items():
        zh, en = _OTHERS[kind]
        notes.append(Text(f"{count} 个 {kind}（{zh}）不读取", f"{count} {kind} ({en}) are not read"))
    if document.closed_rings:
        notes.append(
            Text(
                f"{document.closed_rings} 个环没有闭合，以其第一个点闭合",
                f"{document.closed_rings} rings were open and are closed by their first place",
            )
        )
    deeper = [at for top in folders for at in layers.below(top) if at not in folders]
    if deeper:
        count = sum(len(layers.marks[at]) for at in dict.fromkeys(deeper))
        listing = ", ".join(layers.names[at] for at in dict.fromkeys(deeper))
        notes.append(
            Text(
                f"其下的文件夹还有 {count} 个地标没有读取：{listing}",
                f"{count} placemarks of the folders inside it are not read: {listing}",
            )
        )
    return notes

"""Archives with Shapefiles, geodatabases or MapInfo tables in them: each data set is a layer, or several."""

from __future__ import annotations

import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gis.crs import CrsLike
from gis.errors import LayerNotFound
from gis.io.archive import opened_archive, unpack
from gis.io.datasets import Dataset, archive_datasets
from gis.io.formats import Format
from gis.io.geodatabase import list_geodatabase, read_geodatabase
from gis.io.layer import ALL_LAYERS, LayerData, LayerInfo
from gis.io.mapinfo import list_mapinfo, read_mapinfo
from gis.io.notes import distinct_notes
from gis.io.shapefile import list_shapefile, read_shapefile
from gis.spelling import did_you_mean
from gis.text import Text

__all__ = ["list_zipped", "read_zipped"]

_KINDS = {
    "zipped Shapefile": ".shp",
    "zipped File Geodatabase": ".gdb",
    "zipped MapInfo TAB": ".tab",
    "zipped MapInfo MIF": ".mif",
}


@dataclass(frozen=True)
class _Layer:
    """A layer of an archive: how it is called to the user, where it is, and what it is called there."""

    name: str
    dataset: Dataset
    inner: str | None


def read_zipped(
    path: Path, form: Format, *, layer: str | None, crs: CrsLike | None, encoding: str | None
) -> LayerData:
    """Read a layer out of an archive.

    Raises
    ------
    gis.errors.LayerNotFound
        No such layer inside, or several and none named.
    gis.errors.UnreadableFile
        Damaged, encrypted or incomplete.
    gis.errors.LimitExceeded
        Far too large when unpacked.
    """
    with opened_archive(path) as archive:
        found, others = _datasets(archive, form)
        chosen = _choose(archive, found, layer, path)
        with _unpacked(archive, chosen.dataset) as opened:
            data = _read(opened, chosen, path, crs=crs, encoding=encoding)
    return replace(data, driver=form.name, notes=distinct_notes([*data.notes, *_not_read(others)]))


def list_zipped(path: Path, form: Format) -> list[LayerInfo]:
    """List the layers in an archive."""
    with opened_archive(path) as archive:
        found, _ = _datasets(archive, form)
        infos = []
        for layer in _layers(archive, found, path):
            with _unpacked(archive, layer.dataset) as opened:
                (info,) = [
                    one
                    for one in _infos(opened, layer.dataset.kind, path)
                    if layer.inner is None or one.name == layer.inner
                ]
            infos.append(LayerInfo(layer.name, info.geometry_type, info.features))
    return infos


def _datasets(archive: zipfile.ZipFile, form: Format) -> tuple[list[Dataset], list[Dataset]]:
    """List what is read of an archive, and what else is in it."""
    every = archive_datasets(archive)
    kind = _KINDS[form.name]
    return [one for one in every if one.kind == kind], [one for one in every if one.kind != kind]


def _layers(archive: zipfile.ZipFile, found: Sequence[Dataset], path: Path) -> list[_Layer]:
    """Give each layer a name of its own; a geodatabase has several."""
    layers = []
    for dataset in found:
        if dataset.kind != ".gdb":
            layers.append(_Layer(dataset.name, dataset, None))
            continue
        with _unpacked(archive, dataset) as opened:
            infos = [one for one in list_geodatabase(opened, name=path.name) if one.geometry_type is not None]
        names = [one.name if len(found) == 1 else f"{dataset.name}/{one.name}" for one in infos]
        layers += [_Layer(name, dataset, one.name) for name, one in zip(names, infos, strict=True)]
    times = Counter(layer.name for layer in layers)
    seen: Counter[str] = Counter()
    out = []
    for layer in layers:
        seen[layer.name] += 1
        copy = f" ({seen[layer.name]})" if times[layer.name] > 1 else ""
        out.append(replace(layer, name=f"{layer.name}{copy}"))
    return out


def _choose(archive: zipfile.ZipFile, found: Sequence[Dataset], wanted: str | None, path: Path) -> _Layer:
    layers = _layers(archive, found, path)
    listing = ", ".join(layer.name for layer in layers) or "-"
    everything = wanted in (None, ALL_LAYERS)
    chosen = [layer for layer in layers if everything or layer.name == wanted]
    if not chosen:
        meant = did_you_mean(str(wanted), [layer.name for layer in layers])
        raise LayerNotFound(
            f"压缩包 {path.name} 中没有图层 {wanted!r}；现有：{listing}{meant.zh}",
            f"archive {path.name} has no layer {wanted!r}; it has: {listing}{meant.en}",
            code="layer-not-found" if layers else "no-spatial-layer",
        )
    if len(chosen) > 1:
        raise LayerNotFound(
            f"压缩包 {path.name} 有多个图层，请用 layer 指明：{listing}",
            f"archive {path.name} has several layers, name one: {listing}",
            code="several-layers",
        )
    return chosen[0]


@contextmanager
def _unpacked(archive: zipfile.ZipFile, dataset: Dataset) -> Iterator[Path]:
    """Unpack a data set under plain names, so that names in any encoding cannot trouble GDAL."""
    with tempfile.TemporaryDirectory(prefix="wangge-zip-") as folder:
        target = Path(folder)
        if dataset.kind == ".gdb":
            target /= "layer.gdb"
            unpack(archive, {Path(name).name: info for name, info in dataset.parts.items()}, target)
            yield target
            return
        unpack(archive, {f"layer{suffix}": info for suffix, info in dataset.parts.items()}, target)
        yield target / f"layer{dataset.kind}"


def _read(opened: Path, layer: _Layer, path: Path, *, crs: CrsLike | None, encoding: str | None) -> LayerData:
    kind = layer.dataset.kind
    if kind == ".gdb":
        data = read_geodatabase(opened, layer=layer.inner, crs=crs, name=path.name)
        return replace(data, layer=layer.name)
    if kind == ".shp":
        return read_shapefile(opened, crs=crs, encoding=encoding, name=path.name, layer=layer.name)
    return read_mapinfo(opened, kind, crs=crs, encoding=encoding, name=path.name, layer=layer.name)


def _infos(opened: Path, kind: str, path: Path) -> list[LayerInfo]:
    if kind == ".gdb":
        return list_geodatabase(opened, name=path.name)
    return list_shapefile(opened) if kind == ".shp" else list_mapinfo(opened, kind)


def _not_read(others: Sequence[Dataset]) -> list[Text]:
    if not others:
        return []
    listing = ", ".join(f"{one.name}{one.kind}" for one in others[:10])
    return [
        Text(
            f"压缩包中还有其他格式的数据没有读取：{listing}",
            f"the archive holds data of other formats that are not read: {listing}",
        )
    ]

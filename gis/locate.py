"""Which grid owns this place? The one index that every door asks.

The answer is decided on the 1e-7 degree lattice: the point is rounded to it, the polygons lie on it, and GEOS
decides on which side of an edge a point lies exactly for such integers, so there is no tolerance anywhere.
A point on a shared border belongs to the touching grid with the lowest code in plain string order; outside every
grid there is no owner, never the nearest one.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.coverage import snap_coverage
from gis.coverage.defects import in_order
from gis.coverage.faults import Field, mismatches, overlaps
from gis.errors import CodeError, CoverageError, GeometryError, IndexRefused, InvalidGeometry
from gis.geometry import SCALE, geometry_array, lattice_geometries, trouble_of

__all__ = ["NO_OWNER", "GridIndex"]

NO_OWNER = -1
"""What `GridIndex.locate` answers where no grid owns the place."""

Geometries = NDArray[np.object_]
Owners = NDArray[np.int32]
_CHUNK = 1 << 16
_MAGIC = b"WANGGEIX"
_FORMAT = 1
_HEAD = struct.Struct("<8sIQ32s")


class GridIndex:
    """Owners of places, for one edition of boundaries.

    Make one with `GridIndex.build` or `GridIndex.open`.

    Attributes
    ----------
    codes : tuple of str
        Grid codes in plain string order; `locate` answers positions in this tuple.
    edition : int
        The edition the boundaries are of; 0 where there is none.
    content_hash : str
        SHA-256 (hex) over codes and boundaries: equal content gives equal answers.
    steps : ndarray of object
        The boundaries in lattice steps (integer coordinates), prepared; `gis.shares` cuts with them.
    tree : shapely.STRtree
        Over `steps`.

    Examples
    --------
    >>> index = GridIndex.build(["a", "b"], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> index.locate([0.5, 1.0, 1.5, 9.0], [0.5, 0.5, 0.5, 0.5]).tolist()
    [0, 0, 1, -1]
    >>> index.codes[int(index.locate(1.5, 0.5))]
    'b'
    """

    def __init__(self, codes: tuple[str, ...], polygons: Geometries, *, edition: int) -> None:
        # `polygons` are on the lattice in degrees and sorted as `codes`; `build` and `open` see to it.
        self.codes = codes
        self.edition = edition
        self._wkb = [bytes(blob) for blob in shapely.to_wkb(polygons, byte_order=1)]
        self.content_hash = _content_hash(codes, self._wkb)
        self.steps = lattice_geometries(polygons)
        shapely.prepare(self.steps)
        self.tree = shapely.STRtree(self.steps)
        # GEOS completes prepared shapes and trees at their first use, which is not safe in two threads at once.
        first = shapely.get_coordinates(
            shapely.get_point(shapely.get_exterior_ring(shapely.get_geometry(self.steps, 0)), 0)
        )
        if len(first):
            shapely.intersects_xy(self.steps, first[:, 0], first[:, 1])
            shapely.contains_xy(self.steps, first[:, 0], first[:, 1])
            self.tree.query(shapely.Point(first[0]))

    @classmethod
    def build(
        cls,
        codes: Sequence[str],
        polygons: Any,
        *,
        edition: int = 0,
        on_conflict: Literal["refuse", "first"] = "refuse",
    ) -> GridIndex:
        """Make an index.

        Parameters
        ----------
        codes : sequence of str, length n
            Unique, not empty.
        polygons : array_like of shapely polygons, shape (n,)
            EPSG:4326, valid; rounded to the lattice as `gis.coverage.snap_coverage` does.
        edition : int, default 0
        on_conflict : {"refuse", "first"}, default "refuse"
            When polygons overlap: refuse, or let the lowest code own what several cover.

        Raises
        ------
        gis.errors.CodeError
            A code is empty or occurs twice.
        gis.errors.InvalidGeometry
            A polygon is missing, not a polygon or not valid.
        gis.errors.CoverageError
            Polygons overlap and `on_conflict` is ``"refuse"``.
        """
        flat = geometry_array(polygons)
        if len(flat) != len(codes):
            raise GeometryError(
                f"图形数 {len(flat)} 与编码数 {len(codes)} 不同",
                f"{len(flat)} polygons but {len(codes)} codes",
                code="length_mismatch",
            )
        _refuse_codes(codes)
        _refuse_shapes(codes, flat)
        order = sorted(range(len(codes)), key=lambda at: codes[at])
        sorted_codes = tuple(codes[at] for at in order)
        snapped = snap_coverage(flat[order], hairlines="rounding")
        if not snapped.clean and on_conflict == "refuse":
            ground = Field(sorted_codes, snapped.polygons)
            found = overlaps(ground)
            found = in_order(found + mismatches(ground, found))
            raise CoverageError(
                f"网格互相重叠或边界不一致，共 {len(found)} 处；第一处：{found[0].detail_zh}",
                f"the grids overlap or their borders do not match in {len(found)} places; "
                f"the first: {found[0].detail_en}",
                defects=found,
            )
        return cls(sorted_codes, snapped.polygons, edition=edition)

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"<GridIndex of {len(self.codes)} grids, edition {self.edition}, {self.content_hash[:12]}>"

    @property
    def polygons(self) -> Geometries:
        """The boundaries on the lattice, EPSG:4326, in the order of `codes`."""
        return np.asarray(shapely.from_wkb(self._wkb), dtype=object)

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> Owners:
        """Give the owner of each point.

        Parameters
        ----------
        lon, lat : array_like
            WGS84 degrees; any shape, broadcast together. Rounded to the lattice.

        Returns
        -------
        ndarray of int32, shape of the input
            Position in `codes`; -1 where no grid owns the point, and for NaN, infinities and numbers outside
            longitude and latitude. Scalars give a 0-d array.
        """
        x, y, shape = _steps(lon, lat)
        out = np.full(x.size, NO_OWNER, dtype=np.int32)
        for begin in range(0, x.size, _CHUNK):
            part = slice(begin, begin + _CHUNK)
            out[part] = self._owners(x[part], y[part])
        return out.reshape(shape)

    def locate_detail(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Owners, NDArray[np.bool_]]:
        """Give the owner of each point, and whether it lies on its owner's boundary.

        Parameters
        ----------
        lon, lat : array_like
            As for `locate`.

        Returns
        -------
        owners : ndarray of int32
        on_boundary : ndarray of bool
            False where there is no owner.

        Examples
        --------
        >>> index = GridIndex.build(["a", "b"], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
        >>> owners, on_boundary = index.locate_detail([0.5, 1.0], [0.5, 0.5])
        >>> owners.tolist(), on_boundary.tolist()
        ([0, 0], [False, True])
        """
        owners = self.locate(lon, lat)
        x, y, shape = _steps(lon, lat)
        flat = owners.ravel()
        owned = np.flatnonzero(flat >= 0)
        on_boundary = np.zeros(flat.size, dtype=bool)
        on_boundary[owned] = ~shapely.contains_xy(self.steps[flat[owned]], x[owned], y[owned])
        return owners, on_boundary.reshape(shape)

    def _owners(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> Owners:
        out = np.full(x.size, NO_OWNER, dtype=np.int32)
        good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if good.size == 0 or len(self.codes) == 0:
            return out
        spots = np.asarray(shapely.points(x[good], y[good]), dtype=object)
        point, grid = self.tree.query(spots)
        # By polygon, so that each prepared polygon stays warm in the cache; 16-bit keys sort by radix.
        order = np.argsort(grid.astype(np.uint16 if len(self.codes) <= 0xFFFF else np.uint32), kind="stable")
        point, grid = good[point[order]], grid[order]
        hit = shapely.intersects_xy(self.steps[grid], x[point], y[point])
        point, grid = point[hit], grid[hit]
        # Highest code first: where several grids touch, the lowest is written last and stays.
        out[point[::-1]] = grid[::-1].astype(np.int32)
        return out

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to one file, replacing it in one step.

        Parameters
        ----------
        path : path-like
            A reader never sees half a file.
        """
        header = json.dumps(
            {
                "codes": list(self.codes),
                "edition": self.edition,
                "content_hash": self.content_hash,
                "sizes": [len(blob) for blob in self._wkb],
            },
            ensure_ascii=False,
        ).encode()
        body = struct.pack("<Q", len(header)) + header + b"".join(self._wkb)
        target = Path(path)
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with draft.open("wb") as out:
                out.write(_HEAD.pack(_MAGIC, _FORMAT, len(body), hashlib.sha256(body).digest()))
                out.write(body)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> GridIndex:
        """Read an index that `save` wrote.

        Raises
        ------
        gis.errors.IndexRefused
            Not such a file, damaged, truncated, or of another format version.
        """
        source = Path(path)
        try:
            with source.open("rb") as stream:
                head = stream.read(_HEAD.size)
                if len(head) < _HEAD.size or not head.startswith(_MAGIC):
                    raise _refused(source, "不是 wangge 索引文件", "not a wangge index")
                _, version, length, digest = _HEAD.unpack(head)
                if version != _FORMAT:
                    raise _refused(
                        source,
                        f"格式版本为 {version}，需要 {_FORMAT}",
                        f"format version {version}, expected {_FORMAT}",
                    )
                if source.stat().st_size != _HEAD.size + length:
                    raise _refused(source, "文件长度不对，可能被截断", "wrong length, probably truncated")
                body = stream.read(length)
        except OSError as error:
            raise _refused(
                source, f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}"
            ) from error
        if hashlib.sha256(body).digest() != digest:
            raise _refused(source, "内容已损坏（校验和不符）", "damaged: the checksum differs")
        (size,) = struct.unpack_from("<Q", body)
        header = json.loads(body[8 : 8 + size])
        blobs, at = [], 8 + size
        for length in header["sizes"]:
            blobs.append(body[at : at + length])
            at += length
        polygons = np.asarray(shapely.from_wkb(blobs), dtype=object).reshape(-1)
        return cls(tuple(header["codes"]), polygons, edition=int(header["edition"]))


def _steps(
    lon: ArrayLike, lat: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, ...]]:
    """Round to lattice steps; NaN where there is no place on Earth."""
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    shape = x.shape
    with np.errstate(invalid="ignore", over="ignore"):
        a, b = np.rint(x.ravel() * SCALE), np.rint(y.ravel() * SCALE)
        off = ~((np.abs(a) <= 180 * SCALE) & (np.abs(b) <= 90 * SCALE))
    a[off] = np.nan
    b[off] = np.nan
    return a, b, shape


def _content_hash(codes: tuple[str, ...], blobs: list[bytes]) -> str:
    digest = hashlib.sha256()
    for code, blob in zip(codes, blobs, strict=True):
        for piece in (code.encode(), blob):
            digest.update(struct.pack("<Q", len(piece)))
            digest.update(piece)
    return digest.hexdigest()


def _refused(path: Path, zh: str, en: str) -> IndexRefused:
    return IndexRefused(f"索引文件 {path.name}：{zh}", f"index file {path.name}: {en}")


def _refuse_codes(codes: Sequence[str]) -> None:
    seen: set[str] = set()
    for at, code in enumerate(codes):
        if not code:
            raise CodeError(f"第 {at + 1} 个网格没有编码", f"grid {at + 1} has no code", code="missing_code")
        if code in seen:
            raise CodeError(f"网格编码 {code} 重复", f"grid code {code} occurs twice", code="duplicate_code")
        seen.add(code)


def _refuse_shapes(codes: Sequence[str], flat: Geometries) -> None:
    good = np.isin(shapely.get_type_id(flat), (3, 6)) & ~shapely.is_empty(flat) & shapely.is_valid(flat)
    if good.all():
        return
    at = int(np.flatnonzero(~good)[0])
    shape = flat[at]
    if shape is None or shapely.is_empty(shape):
        raise InvalidGeometry(f"网格 {codes[at]} 没有图形", f"grid {codes[at]} has no geometry")
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise InvalidGeometry(
            f"网格 {codes[at]} 应为面，实际为 {shape.geom_type}",
            f"grid {codes[at]}: expected a polygon, got a {shape.geom_type}",
        )
    trouble = trouble_of(shape)
    raise InvalidGeometry(
        f"网格 {codes[at]} 无效：{trouble.zh}",
        f"grid {codes[at]} is not valid: {trouble.en}",
        places=[trouble.place],
    )

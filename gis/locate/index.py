"""The index of one edition: built from a coverage, asked with arrays, saved to a file that is mapped."""

from __future__ import annotations

import hashlib
import os
import struct
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.antimeridian import places_turned_back, straddles, turn, turn_back, turned_longitude, turned_place
from gis.arrays import Bools, Geometries, GeometryArrayLike
from gis.coverage import is_clean, snap_coverage
from gis.coverage.detectors import gaps, mismatches, overlaps
from gis.coverage.field import Field
from gis.crs import CrsLike, SourceCrs, check_degrees, choose_shift, parse_crs
from gis.defects import Defect, in_order
from gis.errors import CodeError, CoverageError, GeometryError, InvalidGeometry
from gis.geometry import SCALE, geometry_array, lattice_geometries, snap, trouble_of
from gis.locate.borders import ring_edges, shared_borders
from gis.locate.file import Sections, open_file, pack, write_file
from gis.locate.kernel import locate_block, locate_one
from gis.locate.overlaid import rasterize_overlaid
from gis.locate.points import broadcast_degrees
from gis.locate.raster import Raster, rasterize

__all__ = ["NO_OWNER", "GridIndex"]

NO_OWNER = -1
"""What `GridIndex.locate` answers where no grid owns the place."""

Owners = NDArray[np.int32]
_PART = 1 << 18
"""Points that are worth a thread of their own."""
_ARRAYS = ("frame", "cells", "heads", "entries", "records")


class GridIndex:
    """Owners of places, for one edition of boundaries.

    Make one with `GridIndex.build` or `GridIndex.open`. Any number of threads may ask one index at once.

    Attributes
    ----------
    codes : tuple of str
        Grid codes in plain string order; `locate` answers positions in this tuple.
    edition : int
        The edition the boundaries are of; 0 where there is none.
    content_hash : str
        SHA-256 (hex) over codes and boundaries: equal content gives equal answers.
    turned : bool
        The grids lie on both sides of the 180th meridian, and `steps` in the frame of `gis.antimeridian`.

    Examples
    --------
    >>> index = GridIndex.build(["a", "b"], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> index.locate([0.5, 1.0, 1.5, 9.0], [0.5, 0.5, 0.5, 0.5]).tolist()
    [0, 0, 1, -1]
    >>> index.codes[int(index.locate(1.5, 0.5))]
    'b'
    """

    def __init__(
        self,
        codes: tuple[str, ...],
        raster: Raster,
        blobs: _Blobs,
        *,
        edition: int,
        content_hash: str,
        turned: bool = False,
    ) -> None:
        self.codes = codes
        self.edition = edition
        self.content_hash = content_hash
        # Raster and `steps` of grids across the 180th meridian are in the turned frame; the boundaries themselves never.
        self.turned = turned
        self._raster = raster
        self._arrays: tuple[np.ndarray, ...] = tuple(getattr(raster, name) for name in _ARRAYS)
        self._blobs = blobs
        self._steps: Geometries | None = None
        self._tree: shapely.STRtree | None = None
        self._lock = threading.Lock()

    @classmethod
    def build(
        cls,
        codes: Sequence[str],
        polygons: GeometryArrayLike,
        *,
        edition: int = 0,
        on_conflict: Literal["refuse", "first"] = "refuse",
        gaps: Literal["refuse", "allow"] = "refuse",
        shift: int | None = None,
    ) -> GridIndex:
        """Make an index.

        Parameters
        ----------
        codes : sequence of str, length n
            Unique, not empty.
        polygons : array_like of shapely polygons, shape (n,)
            EPSG:4326, valid; rounded to the lattice as `gis.coverage.snap_coverage` does. Multipolygons, holes,
            islands and enclaves are welcome.
        edition : int, default 0
        on_conflict : {"refuse", "first"}, default "refuse"
            When polygons overlap: refuse, or let the lowest code own what several cover (which allows gaps too).
        gaps : {"refuse", "allow"}, default "refuse"
            When polygons enclose a place that none of them owns.
        shift : int, optional
            Cells of the raster are ``2**shift`` lattice steps wide; chosen by the number of edges when absent. It
            changes size and speed, never an answer.

        Raises
        ------
        gis.errors.CodeError
            A code is empty or occurs twice.
        gis.errors.InvalidGeometry
            A polygon is missing, not a polygon or not valid.
        gis.errors.SwappedCoordinates
            Latitude before longitude.
        gis.errors.GeometryError
            Coordinates that are not finite or outside longitude and latitude.
        gis.errors.CoverageError
            Polygons overlap, or leave a gap, and that is to be refused; with every place.
        """
        flat = geometry_array(polygons)
        if len(flat) != len(codes):
            raise GeometryError(
                f"图形数 {len(flat)} 与编码数 {len(codes)} 不同",
                f"{len(flat)} polygons but {len(codes)} codes",
                code="length-mismatch",
            )
        _refuse_codes(codes)
        _refuse_shapes(codes, flat)
        order = sorted(range(len(codes)), key=lambda at: codes[at])
        labels = tuple(codes[at] for at in order)
        ordered = flat[order]
        turned = straddles(ordered)
        if turned:
            with places_turned_back():
                shapes, clean = _settled(
                    labels, turn(ordered), on_conflict=on_conflict, gapless=gaps == "refuse"
                )
        else:
            shapes, clean = _settled(labels, ordered, on_conflict=on_conflict, gapless=gaps == "refuse")
        raster = (
            rasterize(shared_borders(shapes), shift=shift)
            if clean
            else rasterize_overlaid(ring_edges(shapes), shift=shift)
        )
        blobs = _Blobs.of(turn_back(shapes) if turned else shapes)
        return cls(
            labels, raster, blobs, edition=edition, content_hash=blobs.hash_with(labels), turned=turned
        )

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"<GridIndex of {len(self.codes)} grids, edition {self.edition}, {self.content_hash[:12]}>"

    def __reduce__(self) -> tuple[object, ...]:
        # What travels to another process is the file.
        return (GridIndex.from_bytes, (self.to_bytes(),))

    @property
    def nbytes(self) -> int:
        """Bytes that locating points reads; the polygons behind it are not counted."""
        return self._raster.nbytes

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what it knows, in degrees; a little more than the grids have.

        West lies beyond east where the 180th meridian is between them.
        """
        x, y, shift, columns, rows, _ = (int(v) for v in self._raster.frame)
        corners = (x, y, x + (columns << shift), y + (rows << shift))
        west, south, east, north = (value / SCALE for value in corners)
        if self.turned:
            west, east = turned_place((west, 0.0))[0], turned_place((east, 0.0))[0]
        return west, south, east, north

    def settle_crs(self, crs: CrsLike) -> SourceCrs:
        """Fix how places in a CRS are turned into WGS84, by where the grids are: the same for every place and door.

        Raises
        ------
        gis.errors.CrsUnknown
            Its datum has no published transformation that holds for these grids.

        Examples
        --------
        >>> index = GridIndex.build(["a"], [shapely.box(139.5, 35.5, 139.6, 35.6)])
        >>> index.settle_crs("EPSG:4301").shift.accuracy_m
        9.0
        """
        if not len(self):
            return parse_crs(crs)
        west, south, east, north = self.extent
        if west > east:
            return choose_shift(crs, [west, 180.0, -180.0, east], [south, north, south, north])
        return choose_shift(crs, [west, east], [south, north])

    @property
    def polygons(self) -> Geometries:
        """The boundaries on the lattice, EPSG:4326, shape (n,), in the order of `codes`."""
        return self._blobs.polygons()

    @property
    def steps(self) -> Geometries:
        """The boundaries in lattice steps (integer coordinates), prepared; `gis.shares` cuts with them."""
        if self._steps is None:
            with self._lock:
                if self._steps is None:
                    self._steps = _prepared(turn(self.polygons) if self.turned else self.polygons)
        return self._steps

    @property
    def tree(self) -> shapely.STRtree:
        """A tree over `steps`."""
        steps = self.steps
        if self._tree is None:
            with self._lock:
                if self._tree is None:
                    tree = shapely.STRtree(steps)
                    # GEOS completes a tree at its first use, which is not safe in two threads at once.
                    tree.query(shapely.Point(0, 0))
                    self._tree = tree
        return self._tree

    def locate(self, lon: ArrayLike, lat: ArrayLike | None = None, *, workers: int | None = None) -> Owners:
        """Give the owner of each point.

        Parameters
        ----------
        lon, lat : array_like
            WGS84 degrees; any shape, broadcast together, rounded to the lattice. NumPy arrays, Series and Arrow
            arrays (nulls become NaN) of any numeric type; computed in float64. Without ``lat``, ``lon`` is a
            GeoSeries, which brings its CRS, or an array of shapely points in WGS84.
        workers : int, optional
            Threads; as many as there are cores where that pays, by default.

        Returns
        -------
        ndarray of int32, shape of the input
            Position in `codes`; -1 where no grid owns the point, and for NaN, infinities and numbers outside
            longitude and latitude. Scalars give a 0-d array.

        Raises
        ------
        gis.errors.CrsMissing
            A GeoSeries without CRS.
        gis.errors.InvalidGeometry
            Shapes that are not points.
        """
        return self._located(lon, lat, workers, flagged=False)[0]

    def locate_detail(
        self, lon: ArrayLike, lat: ArrayLike | None = None, *, workers: int | None = None
    ) -> tuple[Owners, Bools]:
        """Give the owner of each point, and whether it lies on its owner's boundary.

        Parameters
        ----------
        lon, lat, workers
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
        return self._located(lon, lat, workers, flagged=True)

    def owner_of(self, lon: float, lat: float) -> tuple[int, bool]:
        """Give the owner of one point and whether it lies on a boundary, in about a microsecond.

        Parameters
        ----------
        lon, lat : float
            WGS84 degrees.

        Returns
        -------
        owner : int
            Position in `codes`, or -1.
        on_boundary : bool

        Examples
        --------
        >>> GridIndex.build(["a"], [shapely.box(0, 0, 1, 1)]).owner_of(1.0, 0.5)
        (0, True)
        """
        if self.turned:
            lon = float(_turned_points(np.array([lon]))[0])
        owner, border = locate_one(lon, lat, *self._arrays)
        return int(owner), bool(border)

    def _located(
        self, lon: ArrayLike, lat: ArrayLike | None, workers: int | None, *, flagged: bool
    ) -> tuple[Owners, Bools]:
        x, y, shape = broadcast_degrees(lon, lat)
        if self.turned:
            x = _turned_points(x)
        owners = np.empty(x.size, dtype=np.int32)
        flags = np.zeros(x.size if flagged else 0, dtype=np.bool_)
        threads = min(workers or os.cpu_count() or 1, -(-x.size // _PART))
        if threads <= 1:
            self._locate_part(x, y, owners, flags, slice(None))
        else:
            bounds = np.linspace(0, x.size, threads + 1).astype(np.int64)
            parts = [slice(begin, end) for begin, end in pairwise(bounds.tolist())]
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(partial(self._locate_part, x, y, owners, flags), parts))
        return owners.reshape(shape), flags.reshape(shape if flagged else 0)

    def _locate_part(self, x: np.ndarray, y: np.ndarray, owners: Owners, flags: Bools, part: slice) -> None:
        r = self._raster
        arrays = (r.frame, r.cells, r.heads, r.entries, r.records)
        locate_block(x[part], y[part], *arrays, owners[part], flags[part])

    def to_bytes(self) -> bytes:
        """Give what `save` writes."""
        return b"".join(self._pieces())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to one file, replacing it in one step; a reader never sees half a file."""
        write_file(Path(path), self._pieces())

    def _pieces(self) -> list[bytes]:
        arrays = {name: getattr(self._raster, name) for name in _ARRAYS}
        facts: dict[str, object] = {
            "codes": list(self.codes),
            "edition": self.edition,
            "content_hash": self.content_hash,
        }
        facts |= {"turned": True} if self.turned else {}
        return pack(facts, {**arrays, **self._blobs.arrays()})

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> GridIndex:
        """Map an index that `save` wrote; processes that open the same file share its memory.

        Raises
        ------
        gis.errors.IndexRefused
            Not such a file, damaged, truncated, or of another format version.
        """
        return cls._of(open_file(Path(path)))

    @classmethod
    def from_bytes(cls, content: bytes) -> GridIndex:
        """Take an index from what `to_bytes` gave.

        Raises
        ------
        gis.errors.IndexRefused
            As for `open`.
        """
        return cls._of(Sections("(memory)", content))

    @classmethod
    def _of(cls, sections: Sections) -> GridIndex:
        header = sections.header
        return cls(
            tuple(header["codes"]),
            Raster(*(sections.take(name) for name in _ARRAYS)),
            _Blobs(sections),
            edition=int(header["edition"]),
            content_hash=str(header["content_hash"]),
            turned=bool(header.get("turned", False)),
        )


class _Blobs:
    """The polygons as well-known binary: in memory, or in a file until somebody needs them."""

    def __init__(self, source: Sections | dict[str, np.ndarray]) -> None:
        self._source = source

    @classmethod
    def of(cls, shapes: Geometries) -> _Blobs:
        blobs = [bytes(blob) for blob in shapely.to_wkb(shapes, byte_order=1)]
        ends = np.cumsum([0, *(len(blob) for blob in blobs)], dtype=np.int64)
        return cls({"shape_ends": ends, "shapes": np.frombuffer(b"".join(blobs), dtype=np.uint8)})

    def arrays(self) -> dict[str, np.ndarray]:
        if isinstance(self._source, Sections):
            return {name: self._source.take(name) for name in ("shape_ends", "shapes")}
        return self._source

    def each(self) -> list[bytes]:
        arrays = self.arrays()
        content, ends = arrays["shapes"].tobytes(), arrays["shape_ends"].tolist()
        return [content[begin:end] for begin, end in pairwise(ends)]

    def polygons(self) -> Geometries:
        return np.asarray(shapely.from_wkb(self.each()), dtype=object).reshape(-1)

    def hash_with(self, codes: tuple[str, ...]) -> str:
        digest = hashlib.sha256()
        for code, blob in zip(codes, self.each(), strict=True):
            for piece in (code.encode(), blob):
                digest.update(struct.pack("<Q", len(piece)))
                digest.update(piece)
        return digest.hexdigest()


def _prepared(polygons: Geometries) -> Geometries:
    steps = lattice_geometries(polygons)
    shapely.prepare(steps)
    if len(steps):
        # As with trees: what GEOS completes at the first use is completed before two threads can meet there.
        shapely.intersects_xy(steps, 0.0, 0.0)
        shapely.contains_xy(steps, 0.0, 0.0)
    return steps


def _settled(
    codes: tuple[str, ...], flat: Geometries, *, on_conflict: str, gapless: bool
) -> tuple[Geometries, bool]:
    """Put grids on the lattice, and say whether they are a clean coverage; what may not be is refused."""
    if on_conflict == "first":
        # Vertices are not matched first, as in a coverage: what overlaps stays where it was drawn.
        shapes = snap(flat)
        return shapes, is_clean(shapes)
    snapped = snap_coverage(flat, hairlines="rounding")
    _refuse_conflicts(codes, snapped.polygons, clean=snapped.clean, gapless=gapless)
    return snapped.polygons, snapped.clean


def _turned_points(lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring longitudes into the turned frame, rounded to the lattice before that; those off the globe become NaN."""
    with np.errstate(invalid="ignore"):
        x = turned_longitude(np.rint(lon * SCALE) / SCALE)
        x[~(np.abs(lon) <= 180.0)] = np.nan
    x.setflags(write=False)
    return x


def _refuse_conflicts(codes: tuple[str, ...], shapes: Geometries, *, clean: bool, gapless: bool) -> None:
    found: list[Defect] = []
    if not clean:
        ground = Field(codes, shapes)
        found = overlaps(ground)
        found += mismatches(ground, found)
    elif gapless and _has_holes(shapes):
        found = gaps(Field(codes, shapes), gap_width_m=None)
    if found:
        found = in_order(found)
        raise CoverageError(
            f"网格之间有重叠、缝隙或边界不一致，共 {len(found)} 处；第一处：{found[0].detail.zh}",
            "the grids overlap, leave gaps or their borders do not match in "
            f"{len(found)} places; the first: {found[0].detail.en}",
            defects=found,
        )


def _has_holes(shapes: Geometries) -> bool:
    """Whether a clean coverage encloses anything that it does not own (quick; `gaps` finds out what)."""
    union = shapely.get_parts(shapely.coverage_union_all(lattice_geometries(shapes)))
    return bool(np.any(shapely.get_num_interior_rings(union) > 0)) or len(union) > 1


def _refuse_codes(codes: Sequence[str]) -> None:
    seen: set[str] = set()
    for at, code in enumerate(codes):
        if not code:
            raise CodeError(f"第 {at + 1} 个网格没有编码", f"grid {at + 1} has no code", code="missing-code")
        if code in seen:
            raise CodeError(f"网格编码 {code} 重复", f"grid code {code} occurs twice", code="duplicate-code")
        seen.add(code)


def _refuse_shapes(codes: Sequence[str], flat: Geometries) -> None:
    corners = shapely.get_coordinates(flat)
    check_degrees(corners[:, 0], corners[:, 1])
    good = np.isin(shapely.get_type_id(flat), (3, 6)) & ~shapely.is_empty(flat) & shapely.is_valid(flat)
    if good.all():
        return
    at = int(np.flatnonzero(~good)[0])
    shape = flat[at]
    if shape is None or shapely.is_empty(shape):
        raise InvalidGeometry(
            f"网格 {codes[at]} 没有图形", f"grid {codes[at]} has no geometry", code="geometry-missing"
        )
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise InvalidGeometry(
            f"网格 {codes[at]} 应为面，实际为 {shape.geom_type}",
            f"grid {codes[at]}: expected a polygon, got a {shape.geom_type}",
            code="not-a-polygon",
        )
    trouble = trouble_of(shape)
    raise InvalidGeometry(
        f"网格 {codes[at]} 无效：{trouble.reason.zh}",
        f"grid {codes[at]} is not valid: {trouble.reason.en}",
        places=[trouble.place],
    )

"""A coverage with the names of its grids, and what an edit makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from gis.arrays import Geometries, GeometryArrayLike
from gis.coverage import is_clean, refuse_unless_clean
from gis.editing.refusals import refuse
from gis.errors import CoverageError, GeometryError, Place
from gis.geometry import from_lattice, geometry_array, lattice_geometries, to_lattice

__all__ = ["Coverage", "Edit", "GridAttributes", "GridKind", "MemberKind"]

GridKind = Literal["base", "dedicated"]
MemberKind = Literal["base", "dedicated", "excluded"]
"""What a polygon of a coverage is: a grid of a kind, or land declared to be nobody's."""


@dataclass(frozen=True)
class GridAttributes:
    """What a grid has besides its code and its border: name, code of its community, kind.

    Land that is nobody's on purpose is a member of the coverage, too, so that borders stay matched along it: its kind
    is ``excluded``, its name is the reason, and its community is the district.
    """

    name: str
    community: str
    kind: MemberKind = "base"

    @property
    def excluded(self) -> bool:
        """Whether this is no grid but land declared to be nobody's."""
        return self.kind == "excluded"


class Coverage:
    """Grids that tile an area, or a part of it; never changed once made.

    Operations look only at the grids they touch and those around them, so a caller may load just these.

    Parameters
    ----------
    codes : tuple of str
        Each once, in plain string order.
    polygons : ndarray of object, shape (n,)
        EPSG:4326, on the lattice, a clean coverage.
    attributes : tuple of GridAttributes, length n

    See Also
    --------
    Coverage.build : from rows in any order, checked.
    """

    def __init__(
        self, codes: tuple[str, ...], polygons: Geometries, attributes: tuple[GridAttributes, ...]
    ) -> None:
        self.codes = codes
        self.polygons = polygons
        self.polygons.flags.writeable = False
        self.attributes = attributes

    @classmethod
    def build(
        cls,
        codes: Sequence[str],
        polygons: GeometryArrayLike,
        attributes: Sequence[GridAttributes],
        *,
        trusted: bool = False,
    ) -> Coverage:
        """Make a coverage from rows in any order.

        Parameters
        ----------
        codes : sequence of str, length n
        polygons : array_like of shapely polygons, shape (n,)
            EPSG:4326, on the lattice.
        attributes : sequence of GridAttributes, length n
        trusted : bool, default False
            Leave out the check, for what was published and therefore checked before.

        Raises
        ------
        gis.errors.CoverageError
            Grids overlap, do not share the vertices of a border, or have the same code; with the defects. Holes
            are not looked at, since a part of an edition has them.
        gis.errors.GeometryError
            Coordinates off the lattice, or rows that do not match.

        Examples
        --------
        >>> plain = GridAttributes("", "370299001001")
        >>> coverage = Coverage.build(["b", "a"], [shapely.box(1, 0, 2, 1), shapely.box(0, 0, 1, 1)], [plain, plain])
        >>> coverage.codes, coverage.position("b"), len(coverage)
        (('a', 'b'), 1, 2)
        """
        flat = geometry_array(polygons)
        if not len(codes) == len(flat) == len(attributes):
            raise GeometryError(
                f"编码 {len(codes)} 个、图形 {len(flat)} 个、属性 {len(attributes)} 个，数目不同",
                f"{len(codes)} codes, {len(flat)} polygons and {len(attributes)} attributes",
                code="length-mismatch",
            )
        order = sorted(range(len(codes)), key=lambda at: codes[at])
        ordered = np.empty(len(flat), dtype=object)
        ordered[:] = flat[order]
        made = cls(tuple(codes[at] for at in order), ordered, tuple(attributes[at] for at in order))
        if not trusted:
            _refuse_unclean(made)
        return made

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {code: at for at, code in enumerate(self.codes)}

    def __contains__(self, code: object) -> bool:
        return code in self._positions

    def position(self, code: str) -> int:
        """Find a grid's place in `codes`; `OperationRefused` ``unknown-grid`` when there is none."""
        try:
            return self._positions[code]
        except KeyError:
            refuse("unknown-grid", f"没有编码为 {code!r} 的网格", f"no grid has the code {code!r}")

    def polygon(self, code: str) -> Polygon | MultiPolygon:
        """Return the polygon of a grid, in degrees."""
        shape: Polygon | MultiPolygon = self.polygons[self.position(code)]
        return shape

    def attributes_of(self, code: str) -> GridAttributes:
        """Return name, community and kind of a grid."""
        return self.attributes[self.position(code)]

    @cached_property
    def excluded_codes(self) -> frozenset[str]:
        """Codes of the members that are no grids but land declared to be nobody's."""
        return frozenset(
            code for code, words in zip(self.codes, self.attributes, strict=True) if words.excluded
        )

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """Envelopes in lattice steps, shape (n, 4): west, south, east, north."""
        return np.rint(shapely.bounds(self.polygons) * 1e7)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """A search tree over the polygons in lattice steps."""
        return shapely.STRtree(lattice_geometries(self.polygons))

    def near(self, box: Sequence[float] | NDArray[np.float64], *, margin: float = 1.0) -> NDArray[np.int64]:
        """Number the grids whose envelope meets a box, in lattice steps: west, south, east, north."""
        at, (west, south, east, north) = self.bounds, box
        hit = (at[:, 0] <= east + margin) & (at[:, 2] >= west - margin)
        hit &= (at[:, 1] <= north + margin) & (at[:, 3] >= south - margin)
        return np.flatnonzero(hit)

    def replaced(
        self,
        *,
        polygons: Mapping[str, object] | None = None,
        attributes: Mapping[str, GridAttributes] | None = None,
        retired: Sequence[str] = (),
    ) -> Coverage:
        """Make a coverage with other polygons or attributes for some codes; new codes need both.

        Everything else is handed on as it is: the same objects, so the same bytes.
        """
        shapes = dict(zip(self.codes, self.polygons, strict=True))
        words = dict(zip(self.codes, self.attributes, strict=True))
        shapes |= polygons or {}
        words |= attributes or {}
        for code in retired:
            del shapes[code], words[code]
        codes = tuple(sorted(shapes))
        ordered = np.empty(len(codes), dtype=object)
        ordered[:] = [shapes[code] for code in codes]
        return Coverage(codes, ordered, tuple(words[code] for code in codes))


def _refuse_unclean(made: Coverage) -> None:
    twice = [code for code, other in zip(made.codes, made.codes[1:], strict=False) if code == other]
    usable = bool(shapely.is_valid(made.polygons).all()) and not shapely.is_empty(made.polygons).any()
    if twice or not usable:
        refuse_unless_clean(made.codes, made.polygons)
    points = shapely.get_coordinates(made.polygons)
    off = (points != from_lattice(to_lattice(points))).any(axis=1)
    if off.any():
        place: Place = tuple(points[int(np.flatnonzero(off)[0])].tolist())
        raise GeometryError(
            f"坐标不在 1e-7 度的格点上：{place}",
            f"coordinates off the lattice of 1e-7 degree: {place}",
            code="off-lattice",
            places=[place],
        )
    if not is_clean(made.polygons):
        refuse_unless_clean(made.codes, made.polygons)
        raise CoverageError(
            "公共边界的节点不一致",
            "grids do not share the vertices of a common border",
            code="mismatched-edge",
        )


@dataclass(frozen=True)
class Edit:
    """What an operation did.

    Parameters
    ----------
    coverage : Coverage
        Afterwards.
    created, changed, retired : tuple of str
        Codes, sorted. Changed: the same code with another border or other attributes; a neighbour that only got a
        vertex is among them.
    inserted_vertices : tuple of (lon, lat)
        Vertices that borders did not have before, EPSG:4326, sorted.
    """

    coverage: Coverage
    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    inserted_vertices: tuple[Place, ...] = ()

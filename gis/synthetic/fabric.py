"""The fabric of the land: streets in town, the edges of fields and hills outside, noded into small faces.

Everything ends in one noding on the lattice, so faces share vertices exactly and nothing overlaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Geometries, GeometryOrArray, Ints
from gis.synthetic.plan import DistrictPlan, TownPlan
from gis.synthetic.randomness import Warp, stream

__all__ = ["Fabric", "StreetLattice", "weave"]


_STREET_STEP_M = 62.0
_FIELD_STEP_M = 105.0
_FIELD_BENDS = [(150.0, 3600.0), (36.0, 1000.0), (8.0, 270.0)]


class StreetLattice:
    """The streets of one town: two families of curves, square to each other, turned and slightly bent.

    `u` counts metres across the streets of the first family, `v` across the second.
    """

    def __init__(self, town: TownPlan, plan: DistrictPlan) -> None:
        rng = stream(plan.seed, town.spec.code, "streets")
        self._seat = town.seat
        self._cos, self._sin = np.cos(town.turn), np.sin(town.turn)
        self._bend = Warp(rng, [(75.0, 2900.0), (16.0, 800.0)])
        narrow = float(rng.uniform(0.72, 0.9))
        reach = float(max(2.2 * town.spec.urban_km * 1000, 2 * town.block_m))
        self.u = self._places(rng, town.block_m * narrow, reach)
        self.v = self._places(rng, town.block_m / narrow, reach)

    @staticmethod
    def _places(rng: np.random.Generator, spacing: float, reach: float) -> Floats:
        count = int(reach // spacing)
        places = np.arange(-count, count + 1) * spacing
        return np.asarray(places + rng.uniform(-0.2, 0.2, len(places)) * spacing)

    def place(self, u: Floats, v: Floats) -> Floats:
        """Street coordinates to metres, shape (n, 2)."""
        a, b = self._bend(u, v)
        x = self._seat[0] + self._cos * a - self._sin * b
        y = self._seat[1] + self._sin * a + self._cos * b
        return np.column_stack([x, y])

    def coordinates(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Metres to street coordinates, to about a metre (the bend is undone by repetition)."""
        dx, dy = x - self._seat[0], y - self._seat[1]
        a, b = self._cos * dx + self._sin * dy, -self._sin * dx + self._cos * dy
        u, v = a, b
        for _ in range(5):
            moved_u, moved_v = self._bend(u, v)
            u, v = u + (a - moved_u), v + (b - moved_v)
        return u, v

    def lines(self) -> Geometries:
        """All streets as curves in metres, far beyond the built-up area."""
        low, high = float(min(self.u[0], self.v[0])), float(max(self.u[-1], self.v[-1]))
        along = np.arange(low, high + _STREET_STEP_M, _STREET_STEP_M)
        curves = [self.place(np.full_like(along, u), along) for u in self.u]
        curves += [self.place(along, np.full_like(along, v)) for v in self.v]
        return np.array([shapely.linestrings(curve) for curve in curves], dtype=object)


@dataclass(frozen=True)
class Fabric:
    """The faces of the district and where each lies.

    Attributes
    ----------
    faces : ndarray of shapely polygons, shape (n,)
        Steps; a clean coverage of the outline parts.
    inner : ndarray, shape (n, 2)
        A place inside each, metres.
    town : ndarray of int64, shape (n,)
    urban : ndarray of bool, shape (n,)
    part : ndarray of int64, shape (n,)
        Outline part.
    park : ndarray of bool, shape (n,)
        Drawn as a park from the start.
    lattices : dict of int to StreetLattice
    """

    faces: Geometries
    inner: Floats
    town: Ints
    urban: NDArray[np.bool_]
    part: Ints
    park: NDArray[np.bool_]
    lattices: dict[int, StreetLattice]


def weave(plan: DistrictPlan, *, parks: int) -> Fabric:
    """Draw all lines and turn them into faces.

    Parameters
    ----------
    plan : DistrictPlan
    parks : int
        How many round parks to set into the fields near the towns.

    Returns
    -------
    Fabric
    """
    lattices = {
        at: StreetLattice(town, plan) for at, town in enumerate(plan.towns) if not shapely.is_empty(town.zone)
    }
    built = shapely.union_all([plan.towns[at].zone for at in lattices]) if lattices else shapely.Polygon()
    shapely.prepare(built)
    sites, cell = _sites(plan)
    fields = _field_lines(plan, sites, built)
    rings = _park_rings(plan, sites, cell, built, parks)

    cut = [0, *sorted({town.island for town in plan.towns if town.island > 0})]
    shores = [shapely.boundary(plan.outline_parts[at]) for at in cut]
    lines: list[BaseGeometry] = [*shores, *plan.zone_lines, *fields]
    for at, lattice in lattices.items():
        streets = plan.frame.metre_shapes_to_steps(lattice.lines())
        lines.extend(shapely.intersection(streets, plan.towns[at].zone))
    lines.extend(shapely.boundary(rings))
    noded = shapely.union_all(np.array(lines, dtype=object), grid_size=1.0)
    faces = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))), dtype=object)
    return _placed(plan, faces, cut, rings, lattices)


def _sites(plan: DistrictPlan) -> tuple[Floats, Floats]:
    """Scatter the points that fields grow round, as dense as each town asks for."""
    places, sizes = [], []
    frame = plan.frame
    for at, town in enumerate(plan.towns):
        part = plan.outline_parts[max(town.island, 0)]
        rng = stream(plan.seed, town.spec.code, "fields")
        pitch = town.cell_m * 1.0746
        west, south, east, north = frame.shapes_to_metres(part).bounds
        xs = np.arange(west - pitch, east + pitch, pitch)
        ys = np.arange(south - pitch, north + pitch, pitch * 0.8660254)
        wide, high = np.meshgrid(xs, ys)
        wide = wide + np.where(np.arange(len(ys)) % 2 == 0, 0.0, pitch / 2)[:, None]
        x = (wide + rng.uniform(-0.3, 0.3, wide.shape) * pitch).ravel()
        y = (high + rng.uniform(-0.3, 0.3, high.shape) * pitch).ravel()
        mine = plan.town_at(x, y) == at if town.island < 0 else np.ones(len(x), dtype=bool)
        x, y = x[mine], y[mine]
        near = shapely.buffer(part, 1.2 * pitch / frame.step_m[0], quad_segs=2)
        steps = frame.steps(x, y)
        keep = shapely.contains_xy(near, steps[:, 0], steps[:, 1])
        if not shapely.is_empty(town.zone):
            core = shapely.buffer(town.zone, -0.45 * pitch / frame.step_m[0], quad_segs=2)
            keep &= ~shapely.contains_xy(core, steps[:, 0], steps[:, 1])
        places.append(np.column_stack([x[keep], y[keep]]))
        sizes.append(np.full(int(keep.sum()), town.cell_m))
    return np.vstack(places), np.concatenate(sizes)


def _bend(plan: DistrictPlan) -> Warp:
    return Warp(stream(plan.seed, plan.spec.code, "bends"), _FIELD_BENDS)


def _bent(plan: DistrictPlan, shapes: GeometryOrArray) -> GeometryOrArray:
    """Bend shapes in metres and bring them to steps."""
    bend = _bend(plan)
    return shapely.transform(shapes, lambda c: plan.frame.steps(*bend(c[:, 0], c[:, 1])))


def _field_lines(plan: DistrictPlan, sites: Floats, built: BaseGeometry) -> list[BaseGeometry]:
    """Edges of fields: between neighbouring sites, bent like streams, outside the built-up areas."""
    edges = shapely.voronoi_polygons(shapely.multipoints(sites), only_edges=True)
    edges = shapely.segmentize(shapely.get_parts(edges), _FIELD_STEP_M)
    west, south, east, north = (float(v) for v in shapely.total_bounds(sites_box(plan)))
    edges = edges[shapely.intersects(edges, shapely.box(west, south, east, north))]
    bent = _bent(plan, edges)
    outside = shapely.difference(bent, built)
    return list(outside[~shapely.is_empty(outside)])


def sites_box(plan: DistrictPlan) -> Geometries:
    """Boxes round the parts of the outline that are cut into grids, in metres, with room for the bends."""
    cut = {max(town.island, 0) for town in plan.towns}
    parts = plan.frame.shapes_to_metres(
        np.array([plan.outline_parts[at] for at in sorted(cut)], dtype=object)
    )
    return np.asarray(shapely.buffer(shapely.envelope(parts), 2000.0, join_style="mitre"), dtype=object)


def _park_rings(
    plan: DistrictPlan, sites: Floats, cell: Floats, built: BaseGeometry, count: int
) -> Geometries:
    """Round parks, each well inside one field beside a town."""
    if count == 0 or shapely.is_empty(built):
        return np.array([], dtype=object)
    rng = stream(plan.seed, plan.spec.code, "parks")
    order = rng.permutation(len(sites))
    angle = np.linspace(0, 2 * np.pi, 19)[:-1]
    radius = np.outer(cell[order] * rng.uniform(0.17, 0.25, len(order)), np.ones(18))
    radius *= 1 + 0.1 * np.cos(3 * angle + rng.uniform(0, 6, (len(order), 1)))
    ring = np.stack(
        [sites[order, 0, None] + radius * np.cos(angle), sites[order, 1, None] + radius * np.sin(angle)],
        axis=-1,
    )
    discs = _bent(plan, np.asarray(shapely.polygons(ring), dtype=object))
    land = plan.outline_parts[0]
    shapely.prepare(land)
    near = shapely.buffer(built, 900.0 / plan.frame.step_m[0], quad_segs=2)
    shapely.prepare(near)
    shore = shapely.buffer(discs, 150.0 / plan.frame.step_m[0], quad_segs=2)
    good = shapely.contains(land, shore) & shapely.intersects(near, discs) & ~shapely.intersects(built, shore)
    return np.asarray(discs[good][:count], dtype=object)


def _placed(
    plan: DistrictPlan,
    faces: Geometries,
    cut: list[int],
    rings: Geometries,
    lattices: dict[int, StreetLattice],
) -> Fabric:
    """Keep what lies on land and say where each face belongs; islets come in whole."""
    inner = shapely.point_on_surface(faces)
    steps = shapely.get_coordinates(inner)
    part = np.full(len(faces), -1, dtype=np.int64)
    for at in cut:
        part[shapely.contains_xy(plan.outline_parts[at], steps[:, 0], steps[:, 1])] = at
    on_land = part >= 0
    faces, steps, part = faces[on_land], steps[on_land], part[on_land]
    islets = [at for at in range(len(plan.outline_parts)) if at not in cut]
    if islets:
        whole = np.array([plan.outline_parts[at] for at in islets], dtype=object)
        faces = np.concatenate([faces, whole])
        steps = np.vstack([steps, shapely.get_coordinates(shapely.point_on_surface(whole))])
        part = np.concatenate([part, np.array(islets, dtype=np.int64)])
    metres = plan.frame.steps_to_metres(steps)
    town = plan.town_at(metres[:, 0], metres[:, 1])
    for at, one in enumerate(plan.towns):
        if one.island > 0:
            town[part == one.island] = at
    urban = np.zeros(len(faces), dtype=bool)
    for at in lattices:
        hit = shapely.contains_xy(plan.towns[at].zone, steps[:, 0], steps[:, 1])
        town[hit & (part == 0)] = at
        urban |= hit & (part == 0)
    park = np.zeros(len(faces), dtype=bool)
    for ring in rings:
        park |= shapely.contains_xy(ring, steps[:, 0], steps[:, 1])
    return Fabric(faces, metres, town, urban, part, park, lattices)

"""The plan of the district before any line is drawn: territories, built-up areas, how fine each part is cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Ints
from gis.synthetic.local_projection import LocalFrame
from gis.synthetic.randomness import SmoothNoise, Warp, stream
from gis.synthetic.spec import DistrictSpec, TownSpec, apportion

__all__ = ["DistrictPlan", "TownPlan", "make_plan"]


_RASTER_M = 200.0
RURAL_GRID_KM2 = 2.4
"""What a grid of villages and hills covers when its town has grids to spare."""
MOST_RURAL = 0.74
"""No town has a larger part of its grids in the country: its seat is always cut finer than its fields."""
BLOCKS_PER_GRID = 5.0
"""Street blocks that one grid in town is put together from, on average."""
FIELDS_PER_GRID = 9.0
"""Pieces of fields and hills in one grid of the country; more of them make more natural borders."""


@dataclass(frozen=True)
class TownPlan:
    """One town on the design plane (metres).

    Attributes
    ----------
    spec : TownSpec
    grids : int
    seat : tuple of float
        Metres.
    island : int
        Number of the outline part it consists of; -1 for a town on the mainland.
    turn : float
        Direction of its streets, radians.
    block_m : float
        Distance between its streets.
    cell_m : float
        Size of its fields: the distance of the points that the rural fabric grows round.
    urban_grids : float
        Grids that its built-up area will have, more or less.
    rural_grids : float
        Grids of the rest.
    zone : shapely polygon
        Built-up area in steps; may be empty.
    """

    spec: TownSpec
    grids: int
    seat: tuple[float, float]
    island: int
    turn: float
    block_m: float
    cell_m: float
    urban_grids: float
    rural_grids: float
    zone: BaseGeometry


@dataclass(frozen=True)
class DistrictPlan:
    """All towns, the outline in steps, and the lines between built-up areas that touch."""

    spec: DistrictSpec
    seed: int
    frame: LocalFrame
    outline_parts: tuple[BaseGeometry, ...]
    towns: tuple[TownPlan, ...]
    zone_lines: tuple[BaseGeometry, ...]
    hills: SmoothNoise

    def town_at(self, x: Floats, y: Floats) -> Ints:
        """Which mainland town a place (metres) belongs to: the nearest seat, over a bent plane."""
        bend = Warp(stream(self.seed, self.spec.code, "territory"), [(420.0, 7000.0), (160.0, 2600.0)])
        return _nearest_seat([(t.seat, t.island) for t in self.towns], *bend(x, y))


def _nearest_seat(seats: list[tuple[tuple[float, float], int]], x: Floats, y: Floats) -> Ints:
    best = np.full(np.shape(x), np.inf)
    owner = np.full(np.shape(x), -1, dtype=np.int64)
    for number, ((sx, sy), island) in enumerate(seats):
        if island >= 0:
            continue
        distance = (x - sx) ** 2 + (y - sy) ** 2
        closer = distance < best
        best[closer], owner[closer] = distance[closer], number
    return owner


def make_plan(outline: BaseGeometry, spec: DistrictSpec, *, seed: int) -> DistrictPlan:
    """Work out the plan of a district.

    Parameters
    ----------
    outline : shapely Polygon or MultiPolygon
        EPSG:4326.
    spec : DistrictSpec
    seed : int

    Returns
    -------
    DistrictPlan
    """
    frame = LocalFrame.around(outline)
    parts = _ordered_parts(frame.shapes_to_steps(outline))
    seats = [tuple(float(v) for v in frame.metres(*town.seat)) for town in spec.towns]
    islands = [_island_of(seat, parts, frame) for seat in seats]
    grids = apportion(np.array([town.weight for town in spec.towns]), spec.grids, least=2)
    rng = stream(seed, spec.code, "plan")
    turns = rng.uniform(-np.pi / 4, np.pi / 4, len(seats))
    rings = [_ring(rng, seat, town.urban_km * 1000) for seat, town in zip(seats, spec.towns, strict=True)]
    zones, lines = _zones(frame, spec, seed, seats, islands, rings)
    urban, rural = _areas_km2(frame, parts, seats, islands, zones)

    towns = []
    for at, town in enumerate(spec.towns):
        in_country = min(rural[at] / RURAL_GRID_KM2, MOST_RURAL * grids[at])
        if urban[at] < 0.05:
            in_country = float(grids[at])
        in_town = float(grids[at]) - in_country
        block = np.sqrt(urban[at] * 1e6 / (BLOCKS_PER_GRID * max(in_town, 1.0)))
        cell = np.sqrt(max(rural[at], 0.02) * 1e6 / (FIELDS_PER_GRID * max(in_country, 1.0)))
        towns.append(
            TownPlan(
                spec=town,
                grids=int(grids[at]),
                seat=(seats[at][0], seats[at][1]),
                island=islands[at],
                turn=float(turns[at]),
                block_m=float(np.clip(block, 90.0, 420.0)),
                cell_m=float(np.clip(cell, 120.0, 1600.0)),
                urban_grids=in_town,
                rural_grids=in_country,
                zone=zones[at],
            )
        )
    return DistrictPlan(
        spec=spec,
        seed=seed,
        frame=frame,
        outline_parts=tuple(parts),
        towns=tuple(towns),
        zone_lines=tuple(lines),
        hills=SmoothNoise(stream(seed, spec.code, "hills"), 6500.0, waves=12),
    )


def _ordered_parts(outline: BaseGeometry) -> list[BaseGeometry]:
    """Split the outline into its parts, the mainland first, islands by size."""
    parts = list(shapely.get_parts(outline))
    return sorted(parts, key=lambda part: (-float(part.area), part.bounds))


def _island_of(seat: tuple[float, ...], parts: list[BaseGeometry], frame: LocalFrame) -> int:
    """Name the island a seat lies on; -1 for the mainland, which also takes a seat in the water."""
    place = shapely.points(*frame.steps([seat[0]], [seat[1]])[0])
    for number, part in enumerate(parts[1:], start=1):
        if shapely.covers(part, place):
            return number
    return -1


def _ring(rng: np.random.Generator, seat: tuple[float, ...], radius_m: float) -> Floats:
    """Draw the edge of a built-up area: a circle pushed in and out by low harmonics, in metres."""
    angle = np.linspace(0, 2 * np.pi, 97)[:-1]
    radius = np.ones_like(angle)
    for order in (2, 3, 4, 6):
        radius += rng.uniform(0.03, 0.12) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    radius *= radius_m
    return np.column_stack([seat[0] + radius * np.cos(angle), seat[1] + radius * np.sin(angle)])


def _zones(
    frame: LocalFrame,
    spec: DistrictSpec,
    seed: int,
    seats: list[tuple[float, ...]],
    islands: list[int],
    rings: list[Floats],
) -> tuple[list[BaseGeometry], list[BaseGeometry]]:
    """Cut the built-up areas apart along avenues half-way between seats.

    All edges are noded together on the lattice first, so that two areas that touch share every vertex.
    """
    land = [at for at, island in enumerate(islands) if island < 0]
    shapes = [shapely.polygons(frame.steps(ring[:, 0], ring[:, 1])) for ring in rings]
    # An island town has no streets of its own: it stays all fields and shore.
    zones: list[BaseGeometry] = [shapely.Polygon()] * len(seats)
    reach = max(float(np.hypot(*(ring - ring.mean(axis=0)).T).max()) for ring in rings) * 2.2
    edges = []
    if len(land) > 1:
        points = shapely.multipoints([seats[at] for at in land])
        box = shapely.box(*points.bounds).buffer(reach)
        lines = shapely.segmentize(shapely.voronoi_polygons(points, extend_to=box, only_edges=True), 90.0)
        bend = Warp(stream(seed, spec.code, "avenues"), [(28.0, 1900.0)])
        bent = shapely.transform(lines, lambda c: np.column_stack(bend(c[:, 0], c[:, 1])))
        edges = list(shapely.get_parts(frame.metre_shapes_to_steps(bent)))
    noded = shapely.union_all([shapely.boundary(shapes[at]) for at in land] + edges, grid_size=1.0)
    faces = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))), dtype=object)
    inner = shapely.point_on_surface(faces)
    metres = frame.steps_to_metres(shapely.get_coordinates(inner))
    nearest = _nearest_seat([((s[0], s[1]), i) for s, i in zip(seats, islands, strict=True)], *metres.T)
    kept = []
    for at in land:
        mine = (nearest == at) & shapely.contains(shapes[at], inner)
        if not mine.any():
            continue
        zone = shapely.coverage_union_all(faces[mine])
        biggest = max(shapely.get_parts(zone), key=lambda part: float(part.area))
        zones[at] = biggest
        kept.append(shapely.boundary(biggest))
    return zones, kept


def _areas_km2(
    frame: LocalFrame,
    parts: list[BaseGeometry],
    seats: list[tuple[float, ...]],
    islands: list[int],
    zones: list[BaseGeometry],
) -> tuple[Floats, Floats]:
    """Estimate how much built-up and other land each town has, by a raster."""
    urban, rural = np.zeros(len(seats)), np.zeros(len(seats))
    west, south, east, north = frame.shapes_to_metres(parts[0]).bounds
    xs, ys = np.meshgrid(np.arange(west, east, _RASTER_M), np.arange(south, north, _RASTER_M))
    x, y = xs.ravel(), ys.ravel()
    steps = frame.steps(x, y)
    inside = shapely.contains_xy(parts[0], steps[:, 0], steps[:, 1])
    x, y, steps = x[inside], y[inside], steps[inside]
    nearest = _nearest_seat([((s[0], s[1]), i) for s, i in zip(seats, islands, strict=True)], x, y)
    built = np.zeros(len(x), dtype=bool)
    for at, zone in enumerate(zones):
        if shapely.is_empty(zone):
            continue
        hit = shapely.contains_xy(zone, steps[:, 0], steps[:, 1])
        built |= hit
        urban[at] = hit.sum()
    rural += np.bincount(nearest[~built], minlength=len(seats))
    cell = (_RASTER_M / 1000) ** 2
    urban, rural = urban * cell, rural * cell
    for at, island in enumerate(islands):
        if island >= 0:
            rural[at] = parts[island].area * frame.step_area_m2 / 1e6
    return urban, rural

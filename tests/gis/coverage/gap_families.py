"""Coverages with one known gap, or several, of every family: drawn in metres, turned, and put onto the earth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import to_wgs84, working_crs
from gis.geometry import round_degrees

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Drawing:
    """Polygons in metres with the gaps between them, and which polygons run along each gap."""

    polygons: list[shapely.Geometry]
    gaps: list[shapely.Polygon]
    owners: list[set[int]]


@dataclass(frozen=True)
class Placed:
    """The same in degrees, on the lattice, with the codes of the polygons."""

    codes: list[str]
    polygons: NDArray[np.object_]
    gaps: list[shapely.Polygon]
    owners: list[tuple[str, ...]]


def placed(drawing: Drawing, lon: float, lat: float, angle: float) -> Placed:
    """Turn a drawing by an angle (degrees) and lay it down around a place."""
    crs = working_crs(lon, lat)
    centre = np.ravel(_from(lon, lat, crs))
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))

    def turn(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = xy @ np.array([[c, s], [-s, c]]) + centre
        return np.asarray(round_degrees(np.column_stack(to_wgs84(flat[:, 0], flat[:, 1], crs))))

    codes = [f"g{at}" for at in range(len(drawing.polygons))]
    return Placed(
        codes,
        np.asarray(shapely.transform(np.array(drawing.polygons, dtype=object), turn), dtype=object),
        [shapely.transform(gap, turn) for gap in drawing.gaps],
        [tuple(sorted(codes[at] for at in owners)) for owners in drawing.owners],
    )


def _from(lon: float, lat: float, crs: object) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from gis.crs import from_wgs84

    return from_wgs84([lon], [lat], crs)  # type: ignore[arg-type]


def _parted(gap: shapely.Polygon, cuts: list[Points], frame: shapely.Polygon) -> Drawing:
    """Cut the ground of a frame around a gap into grids, along lines that start at vertices of the gap."""
    lines = [frame.exterior, gap.exterior, *(shapely.LineString(cut) for cut in cuts)]
    faces = shapely.get_parts(shapely.polygonize([shapely.node(shapely.multilinestrings(lines))]))
    ground = [face for face in faces if not gap.covers(face.representative_point())]
    owners = {at for at, face in enumerate(ground) if shapely.intersection(face, gap).length > 0}
    return Drawing(ground, [gap], [owners])


def lens(width: float, long: float, vertices: int = 3) -> Drawing:
    """Two grids that meet in two points and nowhere else."""
    y = np.linspace(0, long, vertices)
    bulge = width / 2 * (1 - (2 * y / long - 1) ** 2)
    west = [(-long, 0.0), *zip(-bulge, y, strict=True), (-long, long)]
    east = [(long, 0.0), (long, long), *zip(bulge[::-1], y[::-1], strict=True)]
    gap = shapely.Polygon([*zip(bulge, y, strict=True), *zip(-bulge[::-1], y[::-1], strict=True)])
    return Drawing([shapely.Polygon(west), shapely.Polygon(east)], [gap], [{0, 1}])


def plus(width: float, long: float) -> Drawing:
    """A cross of four arms; grids meet at its inner corners and its ends."""
    h, e = width / 2, width / 2 + long
    gap = shapely.Polygon(
        [
            (h, h),
            (h, e),
            (-h, e),
            (-h, h),
            (-e, h),
            (-e, -h),
            (-h, -h),
            (-h, -e),
            (h, -e),
            (h, -h),
            (e, -h),
            (e, h),
        ]
    )
    far = 2 * e
    cuts = [[(h, e), (h, far)], [(-e, h), (-far, h)], [(-h, -e), (-h, -far)], [(e, -h), (far, -h)]]
    return _parted(gap, cuts, shapely.box(-far, -far, far, far))


def spiral(width: float, turns: int) -> Drawing:
    """A corridor that winds inwards with a wall as wide as itself."""
    step, x, y, line = 2 * width, 0.0, 0.0, [(0.0, 0.0)]
    for at in range(4 * turns):
        length = step * (at // 2 + 1)
        dx, dy = ((1, 0), (0, 1), (-1, 0), (0, -1))[at % 4]
        x, y = x + dx * length, y + dy * length
        line.append((x, y))
    gap = shapely.buffer(
        shapely.LineString(line), width / 2, cap_style="flat", join_style="mitre", mitre_limit=10
    )
    far = 3 * step * (turns + 1)
    # The outer end, cut to the rim, makes two grids.
    end = np.array(line[-1])
    ahead = end - np.array(line[-2])
    side = np.array([-ahead[1], ahead[0]]) / np.hypot(*ahead) * width / 2
    corners = [tuple((end + side).tolist()), tuple((end - side).tolist())]
    cuts = [[corner, (corner[0], -far)] for corner in corners]
    return _parted(gap, cuts, shapely.box(-far, -far, far, far))


def comb(width: float, long: float, teeth: int) -> Drawing:
    """A back with teeth on one side, each as far from the next as it is wide."""
    top = [(0.0, 0.0), (width * (2 * teeth - 1), 0.0)]
    teeth_points: Points = []
    for tooth in reversed(range(teeth)):
        x = 2 * tooth * width
        teeth_points += [(x + width, width), (x + width, width + long), (x, width + long), (x, width)]
    gap = shapely.Polygon([*top, *teeth_points])
    far = 3 * width * teeth + 2 * long
    cuts = [[(0.0, 0.0), (-far, 0.0)], [(width * (2 * teeth - 1), 0.0), (far, 0.0)]]
    return _parted(gap, cuts, shapely.box(-far, -far, far, far))


def wedge(width: float, long: float) -> Drawing:
    """A triangle between two grids that is closed by a third one."""
    gap = shapely.Polygon([(0, 0), (width / 2, long), (-width / 2, long)])
    far = 2 * (width + long)
    cuts: list[Points] = [
        [(0, 0), (0, -far)],
        [(width / 2, long), (far, long)],
        [(-width / 2, long), (-far, long)],
    ]
    return _parted(gap, cuts, shapely.box(-far, -far, far, far))


def corners(width: float, count: int) -> Drawing:
    """Grids around a gap that meet in corners only."""
    angle = 2 * np.pi * np.arange(count) / count
    inner = np.column_stack([np.cos(angle), np.sin(angle)]) * width
    outer = np.column_stack([np.cos(angle + np.pi / count), np.sin(angle + np.pi / count)]) * width * 4
    ground = [shapely.Polygon([inner[at], outer[at], inner[(at + 1) % count]]) for at in range(count)]
    return Drawing(ground, [shapely.Polygon(inner)], [set(range(count))])


def between_parts(width: float, long: float) -> Drawing:
    """One grid of two parts that meet in two points, and a second grid beside it."""
    two = lens(width, long)
    west, east = two.polygons
    beside = shapely.box(long, 0, 2 * long, long)
    return Drawing([shapely.multipolygons([west, east]), beside], two.gaps, [{0}])


def chain(width: float, long: float, links: int) -> Drawing:
    """Lenses one after the other, each touching the next in a point."""
    y = np.arange(2 * links + 1) * long / 2
    bulge = np.where(np.arange(2 * links + 1) % 2 == 1, width / 2, 0.0)
    far = long * links
    west = shapely.Polygon([(-far, 0.0), *zip(-bulge, y, strict=True), (-far, far)])
    east = shapely.Polygon([(far, 0.0), (far, far), *zip(bulge[::-1], y[::-1], strict=True)])
    gaps = [
        shapely.Polygon(
            [
                (0, at * long),
                (width / 2, (at + 0.5) * long),
                (0, (at + 1) * long),
                (-width / 2, (at + 0.5) * long),
            ]
        )
        for at in range(links)
    ]
    return Drawing([west, east], gaps, [{0, 1}] * links)


FAMILIES: dict[str, Callable[[float, int], Drawing]] = {
    "lens": lambda width, n: lens(width, 5 * width * n),
    "round lens": lambda width, n: lens(width, 5 * width, 3 + 2 * n),
    "plus": lambda width, n: plus(width, n * width),
    "spiral": spiral,
    "comb": lambda width, n: comb(width, n * width, n + 1),
    "wedge": lambda width, n: wedge(width, 2 * n * width),
    "corners": lambda width, n: corners(width, n + 2),
    "between parts": lambda width, n: between_parts(width, 3 * n * width),
    "chain": lambda width, n: chain(width, 4 * width, n + 1),
}

"""The district as things are placed in it: tracks of roads and water, junctions, blocks, all in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Geometries, Ints
from gis.synthetic.district import SyntheticDistrict
from gis.synthetic.randomness import Warp, stream
from gis.synthetic.track import Track

__all__ = ["Ground", "ground_of", "weighted_order"]


@dataclass(frozen=True)
class Ground:
    """What is needed to put things down.

    Attributes
    ----------
    roads, streams, oil : Track
        Metres.
    road_kind : ndarray of str, shape (roads,)
        "u", "m" or "c".
    road_people : ndarray of float64, shape (roads,)
        Grids a square kilometre about it: more where more people are.
    road_label : ndarray of str
        Name of each road; `block_label` likewise names the community of each block.
    junctions : ndarray of float64, shape (k, 2)
    junction_kind, junction_people, junction_road : ndarray, shape (k,)
        The widest road there, how many people, and one road that ends there.
    blocks : ndarray of shapely polygons
    block_people : ndarray of float64
        Grids a square kilometre.
    block_area, block_turn : ndarray of float64
    wet_ends : ndarray of int64, shape (j, 2)
        Roads that meet water: road, and 0 at its start or 1 at its end.
    """

    district: SyntheticDistrict
    roads: Track
    streams: Track
    oil: Track
    road_kind: NDArray[np.str_]
    road_people: Floats
    road_label: NDArray[np.object_]
    stream_covered: NDArray[np.bool_]
    stream_label: NDArray[np.object_]
    junctions: Floats
    junction_kind: NDArray[np.str_]
    junction_people: Floats
    junction_road: Ints
    blocks: NDArray[np.object_]
    block_people: Floats
    block_area: Floats
    block_turn: Floats
    block_label: NDArray[np.object_]
    block_urban: NDArray[np.bool_]
    block_coastal: NDArray[np.bool_]
    wet_ends: Ints
    outline: BaseGeometry


def weighted_order(rng: np.random.Generator, weight: Floats) -> Ints:
    """Shuffle so that heavy members tend to come first (exponential keys, as in reservoir sampling)."""
    return np.argsort(rng.exponential(1.0, len(weight)) / np.maximum(weight, 1e-12), kind="stable")


def ground_of(district: SyntheticDistrict) -> Ground:
    """Prepare a district for placing things."""
    frame = district.frame

    def metres(shapes: Geometries) -> NDArray[np.object_]:
        return np.asarray(frame.shapes_to_metres(frame.shapes_to_steps(shapes)), dtype=object)

    roads, streams, blocks = district.roads, district.streams, district.blocks
    road_lines, stream_lines = metres(roads.geometry.to_numpy()), metres(streams.geometry.to_numpy())
    level, urban = roads["level"].to_numpy(), roads["urban"].to_numpy(dtype=bool)
    kind = np.where(level == 1, "m", np.where(urban, np.where(level == 2, "m", "u"), "c"))
    people = roads["weight"].to_numpy(dtype=np.float64)
    ends = _ends(road_lines)
    places, node = np.unique(np.round(ends, 2), axis=0, return_inverse=True)
    road_of_end = np.concatenate([np.arange(len(road_lines))] * 2)
    rank = np.select([kind == "m", kind == "u"], [2, 1], 0)[road_of_end]
    # The last writer wins: let it be the widest road of the junction.
    order = np.argsort(rank, kind="stable")
    widest = np.zeros(len(places), dtype=np.int64)
    widest[node[order]] = road_of_end[order]
    degree = np.bincount(node, minlength=len(places))
    crossing = np.flatnonzero(degree >= 3)
    outline = frame.shapes_to_metres(frame.shapes_to_steps(district.outline))
    shapely.prepare(outline)
    names = district.grids["community_name"].to_numpy(dtype=object)
    return Ground(
        district=district,
        roads=Track(road_lines),
        streams=Track(stream_lines),
        oil=_oil_track(district, outline),
        road_kind=kind,
        road_people=people,
        road_label=roads["name"].to_numpy(dtype=object),
        stream_covered=streams["covered"].to_numpy(dtype=bool),
        stream_label=streams["name"].to_numpy(dtype=object),
        junctions=places[crossing],
        junction_kind=kind[widest[crossing]],
        junction_people=people[widest[crossing]],
        junction_road=widest[crossing],
        blocks=metres(blocks.geometry.to_numpy()),
        block_people=(blocks["weight"] / blocks["area_m2"]).to_numpy(dtype=np.float64) * 1e6,
        block_area=blocks["area_m2"].to_numpy(dtype=np.float64),
        block_turn=blocks["turn"].to_numpy(dtype=np.float64),
        block_label=names[blocks["grid"].to_numpy()],
        block_urban=blocks["urban"].to_numpy(dtype=bool),
        block_coastal=blocks["coastal"].to_numpy(dtype=bool),
        wet_ends=_wet_ends(road_lines, stream_lines),
        outline=outline,
    )


def _ends(lines: NDArray[np.object_]) -> Floats:
    first, last = shapely.get_point(lines, 0), shapely.get_point(lines, -1)
    return np.vstack([shapely.get_coordinates(first), shapely.get_coordinates(last)])


def _wet_ends(roads: NDArray[np.object_], streams: NDArray[np.object_]) -> Ints:
    """Find the ends of roads that lie at a junction of streams: bridges go there."""
    wet = {tuple(place) for place in np.round(_ends(streams), 2).tolist()}
    ends = np.round(_ends(roads), 2).tolist()
    hits = [at for at, place in enumerate(ends) if tuple(place) in wet]
    return np.array([(at % len(roads), at // len(roads)) for at in hits], dtype=np.int64).reshape(-1, 2)


def _oil_track(district: SyntheticDistrict, outline: BaseGeometry) -> Track:
    """Draw two oil pipelines side by side from the terminal inland, without regard for streets.

    The real accident of 2013 happened where such a line crossed a covered drain; these cross many.
    """
    spec, frame = district.spec, district.frame
    (x0, y0), (x1, y1) = (tuple(float(v) for v in frame.metres(*place)) for place in spec.oil_route)
    t = np.linspace(0.0, 1.0, 600)
    x, y = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t
    bend = Warp(stream(district.seed, spec.code, "oil"), [(420.0, 9000.0), (60.0, 1800.0)])
    bx, by = bend(x, y)
    # Both ends stay where they were told to be.
    hold = np.minimum(1.0, np.minimum(t, 1 - t) * 8)
    x, y = x + (bx - x) * hold, y + (by - y) * hold
    lines = [shapely.linestrings(x, y), shapely.linestrings(x + 12.0, y - 40.0)]
    inside = shapely.get_parts(shapely.intersection(np.array(lines, dtype=object), outline))
    inside = inside[shapely.length(inside) > 200.0]
    if len(inside) == 0:
        # The plan put the terminal outside: a short line through the middle of the largest part will do.
        middle = shapely.point_on_surface(outline)
        inside = np.array(
            [shapely.linestrings([(middle.x - 500, middle.y), (middle.x + 500, middle.y)])], dtype=object
        )
    return Track(np.asarray(inside, dtype=object))

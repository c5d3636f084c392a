"""Putting things down: points, lines and areas by recipe, thousands at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import Floats, Ints
from gis.synthetic.ground import Ground, weighted_order
from gis.synthetic.recipes import Recipe
from gis.synthetic.track import Track

__all__ = ["Placed", "place"]


_PIECE_POINTS = 5


@dataclass(frozen=True)
class Placed:
    """Shapes in metres and the name of the road, stream or community each is at."""

    shapes: NDArray[np.object_]
    label: NDArray[np.object_]
    note: str = "{}"


def place(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    """Put down exactly `count` things of one class.

    Parameters
    ----------
    ground : Ground
    recipe : Recipe
    count : int
    rng : numpy.random.Generator

    Returns
    -------
    list of Placed
        Together `count` shapes, in metres.
    """
    ways: dict[str, Callable[[Ground, Recipe, int, np.random.Generator], list[Placed]]] = {
        "road": _beside_roads,
        "roadside": _anywhere_by_roads,
        "junction": _at_junctions,
        "block": _in_blocks,
        "shore": _on_shores,
        "stream": _at_streams,
        "oil": _at_oil,
        "row": _in_rows,
        "along": _along_roads,
        "water": _along_water,
        "across": _across_roads,
        "pipe": _pipes,
        "plot": _plots,
        "bridge": _bridges,
        "crossing": _interchanges,
    }
    return ways[recipe.how](ground, recipe, count, rng)


def _road_weight(ground: Ground, recipe: Recipe) -> Floats:
    """How much each road wants a thing; 0 where it does not belong."""
    fits = np.isin(ground.road_kind, list(recipe.roads))
    if not fits.any():
        fits = np.ones(len(fits), dtype=bool)
    weight = np.maximum(ground.road_people, 0.02) ** recipe.people
    weight = weight * np.select([ground.road_kind == "m", ground.road_kind == "u"], [1.6, 1.0], 0.5)
    return np.asarray(np.where(fits, weight, 0.0))


def _spread(
    length: Floats, weight: Floats, count: int, spacing: float, rng: np.random.Generator, *, sides: int
) -> tuple[Ints, Floats, Ints]:
    """Choose lines and space `count` things evenly along each: line, metres along, side.

    With few things the spacing grows to three times the usual and the most wanted lines are filled first; with
    many it shrinks until all fit.
    """
    usable = np.flatnonzero((weight > 0) & (length > 1.0))
    room = float(length[usable].sum()) * sides / spacing
    pitch = spacing * float(np.clip(room / count, 0.0, 3.0)) if room > 0 else spacing
    order = usable[weighted_order(rng, weight[usable])]
    each = np.maximum(np.floor(length[order] * sides / max(pitch, 1e-6)), 1).astype(np.int64)
    while each.sum() < count:
        each += np.maximum(each // 20, 1)
    taken = int(np.searchsorted(np.cumsum(each), count)) + 1
    order, each = order[:taken], each[:taken]
    line = np.repeat(order, each)
    total = np.repeat(each, each)
    number = np.arange(len(line)) - np.repeat(np.cumsum(each) - each, each)
    along = (number + 0.5) / total * length[line]
    side = number % 2 if sides == 2 else np.zeros(len(line), dtype=np.int64)
    return line[:count], along[:count], side[:count]


def _points(ground: Ground, x: Floats, y: Floats, safe: tuple[Floats, Floats]) -> NDArray[np.object_]:
    """Make points; what would stand in the sea stands at the safe place instead."""
    dry = shapely.contains_xy(ground.outline, x, y)
    return np.asarray(shapely.points(np.where(dry, x, safe[0]), np.where(dry, y, safe[1])), dtype=object)


def _beside_roads(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    weight = _road_weight(ground, recipe)
    line, along, side = _spread(ground.roads.length_m, weight, count, recipe.spacing_m, rng, sides=2)
    along = along + rng.normal(0, 0.04 * recipe.spacing_m, len(along))
    aside = np.where(side == 0, 1.0, -1.0) * (recipe.offset_m + rng.normal(0, 0.3, len(along)))
    x, y = ground.roads.place(line, along, aside)
    return [Placed(_points(ground, x, y, ground.roads.place(line, along)), ground.road_label[line])]


def _anywhere_by_roads(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    """Not in rows: anywhere along the roads, by how much each is wanted."""
    weight = _road_weight(ground, recipe) * ground.roads.length_m
    line = rng.choice(len(weight), size=count, p=weight / weight.sum())
    along = rng.random(count) * ground.roads.length_m[line]
    aside = recipe.offset_m * rng.choice([-1.0, 1.0], count)
    x, y = ground.roads.place(line, along, aside)
    return [Placed(_points(ground, x, y, ground.roads.place(line, along)), ground.road_label[line])]


def _at_junctions(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    fits = np.isin(ground.junction_kind, list(recipe.roads))
    weight = np.where(fits, np.maximum(ground.junction_people, 0.02) ** recipe.people, 0.0)
    weight *= np.where(ground.junction_kind == "m", 3.0, 1.0)
    order = weighted_order(rng, weight)[: max(int((weight > 0).sum()), 1)]
    node = order[np.arange(count) % min(len(order), max(count // 2, 1))]
    corner = (np.arange(count) // max(min(len(order), count // 2), 1)) % 4 + rng.normal(0, 0.06, count)
    angle = corner * np.pi / 2 + 0.6
    centre = ground.junctions[node]
    reach = recipe.offset_m * rng.uniform(0.9, 1.3, count)
    x, y = centre[:, 0] + reach * np.cos(angle), centre[:, 1] + reach * np.sin(angle)
    road = ground.junction_road[node]
    return [Placed(_points(ground, x, y, (centre[:, 0], centre[:, 1])), ground.road_label[road])]


def _block_places(
    ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator
) -> tuple[Ints, Floats, Floats]:
    """Random places inside blocks: block, x, y."""
    density = np.maximum(ground.block_people, 0.02)
    weight = ground.block_area * density**recipe.people
    if recipe.people < 0:
        weight = np.where(ground.block_urban, 0.0, weight)
    if recipe.people >= 0.8:
        weight = np.where(ground.block_urban, weight, weight * 0.2)
    block = rng.choice(len(weight), size=count, p=weight / weight.sum())
    west, south, east, north = shapely.bounds(ground.blocks[block]).T
    middle = shapely.get_coordinates(shapely.point_on_surface(ground.blocks))[block]
    x, y = middle[:, 0].copy(), middle[:, 1].copy()
    left = np.arange(count)
    for _ in range(10):
        tx, ty = rng.uniform(west[left], east[left]), rng.uniform(south[left], north[left])
        hit = shapely.contains_xy(ground.blocks[block[left]], tx, ty)
        x[left[hit]], y[left[hit]] = tx[hit], ty[hit]
        left = left[~hit]
        if len(left) == 0:
            break
    return block, x, y


def _in_blocks(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    block, x, y = _block_places(ground, recipe, count, rng)
    return [Placed(np.asarray(shapely.points(x, y), dtype=object), ground.block_label[block])]


def _on_shores(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    """Beside the water's edge near towns; without a sea, beside the streams."""
    if not ground.district.spec.coastal:
        return _at_streams(ground, recipe, count, rng)
    usable = np.flatnonzero(ground.block_coastal)
    weight = np.maximum(ground.block_people[usable], 0.02)
    block = usable[rng.choice(len(usable), size=count, p=weight / weight.sum())]
    rim = shapely.boundary(ground.outline)
    inner = shapely.point_on_surface(ground.blocks[block])
    shore = shapely.get_coordinates(shapely.get_point(shapely.shortest_line(inner, rim), 1))
    middle = shapely.get_coordinates(inner)
    pull = np.minimum(1.0, recipe.offset_m / np.maximum(np.hypot(*(middle - shore).T), 1.0))
    pull = (pull * rng.uniform(0.5, 2.0, count)).clip(0, 1)
    at = shore + (middle - shore) * pull[:, None] + rng.normal(0, 6.0, shore.shape)
    points = _points(ground, at[:, 0], at[:, 1], (middle[:, 0], middle[:, 1]))
    return [Placed(points, ground.block_label[block])]


def _at_streams(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    weight = np.where(ground.stream_covered, 0.2, 1.0)
    line, along, side = _spread(ground.streams.length_m, weight, count, 250.0, rng, sides=2)
    aside = np.where(side == 0, 1.0, -1.0) * recipe.offset_m
    x, y = ground.streams.place(line, along, aside)
    return [Placed(_points(ground, x, y, ground.streams.place(line, along)), ground.stream_label[line])]


def _at_oil(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    weight = ground.oil.length_m
    line, along, side = _spread(ground.oil.length_m, weight, count, 100.0, rng, sides=2)
    aside = np.where(side == 0, 1.0, -1.0) * recipe.offset_m
    x, y = ground.oil.place(line, along, aside)
    label = np.full(count, "输油管线", dtype=object)
    return [Placed(_points(ground, x, y, ground.oil.place(line, along)), label)]


def _in_rows(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    """Pylons: straight rows across the country, keeping their distance."""
    west, south, east, north = ground.outline.bounds
    reach = np.hypot(east - west, north - south)
    steps = np.arange(0.0, reach, recipe.spacing_m)
    xs: list[Floats] = []
    ys: list[Floats] = []
    found = 0
    for _ in range(400):
        angle = rng.uniform(0, np.pi)
        cx, cy = rng.uniform(west, east), rng.uniform(south, north)
        shift = steps - reach / 2
        x, y = cx + shift * np.cos(angle), cy + shift * np.sin(angle)
        inside = shapely.contains_xy(ground.outline, x, y)
        xs.append(x[inside])
        ys.append(y[inside])
        found += int(inside.sum())
        if found >= count:
            break
    x, y = np.concatenate(xs), np.concatenate(ys)
    pick = np.arange(count) % len(x)
    x, y = x[pick] + (np.arange(count) // len(x)) * 30.0, y[pick]
    label = np.full(count, "高压走廊", dtype=object)
    return [Placed(np.asarray(shapely.points(x, y), dtype=object), label)]


def _pieces(
    track: Track, line: Ints, start_m: Floats, end_m: Floats, aside_m: Floats | float
) -> NDArray[np.object_]:
    """Stretches of a track as lines of five vertices."""
    part = np.linspace(0.0, 1.0, _PIECE_POINTS)
    along = start_m[:, None] + (end_m - start_m)[:, None] * part
    aside = np.repeat(np.broadcast_to(np.asarray(aside_m, dtype=np.float64), line.shape), _PIECE_POINTS)
    x, y = track.place(np.repeat(line, _PIECE_POINTS), along.ravel(), aside)
    return np.asarray(
        shapely.linestrings(np.column_stack([x, y]).reshape(-1, _PIECE_POINTS, 2)), dtype=object
    )


def _stretches(
    length: Floats, weight: Floats, count: int, piece_m: float, rng: np.random.Generator
) -> tuple[Ints, Floats, Floats]:
    """Cut the most wanted lines into pieces: line, from, to; pieces of one line follow one another."""
    line, along, _ = _spread(length, weight, count, piece_m, rng, sides=1)
    _, index, size = np.unique(line, return_inverse=True, return_counts=True)
    half = length[line] / np.maximum(size[index], 1) / 2
    half = np.minimum(half, np.minimum(along, length[line] - along))
    return line, along - half, along + half


def _along_roads(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    weight = _road_weight(ground, recipe)
    line, start, end = _stretches(ground.roads.length_m, weight, count, recipe.spacing_m, rng)
    return [Placed(_pieces(ground.roads, line, start, end, recipe.offset_m), ground.road_label[line])]


def _along_water(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    """Walls and railings on the banks; drains in the bed of streams and, covered, under the streets."""
    if recipe.offset_m > 5:
        weight = np.where(ground.stream_covered, 0.3, 1.0)
        line, start, end = _stretches(ground.streams.length_m, weight, count, recipe.spacing_m, rng)
        bank = np.where(np.arange(count) % 2 == 0, 1.0, -1.0) * recipe.offset_m
        return [Placed(_pieces(ground.streams, line, start, end, bank), ground.stream_label[line])]
    in_bed = count // 4
    placed = []
    if in_bed:
        weight = np.where(ground.stream_covered, 8.0, 1.0)
        line, start, end = _stretches(ground.streams.length_m, weight, in_bed, recipe.spacing_m, rng)
        shapes = _pieces(ground.streams, line, start, end, 0.0)
        for covered, note in ((True, '{"covered": true}'), (False, '{"covered": false}')):
            these = ground.stream_covered[line] == covered
            placed.append(Placed(shapes[these], ground.stream_label[line][these], note))
    weight = _road_weight(ground, recipe) * np.where(_crosses_oil(ground), 1e6, 1.0)
    line, start, end = _stretches(ground.roads.length_m, weight, count - in_bed, recipe.spacing_m, rng)
    shapes = _pieces(ground.roads, line, start, end, recipe.offset_m)
    placed.append(Placed(shapes, ground.road_label[line], '{"covered": true}'))
    return placed


def _crosses_oil(ground: Ground) -> NDArray[np.bool_]:
    """Which streets an oil pipeline crosses: those have covered drains at every scale of the demo."""
    lines = ground.district.frame.shapes_to_metres(
        ground.district.frame.shapes_to_steps(ground.district.roads.geometry.to_numpy())
    )
    route = shapely.multilinestrings(_oil_lines(ground))
    shapely.prepare(route)
    return np.asarray(shapely.intersects(route, lines) & (ground.road_kind != "c"))


def _oil_lines(ground: Ground) -> NDArray[np.object_]:
    count = len(ground.oil.length_m)
    along = np.linspace(0.0, 1.0, 400)
    lines = [
        np.column_stack(ground.oil.place(np.full(400, at, dtype=np.int64), along * ground.oil.length_m[at]))
        for at in range(count)
    ]
    return np.array([shapely.linestrings(line) for line in lines], dtype=object)


def _pipes(ground: Ground, _: Recipe, count: int, __: np.random.Generator) -> list[Placed]:
    """Cut the oil pipelines into sections from valve to valve, all of them at every scale."""
    length = ground.oil.length_m
    each = np.maximum(np.floor(length / length.sum() * count), 1).astype(np.int64)
    each[0] += max(count - int(each.sum()), 0)
    line = np.repeat(np.arange(len(length)), each)[:count]
    number = np.arange(len(line)) - np.repeat(np.cumsum(each) - each, each)[:count]
    size = length[line] / np.repeat(each, each)[:count]
    shapes = _pieces(ground.oil, line, number * size, (number + 1) * size, 0.0)
    return [Placed(shapes, np.full(len(line), "输油管线", dtype=object), '{"medium": "crude oil"}')]


def _across_roads(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    weight = _road_weight(ground, recipe)
    line, along, _ = _spread(ground.roads.length_m, weight, count, 400.0, rng, sides=1)
    left = ground.roads.place(line, along, recipe.offset_m)
    right = ground.roads.place(line, along, -recipe.offset_m)
    ends = np.stack([np.column_stack(left), np.column_stack(right)], axis=1)
    return [Placed(np.asarray(shapely.linestrings(ends), dtype=object), ground.road_label[line])]


def _rectangles(x: Floats, y: Floats, turn: Floats, wide: Floats, deep: Floats) -> NDArray[np.object_]:
    """Rectangles about places, turned."""
    corner = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    u, v = corner[:, 0] * wide[:, None], corner[:, 1] * deep[:, None]
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    ring = np.stack([x[:, None] + u * cos - v * sin, y[:, None] + u * sin + v * cos], axis=-1)
    return np.asarray(shapely.polygons(ring), dtype=object)


def _plots(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    """Plots parallel to the streets about them, never much larger than their block."""
    block, x, y = _block_places(ground, recipe, count, rng)
    small, large = recipe.size_m
    wide = np.exp(rng.uniform(np.log(small), np.log(large), count))
    wide = np.minimum(wide, 0.6 * np.sqrt(ground.block_area[block]))
    # Half-way to the middle of the block, so that few plots lie across a street.
    middle = shapely.get_coordinates(shapely.point_on_surface(ground.blocks))[block]
    x, y = (x + middle[:, 0]) / 2, (y + middle[:, 1]) / 2
    deep = wide * rng.uniform(0.55, 1.0, count)
    turn = ground.block_turn[block] + rng.normal(0, 0.03, count)
    shapes = _rectangles(x, y, turn, wide, deep)
    wet = ~shapely.contains(ground.outline, shapes)
    # At the water's edge: as small as can be, so that it stays on land.
    shapes[wet] = _rectangles(x[wet], y[wet], turn[wet], np.full(wet.sum(), 1.0), np.full(wet.sum(), 1.0))
    return [Placed(shapes, ground.block_label[block])]


def _bridges(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    """Decks where roads meet water, along the road."""
    if len(ground.wet_ends) == 0:
        return _plots(ground, recipe, count, rng)
    level = np.select([ground.road_kind == "m", ground.road_kind == "u"], [3.0, 2.0], 1.0)
    order = weighted_order(rng, level[ground.wet_ends[:, 0]])
    pick = ground.wet_ends[order[np.arange(count) % len(order)]]
    line, at_end = pick[:, 0], pick[:, 1]
    along = np.where(at_end == 1, ground.roads.length_m[line], 0.0)
    x, y = ground.roads.place(line, along)
    long = rng.uniform(*recipe.size_m, count)
    wide = np.where(ground.road_kind[line] == "m", 22.0, 11.0)
    return [Placed(_rectangles(x, y, ground.roads.heading(line, along), long, wide), ground.road_label[line])]


def _interchanges(ground: Ground, recipe: Recipe, count: int, rng: np.random.Generator) -> list[Placed]:
    """Elevated crossings of large roads: an area about the junction."""
    usable = np.flatnonzero(ground.junction_kind == "m")
    order = usable[weighted_order(rng, np.maximum(ground.junction_people[usable], 0.02))]
    node = order[np.arange(count) % len(order)]
    radius = rng.uniform(*recipe.size_m, count) / 2
    angle = np.linspace(0, 2 * np.pi, 17)[:-1]
    ring = ground.junctions[node][:, None, :] + radius[:, None, None] * np.stack(
        [np.cos(angle), np.sin(angle)], axis=-1
    )
    shapes = np.asarray(shapely.polygons(ring), dtype=object)
    return [Placed(shapes, ground.road_label[ground.junction_road[node]])]

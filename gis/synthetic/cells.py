"""From faces to cells: slivers joined, every town in one piece, special sites picked out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.arrays import Bools, Floats, Ints
from gis.synthetic.fabric import Fabric
from gis.synthetic.partition import components_of
from gis.synthetic.plan import DistrictPlan
from gis.synthetic.planar import (
    OUTSIDE,
    Segments,
    border_lengths,
    cell_shapes,
    merge_small,
    outline_length,
    segments_of,
)
from gis.synthetic.randomness import stream

__all__ = ["PURPOSES", "Cells", "make_cells"]


PURPOSES = ("", "park", "harbour", "campus", "market")


@dataclass
class Cells:
    """The smallest pieces that grids are put together from.

    Attributes
    ----------
    shapes : ndarray of shapely polygons, shape (n,)
        Steps.
    segments : Segments
        Of the faces.
    of_face : ndarray of int64
        Cell of each face.
    town, part : ndarray of int64, shape (n,)
    urban, coastal : ndarray of bool, shape (n,)
        Built-up; touching the outline.
    area_m2, weight : ndarray of float64, shape (n,)
    x, y : ndarray of float64, shape (n,)
        A place near the middle, metres.
    link_a, link_b, link_m : ndarray, shape (k,)
        Cells that touch and how far; an islet is linked to the nearest cell by a boat, so to speak.
    purpose : ndarray of int64, shape (n,)
        Index into PURPOSES; 0 for ordinary land.
    """

    shapes: NDArray[np.object_]
    segments: Segments
    of_face: Ints
    town: Ints
    part: Ints
    urban: Bools
    coastal: Bools
    area_m2: Floats
    weight: Floats
    x: Floats
    y: Floats
    link_a: Ints
    link_b: Ints
    link_m: Floats
    purpose: Ints


def make_cells(plan: DistrictPlan, fabric: Fabric, *, dedicated: int) -> Cells:
    """Turn the fabric into cells.

    Parameters
    ----------
    plan : DistrictPlan
    fabric : Fabric
    dedicated : int
        How many dedicated grids the district will have; the parks of the fabric are among them.

    Returns
    -------
    Cells
    """
    frame = plan.frame
    segments = segments_of(fabric.faces, frame.step_m)
    face_area = shapely.area(fabric.faces) * frame.step_area_m2
    perimeter = outline_length(segments, len(fabric.faces))
    block = np.array([town.block_m for town in plan.towns])[fabric.town]
    field = np.array([town.cell_m for town in plan.towns])[fabric.town]
    least = np.where(fabric.urban, 0.30 * block**2, 0.22 * field**2)
    islet = ~np.isin(fabric.part, [0, *(town.island for town in plan.towns)])
    label = merge_small(
        segments, face_area, perimeter, least, fabric.town * 2 + fabric.urban, fabric.park | islet
    )
    count = int(label.max()) + 1
    area = np.bincount(label, weights=face_area, minlength=count).astype(np.float64)
    biggest = np.full(count, -1, dtype=np.int64)
    biggest[label[np.argsort(face_area, kind="stable")]] = np.argsort(face_area, kind="stable")
    shapes = cell_shapes(fabric.faces, label)
    middle = frame.steps_to_metres(shapely.get_coordinates(shapely.centroid(shapes)))
    coastal = np.zeros(count, dtype=bool)
    coastal[label[segments.left[segments.right == OUTSIDE]]] = True
    a, b, metres = border_lengths(segments, label)
    cells = Cells(
        shapes=shapes,
        segments=segments,
        of_face=label,
        town=fabric.town[biggest],
        part=fabric.part[biggest],
        urban=fabric.urban[biggest],
        coastal=coastal,
        area_m2=area,
        weight=np.zeros(count),
        x=middle[:, 0],
        y=middle[:, 1],
        link_a=a,
        link_b=b,
        link_m=metres,
        purpose=np.where(fabric.park[biggest], PURPOSES.index("park"), 0),
    )
    _join_towns(plan, cells)
    _link_islets(plan, cells)
    _weigh(plan, cells)
    _pick_sites(plan, cells, dedicated)
    return cells


def _join_towns(plan: DistrictPlan, cells: Cells) -> None:
    """Give land that the bent borders cut off its town to the town it touches most."""
    ashore = (cells.part[cells.link_a] == 0) & (cells.part[cells.link_b] == 0)
    a, b, metres = cells.link_a[ashore], cells.link_b[ashore], cells.link_m[ashore]
    for _ in range(8):
        same = cells.town[a] == cells.town[b]
        piece = components_of(len(cells.town), a[same], b[same])
        land = np.bincount(piece, weights=cells.area_m2, minlength=len(cells.town))
        changed = False
        for town in range(len(plan.towns)):
            mine = np.flatnonzero((cells.town == town) & (cells.part == 0))
            names = np.unique(piece[mine])
            if len(names) < 2:
                continue
            home = names[np.argmax(land[names])]
            for name in names[names != home]:
                here = piece == name
                rim = here[a] != here[b]
                outer = np.where(here[a[rim]], b[rim], a[rim])
                touch = np.bincount(cells.town[outer], weights=metres[rim], minlength=len(plan.towns))
                touch[town] = 0.0
                if touch.max() > 0:
                    cells.town[here] = int(np.argmax(touch))
                    changed = True
        if not changed:
            return


def _link_islets(plan: DistrictPlan, cells: Cells) -> None:
    """Tie each islet to the nearest larger land, and put it under that town."""
    main = np.isin(cells.part, [0, *(town.island for town in plan.towns if town.island > 0)])
    islets = np.flatnonzero(~main)
    if len(islets) == 0:
        return
    shore = np.flatnonzero(main & cells.coastal)
    metric = plan.frame.shapes_to_metres(cells.shapes)
    nearest = shapely.STRtree(metric[shore]).nearest(metric[islets])
    hosts = shore[nearest]
    cells.town[islets] = cells.town[hosts]
    cells.link_a = np.concatenate([cells.link_a, np.minimum(islets, hosts)])
    cells.link_b = np.concatenate([cells.link_b, np.maximum(islets, hosts)])
    # Dear to cut: an islet goes with its shore unless it is worth a grid of its own.
    cells.link_m = np.concatenate([cells.link_m, np.full(len(islets), 4000.0)])


def _weigh(plan: DistrictPlan, cells: Cells) -> None:
    """Spread people: thick about the seats, thin in the hills; every town adds up to its grids."""
    high = plan.hills(cells.x, cells.y)
    for at, town in enumerate(plan.towns):
        mine = cells.town == at
        away = np.hypot(cells.x - town.seat[0], cells.y - town.seat[1])
        radius = max(town.spec.urban_km * 1000, 300.0)
        for where, grids, thick in (
            (mine & cells.urban, town.urban_grids, 0.5 + 1.5 * np.exp(-1.3 * (away / radius) ** 2)),
            (mine & ~cells.urban, town.rural_grids, np.exp(-0.55 * high) * (1 + np.exp(-away / 3500.0))),
        ):
            raw = cells.area_m2[where] * thick[where]
            if raw.sum() > 0:
                cells.weight[where] = raw / raw.sum() * max(grids, 0.05)


def _pick_sites(plan: DistrictPlan, cells: Cells, dedicated: int) -> None:
    """Choose built-up cells for harbours, campuses and markets until there are enough special sites."""
    rng = stream(plan.seed, plan.spec.code, "sites")
    cells.purpose[np.flatnonzero(cells.purpose)[dedicated:]] = 0
    wanted = dedicated - int((cells.purpose > 0).sum())
    kinds = ["harbour", "campus", "market"] if plan.spec.coastal else ["campus", "market"]
    order = rng.permutation(len(cells.town))
    ordinary = cells.urban & (cells.part == 0)
    taken = cells.purpose > 0
    quota = np.bincount(cells.town[taken], minlength=len(plan.towns))
    limit = np.array([max(1, town.grids // 25) for town in plan.towns])
    for number in range(wanted):
        # A kind that finds no place leaves its turn to the next one.
        for turn in range(len(kinds)):
            kind = kinds[(number + turn) % len(kinds)]
            cell = _site_for(cells, kind, order, ordinary & ~taken & (quota < limit)[cells.town])
            if cell is None:
                continue
            cells.purpose[cell] = PURPOSES.index(kind)
            taken[cell] = True
            # Not next door to one another: they are to be found all over town.
            ordinary[np.hypot(cells.x - cells.x[cell], cells.y - cells.y[cell]) < 900.0] = False
            quota[cells.town[cell]] += 1
            break


def _site_for(cells: Cells, kind: str, order: Ints, free: Bools) -> int | None:
    """The first free cell that suits: harbours by the water, the others away from it; None when there is none."""
    suits = free & (cells.coastal == (kind == "harbour"))
    for cell in order[suits[order]].tolist():
        if _stays_whole(cells, cell, int(cells.town[cell])):
            return int(cell)
    return None


def _stays_whole(cells: Cells, cell: int, town: int) -> bool:
    """Whether the ordinary land of a town is still in one piece without a cell."""
    rest = (cells.town == town) & (cells.purpose == 0)
    rest[cell] = False
    both = rest[cells.link_a] & rest[cells.link_b]
    piece = components_of(len(rest), cells.link_a[both], cells.link_b[both])
    return len(np.unique(piece[rest])) == 1

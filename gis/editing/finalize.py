"""From new shapes to an `Edit`: prune, compare, and let nothing out that is not a clean coverage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import Floats, Geometries
from gis.coverage import is_excluded_code
from gis.defects import names
from gis.editing.model import Coverage, Edit, GridAttributes
from gis.editing.refusals import OperationRefused, refuse
from gis.editing.rings import degrees_of, edge_array, edge_lines, place_of, vertex_set
from gis.editing.vertex_pruning import superfluous, without
from gis.geometry import lattice_geometries

__all__ = ["enclosed", "finish", "neighbourhood"]

Shapes = Mapping[str, BaseGeometry]


def neighbourhood(coverage: Coverage, box: Sequence[float] | Floats) -> dict[str, BaseGeometry]:
    """The grids whose envelope meets a box (lattice steps), as polygons in steps."""
    at = coverage.near(box)
    return dict(
        zip((coverage.codes[i] for i in at.tolist()), lattice_geometries(coverage.polygons[at]), strict=True)
    )


def finish(
    coverage: Coverage,
    shapes: Shapes,
    *,
    attributes: Mapping[str, GridAttributes] | None = None,
    retired: Collection[str] = (),
    prune: bool = True,
) -> Edit:
    """Put new shapes into a coverage.

    Parameters
    ----------
    coverage : Coverage
    shapes : mapping of code to polygon
        Lattice steps; new ones need `attributes`. Those that equal what was there are no change.
    attributes : mapping of code to GridAttributes, optional
        For new codes and changed ones.
    retired : collection of str
        Codes that go.
    prune : bool, default True
        Take out vertices made superfluous.

    Raises
    ------
    OperationRefused
        ``ring-folds``, ``overlaps`` or ``leaves-gap``.
    """
    concerned = [coverage.polygon(code) for code in {*shapes, *retired} if code in coverage]
    box = shapely.total_bounds(np.array([*lattice_geometries(concerned), *shapes.values()], dtype=object))
    before = neighbourhood(coverage, box)
    after = {code: shape for code, shape in before.items() if code not in retired} | dict(shapes)
    pruned = without(after, superfluous(before, after)) if prune else {}
    if pruned:
        try:
            return _checked(coverage, before, after | pruned, attributes or {}, retired)
        except OperationRefused:
            # A vertex that looks superfluous may keep two borders apart.
            pass
    return _checked(coverage, before, after, attributes or {}, retired)


def _checked(
    coverage: Coverage,
    before: Shapes,
    after: Shapes,
    attributes: Mapping[str, GridAttributes],
    retired: Collection[str],
) -> Edit:
    moved = [code for code, shape in after.items() if code not in before or not _same(before[code], shape)]
    _refuse_unclean(before, after, moved)
    words = {
        code: words
        for code, words in attributes.items()
        if code not in coverage or coverage.attributes_of(code) != words
    }
    edited = coverage.replaced(
        polygons={code: degrees_of(after[code]) for code in moved}, attributes=words, retired=tuple(retired)
    )
    created = sorted(code for code in {*moved, *words} if code not in coverage)
    new = vertex_set([after[code] for code in moved]) - vertex_set(list(before.values()))
    return Edit(
        edited,
        created=tuple(created),
        changed=tuple(sorted({*moved, *words} - set(created))),
        retired=tuple(sorted(retired)),
        inserted_vertices=tuple(sorted(place_of(vertex) for vertex in new)),
    )


def _same(one: BaseGeometry, other: BaseGeometry) -> bool:
    return one is other or bool(shapely.equals_exact(one, other, 0.0, normalize=True))


def _refuse_unclean(before: Shapes, after: Shapes, moved: list[str]) -> None:
    for code in moved:
        shape = after[code]
        if shapely.is_empty(shape) or not shapely.is_valid(shape):
            reason = str(shapely.is_valid_reason(shape))
            xy = reason[reason.find("[") + 1 : reason.find("]")].split()
            places = [place_of(map(float, xy))] if len(xy) == 2 else []
            refuse(
                "ring-folds",
                f"网格 {code} 的边界会自相交或翻折",
                f"the border of {code} would cross itself or fold over",
                places=places,
            )
    flat = np.array(list(after.values()), dtype=object)
    if len(flat) == 0:
        return
    if not shapely.coverage_is_valid(flat):
        edges = shapely.coverage_invalid_edges(flat)
        bad = np.flatnonzero(~shapely.is_empty(edges))
        wrong = sorted(np.array(list(after), dtype=object)[bad].tolist())
        spots = shapely.get_coordinates(
            shapely.line_interpolate_point(_longest(edges[bad]), 0.5, normalized=True)
        )
        refuse(
            "overlaps",
            f"网格 {names(wrong)} 会互相重叠",
            f"{names(wrong)} would overlap",
            places=sorted(place_of(xy) for xy in spots.tolist()),
        )
    _refuse_newenclosed(before, after)


def _longest(edges: NDArray[np.object_]) -> NDArray[np.object_]:
    out = np.empty(len(edges), dtype=object)
    for at, lines in enumerate(edges):
        parts = shapely.get_parts(lines)
        out[at] = parts[int(np.argmax(shapely.length(parts)))]
    return out


def _refuse_newenclosed(before: Shapes, after: Shapes) -> None:
    new = enclosed(after.values())
    if len(new) == 0:
        return
    old = enclosed(before.values())
    known = {shapely.to_wkb(hole) for hole in shapely.normalize(old)}
    fresh = [hole for hole in shapely.normalize(new) if shapely.to_wkb(hole) not in known]
    if fresh and any(is_excluded_code(code) for code in after):
        # What only declared land closes is open water: nobody's, with or without the declaration.
        grids = enclosed([shape for code, shape in after.items() if not is_excluded_code(code)])
        closed = shapely.union_all(shapely.buffer(grids, 0.5))
        fresh = [hole for hole in fresh if shapely.intersects(closed, shapely.point_on_surface(hole))]
    if not fresh:
        return
    ground = shapely.buffer(shapely.union_all(old), 1.5)
    gaps = [hole for hole in fresh if not shapely.covers(ground, hole)]
    if gaps:
        places = [place_of(shapely.point_on_surface(hole).coords[0]) for hole in gaps]
        refuse(
            "leaves-gap",
            f"会留下 {len(gaps)} 处不属于任何网格的空隙；若本就不划入网格，请用 exclude 操作写明理由",
            f"would leave {len(gaps)} gaps that belong to nobody; if they are meant to, declare them with exclude and a reason",
            places=places,
        )


def enclosed(shapes: Collection[BaseGeometry]) -> Geometries:
    """Nobody's land that is enclosed; also where it touches the outside at a point, which a union would not show."""
    flat = np.array(list(shapes), dtype=object)
    if len(flat) == 0:
        return flat
    edges, counts = np.unique(edge_array(flat)[0], axis=0, return_counts=True)
    faces = shapely.get_parts(shapely.polygonize(edge_lines(edges[counts == 1])))
    owned = shapely.STRtree(flat).query(shapely.point_on_surface(faces), predicate="intersects")[0]
    return np.asarray(faces[np.setdiff1d(np.arange(len(faces)), owned)], dtype=object)

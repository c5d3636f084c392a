"""Land that is declared to be nobody's, and what may not be done to it as if it were a grid."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

from gis.defects import names
from gis.editing.context import Context
from gis.editing.finalize import finish, neighbourhood
from gis.editing.model import Coverage, Edit, GridAttributes
from gis.editing.noding import arrange, joined, lines_of
from gis.editing.operations import (
    Add,
    Exclude,
    Merge,
    Operation,
    Paint,
    Recode,
    Relocate,
    Remove,
    SetKind,
    Split,
    Transfer,
)
from gis.editing.refusals import refuse
from gis.editing.rings import place_of
from gis.editing.sketch_input import drawn
from gis.geometry import lattice_geometries

__all__ = ["exclude", "exclude_gap", "refuse_excluded"]


def exclude(context: Context, operation: Exclude) -> Edit:
    """Declare land to be nobody's; see `gis.editing.operations.Exclude`."""
    if (operation.area is None) == (operation.grid is None):
        refuse(
            "missing-field",
            "exclude 需要 area（所画范围）或 grid（整个网格）之一",
            "exclude needs either area (what was drawn) or grid (a whole grid)",
        )
    if operation.grid is not None:
        return _whole_grid(context, operation.grid, operation.reason)
    return _drawn_area(context, operation, whole_grids=False)


def exclude_gap(coverage: Coverage, gap: BaseGeometry, reason: str, *, district: str, number: int) -> Edit:
    """Declare land that a file leaves out to be nobody's; grids that it covers wholly end.

    Parameters
    ----------
    gap : shapely polygon
        EPSG:4326.
    """
    context = Context(coverage, district_code=district, excluded_number=number)
    return _drawn_area(context, Exclude(reason, gap), whole_grids=True)


def _whole_grid(context: Context, grid: str, reason: str) -> Edit:
    coverage = context.coverage
    shape = lattice_geometries([coverage.polygon(grid)])[0]
    code = context.new_excluded_code()
    words = GridAttributes(reason, context.district([grid]), "excluded")
    return finish(coverage, {code: shape}, attributes={code: words}, retired=[grid], prune=False)


def _drawn_area(context: Context, operation: Exclude, *, whole_grids: bool) -> Edit:
    coverage = context.coverage
    area = drawn(operation.area, what="area", kinds=("Polygon", "MultiPolygon"))
    shapes = neighbourhood(coverage, shapely.bounds(area))
    declared = coverage.excluded_codes
    met = {code: shape for code, shape in shapes.items() if shapely.intersects(shape, area)}
    losers = [code for code in met if code not in declared and _meets(met[code], area)]
    if losers:
        # Grids that lose land must be loaded whole, with all that touch them.
        ground = joined([met[code] for code in losers])
        shapes |= neighbourhood(coverage, shapely.bounds(ground))
    taken = [shapes[code] for code in shapes if code in declared]
    boundary = shapely.boundary(area)
    lines = lines_of(shapely.difference(boundary, joined(taken))) if taken else boundary
    arrangement = arrange(shapes, lines, targets=met)
    shapely.prepare(area)
    inside = shapely.contains(area, shapely.point_on_surface(arrangement.faces))
    chosen = {
        at
        for at, (label, hit) in enumerate(zip(arrangement.labels, inside.tolist(), strict=True))
        if hit and (label is None or label not in declared)
    }
    if not chosen:
        refuse(
            "exclude-misses",
            "所画范围没有可声明的土地：面积为零，或已全部声明为不划入网格",
            "the area holds no land to declare: it has no surface, or all of it is excluded already",
            places=[place_of(shapely.get_coordinates(area)[0])],
        )
    code = context.new_excluded_code()
    labels = [code if at in chosen else label for at, label in enumerate(arrangement.labels)]
    swallowed = sorted(set(losers) - set(labels))
    if swallowed and not whole_grids:
        refuse(
            "swallows-grid",
            f"网格 {names(swallowed)} 的土地会全部划出；若确实整个不划入网格，请用 exclude 的 grid 指明它",
            f"{names(swallowed)} would have no land left; to exclude a whole grid name it in the field grid",
            places=[place_of(shapely.point_on_surface(shapes[each]).coords[0]) for each in swallowed],
        )
    words = GridAttributes(operation.reason, context.district([*losers, *met]), "excluded")
    return finish(coverage, arrangement.shapes(labels), attributes={code: words}, retired=swallowed)


def refuse_excluded(coverage: Coverage, operation: Operation) -> None:
    """Refuse to treat declared land as if it were a grid."""
    named = sorted(coverage.excluded_codes.intersection(_grids_of(operation)))
    if named:
        refuse(
            "excluded-land",
            f"{names(named)} 是不划入网格的区域，不是网格：add 在其上建网格，remove 把它交还相邻网格，rename 改理由",
            f"{names(named)} is excluded land and no grid: add makes a grid of it, remove gives it back to its "
            "neighbours, rename changes the reason",
            places=[
                place_of(shapely.point_on_surface(lattice_geometries([coverage.polygon(code)])[0]).coords[0])
                for code in named
            ],
        )


def _grids_of(operation: Operation) -> tuple[str, ...]:
    """Codes that an operation takes for those of grids."""
    match operation:
        case Split(grid=code) | Recode(grid=code) | Relocate(grid=code) | SetKind(grid=code):
            return (code,)
        case Merge(grids=codes):
            return codes
        case Transfer(to=code):
            return (code,)
        case Add(to=code) | Paint(grid=code) | Exclude(grid=code):
            return (code,) if code is not None else ()
        case Remove(to=codes):
            return codes or ()
        case _:
            return ()


def _meets(shape: BaseGeometry, area: BaseGeometry) -> bool:
    """Whether interiors meet."""
    return bool(shapely.relate_pattern(shape, area, "T********"))

"""Land that belongs to no grid on purpose, on the command line: how it is declared, and how it is listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd

from app.boundaries.exclusion_input import NO_REASON, Declaration, declared_land, land_document
from app.cli.context import Context
from app.cli.errors import WrongUsage
from app.files.reader import FileReader
from gis.coverage import ExcludedLand
from gis.errors import CrsMissing, InputRefused
from gis.io.gdal_tables import EXCLUDED_LAYER
from gis.io.layer import LayerData

if TYPE_CHECKING:
    from app.cli.boundary_file import BoundaryFile

_SHOWN = 30


def read_declaration(
    context: Context, files: FileReader, boundary: BoundaryFile, standing: ExcludedLand
) -> Declaration:
    """What the options declare, and what the file brings along as a layer of its own."""
    _refuse_useless(boundary)
    accept = (boundary.reason or NO_REASON).strip() if boundary.accept_gaps else None
    if accept is not None and (not accept or not accept.isprintable() or len(accept) > 200):
        raise WrongUsage(
            "--reason 应为不超过 200 字的一行文字",
            "--reason is one line of up to 200 characters",
        )
    return Declaration(_declared(context, files, boundary), accept, standing)


def _refuse_useless(boundary: BoundaryFile) -> None:
    options = {
        "--exclude-layer": boundary.exclude_layer,
        "--exclude-reason": boundary.exclude_reason,
        "--exclude-crs": boundary.exclude_crs,
    }
    idle = next((name for name, value in options.items() if value is not None), None)
    if boundary.exclude is None and idle is not None:
        raise WrongUsage(f"{idle} 需与 --exclude FILE 同用", f"{idle} goes with --exclude FILE")
    if boundary.reason is not None and not boundary.accept_gaps and boundary.exclude is None:
        raise WrongUsage(
            "--reason 需与 --accept-gaps 或 --exclude 同用",
            "--reason goes with --accept-gaps or --exclude",
        )


def _declared(context: Context, files: FileReader, boundary: BoundaryFile) -> ExcludedLand:
    reason = boundary.exclude_reason
    if boundary.exclude is None:
        frame = _brought_along(context, files, boundary)
        return ExcludedLand() if frame is None else declared_land(frame, reason=None, file=boundary.file.name)
    data = _layer(files, boundary)
    rows = data.bad_rows
    if rows:
        raise InputRefused(
            f"{boundary.exclude.name} 有 {len(rows)} 行没有可用的图形；第一处：{rows[0].text('zh')}",
            f"{boundary.exclude.name}: {len(rows)} rows have no usable geometry; the first: {rows[0].text('en')}",
            code="bad-rows",
            rows=rows,
        )
    default = boundary.reason or NO_REASON
    return declared_land(data.frame, reason=reason, file=boundary.exclude.name, default=default)


def _layer(files: FileReader, boundary: BoundaryFile) -> LayerData:
    assert boundary.exclude is not None  # noqa: S101 - asked before
    try:
        return files.read_layer(boundary.exclude, layer=boundary.exclude_layer, crs=boundary.exclude_crs)
    except CrsMissing:
        if boundary.exclude_crs is not None or boundary.crs is None:
            raise
        # Drawn beside the grids, in their system.
        return files.read_layer(boundary.exclude, layer=boundary.exclude_layer, crs=boundary.crs)


def _brought_along(context: Context, files: FileReader, boundary: BoundaryFile) -> gpd.GeoDataFrame | None:
    """The layer that ``grids export`` puts beside the grids of a GeoPackage."""
    if (
        boundary.file.suffix.lower() != ".gpkg"
        or boundary.layer == EXCLUDED_LAYER
        or not boundary.file.exists()
    ):
        return None
    try:
        frame = files.read_layer(boundary.file, layer=EXCLUDED_LAYER, crs=boundary.crs).frame
    except InputRefused:
        return None
    context.out.note(
        f"{boundary.file.name} 的图层 {EXCLUDED_LAYER}：{len(frame)} 处不划入网格的区域",
        f"layer {EXCLUDED_LAYER} of {boundary.file.name}: {len(frame)} pieces of excluded land",
    )
    return frame


def say_excluded(context: Context, land: ExcludedLand) -> None:
    """List declared land: width, area, reason and a place, piece by piece."""
    out = context.out
    for piece in land_document(land)[:_SHOWN]:
        lon, lat = piece["place"]
        out.line(
            out.say(
                f"○ 不划入网格 {piece['area_m2']:.2f} 平方米，最宽 {piece['width_m']:.2f} 米：{piece['reason']}"
                f"  @ {lon:.7f},{lat:.7f}",
                f"○ excluded {piece['area_m2']:.2f} m2, up to {piece['width_m']:.2f} m wide: {piece['reason']}"
                f"  @ {lon:.7f},{lat:.7f}",
            )
        )
    if len(land) > _SHOWN:
        rest = len(land) - _SHOWN
        out.line(
            out.say(f"○ … 还有 {rest} 处（--json 列出全部）", f"○ … {rest} more (--json lists them all)")
        )

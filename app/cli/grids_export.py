"""``wangge grids export``: the grids of an edition as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import geopandas as gpd
import pandas as pd
import typer

from app.boundaries import excluded_repository, repository
from app.boundaries.service import edition_asked_for
from app.cli.context import Context, make_context
from app.cli.errors import CheckFailed
from app.cli.output import JsonOption
from app.cli.output_file import refuse_unwritable
from app.kit.unit_levels import UPPER
from gis.io import write_layer
from gis.io.gdal_tables import EXCLUDED_LAYER


def export_file(
    file: Annotated[Path, typer.Argument(help="输出文件，格式按扩展名 / output, format by extension")],
    edition: Annotated[
        int | None, typer.Option("--edition", min=1, max=2**31 - 1, help="版本号，默认现行版 / edition")
    ] = None,
    district: Annotated[str | None, typer.Option("--district", help="只导出这个区")] = None,
    as_json: JsonOption = False,
) -> None:
    """导出网格 / export the grids of an edition."""
    context = make_context(as_json=as_json)
    refuse_unwritable(file)
    with context.reading() as session:
        number = edition_asked_for(session, edition)
        units = repository.units_in(session, number, district=district)
        land = excluded_repository.excluded_in(session, number, district=district)
    grids = units[units["level"] == "grid"]
    if not len(grids):
        raise CheckFailed(
            f"第 {number} 版里没有这样的网格",
            f"edition {number} has no such grids",
            code="no-grids",
        )
    by_path = units.set_index("path")
    rows: dict[str, list[object]] = {
        f"{level}{suffix}": [] for level in reversed(UPPER) for suffix in ("", "_name")
    }
    for path in grids["path"]:
        labels = path.split(".")
        above = [by_path.loc[".".join(labels[:depth])] for depth in range(1, len(labels))]
        for level in reversed(UPPER):
            unit = next((u for u in above if u["level"] == level), None)
            rows[level].append(None if unit is None else unit["code"])
            rows[f"{level}_name"].append(None if unit is None else unit["name"])
    # A level that no district here has is no column: who named it on the way back would be told that it is empty.
    rows = {name: values for name, values in rows.items() if any(value is not None for value in values)}
    frame = gpd.GeoDataFrame(
        {
            "code": grids["code"].to_numpy(),
            "name": grids["name"].to_numpy(),
            "kind": grids["kind"].to_numpy(),
            **rows,
            "district": grids["district_code"].to_numpy(),
            "edition": number,
            "area_m2": grids["area_m2"].round(1).to_numpy(),
        },
        geometry=list(grids["geometry"]),
        crs="EPSG:4326",
    )
    with_land = len(land) > 0 and file.suffix.lower() == ".gpkg"
    beside = {EXCLUDED_LAYER: _land_frame(land, number)} if with_land else {}
    write_layer(frame, file, beside=beside)
    context.out.document(
        {
            "file": str(file),
            "edition": number,
            "grids": len(frame),
            "excluded": len(land),
            "excluded_layer": EXCLUDED_LAYER if with_land else None,
        }
    )
    _say_land(context, len(land), file, written=with_land)
    context.out.line(
        context.out.say(
            f"✓ 第 {number} 版 {len(frame)} 个网格 → {file}",
            f"✓ edition {number}: {len(frame)} grids → {file}",
        )
    )


def _land_frame(land: pd.DataFrame, edition: int) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "code": land["code"].to_numpy(),
            "reason": land["reason"].to_numpy(),
            "district": land["district_code"].to_numpy(),
            "edition": edition,
            "area_m2": land["area_m2"].astype(float).round(1).to_numpy(),
        },
        geometry=list(land["geometry"]),
        crs="EPSG:4326",
    )


def _say_land(context: Context, count: int, file: Path, *, written: bool) -> None:
    if written:
        context.out.note(
            f"另有图层 {EXCLUDED_LAYER}：{count} 处不划入网格的区域及理由",
            f"and the layer {EXCLUDED_LAYER}: {count} pieces of excluded land with their reasons",
        )
    elif count:
        context.out.note(
            f"{file.name} 里没有这一版 {count} 处不划入网格的区域；导出 .gpkg 可一并带出",
            f"{file.name} does not hold the {count} pieces of excluded land of this edition; a .gpkg has them, too",
        )

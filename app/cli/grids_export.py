"""``wangge grids export``: the grids of an edition as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
import typer

from app.boundaries import repository
from app.boundaries.service import edition_asked_for
from app.cli.context import make_context
from app.cli.output import Exit, JsonOption
from gis.io import write_layer


def export_file(
    file: Annotated[Path, typer.Argument(help="输出文件，格式按扩展名 / output, format by extension")],
    edition: Annotated[
        int | None, typer.Option("--edition", min=1, help="版本号，默认现行版 / edition")
    ] = None,
    district: Annotated[str | None, typer.Option("--district", help="只导出这个区")] = None,
    as_json: JsonOption = False,
) -> None:
    """导出网格 / export the grids of an edition."""
    context = make_context(as_json=as_json)
    with context.reading() as session:
        number = edition_asked_for(session, edition)
        units = repository.units_in(session, number, district=district)
    grids = units[units["level"] == "grid"]
    if not len(grids):
        context.out.fail(
            Exit.CHECK_FAILED,
            f"第 {number} 版里没有这样的网格",
            f"edition {number} has no such grids",
            code="no-grids",
        )
    by_path = units.set_index("path")
    rows: dict[str, list[Any]] = {
        f"{level}{suffix}": [] for level in ("community", "street") for suffix in ("", "_name")
    }
    for path in grids["path"]:
        labels = path.split(".")
        above = [by_path.loc[".".join(labels[:depth])] for depth in range(1, len(labels))]
        for level in ("community", "street"):
            unit = next((u for u in above if u["level"] == level), None)
            rows[level].append(None if unit is None else unit["code"])
            rows[f"{level}_name"].append(None if unit is None else unit["name"])
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
    write_layer(frame, file)
    context.out.document({"file": str(file), "edition": number, "grids": len(frame)})
    context.out.line(
        context.out.say(
            f"✓ 第 {number} 版 {len(frame)} 个网格 → {file}",
            f"✓ edition {number}: {len(frame)} grids → {file}",
        )
    )

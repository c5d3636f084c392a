"""``wangge locate``: which grid owns this place, or each place of a file."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from app.boundaries.index_store import index_store
from app.boundaries.loading import LoadedEdition
from app.boundaries.owners import index_in_force
from app.boundaries.preparing import GridColumns, prepare_grids
from app.cli.context import Context, make_context
from app.cli.output import Exit, JsonOption
from app.kit.params import parse_instant
from gis.bulk import BulkResult, locate_file
from gis.crs import parse_crs, to_wgs84
from gis.errors import CoverageError, EngineError
from gis.locate import GridIndex

# A negative longitude is no option.
context_settings = {"ignore_unknown_options": True}


class Engine(StrEnum):
    """Who does the work."""

    LOCAL = "local"
    SPARK = "spark"


def command(
    lon: Annotated[float | None, typer.Argument(help="经度 / longitude")] = None,
    lat: Annotated[float | None, typer.Argument(help="纬度 / latitude")] = None,
    crs: Annotated[str | None, typer.Option("--crs", help="wgs84、cgcs2000、gcj02、bd09 或 EPSG:n")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="时间，带时区；用当时的版本 / instant with an offset")
    ] = None,
    source: Annotated[str | None, typer.Option("--input", help="CSV、Parquet 或 GeoParquet")] = None,
    target: Annotated[str | None, typer.Option("--output", help="输出文件，多一列 grid_code")] = None,
    lon_column: Annotated[str | None, typer.Option("--lon", help="经度列")] = None,
    lat_column: Annotated[str | None, typer.Option("--lat", help="纬度列")] = None,
    boundaries: Annotated[
        Path | None, typer.Option("--boundaries", help="用这个边界文件，不需要数据库")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="边界文件的编码列")] = None,
    dissolve: Annotated[bool, typer.Option("--dissolve", help="同码各行是一个网格的几部分")] = False,
    clean: Annotated[float, typer.Option("--clean", min=0, help="修补此宽度（米）以内的缝隙和重叠")] = 0.0,
    boundaries_crs: Annotated[str | None, typer.Option("--boundaries-crs", help="边界文件的坐标系")] = None,
    engine: Annotated[
        Engine, typer.Option("--engine", help="spark：输入可为分区的（Geo）Parquet 文件夹，输出为文件夹")
    ] = Engine.LOCAL,
    master: Annotated[
        str | None, typer.Option("--master", help="Spark 集群，如 spark://HOST:7077、yarn；默认 local[*]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """这里归哪个网格 / which grid owns this place; exit 1 if none does. With --input: each place of a file."""
    context = make_context(as_json=as_json)
    out = context.out
    if source is None and (lon is None or lat is None):
        out.fail(
            Exit.USAGE,
            "用法：wangge locate 经度 纬度，或 wangge locate --input FILE --output FILE",
            "usage: wangge locate LON LAT, or wangge locate --input FILE --output FILE",
            code="usage",
        )
    if source is not None:
        if target is None:
            out.fail(
                Exit.USAGE, "请用 --output 指明输出文件", "say where to write with --output", code="usage"
            )
        if master is not None and engine is not Engine.SPARK:
            out.fail(
                Exit.USAGE, "--master 只用于 --engine spark", "--master is for --engine spark", code="usage"
            )
        run = _engine(context, engine, master)
        index = (
            _index_of_file(context, boundaries, code, dissolve=dissolve, clean=clean, crs=boundaries_crs)
            if boundaries
            else _edition(context, at).index
        )
        _bulk(context, partial(run, index, source, target, lon=lon_column, lat=lat_column, crs=crs), target)
        return
    assert lon is not None  # noqa: S101 - checked above
    assert lat is not None  # noqa: S101 - checked above
    if boundaries:
        index = _index_of_file(context, boundaries, code, dissolve=dissolve, clean=clean, crs=boundaries_crs)
        loaded = None
    else:
        loaded = _edition(context, at)
        index = loaded.index
    _one(context, index, loaded, lon, lat, crs or "wgs84")


def _edition(context: Context, at: str | None) -> LoadedEdition:
    instant = parse_instant(at, field="--at")
    with context.reading() as session:
        return index_in_force(session, at=instant, store=index_store(context.settings.home))


def _index_of_file(
    context: Context, file: Path, code: str | None, *, dissolve: bool, clean: float, crs: str | None
) -> GridIndex:
    if code is None:
        context.out.fail(
            Exit.USAGE,
            "请用 --code 指明边界文件的编码列",
            "name the column of codes with --code",
            code="usage",
        )
    with context.files() as files:
        data = files.read_layer(file, crs=crs)
    prepared = prepare_grids(
        data.frame, GridColumns(code), dissolve_parts=dissolve, clean_m=clean, file=file.name
    )
    if prepared.errors:
        first = prepared.errors[0]
        raise CoverageError(
            f"{file.name} 的覆盖有 {len(prepared.errors)} 处错误：{first.detail_zh}",
            f"{file.name}: {len(prepared.errors)} errors in the coverage: {first.detail_en}",
            defects=prepared.errors,
        )
    grids = prepared.grids
    return GridIndex.build(grids["code"].tolist(), np.asarray(grids.geometry.array, dtype=object))


def _one(
    context: Context, index: GridIndex, loaded: LoadedEdition | None, lon: float, lat: float, crs: str
) -> None:
    out = context.out
    x, y = to_wgs84(np.array([lon]), np.array([lat]), parse_crs(crs))
    owners, on_boundary = index.locate_detail(x, y)
    owner = int(owners[0])
    if owner < 0:
        edition = loaded.number if loaded else None
        out.document({"grid": None, "edition": edition, "on_boundary": False})
        out.note(f"({lon}, {lat}) 不属于任何网格", f"no grid owns ({lon}, {lat})")
        raise typer.Exit(int(Exit.CHECK_FAILED))
    said = loaded.descriptions[owner] if loaded else {"grid": {"code": index.codes[owner], "name": None}}
    out.document({**said, "edition": loaded.number if loaded else None, "on_boundary": bool(on_boundary[0])})
    names = {"grid": ("网格", "grid"), "community": ("社区", "community"), "street": ("镇街", "street")}
    for level, (zh, en) in {**names, "district": ("区", "district")}.items():
        unit = said.get(level)
        if unit:
            out.line(f"{out.say(zh, en)}  {unit['code']}  {unit['name'] or ''}".rstrip())
    if loaded:
        out.line(out.say(f"版本  {loaded.number}", f"edition  {loaded.number}"))
    if on_boundary[0]:
        out.line(out.say("在共用边界上：归编码最小的网格", "on a shared border: the lowest code owns it"))


def _engine(context: Context, engine: Engine, master: str | None) -> Callable[..., BulkResult]:
    """The function that locates a file or a folder; refuses at once when Spark is not here."""
    if engine is Engine.LOCAL:
        return lambda index, source, target, **more: locate_file(index, Path(source), Path(target), **more)
    # Only those who ask for it wait for it.
    from gis.spark.engine import locate_dataset
    from gis.spark.session import refuse_missing

    try:
        refuse_missing()
    except EngineError as missing:
        context.out.fail(Exit.USAGE, missing.message_zh, missing.message_en, code=missing.code)
    return partial(locate_dataset, master=master or "local[*]")


def _bulk(context: Context, run: Callable[..., BulkResult], target: str) -> None:
    out = context.out
    with out.progress() as progress:
        task = progress.add_task(out.say("定位", "locating"), total=None)
        result = run(advance=lambda rows, expected: progress.update(task, completed=rows, total=expected))
    out.document(
        {
            "rows": result.rows,
            "owned": result.owned,
            "without_owner": result.rows - result.owned,
            "unusable": result.unusable,
            "bad_rows": [{"row": r.row, "column": r.column, "value": r.value} for r in result.bad_rows],
            "output": str(target),
        }
    )
    rest = result.rows - result.owned
    out.line(
        out.say(
            f"✓ {result.rows} 行，{result.owned} 行有归属，{rest} 行没有 → {target}",
            f"✓ {result.rows} rows, {result.owned} owned, {rest} not → {target}",
        )
    )
    for row in result.bad_rows[:20]:
        out.note(
            f"  第 {row.row} 行 {row.column}：{row.reason_zh}（{row.value}）",
            f"  row {row.row}, {row.column}: {row.reason_en} ({row.value})",
        )
    if result.unusable > 20:
        out.note(
            f"  … 共 {result.unusable} 行没有可用的坐标", f"  … {result.unusable} rows without a usable place"
        )

"""``wangge locate``: which grid owns this place, or each place of a file."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from app.boundaries.import_preparation import PreparedGrids
from app.cli.boundary_file import (
    BoundaryFile,
    advice_on,
    mending_document,
    prepare_boundaries,
    show_defects,
)
from app.cli.context import Context, make_context
from app.cli.errors import CommandRefused, WrongUsage
from app.cli.imports import about
from app.cli.output import Exit, JsonOption
from app.cli.output_file import refuse_unwritable
from gis.bulk_files import BulkResult, locate_file
from gis.crs import SourceCrs, parse_crs, to_wgs84
from gis.errors import EngineError, UnknownEncoding
from gis.locate import ExcludedAreas, GridIndex

if TYPE_CHECKING:
    from app.boundaries.edition_loader import LoadedEdition

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
    make_valid: Annotated[
        bool, typer.Option("--make-valid", help="自相交的图形改为有效图形 / make shapes valid")
    ] = False,
    clean: Annotated[float, typer.Option("--clean", min=0, help="修补此宽度（米）以内的缝隙和重叠")] = 0.0,
    boundaries_crs: Annotated[str | None, typer.Option("--boundaries-crs", help="边界文件的坐标系")] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="CSV 的文字编码，如 GBK；行按字节照抄，一般不需要")
    ] = None,
    output_encoding: Annotated[
        str | None, typer.Option("--output-encoding", help="输出 CSV 的编码，如 utf-8-sig；默认与输入相同")
    ] = None,
    boundaries_encoding: Annotated[
        str | None, typer.Option("--boundaries-encoding", help="边界文件的文字编码")
    ] = None,
    exclude: Annotated[
        Path | None, typer.Option("--exclude", help="边界文件中不划入任何网格的区域 / land of no grid")
    ] = None,
    accept_gaps: Annotated[
        bool, typer.Option("--accept-gaps", help="边界文件的空隙都不划入网格 / its gaps belong to no grid")
    ] = False,
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
    if source is None and (lon is None or lat is None):
        raise WrongUsage(
            "用法：wangge locate 经度 纬度，或 wangge locate --input FILE --output FILE",
            "usage: wangge locate LON LAT, or wangge locate --input FILE --output FILE",
        )
    boundary = None
    if boundaries is not None:
        boundary = BoundaryFile(
            boundaries,
            _required_code(code),
            crs=boundaries_crs,
            dissolve=dissolve,
            clean=clean,
            make_valid=make_valid,
            exclude=exclude,
            accept_gaps=accept_gaps,
            encoding=boundaries_encoding,
        )
    if source is not None:
        if target is None:
            raise WrongUsage("请用 --output 指明输出文件", "say where to write with --output")
        if engine is Engine.LOCAL:
            refuse_unwritable(Path(target))
        if master is not None and engine is not Engine.SPARK:
            raise WrongUsage("--master 只用于 --engine spark", "--master is for --engine spark")
        if engine is Engine.SPARK and (encoding or output_encoding):
            raise WrongUsage(
                "--encoding 与 --output-encoding 用于 CSV；--engine spark 只读 Parquet",
                "--encoding and --output-encoding are for CSV; --engine spark reads Parquet",
            )
        run = _engine(engine, master)
        if engine is Engine.LOCAL:
            run = partial(run, encoding=encoding, output_encoding=output_encoding)
        if boundary is not None:
            index, _, read = _index_of_file(context, boundary, encoding)
        else:
            index, read = _edition(context, at).index, {}
        work = partial(run, index, source, target, lon=lon_column, lat=lat_column, crs=crs)
        with about(Path(source)):
            _bulk(context, work, target, read)
        return
    assert lon is not None  # noqa: S101 - checked above
    assert lat is not None  # noqa: S101 - checked above
    source_crs = parse_crs(crs or "wgs84")
    if source_crs.family == "wgs84":
        # Numbers that are no place are said before a file is read.
        _place(lon, lat, source_crs)
    if boundary is not None:
        index, excluded, read = _index_of_file(context, boundary, encoding)
        loaded = None
    else:
        loaded, read = _edition(context, at), {}
        index, excluded = loaded.index, loaded.excluded
    place = _place(lon, lat, index.settle_crs(source_crs))
    _one(context, index, excluded, loaded, place, f"({lon}, {lat})", read)


def _edition(context: Context, at: str | None) -> LoadedEdition:
    # The database and the web framework come with these, which a place in a file of borders does without.
    from app.boundaries.assignment import index_in_force
    from app.boundaries.index_store import index_store
    from app.kit.params import parse_instant

    instant = parse_instant(at, field="--at")
    with context.reading() as session:
        return index_in_force(session, at=instant, store=index_store(context.settings.home))


def _required_code(code: str | None) -> str:
    if code is None:
        raise WrongUsage(
            "请用 --code 指明边界文件的编码列",
            "name the column of codes with --code",
        )
    return code


def _index_of_file(
    context: Context, boundary: BoundaryFile, encoding: str | None
) -> tuple[GridIndex, ExcludedAreas, dict[str, object]]:
    """Build an index of a boundary file, and say what was found and mended in it.

    ``encoding`` is that of the places: it will do where that of the boundaries has to be said and is not.
    """
    try:
        prepared, _ = prepare_boundaries(context, boundary, fallback_encoding=encoding)
    except UnknownEncoding as error:
        if not error.samples or boundary.encoding is not None:
            raise
        raise UnknownEncoding(
            f"{error.detail.zh}（边界文件用选项 --boundaries-encoding）",
            f"{error.detail.en} (of boundaries with the option --boundaries-encoding)",
            rows=error.rows,
            code=error.code,
            samples=error.samples,
        ) from error
    show_defects(context, prepared, beside=True)
    if prepared.errors:
        advice, name = advice_on(prepared), boundary.file.name
        raise CommandRefused(
            f"✗ {name} 的覆盖有 {len(prepared.errors)} 处错误{advice.zh}",
            f"✗ {name}: {len(prepared.errors)} errors in the coverage{advice.en}",
            code="not-clean",
            places=(),
            **_read_from(prepared),
        )
    grids, land = prepared.grids, prepared.excluded
    # Gaps that nobody declared were refused above.
    index = GridIndex.build(
        grids["code"].tolist(), np.asarray(grids.geometry.array, dtype=object), gaps="allow"
    )
    return index, ExcludedAreas(land.polygons, land.reasons, land.codes), _read_from(prepared)


def _read_from(prepared: PreparedGrids) -> dict[str, object]:
    """What was found and mended in a boundary file, for programs."""
    return {"defects": [defect.as_dict() for defect in prepared.defects], **mending_document(prepared)}


def _one(
    context: Context,
    index: GridIndex,
    excluded: ExcludedAreas,
    loaded: LoadedEdition | None,
    place: tuple[np.ndarray, np.ndarray],
    written: str,
    read: dict[str, object],
) -> None:
    out = context.out
    owners, on_boundary = index.locate_detail(*place)
    owner = int(owners[0])
    if owner < 0:
        edition = loaded.number if loaded else None
        reason = excluded.reason_at(float(place[0][0]), float(place[1][0]))
        why = {} if reason is None else {"excluded": {"reason": reason}}
        out.document({"grid": None, "edition": edition, "on_boundary": False, **why, **read})
        if reason is None:
            out.note(f"{written} 不属于任何网格", f"no grid owns {written}")
        else:
            out.note(
                f"{written} 不属于任何网格：不划入网格的区域，{reason}",
                f"no grid owns {written}: excluded: {reason}",
            )
        raise typer.Exit(int(Exit.CHECK_FAILED))
    said = loaded.descriptions[owner] if loaded else {"grid": {"code": index.codes[owner], "name": None}}
    edition = loaded.number if loaded else None
    out.document({**said, "edition": edition, "on_boundary": bool(on_boundary[0]), **read})
    names = {"grid": ("网格", "grid"), "community": ("社区", "community"), "street": ("镇街", "street")}
    for level, (zh, en) in {**names, "district": ("区", "district")}.items():
        unit = said.get(level)
        if unit:
            out.line(f"{out.say(zh, en)}  {unit['code']}  {unit['name'] or ''}".rstrip())
    if loaded:
        out.line(out.say(f"版本  {loaded.number}", f"edition  {loaded.number}"))
    if on_boundary[0]:
        out.line(out.say("在共用边界上：归编码最小的网格", "on a shared border: the lowest code owns it"))


def _place(lon: float, lat: float, source: SourceCrs) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude in WGS84; refuses numbers that are no place on Earth: "nobody owns it" would be wrong."""
    place = to_wgs84(np.array([lon]), np.array([lat]), source)
    x, y = (float(each[0]) for each in place)
    if not (abs(x) <= 180 and abs(y) <= 90):
        swapped = abs(x) <= 90 and abs(y) <= 180
        raise CommandRefused(
            f"({lon}, {lat}) 不是有效的经纬度{'，可能经度、纬度写反了：先经度，后纬度' if swapped else ''}",
            f"({lon}, {lat}) is no longitude and latitude"
            f"{'; perhaps the wrong way round: longitude comes first' if swapped else ''}",
            code="bad-coordinates",
        )
    return place


def _engine(engine: Engine, master: str | None) -> Callable[..., BulkResult]:
    """The function that locates a file or a folder; refuses at once when Spark is not here."""
    if engine is Engine.LOCAL:
        return lambda index, source, target, **more: locate_file(index, Path(source), Path(target), **more)
    # Only those who ask for it wait for it.
    from gis.spark.engine import locate_dataset
    from gis.spark.session import refuse_missing

    try:
        refuse_missing()
    except EngineError as missing:
        raise WrongUsage(*missing.detail, code=missing.code) from missing
    return partial(locate_dataset, master=master or "local[*]")


def _bulk(context: Context, run: Callable[..., BulkResult], target: str, read: dict[str, object]) -> None:
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
            **read,
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
            f"  第 {row.row} 行 {row.column}：{row.reason.zh}（{row.value}）",
            f"  row {row.row}, {row.column}: {row.reason.en} ({row.value})",
        )
    if result.unusable > 20:
        out.note(
            f"  … 共 {result.unusable} 行没有可用的坐标", f"  … {result.unusable} rows without a usable place"
        )

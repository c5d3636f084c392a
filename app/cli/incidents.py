"""``wangge incidents``: import incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from app.cli.context import make_context, operator
from app.cli.imports import Crs, DateOrder, Layer, Replace, SkipBad, Update, again_of, remember_refusal, tell
from app.cli.output import Exit, JsonOption
from app.errors import AppError
from app.incidents.importing import IncidentColumns, import_incidents
from app.incidents.models import STATES
from app.jobs.service import SourceFile
from gis.errors import GisError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="事件 / incidents.")


@app.callback()
def _noun() -> None:
    """事件 / incidents."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="事件文件 / a file of incidents")],
    time_column: Annotated[str, typer.Option("--time-column", help="发生时间列 / column of times")],
    class_column: Annotated[str | None, typer.Option("--class-column", help="事件类列：编码或名称")] = None,
    id_column: Annotated[
        str | None, typer.Option("--id-column", help="来源编号列 / column of the source's ids")
    ] = None,
    state_column: Annotated[str | None, typer.Option("--state-column", help="状态列")] = None,
    state: Annotated[
        str, typer.Option("--state", help="没有状态列时全部的状态 / state of all rows")
    ] = "closed",
    address: Annotated[str | None, typer.Option("--address", help="地点列")] = None,
    description: Annotated[str | None, typer.Option("--description", help="描述列")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="渠道列")] = None,
    component: Annotated[str | None, typer.Option("--component", help="部件编码列")] = None,
    compare_column: Annotated[
        str | None,
        typer.Option(
            "--compare-column", help="来源自己的网格列，报告一致率 / the source's own unit, to compare"
        ),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="无时区时间所在的时区，如 America/Chicago")
    ] = None,
    source_name: Annotated[
        str | None, typer.Option("--source", help="来源名，默认文件名 / name of the source")
    ] = None,
    strict_classes: Annotated[bool, typer.Option("--strict-classes", help="目录外的类别视为错误")] = False,
    date_order: DateOrder = None,
    lon: Annotated[str | None, typer.Option("--lon", help="经度列")] = None,
    lat: Annotated[str | None, typer.Option("--lat", help="纬度列")] = None,
    wkt: Annotated[str | None, typer.Option("--wkt", help="WKT 列")] = None,
    layer: Layer = None,
    crs: Crs = None,
    skip_bad: SkipBad = False,
    update: Update = False,
    replace: Replace = False,
    as_json: JsonOption = False,
) -> None:
    """导入事件，按现行版本给出归属 / import incidents with owners of the edition in force."""
    context = make_context(as_json=as_json)
    out = context.out
    if state not in STATES:
        out.fail(
            Exit.USAGE,
            f"没有状态 {state}；可用：{'、'.join(STATES)}",
            f"no state {state}; there are {', '.join(STATES)}",
            code="usage",
        )
    try:
        zone = ZoneInfo(time_zone or context.settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        out.fail(Exit.USAGE, f"没有时区 {time_zone}", f"there is no time zone {time_zone}", code="usage")
    again = again_of(context, update=update, replace=replace)
    columns = IncidentColumns(
        time=time_column,
        class_column=class_column,
        id=id_column,
        state=state_column,
        address=address,
        description=description,
        channel=channel,
        component=component,
        compare=compare_column,
        state_of_all=state,
        date_order=date_order,
    )
    with context.reading():
        pass  # An unreachable database is said before minutes are spent on the file.
    with out.progress() as progress:
        task = progress.add_task(out.say("读取文件", "reading the file"), total=None)
        with context.files() as files:
            data = files.read_layer(file, layer=layer, crs=crs, lon=lon, lat=lat, wkt=wkt)
        source = SourceFile(file.name, data.sha256, data.crs, {"time_zone": str(zone), "class": class_column})
        progress.update(task, description=out.say("入库", "storing"), total=len(data.frame), completed=0)
        try:
            with context.writing() as session:
                report, bad = import_incidents(
                    session,
                    data.frame,
                    columns,
                    source,
                    zone=zone,
                    actor=operator(),
                    source_name=source_name or file.stem,
                    bad_rows=list(data.bad_rows),
                    again=again,
                    skip_bad=skip_bad,
                    strict_classes=strict_classes,
                    advance=lambda rows: progress.advance(task, rows),
                )
        except (AppError, GisError) as error:
            remember_refusal(context, "incidents", source, error)
            raise
    if not time_zone:
        report.note(f"无时区的时间按 {zone} 读", f"times without an offset were read in {zone}")
    tell(context, file, report, bad, noun_zh="事件", noun_en="incidents")

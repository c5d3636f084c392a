"""``wangge incidents``: import incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from app.cli.class_lists import list_classes
from app.cli.context import make_context, operator
from app.cli.errors import WrongUsage
from app.cli.imports import (
    Crs,
    DateOrder,
    DryRun,
    Encoding,
    Layer,
    Replace,
    SkipBad,
    Update,
    again_of,
    run_import,
    tell,
)
from app.cli.output import JsonOption
from app.incidents import repository, states
from app.incidents.file_import import IncidentColumns, import_incidents

app = typer.Typer(add_completion=False, no_args_is_help=True, help="事件 / incidents.")


@app.callback()
def _noun() -> None:
    """事件 / incidents."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="事件文件 / a file of incidents")],
    time_column: Annotated[str, typer.Option("--time-column", help="发生时间列 / column of times")],
    reported_column: Annotated[
        str | None,
        typer.Option("--reported-column", help="上报时间列，默认同发生时间 / column of times of report"),
    ] = None,
    closed_column: Annotated[
        str | None,
        typer.Option("--closed-column", help="结案时间列，决定已结事件归哪一版 / column of times of closing"),
    ] = None,
    class_column: Annotated[str | None, typer.Option("--class-column", help="事件类列：编码或名称")] = None,
    id_column: Annotated[
        str | None, typer.Option("--id-column", help="来源编号列 / column of the source's ids")
    ] = None,
    state_column: Annotated[str | None, typer.Option("--state-column", help="状态列")] = None,
    state: Annotated[
        str, typer.Option("--state", help="没有状态列时全部的状态 / state of all rows")
    ] = states.CLOSED,
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
    encoding: Encoding = None,
    skip_bad: SkipBad = False,
    update: Update = False,
    replace: Replace = False,
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """导入事件：未结的归现行版本，已结的归结案时的版本 / import incidents: open ones owned now, closed ones when closed."""
    context = make_context(as_json=as_json)
    if state not in states.NAMES:
        raise WrongUsage(
            f"没有状态 {state}；可用：{'、'.join(states.NAMES)}",
            f"no state {state}; there are {', '.join(states.NAMES)}",
        )
    try:
        zone = ZoneInfo(time_zone or context.settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise WrongUsage(f"没有时区 {time_zone}", f"there is no time zone {time_zone}") from None
    again = again_of(update=update, replace=replace)
    columns = IncidentColumns(
        time=time_column,
        reported_at=reported_column,
        closed_at=closed_column,
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
    report, bad = run_import(
        context,
        file,
        "incidents",
        read=lambda files: files.read_layer(
            file, layer=layer, crs=crs, lon=lon, lat=lat, wkt=wkt, encoding=encoding
        ),
        options={"time_zone": str(zone), "class": class_column},
        store=lambda session, data, source, advance: import_incidents(
            session,
            data.frame,
            columns,
            source,
            actor=operator(),
            bad_rows=list(data.bad_rows),
            notes=data.notes,
            again=again,
            skip_bad=skip_bad,
            advance=advance,
            zone=zone,
            source_name=source_name or file.stem,
            strict_classes=strict_classes,
        ),
        dry_run=dry_run,
    )
    if not time_zone:
        report.note(f"无时区的时间按 {zone} 读", f"times without an offset were read in {zone}")
    tell(context, file, report, bad, dry_run=dry_run, noun_zh="事件", noun_en="incidents")


@app.command("classes")
def show_classes(
    words: Annotated[
        str | None, typer.Argument(help="编码开头或名称的一部分 / beginning of a code or part of a name")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """列出事件类，也含来源自带的 / list the incident classes, those of sources too."""
    context = make_context(as_json=as_json)
    with context.reading() as session:
        rows = [
            {
                "code": item.code,
                "major_code": item.major_code,
                "major_zh": item.major_zh,
                "major_en": item.major_en,
                "name_zh": item.name_zh,
                "name_en": item.name_en,
                "scheme": item.scheme,
                "sensitive": item.sensitive,
            }
            for item in repository.classes(session)
        ]
    list_classes(context, rows, words)

"""``wangge components``: import city components."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.context import make_context, operator
from app.cli.imports import Crs, DateOrder, Layer, Replace, SkipBad, Update, again_of, remember_refusal, tell
from app.cli.output import Exit, JsonOption
from app.components.importing import ComponentColumns, import_components
from app.errors import AppError
from app.jobs.service import SourceFile
from gis.errors import GisError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="部件 / city components.")


@app.callback()
def _noun() -> None:
    """部件 / city components."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="部件文件 / a file of components")],
    class_code: Annotated[
        str | None, typer.Option("--class", help="全部属于这个部件类 / class of all rows")
    ] = None,
    class_column: Annotated[
        str | None, typer.Option("--class-column", help="部件类列：编码或中英文名称")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="部件编码列 / column of codes")] = None,
    code_scheme: Annotated[
        str | None, typer.Option("--code-scheme", help="编码所属标准 / scheme of the codes")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="名称列")] = None,
    state: Annotated[str | None, typer.Option("--state", help="状态列")] = None,
    department: Annotated[str | None, typer.Option("--department", help="主管部门列")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="权属单位列")] = None,
    maintainer: Annotated[str | None, typer.Option("--maintainer", help="养护单位列")] = None,
    surveyed: Annotated[str | None, typer.Option("--surveyed", help="普查日期列")] = None,
    date_order: DateOrder = None,
    lon: Annotated[str | None, typer.Option("--lon", help="经度列（CSV）")] = None,
    lat: Annotated[str | None, typer.Option("--lat", help="纬度列（CSV）")] = None,
    wkt: Annotated[str | None, typer.Option("--wkt", help="WKT 列（CSV）")] = None,
    layer: Layer = None,
    crs: Crs = None,
    skip_bad: SkipBad = False,
    update: Update = False,
    replace: Replace = False,
    as_json: JsonOption = False,
) -> None:
    """导入部件，按现行版本给出归属 / import components with owners of the edition in force."""
    context = make_context(as_json=as_json)
    out = context.out
    if (class_code is None) == (class_column is None):
        out.fail(
            Exit.USAGE,
            "请用 --class 或 --class-column 之一指明部件类",
            "give the class with either --class or --class-column",
            code="usage",
        )
    again = again_of(context, update=update, replace=replace)
    columns = ComponentColumns(
        class_code=class_code,
        class_column=class_column,
        code=code,
        code_scheme=code_scheme,
        name=name,
        state=state,
        department=department,
        owner=owner,
        maintainer=maintainer,
        surveyed_on=surveyed,
        date_order=date_order,
    )
    with context.reading():
        pass  # An unreachable database is said before minutes are spent on the file.
    with out.progress() as progress:
        task = progress.add_task(out.say("读取文件", "reading the file"), total=None)
        with context.files() as files:
            data = files.read_layer(file, layer=layer, crs=crs, lon=lon, lat=lat, wkt=wkt)
        source = SourceFile(file.name, data.sha256, data.crs, {"class": class_code or class_column})
        progress.update(task, description=out.say("入库", "storing"), total=len(data.frame), completed=0)
        try:
            with context.writing() as session:
                report, bad = import_components(
                    session,
                    data.frame,
                    columns,
                    source,
                    actor=operator(),
                    bad_rows=list(data.bad_rows),
                    again=again,
                    skip_bad=skip_bad,
                    advance=lambda rows: progress.advance(task, rows),
                )
        except (AppError, GisError) as error:
            remember_refusal(context, "components", source, error)
            raise
    tell(context, file, report, bad, noun_zh="部件", noun_en="components")

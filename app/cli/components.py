"""``wangge components``: import and export city components, list their classes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.class_lists import list_classes
from app.cli.context import make_context, operator
from app.cli.errors import CheckFailed, WrongUsage
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
from app.cli.output_file import refuse_unwritable
from app.components.catalog import read_catalog
from app.components.export import ComponentFilters, components_frame, resolve_classes, resolve_states
from app.components.file_import import ComponentColumns, import_components
from app.units.service import find_unit
from gis.io import write_layer

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
    encoding: Encoding = None,
    skip_bad: SkipBad = False,
    update: Update = False,
    replace: Replace = False,
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """导入部件，按现行版本给出归属 / import components with owners of the edition in force."""
    context = make_context(as_json=as_json)
    if (class_code is None) == (class_column is None):
        raise WrongUsage(
            "请用 --class 或 --class-column 之一指明部件类",
            "give the class with either --class or --class-column",
        )
    again = again_of(update=update, replace=replace)
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
    report, bad = run_import(
        context,
        file,
        "components",
        read=lambda files: files.read_layer(
            file, layer=layer, crs=crs, lon=lon, lat=lat, wkt=wkt, encoding=encoding
        ),
        options={"class": class_code or class_column},
        store=lambda session, data, source, advance: import_components(
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
        ),
        dry_run=dry_run,
    )
    tell(context, file, report, bad, dry_run=dry_run, noun_zh="部件", noun_en="components")


@app.command("classes")
def show_classes(
    words: Annotated[
        str | None, typer.Argument(help="编码开头或名称的一部分 / beginning of a code or part of a name")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """列出部件类：编码、中英文名称、大类、图形 / list the component classes; needs no database."""
    rows = [
        {
            "code": row["code"],
            "major_code": row["code"][:2],
            **{name: row[name] for name in ("major_zh", "major_en", "name_zh", "name_en", "geometry")},
            "codes_2026": [code for code in row["code_2026"].split(";") if code],
        }
        for row in read_catalog()
    ]
    list_classes(make_context(as_json=as_json), rows, words)


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="输出文件，格式按扩展名 / output, format by extension")],
    unit: Annotated[
        str | None, typer.Option("--unit", help="区、镇街、社区或网格的编码 / code of a unit")
    ] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="部件类的编码或名称，可重复 / may be repeated")
    ] = None,
    majors: Annotated[
        list[str] | None, typer.Option("--major", help="大类编码，可重复 / major class")
    ] = None,
    states: Annotated[
        list[str] | None, typer.Option("--state", help="状态，可重复 / may be repeated")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """导出部件，可按单位、类别、状态筛选 / export components, filtered as the lists are."""
    context = make_context(as_json=as_json)
    out = context.out
    refuse_unwritable(file)
    with context.reading(snapshot=True) as session:
        path = find_unit(session, unit)[0].path if unit else None
        filters = ComponentFilters(
            path, resolve_classes(session, classes or ()), tuple(majors or ()), resolve_states(states or ())
        )
        frame = components_frame(session, filters)
    if not len(frame):
        raise CheckFailed(
            "没有这样的部件，未写文件",
            "there are no such components; no file was written",
            code="no-components",
        )
    write_layer(frame, file)
    out.document({"file": str(file), "components": len(frame)})
    out.line(out.say(f"✓ {len(frame)} 个部件 → {file}", f"✓ {len(frame)} components → {file}"))

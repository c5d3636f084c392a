"""``wangge grids``: import, check and export boundaries."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
import typer

from app.boundaries import repository as boundary_rows
from app.boundaries.districts import choose_district
from app.boundaries.hierarchy import CoverageInput
from app.boundaries.preparing import GridColumns, PreparedGrids, prepare_grids
from app.boundaries.service import effective_instant
from app.cli.context import Context, make_context, operator
from app.cli.grids_export import export_file
from app.cli.grids_withdraw import withdraw_edition
from app.cli.output import Exit, JsonOption
from app.grids.publication import Publication, publish
from app.i18n import Text
from app.jobs import service as jobs
from app.jobs.service import Again, ImportReport, SourceFile
from app.kit.params import parse_instant
from gis.coverage import defects_as_geojson
from gis.io import find_column

app = typer.Typer(add_completion=False, no_args_is_help=True, help="网格边界 / boundaries.")

File = Annotated[
    Path,
    typer.Argument(help="GeoPackage、Shapefile（可为 zip）、GeoJSON、FlatGeobuf、KML、GeoParquet、CSV、DXF"),
]
Code = Annotated[str, typer.Option("--code", help="编码列 / column of codes")]
Name = Annotated[str | None, typer.Option("--name", help="名称列 / column of names")]
Community = Annotated[str | None, typer.Option("--community", help="社区编码列 / column of community codes")]
CommunityName = Annotated[str | None, typer.Option("--community-name", help="社区名称列")]
Street = Annotated[str | None, typer.Option("--street", help="镇街编码列 / column of street codes")]
StreetName = Annotated[str | None, typer.Option("--street-name", help="镇街名称列")]
Kind = Annotated[str | None, typer.Option("--kind", help="类型列：基础网格或专属网格 / column of kinds")]
Layer = Annotated[str | None, typer.Option("--layer", help="图层 / layer of the file")]
Crs = Annotated[str | None, typer.Option("--crs", help="wgs84、cgcs2000、gcj02、bd09 或 EPSG:n")]
Clean = Annotated[
    float, typer.Option("--clean", min=0, help="修补此宽度（米）以内的缝隙和重叠 / mend up to this width")
]
Dissolve = Annotated[
    bool, typer.Option("--dissolve", help="同码各行是一个网格的几部分 / rows with one code are parts")
]
StreetLayer = Annotated[str | None, typer.Option("--street-layer", help="镇街图层，与网格合并结果比较")]
CommunityLayer = Annotated[str | None, typer.Option("--community-layer", help="社区图层，与网格合并结果比较")]


def _prepare(
    context: Context,
    file: Path,
    columns: GridColumns,
    *,
    layer: str | None,
    crs: str | None,
    clean: float,
    dissolve: bool,
    street_layer: str | None,
    community_layer: str | None,
) -> tuple[PreparedGrids, Any]:
    out = context.out
    with out.progress() as progress, context.files() as files:
        task = progress.add_task(out.say("读取文件", "reading the file"), total=None)
        data = files.read_layer(file, layer=layer, crs=crs)
        levels: dict[str, gpd.GeoDataFrame] = {}
        for level, name in (("street", street_layer), ("community", community_layer)):
            if name:
                frame = files.read_layer(file, layer=name, crs=crs).frame
                code_column = find_column(
                    [c for c in frame.columns if c != frame.geometry.name],
                    getattr(columns, level) or columns.code,
                    file=f"{file.name} {name}",
                )
                levels[level] = frame.rename(columns={code_column: "code"})
        prepared = prepare_grids(
            data.frame,
            columns,
            dissolve_parts=dissolve,
            clean_m=clean,
            levels=levels,
            step=lambda zh, en: progress.update(task, description=out.say(zh, en)),
            file=file.name,
        )
    if data.encoding:
        out.note(
            f"文字编码：{data.encoding}；坐标系：{data.crs}", f"encoding: {data.encoding}; CRS: {data.crs}"
        )
    else:
        out.note(f"坐标系：{data.crs}", f"CRS: {data.crs}")
    if prepared.unmended is not None:
        out.note(prepared.unmended.text("zh"), prepared.unmended.text("en"))
    for movement in prepared.moved:
        out.note(
            f"修补 {movement.code}：边界移动至多 {movement.moved_m:.2f} 米，面积变化 {movement.area_change_m2:+.1f} 平方米",
            f"mended {movement.code}: border moved by up to {movement.moved_m:.2f} m, "
            f"area by {movement.area_change_m2:+.1f} m2",
        )
    return prepared, data


def _show_defects(context: Context, prepared: PreparedGrids, *, most: int = 30) -> None:
    out = context.out
    for defect in prepared.defects[:most]:
        mark = "✗" if defect.severity == "error" else "!"
        lon, lat = defect.place
        out.line(f"{mark} {defect.kind}  {defect.text(out.lang)}  @ {lon:.7f},{lat:.7f}")
    if len(prepared.defects) > most:
        rest = len(prepared.defects) - most
        out.line(
            out.say(
                f"… 还有 {rest} 处；--report FILE 写出全部", f"… {rest} more; --report FILE writes them all"
            )
        )


def _write_report(path: Path | None, prepared: PreparedGrids) -> None:
    if path is not None:
        path.write_text(json.dumps(defects_as_geojson(prepared.defects), ensure_ascii=False) + "\n", "utf-8")


Report = Annotated[Path | None, typer.Option("--report", help="缺陷写成 GeoJSON / defects as GeoJSON")]


@app.command("check")
def check_file(
    file: File,
    code: Code,
    name: Name = None,
    community: Community = None,
    community_name: CommunityName = None,
    street: Street = None,
    street_name: StreetName = None,
    kind: Kind = None,
    layer: Layer = None,
    crs: Crs = None,
    clean: Clean = 0.0,
    dissolve: Dissolve = False,
    street_layer: StreetLayer = None,
    community_layer: CommunityLayer = None,
    report: Report = None,
    as_json: JsonOption = False,
) -> None:
    """检查边界文件，不改动任何东西 / check a boundary file, touching nothing. Exit 0 clean, 1 not clean."""
    context = make_context(as_json=as_json)
    columns = GridColumns(code, name, community, community_name, street, street_name, kind)
    prepared, _ = _prepare(
        context,
        file,
        columns,
        layer=layer,
        crs=crs,
        clean=clean,
        dissolve=dissolve,
        street_layer=street_layer,
        community_layer=community_layer,
    )
    _write_report(report, prepared)
    _show_defects(context, prepared)
    clean_coverage = not prepared.errors
    context.out.document(
        {
            "clean": clean_coverage,
            "grids": len(prepared.grids),
            "defects": [defect.as_dict() for defect in prepared.defects],
            "moved": [_movement(m) for m in prepared.moved],
        }
    )
    if clean_coverage:
        context.out.line(
            context.out.say(
                f"✓ {len(prepared.grids)} 个网格，覆盖干净",
                f"✓ {len(prepared.grids)} grids, a clean coverage",
            )
        )
        return
    count = len(prepared.errors)
    context.out.note(f"✗ {count} 处错误", f"✗ {count} errors")
    raise typer.Exit(int(Exit.CHECK_FAILED))


def _movement(movement: Any) -> dict[str, Any]:
    return {
        "code": movement.code,
        "moved_m": movement.moved_m,
        "area_change_m2": movement.area_change_m2,
        "place": list(movement.place),
    }


@app.command("import")
def import_file(
    file: File,
    code: Code,
    name: Name = None,
    community: Community = None,
    community_name: CommunityName = None,
    street: Street = None,
    street_name: StreetName = None,
    kind: Kind = None,
    district: Annotated[str | None, typer.Option("--district", help="区编码 / code of the district")] = None,
    district_name: Annotated[str | None, typer.Option("--district-name", help="区名称")] = None,
    layer: Layer = None,
    crs: Crs = None,
    clean: Clean = 0.0,
    dissolve: Dissolve = False,
    street_layer: StreetLayer = None,
    community_layer: CommunityLayer = None,
    code_scheme: Annotated[
        str, typer.Option("--code-scheme", help="编码所属标准 / scheme of the codes")
    ] = "own",
    publish_now: Annotated[
        bool, typer.Option("--publish", help="发布；不加则只预演 / publish; a rehearsal without")
    ] = False,
    effective_from: Annotated[str | None, typer.Option("--effective-from", help="生效时间，带时区")] = None,
    note: Annotated[str, typer.Option("--note", help="版本说明")] = "",
    report: Report = None,
    as_json: JsonOption = False,
) -> None:
    """导入网格边界 / import boundaries; prints the edition number. Refused (exit 3) unless the coverage is clean."""
    context = make_context(as_json=as_json)
    out = context.out
    instant = parse_instant(effective_from, field="--effective-from")
    columns = GridColumns(code, name, community, community_name, street, street_name, kind)
    with context.reading() as session:
        # An unreachable database, or an instant that cannot be, is said before minutes are spent on the file.
        newest = boundary_rows.latest(session)
        if instant is None and newest is not None and not publish_now:
            # A rehearsal shows what would differ, also while an edition is yet to come.
            instant = max(newest.effective_from, boundary_rows.database_now(session))
        effective_instant(session, newest, instant)
    prepared, data = _prepare(
        context,
        file,
        columns,
        layer=layer,
        crs=crs,
        clean=clean,
        dissolve=dissolve,
        street_layer=street_layer,
        community_layer=community_layer,
    )
    _write_report(report, prepared)
    source = SourceFile(
        file.name, data.sha256, data.crs, {"code": code, "dissolve": dissolve, "clean_m": clean}
    )
    if prepared.errors:
        with context.writing() as session:
            jobs.record_refusal(session, "grids", source, f"{len(prepared.errors)} defects", actor=operator())
        _show_defects(context, prepared)
        out.fail(
            Exit.REFUSED,
            f"✗ 覆盖有 {len(prepared.errors)} 处错误，未导入任何内容{_advice(prepared).zh}",
            f"✗ {len(prepared.errors)} errors; nothing was imported{_advice(prepared).en}",
            code="not-clean",
            defects=[defect.as_dict() for defect in prepared.defects],
        )
    _show_defects(context, prepared)
    publication, chosen = _publish(
        context,
        prepared,
        source,
        file,
        district=district,
        district_name=district_name,
        code_scheme=code_scheme,
        instant=instant,
        note=note,
        keep=publish_now,
    )
    _tell(context, prepared, publication, chosen, kept=publish_now)


def _advice(prepared: PreparedGrids) -> Text:
    """What may help with the errors that were found."""
    kinds = {defect.kind for defect in prepared.errors}
    narrow = [d.width_m for d in prepared.errors if d.kind in ("overlap", "gap") and d.width_m is not None]
    advice = []
    widest = max(narrow, default=0.0)
    # A gap as wide as a grid is a grid that is missing: nothing to smear over its neighbours.
    if 0 < widest <= _MENDABLE_M:
        advice.append(
            Text(
                f"--clean METRES 修补这一宽度以内的缝隙和重叠，最宽的一处 {widest:.2f} 米",
                f"--clean METRES mends gaps and overlaps up to that width, the widest is {widest:.2f} m",
            )
        )
    if "duplicate_code" in kinds:
        advice.append(
            Text(
                "同码各行若是一个网格的几部分，加 --dissolve",
                "if rows with one code are parts of one grid, add --dissolve",
            )
        )
    if "invalid" in kinds:
        advice.append(
            Text(
                "无效的图形请先在 QGIS 里用“修正几何图形”改好",
                "mend invalid shapes first, with Fix geometries in QGIS",
            )
        )
    if not advice:
        return Text("", "")
    return Text(f"。{'；'.join(a.zh for a in advice)}", f". {'; '.join(a.en for a in advice)}")


_MENDABLE_M = 100.0


class _RehearsalOver(Exception):
    """Ends the transaction of a rehearsal without a trace."""


def _publish(
    context: Context,
    prepared: PreparedGrids,
    source: SourceFile,
    file: Path,
    *,
    district: str | None,
    district_name: str | None,
    code_scheme: str,
    instant: datetime | None,
    note: str,
    keep: bool,
) -> tuple[Publication, str]:
    actor = operator()
    out = context.out
    result: tuple[Publication, str] | None = None
    try:
        with out.progress() as progress, context.writing() as session:
            progress.add_task(out.say("发布并改派归属", "publishing and re-assigning"), total=None)
            chosen = choose_district(session, prepared.grids, given=district, file_stem=file.stem)
            job = jobs.begin(session, "grids", source, again=Again.UPDATE, actor=actor)
            publication = publish(
                session,
                CoverageInput(
                    chosen.code, district_name or chosen.name, prepared.grids, code_scheme=code_scheme
                ),
                author=actor,
                note=note,
                effective_from=instant,
            )
            done = ImportReport(job.id, rows=prepared.rows, stored=len(prepared.grids))
            done.edition = publication.published.edition
            jobs.finish(session, job, done)
            result = (publication, chosen.code)
            if not keep or not publication.published.touched:
                # A rehearsal, or a file that says what is published already: no new edition.
                raise _RehearsalOver
    except _RehearsalOver:
        pass
    if result is None:
        raise RuntimeError("publication ended without a result")
    return result


def _tell(
    context: Context, prepared: PreparedGrids, publication: Publication, district: str, *, kept: bool
) -> None:
    out = context.out
    published = publication.published
    number = published.edition if published.touched else published.previous
    out.document(
        {
            "edition": number if kept or not published.touched else None,
            "published": bool(kept and published.touched),
            "district": district,
            "grids": len(prepared.grids),
            "effective_from": published.effective_from,
            "added": list(published.added),
            "changed": list(published.changed),
            "retired": list(published.retired),
            "unchanged": published.unchanged,
            "components_reassigned": publication.components_reassigned,
            "incidents_reassigned": publication.incidents_reassigned,
            "defects": [defect.as_dict() for defect in prepared.defects],
            "moved": [_movement(m) for m in prepared.moved],
        }
    )
    if not published.touched:
        out.line(
            out.say(
                f"与第 {number} 版完全相同，未产生新版本",
                f"the same as edition {number}; no new edition was made",
            )
        )
        return
    added, changed, retired = len(published.added), len(published.changed), len(published.retired)
    sums_zh = f"{added} 新增，{changed} 变更，{retired} 撤销，{published.unchanged} 不变"
    sums_en = f"{added} added, {changed} changed, {retired} retired, {published.unchanged} unchanged"
    if not kept:
        out.line(
            out.say(f"预演：{sums_zh}。加 --publish 发布", f"rehearsal: {sums_en}. Add --publish to publish")
        )
        return
    out.line(
        out.say(
            f"✓ 第 {number} 版已发布（区 {district}）：{sums_zh}；"
            f"改派部件 {publication.components_reassigned}、事件 {publication.incidents_reassigned}",
            f"✓ edition {number} published (district {district}): {sums_en}; "
            f"{publication.components_reassigned} components and {publication.incidents_reassigned} incidents re-assigned",
        )
    )


app.command("export")(export_file)
app.command("withdraw")(withdraw_edition)

"""A boundary file on the command line: the options that say how it is to be read, and the grids it gives.

``grids import``, ``grids check`` and ``locate --boundaries`` share them: an option for boundary files is one field
of :class:`BoundaryFile` and one argument in :func:`prepare_boundaries`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import geopandas as gpd
import typer

from app.boundaries.import_preparation import PreparedGrids, prepare_grids
from app.boundaries.row_conflicts import GridColumns
from app.cli.context import Context
from app.cli.excluded_land import read_declaration, say_excluded
from app.cli.imports import Encoding, about
from app.files.reader import FileReader
from gis.coverage import ExcludedLand, Movement, defects_as_geojson
from gis.errors import UnknownEncoding
from gis.io import LayerData, find_column
from gis.io.formats import describe_formats
from gis.io.notes import distinct_notes
from gis.text import Text


@dataclass(frozen=True)
class BoundaryFile:
    """The options that every command on a boundary file has."""

    file: Annotated[
        Path,
        typer.Argument(
            # With blanks, so that the terminal can break the line.
            help=describe_formats("zh").replace("、", ", ")
        ),
    ]
    code: Annotated[str, typer.Option("--code", help="编码列 / column of codes")]
    name: Annotated[str | None, typer.Option("--name", help="名称列 / column of names")] = None
    community: Annotated[
        str | None, typer.Option("--community", help="社区编码列 / column of community codes")
    ] = None
    community_name: Annotated[str | None, typer.Option("--community-name", help="社区名称列")] = None
    street: Annotated[str | None, typer.Option("--street", help="镇街编码列 / column of street codes")] = None
    street_name: Annotated[str | None, typer.Option("--street-name", help="镇街名称列")] = None
    kind: Annotated[
        str | None, typer.Option("--kind", help="类型列：基础网格或专属网格 / column of kinds")
    ] = None
    layer: Annotated[str | None, typer.Option("--layer", help="图层 / layer of the file")] = None
    crs: Annotated[str | None, typer.Option("--crs", help="wgs84、cgcs2000、gcj02、bd09 或 EPSG:n")] = None
    encoding: Encoding = None
    clean: Annotated[
        float, typer.Option("--clean", min=0, help="修补此宽度（米）以内的缝隙和重叠 / mend up to this width")
    ] = 0.0
    dissolve: Annotated[
        bool, typer.Option("--dissolve", help="同码各行是一个网格的几部分 / rows with one code are parts")
    ] = False
    make_valid: Annotated[
        bool,
        typer.Option(
            "--make-valid",
            help="自相交的图形改为有效图形，并说明面积变化 / make shapes valid that cross themselves",
        ),
    ] = False
    street_layer: Annotated[
        str | None, typer.Option("--street-layer", help="镇街图层，与网格合并结果比较")
    ] = None
    community_layer: Annotated[
        str | None, typer.Option("--community-layer", help="社区图层，与网格合并结果比较")
    ] = None

    code_scheme: Annotated[
        str | None,
        typer.Option(
            "--code-scheme",
            help="编码所属标准；own：自编，与上级不符只提醒 / scheme of the codes; own: a mismatch only warns",
        ),
    ] = None

    exclude: Annotated[
        Path | None,
        typer.Option(
            "--exclude", help="不划入任何网格的区域（面）/ polygons that belong to no grid on purpose"
        ),
    ] = None
    exclude_layer: Annotated[
        str | None, typer.Option("--exclude-layer", help="--exclude 文件的图层 / layer of that file")
    ] = None
    exclude_reason: Annotated[
        str | None,
        typer.Option("--exclude-reason", help="理由所在的列，或理由本身 / column of reasons, or the reason"),
    ] = None
    exclude_crs: Annotated[
        str | None, typer.Option("--exclude-crs", help="--exclude 文件的坐标系 / CRS of that file")
    ] = None
    accept_gaps: Annotated[
        bool,
        typer.Option(
            "--accept-gaps", help="所有空隙都不划入网格，逐处列出 / every gap belongs to no grid on purpose"
        ),
    ] = False
    reason: Annotated[
        str | None, typer.Option("--reason", help="--accept-gaps 的理由 / why, with --accept-gaps")
    ] = None

    @property
    def columns(self) -> GridColumns:
        """Which columns say what."""
        return GridColumns(
            self.code,
            self.name,
            self.community,
            self.community_name,
            self.street,
            self.street_name,
            self.kind,
        )


# A gap as wide as a grid is a grid that is missing: nothing to smear over its neighbours.
_MENDABLE_M = 100.0

Report = Annotated[Path | None, typer.Option("--report", help="缺陷写成 GeoJSON / defects as GeoJSON")]


def prepare_boundaries(
    context: Context,
    boundary: BoundaryFile,
    *,
    known_parents: Mapping[str, str] | None = None,
    keep: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame | None] | None = None,
    standing: Callable[[gpd.GeoDataFrame], ExcludedLand] | None = None,
    fallback_encoding: str | None = None,
) -> tuple[PreparedGrids, LayerData]:
    """Read the file, check its coverage and mend what was allowed; returns the grids and the layer they came in.

    ``known_parents`` is as `row_conflicts` takes it; ``keep`` gives the grids that are to be checked with those of
    the file, once its rows are known. ``standing`` gives the land that was declared to be
    nobody's before. ``fallback_encoding`` is tried where the encoding of the file has to be said.
    """
    out = context.out
    beside = [] if boundary.exclude is None else [boundary.exclude]
    with about(boundary.file, *beside), out.progress() as progress, context.files() as files:
        task = progress.add_task(out.say("读取文件", "reading the file"), total=None)
        data = _layer(files, boundary, boundary.layer, fallback_encoding)
        notes = [*data.notes]
        levels: dict[str, gpd.GeoDataFrame] = {}
        for level, name in (("street", boundary.street_layer), ("community", boundary.community_layer)):
            if name:
                other = _layer(files, boundary, name, fallback_encoding)
                notes += other.notes
                frame = other.frame
                code_column = find_column(
                    [c for c in frame.columns if c != frame.geometry.name],
                    getattr(boundary, level) or boundary.code,
                    file=f"{boundary.file.name} {name}",
                )
                levels[level] = frame.rename(columns={code_column: "code"})
        declaration = read_declaration(
            context, files, boundary, standing(data.frame) if standing else ExcludedLand()
        )
        prepared = prepare_grids(
            data.frame,
            boundary.columns,
            dissolve_parts=boundary.dissolve,
            make_valid=boundary.make_valid,
            clean_m=boundary.clean,
            levels=levels,
            code_scheme=boundary.code_scheme,
            known_parents=known_parents,
            kept=keep(data.frame) if keep else None,
            step=lambda zh, en: progress.update(task, description=out.say(zh, en)),
            file=boundary.file.name,
            declaration=declaration,
        )
    data = replace(data, notes=distinct_notes(notes))
    _say_how_read(context, data)
    _say_what_moved(context, prepared)
    say_excluded(context, prepared.excluded)
    return prepared, data


def _layer(files: FileReader, boundary: BoundaryFile, layer: str | None, fallback: str | None) -> LayerData:
    """Read a layer; ``fallback`` is tried where the encoding has to be said and is not."""
    try:
        return files.read_layer(boundary.file, layer=layer, crs=boundary.crs, encoding=boundary.encoding)
    except UnknownEncoding as error:
        if not error.samples or boundary.encoding is not None or fallback is None:
            raise
        return files.read_layer(boundary.file, layer=layer, crs=boundary.crs, encoding=fallback)


def _say_how_read(context: Context, data: LayerData) -> None:
    if data.encoding:
        context.out.note(
            f"文字编码：{data.encoding}；坐标系：{data.crs}", f"encoding: {data.encoding}; CRS: {data.crs}"
        )
    else:
        context.out.note(f"坐标系：{data.crs}", f"CRS: {data.crs}")
    context.out.notes_of(data.notes)


def _say_what_moved(context: Context, prepared: PreparedGrids, *, most: int = 30) -> None:
    """Say of each grid how far its border moved, of the farthest where there are many; ``--json`` has all."""
    # The wider of the two: a place of a wide piece may lie near the border from all sides.
    farthest = {movement.code: max(movement.moved_m, movement.reach_m) for movement in prepared.moved}
    shown = sorted(prepared.moved, key=lambda movement: -farthest[movement.code])[:most]
    for movement in sorted(shown, key=lambda movement: movement.code):
        context.out.note(
            f"修补 {movement.code}：边界移动至多 {farthest[movement.code]:.2f} 米，"
            f"面积变化 {movement.area_change_m2:+.1f} 平方米",
            f"mended {movement.code}: border moved by up to {farthest[movement.code]:.2f} m, "
            f"area by {movement.area_change_m2:+.1f} m2",
        )
    if len(prepared.moved) > most:
        rest = len(prepared.moved) - most
        context.out.note(
            f"… 还有 {rest} 个网格移动得较少；--json 列出全部",
            f"… {rest} more grids moved less; --json lists them all",
        )
    if prepared.gaps_mended or prepared.overlaps_mended:
        longest = longest_reach(prepared)
        context.out.note(
            f"共修补缝隙 {prepared.gaps_mended} 处、重叠 {prepared.overlaps_mended} 处，最远达原边界外 {longest:.2f} 米",
            f"mended {prepared.gaps_mended} gaps and {prepared.overlaps_mended} overlaps; "
            f"the longest reach is {longest:.2f} m from where a border was",
        )


def longest_reach(prepared: PreparedGrids) -> float:
    """How far the border that mending moved most was moved, metres."""
    return max((movement.reach_m for movement in prepared.moved), default=0.0)


def show_defects(context: Context, prepared: PreparedGrids, *, most: int = 30, beside: bool = False) -> None:
    """Print the defects of a coverage, the first of them where there are many; ``beside`` what is the answer."""
    out = context.out
    write = (lambda text: out.note(text, text)) if beside else out.line
    for defect in prepared.defects[:most]:
        mark = "✗" if defect.severity == "error" else "!"
        lon, lat = defect.place
        write(f"{mark} {defect.kind}  {defect.text(out.lang)}  @ {lon:.7f},{lat:.7f}")
    if len(prepared.defects) > most:
        rest = len(prepared.defects) - most
        write(
            out.say(
                f"… 还有 {rest} 处；--report FILE 写出全部", f"… {rest} more; --report FILE writes them all"
            )
        )


def write_report(path: Path | None, prepared: PreparedGrids, **members: object) -> None:
    """Write the defects as GeoJSON where ``--report`` says, with further members beside the features."""
    if path is not None:
        document = {**defects_as_geojson(prepared.defects), **members}
        path.write_text(json.dumps(document, ensure_ascii=False) + "\n", "utf-8")


def advice_on(prepared: PreparedGrids) -> Text:
    """Say what may help with the errors that were found: one sentence that follows another, or nothing."""
    kinds = {defect.kind for defect in prepared.errors}
    narrow = [d.width_m for d in prepared.errors if d.kind in ("overlap", "gap") and d.width_m is not None]
    advice = []
    widest = max(narrow, default=0.0)
    if 0 < widest <= _MENDABLE_M:
        advice.append(
            Text(
                f"--clean METRES 修补这一宽度以内的缝隙和重叠，最宽的一处 {widest:.2f} 米",
                f"--clean METRES mends gaps and overlaps up to that width, the widest is {widest:.2f} m",
            )
        )
    if "gap" in kinds:
        advice.append(
            Text(
                "空隙若本就不划入网格（军营、湖面、未定），用 --exclude FILE 给出这些面和理由，"
                "或用 --accept-gaps --reason 理由 把所有空隙声明为不划入网格",
                "if gaps are meant (barracks, lakes, undecided land), declare them: --exclude FILE with their polygons "
                "and reasons, or --accept-gaps --reason TEXT for every gap",
            )
        )
    if "duplicate-code" in kinds:
        advice.append(
            Text(
                "同码各行若是一个网格的几部分，加 --dissolve",
                "if rows with one code are parts of one grid, add --dissolve",
            )
        )
    if "invalid" in kinds:
        advice.append(
            Text(
                "自相交的图形用 --make-valid 改为有效图形（会说明面积变化），或在 QGIS 里改好",
                "--make-valid makes shapes valid that cross themselves and says what changes; or correct them in QGIS",
            )
        )
    if not advice:
        return Text("", "")
    return Text(f"。{'；'.join(a.zh for a in advice)}", f". {'; '.join(a.en for a in advice)}")


def mending_document(prepared: PreparedGrids) -> dict[str, object]:
    """What mending did, for ``--json``."""
    return {
        "mended": {
            "gaps": prepared.gaps_mended,
            "overlaps": prepared.overlaps_mended,
            "reach_m": longest_reach(prepared),
        },
        "moved": [movement_document(movement) for movement in prepared.moved],
    }


def movement_document(movement: Movement) -> dict[str, object]:
    """How far mending moved the border of one grid, for ``--json``."""
    return {
        "code": movement.code,
        "moved_m": movement.moved_m,
        "reach_m": movement.reach_m,
        "area_change_m2": movement.area_change_m2,
        "place": list(movement.place),
    }

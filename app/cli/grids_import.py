"""``wangge grids import``: publish the grids of a boundary file, or rehearse it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import geopandas as gpd
import typer

from app.boundaries import repository as boundary_rows
from app.boundaries.import_plan import (
    DistrictChoice,
    ImportPlan,
    kept_grids,
    plan_import,
    published_parents,
    standing_excluded,
)
from app.boundaries.import_preparation import PreparedGrids
from app.boundaries.missing_grids import Missing
from app.boundaries.next_edition import effective_instant
from app.cli.boundary_file import (
    BoundaryFile,
    Report,
    advice_on,
    mending_document,
    prepare_boundaries,
    show_defects,
    write_report,
)
from app.cli.context import Context, make_context, operator
from app.cli.errors import CommandRefused, WrongUsage
from app.cli.grids_report import hierarchy_members, publication_document, tell_changes, tell_outcome
from app.cli.imports import DryRun, RehearsalOver, about, encoding_read
from app.cli.option_groups import with_options
from app.cli.output import JsonOption
from app.cli.output_file import refuse_unwritable
from app.imports import service as jobs
from app.imports.service import ImportReport, OnConflict, SourceFile
from app.kit.params import parse_instant
from app.publishing.reassignment import Publication, publish
from gis.coverage import ExcludedLand


@with_options(BoundaryFile)
def import_file(
    boundary: BoundaryFile,
    district: Annotated[str | None, typer.Option("--district", help="区编码 / code of the district")] = None,
    district_name: Annotated[str | None, typer.Option("--district-name", help="区名称")] = None,
    retire_missing: Annotated[
        bool, typer.Option("--retire-missing", help="文件里没有的网格撤销 / grids not in the file end")
    ] = False,
    keep_missing: Annotated[
        bool, typer.Option("--keep-missing", help="文件里没有的网格保持原样 / grids not in the file stay")
    ] = False,
    publish_now: Annotated[
        bool, typer.Option("--publish", help="发布；不加则只预演 / publish; a rehearsal without")
    ] = False,
    dry_run: DryRun = False,
    effective_from: Annotated[str | None, typer.Option("--effective-from", help="生效时间，带时区")] = None,
    note: Annotated[str, typer.Option("--note", help="版本说明")] = "",
    report: Report = None,
    as_json: JsonOption = False,
) -> None:
    """导入网格边界 / import boundaries; says what changes, and with --publish prints the edition number.

    Refused (exit 3) unless the coverage is clean.
    """
    context = make_context(as_json=as_json)
    refuse_unwritable(report)
    missing = _missing(retire=retire_missing, keep=keep_missing)
    if dry_run and publish_now:
        raise WrongUsage(
            "--dry-run 与 --publish 只能用一个",
            "use either --dry-run or --publish",
        )
    choice = DistrictChoice(district, district_name)
    instant = parse_instant(effective_from, field="--effective-from", stored=True)
    with context.reading() as session:
        # An unreachable database, or an instant that cannot be, is said before minutes are spent on the file.
        newest = boundary_rows.latest(session)
        if instant is None and newest is not None and not publish_now:
            # A rehearsal shows what would differ, also while an edition is yet to come.
            instant = max(newest.effective_from, boundary_rows.database_now(session))
        effective_instant(session, newest, instant)
        known = published_parents(session)
    prepared, data = prepare_boundaries(
        context,
        boundary,
        known_parents=known,
        keep=_kept(context, choice) if missing is Missing.KEEP else None,
        standing=_standing(context, choice),
    )
    write_report(report, prepared)
    source = SourceFile(
        boundary.file.name,
        data.sha256,
        data.crs,
        {
            "code": boundary.code,
            "dissolve": boundary.dissolve,
            "clean_m": boundary.clean,
            "make_valid": boundary.make_valid,
            **encoding_read(data),
        },
    )
    show_defects(context, prepared)
    if prepared.errors:
        _refuse_errors(context, prepared, source, remember=publish_now)

    def say_before(plan: ImportPlan, publication: Publication) -> None:
        write_report(report, prepared, **hierarchy_members(plan, publication))
        tell_changes(context, plan, publication, report=report)

    with about(boundary.file):
        plan, publication = _publish(
            context,
            prepared,
            source,
            choice,
            code_scheme=boundary.code_scheme,
            missing=missing,
            instant=instant,
            note=note,
            keep=publish_now,
            say_before=say_before,
        )
    context.out.document(
        {
            **publication_document(prepared, plan, publication, kept=publish_now),
            "notes": [note.in_(context.out.lang) for note in data.notes],
        }
    )
    tell_outcome(context, plan, publication, kept=publish_now)


def _missing(*, retire: bool, keep: bool) -> Missing | None:
    if retire and keep:
        raise WrongUsage(
            "--retire-missing 与 --keep-missing 只能用一个",
            "use either --retire-missing or --keep-missing",
        )
    return Missing.RETIRE if retire else Missing.KEEP if keep else None


def _kept(context: Context, choice: DistrictChoice) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame | None]:
    def keep(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
        with context.reading() as session:
            return kept_grids(session, frame, choice)

    return keep


def _standing(context: Context, choice: DistrictChoice) -> Callable[[gpd.GeoDataFrame], ExcludedLand]:
    def standing(frame: gpd.GeoDataFrame) -> ExcludedLand:
        with context.reading() as session:
            return standing_excluded(session, frame, choice)

    return standing


def _refuse_errors(context: Context, prepared: PreparedGrids, source: SourceFile, *, remember: bool) -> None:
    if remember:
        with context.writing() as session:
            jobs.record_refusal(session, "grids", source, f"{len(prepared.errors)} defects", actor=operator())
    advice = advice_on(prepared)
    raise CommandRefused(
        f"✗ {source.name} 的覆盖有 {len(prepared.errors)} 处错误，未导入任何内容{advice.zh}",
        f"✗ {source.name}: {len(prepared.errors)} errors; nothing was imported{advice.en}",
        code="not-clean",
        places=(),
        defects=[defect.as_dict() for defect in prepared.defects],
        **mending_document(prepared),
    )


def _publish(
    context: Context,
    prepared: PreparedGrids,
    source: SourceFile,
    choice: DistrictChoice,
    *,
    code_scheme: str | None,
    missing: Missing | None,
    instant: datetime | None,
    note: str,
    keep: bool,
    say_before: Callable[[ImportPlan, Publication], None],
) -> tuple[ImportPlan, Publication]:
    """Publish in one transaction, which ends without a trace where it was a rehearsal or nothing differs.

    ``say_before`` is told what changes before it is committed.
    """
    actor = operator()
    result: tuple[ImportPlan, Publication] | None = None
    try:
        with context.writing() as session:
            with context.out.progress() as progress:
                progress.add_task(
                    context.out.say("计算变化和归属", "working out changes and owners"), total=None
                )
                plan = plan_import(
                    session, prepared, choice, file=source.name, code_scheme=code_scheme, missing=missing
                )
                job = jobs.begin(session, "grids", source, again=OnConflict.UPDATE, actor=actor)
                publication = publish(session, plan.coverage, author=actor, note=note, effective_from=instant)
                done = ImportReport(job.id, rows=prepared.rows, stored=len(prepared.grids))
                done.edition = publication.published.edition
                jobs.finish(session, job, done)
            result = (plan, publication)
            say_before(plan, publication)
            if not keep or not publication.published.touched:
                # A rehearsal, or a file that says what is published already: no new edition.
                raise RehearsalOver
    except RehearsalOver:
        pass
    if result is None:
        raise RuntimeError("publication ended without a result")
    return result

"""``wangge grids check``: is the coverage of a boundary file clean?"""

from __future__ import annotations

import typer

from app.boundaries.exclusion_input import land_document
from app.cli.boundary_file import (
    BoundaryFile,
    Report,
    advice_on,
    mending_document,
    prepare_boundaries,
    show_defects,
    write_report,
)
from app.cli.context import make_context
from app.cli.option_groups import with_options
from app.cli.output import Exit, JsonOption
from app.cli.output_file import refuse_unwritable


@with_options(BoundaryFile)
def check_file(boundary: BoundaryFile, report: Report = None, as_json: JsonOption = False) -> None:
    """检查边界文件，不改动任何东西 / check a boundary file, touching nothing. Exit 0 clean, 1 not clean."""
    context = make_context(as_json=as_json)
    refuse_unwritable(report)
    prepared, data = prepare_boundaries(context, boundary)
    write_report(report, prepared)
    show_defects(context, prepared)
    clean_coverage = not prepared.errors
    context.out.document(
        {
            "clean": clean_coverage,
            "grids": len(prepared.grids),
            "defects": [defect.as_dict() for defect in prepared.defects],
            "excluded": land_document(prepared.excluded),
            **mending_document(prepared),
            "notes": [note.in_(context.out.lang) for note in data.notes],
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
    advice = advice_on(prepared)
    context.out.note(f"✗ {count} 处错误{advice.zh}", f"✗ {count} errors{advice.en}")
    raise typer.Exit(int(Exit.CHECK_FAILED))

"""What the importing commands share: options, the way a file is read, and how the outcome is told."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.context import Context, operator
from app.cli.output import Exit
from app.errors import AppError
from app.jobs import service as jobs
from app.jobs.service import Again, ImportReport, SourceFile
from gis.errors import BadRow, GisError

Layer = Annotated[str | None, typer.Option("--layer", help="图层 / layer of the file")]
Crs = Annotated[str | None, typer.Option("--crs", help="wgs84、cgcs2000、gcj02、bd09 或 EPSG:n")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="导入好的行，坏行写入 FILE.rejected.csv / store the good rows only")
]
DateOrder = Annotated[
    Literal["mdy", "dmy"] | None,
    typer.Option("--date-order", help="3/4/2026 这样的日期：mdy 月在前，dmy 日在前 / which comes first"),
]
Update = Annotated[bool, typer.Option("--update", help="已有的编码按本文件更新 / write over what is stored")]
Replace = Annotated[
    bool, typer.Option("--replace", help="先移除同一文件上次导入的数据 / remove the earlier import first")
]


def again_of(context: Context, *, update: bool, replace: bool) -> Again:
    """The choice between refusing, updating and replacing."""
    if update and replace:
        context.out.fail(
            Exit.USAGE, "--update 与 --replace 只能用一个", "use either --update or --replace", code="usage"
        )
    return Again.UPDATE if update else Again.REPLACE if replace else Again.REFUSE


# What a spreadsheet takes for a formula; numbers with a sign it may have.
_FORMULA = re.compile(r"(?![+-]?\d+(?:\.\d+)?\Z)[\s]*[=+\-@\t\r|%＝＋－＠]")


def spreadsheet_text(text: str) -> str:
    """Text for a table that people open in a spreadsheet: what would be a formula there begins with an apostrophe.

    For reports only. Exports of data are read by programs too, and a code has to stay exactly what it is.

    >>> [spreadsheet_text(text) for text in ("=1+1", "-12.5", "-1+1", "370211")]
    ["'=1+1", '-12.5', "'-1+1", '370211']
    """
    return f"'{text}" if _FORMULA.match(text) else text


def write_rejected(file: Path, bad: Sequence[BadRow], lang: str) -> Path:
    """Write the refused rows beside the file; returns where."""
    target = file.with_name(file.name + ".rejected.csv")
    with target.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["row", "column", "reason", "value"])
        writer.writerows(
            [
                row.row,
                *map(
                    spreadsheet_text,
                    (row.column, row.reason_en if lang == "en" else row.reason_zh, str(row.value or "")),
                ),
            ]
            for row in bad
        )
    return target


def remember_refusal(context: Context, kind: str, source: SourceFile, error: AppError | GisError) -> None:
    """Keep a line about a refused file, in a transaction of its own."""
    with context.writing() as session:
        jobs.record_refusal(session, kind, source, error.text("en"), actor=operator())


def tell(
    context: Context, file: Path, report: ImportReport, bad: Sequence[BadRow], *, noun_zh: str, noun_en: str
) -> None:
    """Say what an import did."""
    out = context.out
    rejected = write_rejected(file, bad, out.lang) if bad else None
    out.document(
        {
            "import_id": report.import_id,
            "rows": report.rows,
            "stored": report.stored,
            "updated": report.updated,
            "removed": report.removed,
            "rejected": report.rejected,
            "rejected_file": str(rejected) if rejected else None,
            "ownerless": report.ownerless,
            "ownerless_rows": report.ownerless_rows,
            "edition": report.edition,
            "agreement": report.agreement,
            "notes": [note[out.lang] for note in report.notes],
        }
    )
    for note in report.notes:
        out.note(note["zh"], note["en"])
    parts_zh = [f"{report.stored} 个{noun_zh}入库"]
    parts_en = [f"{report.stored} {noun_en} stored"]
    for count, zh, en in (
        (report.updated, "更新", "updated"),
        (report.removed, "移除", "removed"),
        (report.rejected, "行未收", "rows left out"),
    ):
        if count:
            parts_zh.append(f"{count} {zh}")
            parts_en.append(f"{count} {en}")
    out.line(
        out.say(
            f"✓ {'，'.join(parts_zh)}；按第 {report.edition} 版归属，{report.ownerless} 个不属于任何网格",
            f"✓ {', '.join(parts_en)}; owners of edition {report.edition}, {report.ownerless} without owner",
        )
    )
    if report.agreement:
        same, of, column = report.agreement["same"], report.agreement["of"], report.agreement["column"]
        out.line(
            out.say(
                f"与来源列 {column} 一致：{same} / {of}（{same / of:.5f}）",
                f"agrees with the source's column {column}: {same} of {of} ({same / of:.5f})",
            )
        )
    if rejected:
        out.line(out.say(f"未收的行：{rejected}", f"rows left out: {rejected}"))
    for row in report.ownerless_rows[:10]:
        out.note(
            f"  第 {row['row']} 行在所有网格之外：{row['place'][0]:.6f},{row['place'][1]:.6f}",
            f"  row {row['row']} lies outside every grid: {row['place'][0]:.6f},{row['place'][1]:.6f}",
        )
    if report.ownerless > 10:
        out.note(
            f"  … 共 {report.ownerless} 行（--json 列出全部）",
            f"  … {report.ownerless} rows (--json lists them)",
        )

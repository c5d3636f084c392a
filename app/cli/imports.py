"""What the importing commands share: options, the way a file is read, and how the outcome is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from app.cli.context import Context, operator
from app.cli.errors import WrongUsage
from app.files.reader import FileReader
from gis.errors import BadRow, Refusal
from gis.io import LayerData
from gis.io.csv_file import csv_file
from gis.text import Language, Text

# What stores comes with the database, which `wangge locate --boundaries` does without.
if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.imports.service import ImportReport, OnConflict, SourceFile

Layer = Annotated[
    str | None,
    typer.Option(
        "--layer", help="图层、KML 文件夹、XLSX 工作表；* 为全部 / layer, folder or sheet; * for all"
    ),
]
Crs = Annotated[str | None, typer.Option("--crs", help="wgs84、cgcs2000、gcj02、bd09 或 EPSG:n")]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", help="文字编码，如 GBK、Big5、ANSI 1252；文件没有写明时用 / encoding of the text"
    ),
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="导入好的行，坏行写入 FILE.rejected.csv / store the good rows only")
]
DateOrder = Annotated[
    Literal["mdy", "dmy"] | None,
    typer.Option("--date-order", help="3/4/2026 这样的日期：mdy 月在前，dmy 日在前 / which comes first"),
]
Update = Annotated[bool, typer.Option("--update", help="已有的编码按本文件更新 / write over what is stored")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="只预演，不保存任何东西 / a rehearsal: nothing is kept")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="先移除同一文件上次导入的数据 / remove the earlier import first")
]


Imported: TypeAlias = "tuple[ImportReport, list[BadRow]]"
"""What an import did, and the rows that it left out."""


class RehearsalOver(Exception):
    """Ends the transaction of a rehearsal without a trace."""


@contextmanager
def about(file: Path, *others: Path) -> Iterator[None]:
    """Let every refusal name the file it is about: of several commands in a script, one does not know which it was.

    ``others`` are read beside it; a refusal that names one of them is about that one.
    """
    names = [one.name for one in (file, *others)]
    try:
        yield
    except Refusal as error:
        if not any(name in error.detail.zh for name in names):
            error.detail += Text(f"（文件 {file.name}）", f" (file {file.name})")
        raise


def again_of(*, update: bool, replace: bool) -> OnConflict:
    """The choice between refusing, updating and replacing."""
    from app.imports.service import OnConflict

    if update and replace:
        raise WrongUsage("--update 与 --replace 只能用一个", "use either --update or --replace")
    return OnConflict.UPDATE if update else OnConflict.REPLACE if replace else OnConflict.REFUSE


# What a spreadsheet takes for a formula; numbers with a sign it may have.
_FORMULA = re.compile(r"(?![+-]?\d+(?:\.\d+)?\Z)[\s]*[=+\-@\t\r|%＝＋－＠]")


def spreadsheet_text(text: str) -> str:
    """Text for a table that people open in a spreadsheet: what would be a formula there begins with an apostrophe.

    For reports only. Exports of data are read by programs too, and a code has to stay exactly what it is.

    >>> [spreadsheet_text(text) for text in ("=1+1", "-12.5", "-1+1", "370211")]
    ["'=1+1", '-12.5', "'-1+1", '370211']
    """
    return f"'{text}" if _FORMULA.match(text) else text


def write_rejected(file: Path, bad: Sequence[BadRow], lang: Language) -> Path:
    """Write the refused rows beside the file; returns where."""
    target = file.with_name(file.name + ".rejected.csv")
    with csv_file(target, errors="backslashreplace") as writer:
        writer.writerow(["row", "column", "reason", "value"])
        writer.writerows(
            [
                row.row,
                *map(
                    spreadsheet_text,
                    (row.column, row.reason.in_(lang), str(row.value or "")),
                ),
            ]
            for row in bad
        )
    return target


def encoding_read(data: LayerData) -> dict[str, str]:
    """What the record of an import keeps of the encoding that its file was read in."""
    return {"encoding": data.encoding} if data.encoding else {}


def remember_refusal(context: Context, kind: str, source: SourceFile, error: Refusal) -> None:
    """Keep a line about a refused file, in a transaction of its own."""
    from app.imports.service import record_refusal

    with context.writing() as session:
        record_refusal(session, kind, source, error.text("en"), actor=operator())


def run_import(
    context: Context,
    file: Path,
    kind: str,
    *,
    read: Callable[[FileReader], LayerData],
    options: Mapping[str, object],
    store: Callable[[Session, LayerData, SourceFile, Callable[[int], None]], Imported],
    dry_run: bool,
) -> Imported:
    """Read a file and store its rows in one transaction, which a rehearsal ends without a trace.

    ``options`` are kept in the record of the import, with the encoding that was read; ``store`` gets the rows, the
    record and a function to tell how many rows are done.
    """
    from app.imports.service import SourceFile

    out = context.out
    result: Imported | None = None
    with about(file), suppress(RehearsalOver):
        with context.reading():
            pass  # An unreachable database is said before minutes are spent on the file.
        with out.progress() as progress:
            task = progress.add_task(out.say("读取文件", "reading the file"), total=None)
            with context.files() as files:
                data = read(files)
            source = SourceFile(file.name, data.sha256, data.crs, {**options, **encoding_read(data)})
            progress.update(task, description=out.say("入库", "storing"), total=len(data.frame), completed=0)
            try:
                with context.writing() as session:
                    result = store(session, data, source, lambda rows: progress.advance(task, rows))
                    if dry_run:
                        raise RehearsalOver
            except Refusal as error:
                if not dry_run:
                    remember_refusal(context, kind, source, error)
                raise
    if result is None:
        raise RuntimeError("an import ended without a result")
    return result


def tell(
    context: Context,
    file: Path,
    report: ImportReport,
    bad: Sequence[BadRow],
    *,
    noun_zh: str,
    noun_en: str,
    dry_run: bool = False,
) -> None:
    """Say what an import did, or would do."""
    out = context.out
    # A rehearsal leaves nothing behind, also no list beside the file.
    rejected = write_rejected(file, bad, out.lang) if bad and not dry_run else None
    out.document(
        {
            "import_id": None if dry_run else report.import_id,
            "dry_run": dry_run,
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
    mark = Text("预演，未保存：", "rehearsal, nothing stored: ") if dry_run else Text("✓ ", "✓ ")
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
            f"{mark.zh}{'，'.join(parts_zh)}；按第 {report.edition} 版归属，{report.ownerless} 个不属于任何网格",
            f"{mark.en}{', '.join(parts_en)}; owners of edition {report.edition}, {report.ownerless} without owner",
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

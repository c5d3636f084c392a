"""From exceptions to exit codes: one place, so that every command ends the same way."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy.exc
import typer
from pydantic import ValidationError

from app.cli.output import Exit, json_line
from app.db.errors import BackupRefused, DatabaseFailure
from app.errors import AppError
from app.i18n import Lang
from app.kit.visible import visible
from app.settings import load_settings
from gis.errors import CoverageError, GisError, InputRefused

_LISTED = 30
# Typer carries its own copy of click and shows only some of its errors; this is the base of those for wrong usage.
_CLICK: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def language() -> Lang:
    """The language of messages, also when the settings are not accepted."""
    try:
        return load_settings().lang
    except ValueError:
        return "zh"


def _end(code: Exit, message: str, /, **document: Any) -> None:
    if "--json" in sys.argv:
        sys.stdout.write(json_line({"error": {"message": message, **document}}) + "\n")
    else:
        sys.stderr.write(visible(message, breaks=True) + "\n")
    sys.exit(int(code))


@contextmanager
def ended() -> Iterator[None]:
    """Turn expected failures into a message and an exit code; leave real bugs their traceback."""
    lang = language()
    try:
        yield
    except ValidationError as error:
        wrong = [
            f"WANGGE_{str(item['loc'][0]).upper()}: {item['msg']} ({item['input']!r})"
            if item["loc"]
            # About several settings together; the input would be all of them, secrets too.
            else item["msg"]
            for item in error.errors(include_url=False)
        ]
        head = "These settings are not accepted:" if lang == "en" else "以下设置无法接受："
        _end(Exit.USAGE, "\n  ".join([head, *wrong]), code="settings")
    except DatabaseFailure as error:
        code = Exit.REFUSED if isinstance(error, BackupRefused) else Exit.DATABASE
        _end(code, error.text(lang), code=error.code)
    except (sqlalchemy.exc.DBAPIError, psycopg.Error) as error:
        _end_database(error, lang)
    except InputRefused as error:
        rows = [
            {
                "row": r.row,
                "column": r.column,
                "reason": r.reason_en if lang == "en" else r.reason_zh,
                "value": r.value,
            }
            for r in error.rows
        ]
        shown = "".join(f"\n  {r['row']}: {r['column']}: {r['reason']} ({r['value']})" for r in rows[:200])
        more = f"\n  … {len(rows) - 200}（--json）" if len(rows) > 200 and "--json" not in sys.argv else ""
        message = _with_option(error, lang)
        _end(
            Exit.REFUSED,
            message if "--json" in sys.argv else message + shown + more,
            code=error.code,
            rows=rows,
        )
    except CoverageError as error:
        listed = "".join(f"\n  ✗ {_defect_line(defect, lang)}" for defect in error.defects[:_LISTED])
        rest = len(error.defects) - _LISTED
        more = f"\n  … {rest}（--json）" if rest > 0 else ""
        _end(
            Exit.REFUSED,
            error.text(lang) if "--json" in sys.argv else error.text(lang) + listed + more,
            code=error.code,
            defects=[defect.as_dict() for defect in error.defects],
        )
    except GisError as error:
        _end(
            Exit.REFUSED,
            _with_option(error, lang),
            code=error.code,
            places=[list(p) for p in error.places],
        )
    except AppError as error:
        code = Exit.REFUSED if error.status in (409, 413, 422) else Exit.CHECK_FAILED
        _end(code, error.text(lang), code=error.code, **error.extra)
    except BrokenPipeError:
        # The reader went away (`wangge … | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        if error.filename is None:
            raise
        # An output folder that is not there or not ours to write; inputs are refused by their reader.
        _end(Exit.USAGE, f"{error.filename}: {error.strerror}", code="file")


@contextmanager
def ended_usage() -> Iterator[None]:
    """Turn wrong usage into a document."""
    try:
        yield
    except _CLICK as error:
        _end(Exit.USAGE, error.format_message(), code="usage")  # type: ignore[attr-defined]
    except typer.Abort:
        sys.exit(130)


def _end_database(error: sqlalchemy.exc.DBAPIError | psycopg.Error, lang: Lang) -> None:
    """End for the database's reasons: out of reach, not ours, not current, busy, or at odds with what is stored."""
    cause = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or ""
    lines = str(cause).strip().splitlines()
    first = lines[0] if lines else "?"
    diagnostic = getattr(cause, "diag", None)
    if state == "55P03":
        _end(
            Exit.REFUSED,
            "Another import or publication is under way; try again when it has ended"
            if lang == "en"
            else "另一次导入或发布正在进行，请等它结束后再试",
            code="busy",
        )
    elif state in ("42P01", "42703", "42883"):
        _end(
            Exit.DATABASE,
            f"The database's schema is not current; run wangge db migrate ({first})"
            if lang == "en"
            else f"数据库结构不是最新，请运行 wangge db migrate（{first}）",
            code="schema-not-current",
        )
    elif state.startswith("23"):
        name = getattr(diagnostic, "constraint_name", None) or "?"
        _end(
            Exit.REFUSED,
            f"Conflicts with what is stored ({name}): {first}"
            if lang == "en"
            else f"与现有数据冲突（{name}）：{first}",
            code="constraint",
            constraint=name,
        )
    elif state.startswith("22") or isinstance(cause, psycopg.DataError):
        _end(
            Exit.REFUSED,
            f"A value that the database cannot hold: {first}"
            if lang == "en"
            else f"数据库无法保存的值：{first}",
            code="value",
        )
    elif isinstance(cause, psycopg.OperationalError) or state.startswith(("28", "42501")):
        _end(
            Exit.DATABASE,
            f"Database: {first}" if lang == "en" else f"数据库：{first}（可运行 wangge db start）",
            code="database-unreachable",
        )
    else:
        raise error


# The core says what is missing; here is the option that gives it.
_OPTIONS = {"crs_missing": "--crs", "several_layers": "--layer", "layer_not_found": "--layer"}


def _with_option(error: GisError, lang: Lang) -> str:
    option = _OPTIONS.get(error.code)
    if option is None:
        return error.text(lang)
    return f"{error.text(lang)} (option {option})" if lang == "en" else f"{error.text(lang)}（选项 {option}）"


def _defect_line(defect: Any, lang: Lang) -> str:
    lon, lat = defect.place
    return f"{defect.kind}  {defect.text(lang)}  @ {lon:.7f},{lat:.7f}"

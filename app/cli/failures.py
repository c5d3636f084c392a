"""From exceptions to exit codes: one place, so that every command ends the same way."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy.exc
from pydantic import ValidationError

from app.cli.output import Exit
from app.db.errors import BackupRefused, DatabaseFailure
from app.errors import AppError
from app.i18n import Lang
from app.settings import load_settings
from gis.errors import GisError, InputRefused


def _lang() -> Lang:
    try:
        return load_settings().lang
    except ValueError:
        return "zh"


def _end(code: Exit, message: str, /, **document: Any) -> None:
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"error": {"message": message, **document}}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(message + "\n")
    sys.exit(int(code))


@contextmanager
def ended() -> Iterator[None]:
    """Turn expected failures into a message and an exit code; leave real bugs their traceback."""
    lang = _lang()
    try:
        yield
    except ValidationError as error:
        wrong = [
            f"WANGGE_{str(item['loc'][0]).upper()}: {item['msg']} ({item['input']!r})"
            for item in error.errors(include_url=False)
            if item["loc"]
        ]
        head = "These settings are not accepted:" if lang == "en" else "以下设置无法接受："
        _end(Exit.USAGE, "\n  ".join([head, *wrong]), code="settings")
    except DatabaseFailure as error:
        code = Exit.REFUSED if isinstance(error, BackupRefused) else Exit.DATABASE
        _end(code, error.text(lang), code=error.code)
    except (sqlalchemy.exc.OperationalError, psycopg.OperationalError) as error:
        cause = str(getattr(error, "orig", error)).strip().splitlines()
        first = cause[0] if cause else "?"
        _end(
            Exit.DATABASE,
            f"Database: {first}" if lang == "en" else f"数据库：{first}（可运行 wangge db start）",
            code="database-unreachable",
        )
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
        message = error.text(lang)
        _end(
            Exit.REFUSED,
            message if "--json" in sys.argv else message + shown + more,
            code=error.code,
            rows=rows,
        )
    except GisError as error:
        _end(Exit.REFUSED, error.text(lang), code=error.code, places=[list(p) for p in error.places])
    except AppError as error:
        code = Exit.REFUSED if error.status in (409, 413, 422) else Exit.CHECK_FAILED
        _end(code, error.text(lang), code=error.code, **error.extra)
    except BrokenPipeError:
        # The reader went away (`wangge … | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)

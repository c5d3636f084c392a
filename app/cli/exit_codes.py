"""From exceptions to exit codes: one place, so that every command ends the same way."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer
from pydantic import ValidationError

from app.cli.errors import CheckFailed, WrongUsage
from app.cli.output import Exit, json_line
from app.db.errors import DatabaseFailure, Locked
from app.errors import BadRequest, Conflict, Invalid, ServiceRefusal, TooLarge
from app.kit.admission import Overloaded
from app.kit.visible import visible
from app.settings import load_settings
from gis.defects import Defect
from gis.errors import AssetsMissing, CoverageError, InputRefused, Refusal, UnknownEncoding
from gis.text import Language

# How many of a list that may be as long as a file a person is shown.
_ROWS, _DEFECTS = 200, 30

# The nearest class of a refusal decides.
EXITS: Mapping[type[Refusal], Exit] = {
    Refusal: Exit.REFUSED,
    WrongUsage: Exit.USAGE,
    CheckFailed: Exit.CHECK_FAILED,
    AssetsMissing: Exit.CHECK_FAILED,
    # What is not there, or not allowed: the input itself was good.
    ServiceRefusal: Exit.CHECK_FAILED,
    BadRequest: Exit.REFUSED,
    Conflict: Exit.REFUSED,
    TooLarge: Exit.REFUSED,
    Invalid: Exit.REFUSED,
    Locked: Exit.REFUSED,
    DatabaseFailure: Exit.DATABASE,
    Overloaded: Exit.DATABASE,
}
# Typer carries its own copy of click and shows only some of its errors; this is the base of those for wrong usage.
_CLICK: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def language() -> Language:
    """The language of messages, also when the settings are not accepted."""
    try:
        return load_settings().lang
    except ValueError:
        return "zh"


def _end(code: Exit, message: str, /, **document: object) -> None:
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
        listed = "\n  ".join(["", *wrong])
        _end_refusal(
            WrongUsage(
                f"以下设置无法接受：{listed}", f"These settings are not accepted:{listed}", code="settings"
            ),
            lang,
        )
    except Refusal as error:
        _end_refusal(error, lang)
    except _database_errors() as error:
        from app.db.driver_errors import refusal_of

        refusal = refusal_of(error, for_operator=True)
        if refusal is None:
            raise
        _end_refusal(refusal, lang)
    except UnicodeEncodeError as error:
        # Bytes of the command line that are no text, where text is meant; names of files may have them.
        shown = str(error.object)[:80].encode("utf-8", "backslashreplace").decode()
        _end_refusal(
            WrongUsage(f"参数不是有效的文字：{shown}", f"An argument is not valid text: {shown}"), lang
        )
    except BrokenPipeError:
        # The reader went away (`wangge … | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        if error.filename is None:
            raise
        # An output folder that is not there or not ours to write; inputs are refused by their reader.
        _end_refusal(
            WrongUsage(
                f"不能使用 {error.filename}：{error.strerror}",
                f"cannot use {error.filename}: {error.strerror}",
                code="output-unusable",
            ),
            lang,
        )


@contextmanager
def ended_usage() -> Iterator[None]:
    """Turn wrong usage into a document."""
    try:
        yield
    except _CLICK as error:
        # The library that reads the command line speaks English only.
        message = error.format_message()  # type: ignore[attr-defined]
        _end_refusal(WrongUsage(message, message), "en")
    except typer.Abort:
        sys.exit(130)


def _database_errors() -> tuple[type[Exception], ...]:
    """Give the errors of the database's libraries: none where a command has not loaded them, which takes a while."""
    found = ((sys.modules.get("sqlalchemy.exc"), "DBAPIError"), (sys.modules.get("psycopg"), "Error"))
    return tuple(getattr(module, name) for module, name in found if module is not None)


def exit_of(kind: type[Refusal]) -> Exit:
    """The exit code of a kind of refusal: that of the nearest class.

    >>> exit_of(Invalid), exit_of(Refusal)
    (<Exit.REFUSED: 3>, <Exit.REFUSED: 3>)
    """
    return next(EXITS[each] for each in kind.__mro__ if each in EXITS)


def _end_refusal(error: Refusal, lang: Language) -> None:
    """End with a refusal: as a document for programs; for people with the first rows and defects under it."""
    sentence = _with_option(error, lang)
    document = error.members()
    lines: list[str] = []
    if isinstance(error, InputRefused) and error.rows:
        document["rows"] = [{**row.as_dict(), "reason": row.reason.in_(lang)} for row in error.rows]
        lines = _listed([row.text(lang) for row in error.rows], _ROWS)
    elif isinstance(error, CoverageError) and error.defects:
        lines = _listed([f"✗ {_defect_line(defect, lang)}" for defect in error.defects], _DEFECTS)
    message = sentence if "--json" in sys.argv else "\n  ".join([sentence, *lines])
    _end(exit_of(type(error)), message, code=error.code, **document)


def _listed(lines: list[str], most: int) -> list[str]:
    rest = len(lines) - most
    return [*lines[:most], f"… {rest}（--json）"] if rest > 0 else lines


# The core says what is missing; here is the option that gives it.
_OPTIONS = {
    "crs-missing": "--crs",
    "several-layers": "--layer",
    "layer-not-found": "--layer",
    "no-place-columns": "--lon --lat, --wkt",
    "unknown-encoding-name": "--encoding",
    "code-not-encodable": "--output-encoding",
    "text-not-encodable": "--output-encoding",
}


def _with_option(error: Refusal, lang: Language) -> str:
    option = _OPTIONS.get(error.code)
    if isinstance(error, UnknownEncoding) and error.samples and "--boundaries" not in error.detail.en:
        option = f"--encoding {error.samples[0].encoding}"
    if option is None:
        return error.text(lang)
    return f"{error.text(lang)} (option {option})" if lang == "en" else f"{error.text(lang)}（选项 {option}）"


def _defect_line(defect: Defect, lang: Language) -> str:
    lon, lat = defect.place
    return f"{defect.kind}  {defect.text(lang)}  @ {lon:.7f},{lat:.7f}"

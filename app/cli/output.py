"""What commands print, and how they end.

With ``--json`` one document goes to standard output and nothing else; without it people get text, progress and
notes on standard error. Exit codes: 0 done, 1 the check that was asked for failed, 2 wrong usage, 3 input refused,
4 database unreachable.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import IntEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text as Cell

from app.kit.visible import visible, visible_json
from gis.text import Language, Text


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    CHECK_FAILED = 1
    USAGE = 2
    REFUSED = 3
    DATABASE = 4


JsonOption = Annotated[bool, typer.Option("--json", help="一份 JSON 输出 / print one JSON document.")]


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    return str(value)


def json_line(value: object) -> str:
    """A document for programs on one line, in which a terminal finds nothing to obey."""
    return visible_json(json.dumps(value, ensure_ascii=False, default=_plain))


class Output:
    """Where a command writes: a document for programs or lines for people.

    Names come from files and from people; in lines they are shown with control characters and marks of direction
    written out, so that none of them moves the cursor, colours what follows or turns it around.
    """

    def __init__(self, *, as_json: bool, lang: Language = "zh") -> None:
        self.as_json = as_json
        self.lang = lang
        self.notes = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        self.console = Console(highlight=False, soft_wrap=True, emoji=False)

    def say(self, zh: str, en: str) -> str:
        """One message in the person's language."""
        return Text(zh, en).in_(self.lang)

    def note(self, zh: str, en: str) -> None:
        """Tell a person something on standard error; programs do not hear it."""
        if not self.as_json:
            self.notes.print(visible(self.say(zh, en), breaks=True), markup=False)

    def notes_of(self, notes: Iterable[Text]) -> list[str]:
        """Tell a person what a reader said of a file; returns it for the document."""
        said = list(notes)
        for note in said:
            self.note(note.zh, note.en)
        return [note.in_(self.lang) for note in said]

    def line(self, text: str = "") -> None:
        """A line of the answer for a person."""
        if not self.as_json:
            self.console.print(visible(text, breaks=True), markup=False)

    def table(
        self, headings: Iterable[str], rows: Iterable[Iterable[str]], *, title: str | None = None
    ) -> None:
        """A table of the answer for a person; what stands in brackets in a cell is text, not a style."""
        if self.as_json:
            return
        table = Table(*headings, title=title)
        for row in rows:
            table.add_row(*(Cell(visible(cell, breaks=True)) for cell in row))
        self.console.print(table)

    def document(self, value: object) -> None:
        """The answer for a program."""
        if self.as_json:
            sys.stdout.write(json_line(value) + "\n")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Progress bars on standard error, silent for programs and in pipes."""
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.notes,
            transient=True,
            disable=self.as_json or not sys.stderr.isatty(),
        ) as progress:
            yield progress

"""What stands in the cells of an XLSX workbook, as text that is exact: SpreadsheetML read as it streams.

A number is handed on by the digits that the file has, so a code of 18 digits survives where the program that wrote
it kept them, and is seen to be ruined where it did not. Nothing is computed, and no link is followed.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gis.errors import UnreadableFile
from gis.io.limits import current_limits
from gis.io.markup import local_name, parse_xml
from gis.io.number_formats import NumberFormat, number_format, shown_number

__all__ = ["Region", "Sheet", "SheetInfo", "Workbook"]

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_CELL = re.compile(rb"<(?:\w+:)?c[\s>]")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BLOCK = 1 << 16
_PLAIN = NumberFormat()

Region = tuple[int, int, int, int]
"""First row, first column, last row, last column of merged cells, all from 1."""


@dataclass(frozen=True)
class SheetInfo:
    """A sheet: its name, the member it is in, and whether it is hidden."""

    name: str
    member: str
    hidden: bool


@dataclass
class Sheet:
    """The cells of a sheet that have something in them.

    Parameters
    ----------
    rows : dict
        Row from 1 to its cells, column from 1 to text.
    numeric : set
        (row, column) of those that are numbers or dates.
    merged : list of Region
    padded, shortened : set of int
        Columns with numbers shown with leading zeros, and with numbers of more digits than a workbook keeps.
    uncomputed : set
        (row, column) of formulas whose value is not in the file.
    """

    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    numeric: set[tuple[int, int]] = field(default_factory=set)
    merged: list[Region] = field(default_factory=list)
    padded: set[int] = field(default_factory=set)
    shortened: set[int] = field(default_factory=set)
    uncomputed: set[tuple[int, int]] = field(default_factory=set)


class Workbook:
    """A workbook whose archive is open.

    Raises
    ------
    gis.errors.UnreadableFile
        Not well-formed, or parts that it names are not there.
    gis.errors.LimitExceeded
        What is read of it unpacks to more than is taken.
    """

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name = archive, name
        self._members = {info.filename.lstrip("/"): info for info in archive.infolist()}
        self._unpacked = 0
        self.sheets: list[SheetInfo] = []
        self._from_1904 = False
        self._read_workbook()

    # ------------------------------------------------------------ parts
    def _walk(
        self,
        member: str,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None] = lambda _: None,
        text: Callable[[str], None] = lambda _: None,
    ) -> None:
        info = self._members.get(member)
        if info is None:
            raise UnreadableFile(
                f"工作簿 {self._name} 已损坏：缺少 {member}",
                f"workbook {self._name} is damaged: it lacks {member}",
                code="damaged",
            )
        self._unpacked += info.file_size
        current_limits().refuse_over_bytes(self._unpacked)
        with self._archive.open(info) as stream:
            parse_xml(stream, name=f"{self._name}/{member}", start=start, end=end, text=text)

    def _read_workbook(self) -> None:
        found: list[tuple[str, str, bool]] = []
        targets: dict[str, str] = {}

        def sheet(label: str, attributes: Mapping[str, str]) -> None:
            local = local_name(label)
            if local == "workbookPr":
                self._from_1904 = attributes.get("date1904", "0").lower() in ("1", "true")
            elif local == "sheet":
                relation = next((value for key, value in attributes.items() if local_name(key) == "id"), "")
                found.append(
                    (attributes.get("name", ""), relation, attributes.get("state", "visible") != "visible")
                )

        def relation(label: str, attributes: Mapping[str, str]) -> None:
            if local_name(label) == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
                target = attributes.get("Target", "")
                full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
                targets[attributes.get("Id", "")] = full

        self._walk(_WORKBOOK, sheet)
        self._walk(_RELATIONS, relation)
        self.sheets = [
            SheetInfo(name, targets[key], hidden) for name, key, hidden in found if targets.get(key)
        ]

    def has_cells(self, sheet: SheetInfo) -> bool:
        """Whether a sheet has any cell; looks no farther than the first."""
        info = self._members.get(sheet.member)
        if info is None:
            return False
        with self._archive.open(info) as stream:
            before = b""
            while block := stream.read(_BLOCK):
                if _CELL.search(before + block):
                    return True
                before = block[-32:]
        return False

    def _shared_texts(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._members:
            return []
        texts: list[str] = []
        parts: list[str] | None = None
        hidden = 0
        taking = False

        def start(label: str, _: Mapping[str, str]) -> None:
            nonlocal parts, hidden, taking
            match local_name(label):
                case "si":
                    parts = []
                case "rPh":  # How a text is pronounced stands beside it, and is no part of it.
                    hidden += 1
                case "t":
                    taking = not hidden

        def end(label: str) -> None:
            nonlocal parts, hidden, taking
            match local_name(label):
                case "si":
                    texts.append(_plain("".join(parts or ())))
                    parts = None
                case "rPh":
                    hidden -= 1
                case "t":
                    taking = False

        def text(piece: str) -> None:
            if taking and parts is not None:
                parts.append(piece)

        self._walk("xl/sharedStrings.xml", start, end, text)
        return texts

    def _formats(self) -> list[NumberFormat]:
        """Give the number format of each style of cells."""
        if "xl/styles.xml" not in self._members:
            return []
        codes: dict[int, str] = {}
        used: list[int] = []
        inside = False

        def start(label: str, attributes: Mapping[str, str]) -> None:
            nonlocal inside
            match local_name(label):
                case "numFmt":
                    codes[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
                case "cellXfs":
                    inside = True
                case "xf" if inside:
                    used.append(_whole(attributes.get("numFmtId")))

        def end(label: str) -> None:
            nonlocal inside
            if local_name(label) == "cellXfs":
                inside = False

        self._walk("xl/styles.xml", start, end)
        return [number_format(number, codes.get(number)) for number in used]

    # ------------------------------------------------------------ cells
    def read(self, sheet: SheetInfo) -> Sheet:
        """Read the cells of a sheet."""
        cells = _Cells(self._shared_texts(), self._formats(), from_1904=self._from_1904)
        self._walk(sheet.member, cells.start, cells.end, cells.text)
        return cells.sheet


class _Cells:
    """Follows the elements of a sheet."""

    def __init__(self, shared: list[str], formats: list[NumberFormat], *, from_1904: bool) -> None:
        self.sheet = Sheet()
        self._shared, self._formats, self._from_1904 = shared, formats, from_1904
        self._row = self._column = 0
        self._kind, self._style = "n", 0
        self._value: list[str] = []
        self._taking = self._formula = False
        self._hidden = 0
        self._columns: dict[str, int] = {}

    def start(self, label: str, attributes: Mapping[str, str]) -> None:
        match local_name(label):
            case "row":
                self._row = _whole(attributes.get("r")) or self._row + 1
                self._column = 0
                current_limits().refuse_over("features", len(self.sheet.rows))
            case "c":
                self._start_cell(attributes)
            case "rPh":
                self._hidden += 1
            case "f":
                self._formula = True
            case "v" | "t":
                self._taking = not self._hidden
                self._formula = False
            case "mergeCell":
                region = _region(attributes.get("ref", ""))
                if region is not None:
                    self.sheet.merged.append(region)

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        letters = attributes.get("r", "").rstrip("0123456789")
        if letters not in self._columns:
            self._columns[letters] = _column(letters) if re.fullmatch("[A-Z]{1,3}", letters) else 0
        self._column = self._columns[letters] or self._column + 1
        self._kind = attributes.get("t", "n")
        self._style = _whole(attributes.get("s"))
        self._value = []
        self._formula = False

    def end(self, label: str) -> None:
        match local_name(label):
            case "v" | "t":
                self._taking = False
            case "rPh":
                self._hidden -= 1
            case "c":
                self._keep("".join(self._value))

    def text(self, piece: str) -> None:
        if self._taking:
            self._value.append(piece)

    def _keep(self, value: str) -> None:
        place = (self._row, self._column)
        if self._formula:
            self.sheet.uncomputed.add(place)
        match self._kind:
            case "s":
                at = _whole(value.strip(), -1)
                text = self._shared[at] if 0 <= at < len(self._shared) else ""
            case "str" | "inlineStr":
                text = _plain(value)
            case "b":
                text = "TRUE" if value.strip() == "1" else "FALSE"
            case "e" | "d":
                text = value.strip()
            case _:
                text = self._number(value.strip())
        if text:
            self.sheet.rows.setdefault(self._row, {})[self._column] = text
            if self._kind in ("n", "d"):
                self.sheet.numeric.add(place)

    def _number(self, value: str) -> str:
        if not value:
            return ""
        kind = self._formats[self._style] if 0 <= self._style < len(self._formats) else _PLAIN
        if kind == _PLAIN and value.isdigit() and value.isascii():
            return value
        text, remark = shown_number(value, kind, from_1904=self._from_1904)
        if remark == "padded":
            self.sheet.padded.add(self._column)
        elif remark == "shortened":
            self.sheet.shortened.add(self._column)
        return text


def _plain(text: str) -> str:
    """Undo the escapes that stand for what XML has no place for, and drop blanks around."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        # Halves of a character cannot come from a workbook that is whole.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip()


def _whole(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else otherwise


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _region(reference: str) -> Region | None:
    """Read the reference of merged cells.

    Examples
    --------
    >>> _region("B2:AA3")
    (2, 2, 3, 27)
    """
    first, _, last = reference.partition(":")
    one, other = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    if one is None or other is None:
        return None
    return int(one[2]), _column(one[1]), int(other[2]), _column(other[1])

"""XLSX: a sheet is a layer, its first rows are the header, and places come from columns as in CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from gis.crs import CrsLike
from gis.errors import LayerNotFound, UnreadableFile
from gis.io.archive import opened_archive
from gis.io.layer import ALL_LAYERS, LayerData, LayerInfo, digest_of
from gis.io.limits import current_limits
from gis.io.names import distinct_names
from gis.io.notes import distinct_notes
from gis.io.sheets import Region, Sheet, SheetInfo, Workbook
from gis.io.table import with_places
from gis.text import Text

__all__ = ["list_workbook", "read_workbook"]

_TALLEST_HEADER = 10


def list_workbook(source: Path) -> list[LayerInfo]:
    """List the sheets of a workbook that have cells."""
    with opened_archive(source) as archive:
        workbook = Workbook(archive, source.name)
        return [LayerInfo(one.name, None, None) for one in workbook.sheets if workbook.has_cells(one)]


def read_workbook(
    source: Path,
    *,
    layer: str | None,
    crs: CrsLike | None,
    lon: str | None,
    lat: str | None,
    wkt: str | None,
) -> LayerData:
    """Read a sheet with places in lon/lat columns or a WKT column.

    Every column is text: numbers by the digits that the file has, dates as ``2026-01-02``.

    Raises
    ------
    gis.errors.LayerNotFound
        Several sheets with cells and none named.
    gis.errors.UnreadableFile
        Damaged, or a sheet without a table.
    """
    with opened_archive(source) as archive:
        workbook = Workbook(archive, source.name)
        chosen = _choose(workbook, layer, source.name)
        sheet = workbook.read(chosen)
    columns, notes = _table(sheet, f"{source.name} {chosen.name}")
    data = with_places(
        columns,
        file=source.name,
        crs=crs,
        lon=lon,
        lat=lat,
        wkt=wkt,
        driver="XLSX",
        sha256=digest_of([source]),
    )
    return replace(data, layer=chosen.name, notes=distinct_notes([*notes, *data.notes]))


def _choose(workbook: Workbook, wanted: str | None, file: str) -> SheetInfo:
    filled = [one for one in workbook.sheets if workbook.has_cells(one)]
    listing = ", ".join(one.name for one in filled) or "-"
    if wanted not in (None, ALL_LAYERS):
        for one in workbook.sheets:
            if one.name == wanted:
                return one
        raise LayerNotFound(
            f"工作簿 {file} 中没有工作表 {wanted!r}；现有：{listing}",
            f"workbook {file} has no sheet {wanted!r}; it has: {listing}",
        )
    if not filled:
        raise UnreadableFile(f"工作簿 {file} 是空的", f"workbook {file} is empty", code="no-rows")
    shown = [one for one in filled if not one.hidden] or filled
    if len(shown) > 1:
        raise LayerNotFound(
            f"工作簿 {file} 有多个工作表，请用 layer 指明：{listing}",
            f"workbook {file} has several sheets, name one with layer: {listing}",
            code="several-layers",
        )
    return shown[0]


# ---------------------------------------------------------------- header and rows
@dataclass(frozen=True)
class _Header:
    """The rows that name the columns, and the names, by column."""

    first: int
    last: int
    names: dict[int, str]


def _table(sheet: Sheet, label: str) -> tuple[pd.DataFrame, list[Text]]:
    """Make a table of the cells: a header, and rows below it."""
    numbers = sorted(sheet.rows)
    if not numbers:
        raise UnreadableFile(f"工作表 {label} 是空的", f"sheet {label} is empty", code="no-rows")
    header, notes = _header(sheet, numbers)
    below = [row for row in numbers if row > header.last]
    if not below:
        raise UnreadableFile(
            f"工作表 {label} 只有表头，没有数据行", f"sheet {label} has a header and no rows", code="no-rows"
        )
    filled = _fill_down(sheet, header.last, below[-1])
    used = sorted({column for row in below for column in sheet.rows[row]} | header.names.keys())
    current_limits().refuse_over("columns", len(used))
    current_limits().refuse_over("features", len(below))
    names, changed = distinct_names([header.names.get(column, "") for column in used])
    frame = pd.DataFrame(
        {
            name: pd.Series([sheet.rows[row].get(column) for row in below], dtype="str")
            for name, column in zip(names, used, strict=True)
        }
    )
    called = dict(zip(used, names, strict=True))
    notes += [_renamed(label_of, names[at]) for at, label_of in changed]
    notes += _remarks(sheet, called)
    if filled:
        notes.append(
            Text(
                f"{filled} 处合并单元格的内容用于其下各行",
                f"the content of {filled} merged cells stands for all of their rows",
            )
        )
    blank = below[-1] - header.last - len(below)
    if blank:
        notes.append(
            Text(
                f"跳过 {blank} 个空行；行号不计空行，第 1 行是工作表的第 {below[0]} 行",
                f"{blank} empty rows are left out; rows are counted without them, and row 1 is row {below[0]} of the "
                "sheet",
            )
        )
    return frame, notes


def _header(sheet: Sheet, numbers: Sequence[int]) -> tuple[_Header, list[Text]]:
    """Find the rows that name the columns: titles above and merged groups are no names."""
    first = numbers[0]
    title = None
    if len(numbers) > 1 and len(sheet.rows[first]) == 1 and len(sheet.rows[numbers[1]]) > 2:
        title, first = first, numbers[1]
    last = first
    while last - first < _TALLEST_HEADER:
        reaching = [one for one in sheet.merged if first <= one[0] <= last]
        deepest = max([last, *(one[2] for one in reaching)])
        wide = any(one[3] > one[1] and one[2] == deepest for one in reaching)
        if wide and _may_name(sheet, deepest + 1):
            deepest += 1
        if deepest == last or not all(_may_name(sheet, row) for row in range(first + 1, deepest + 1)):
            break
        last = deepest
    names: dict[int, str] = {}
    for row in range(first, last + 1):
        names.update(sheet.rows.get(row, {}))
        for region in sheet.merged:
            if region[0] <= row <= region[2] and first <= region[0]:
                text = sheet.rows.get(region[0], {}).get(region[1])
                for column in _within(sheet, region):
                    if text and column not in sheet.rows.get(row, {}):
                        names[column] = text
    notes = []
    if title is not None or last > first:
        rows = f"{title or first}–{last}"
        notes.append(
            Text(
                f"表头占第 {rows} 行（含标题或合并单元格），各列名为：{', '.join(names.values())}",
                f"rows {rows} are a header with a title or merged cells; the columns are called: "
                f"{', '.join(names.values())}",
            )
        )
    return _Header(title or first, last, {column: name for column, name in names.items() if name}), notes


def _may_name(sheet: Sheet, row: int) -> bool:
    """Whether a row can be a part of a header: texts, and no numbers."""
    return row in sheet.rows and not any((row, column) in sheet.numeric for column in sheet.rows[row])


def _within(sheet: Sheet, region: Region) -> list[int]:
    """Give the columns of a region that anything is in: a region may span all that a sheet could have."""
    used = {column for cells in sheet.rows.values() for column in cells}
    return [column for column in sorted(used) if region[1] <= column <= region[3]]


def _fill_down(sheet: Sheet, header: int, last: int) -> int:
    """Give the content of cells merged downwards to all of their rows; how many such cells there are."""
    filled = 0
    for top, column, bottom, _ in sheet.merged:
        text = sheet.rows.get(top, {}).get(column)
        if top <= header or bottom == top or text is None:
            continue
        filled += 1
        for row in range(top + 1, min(bottom, last) + 1):
            # A row of which this is all is an empty one.
            if row in sheet.rows:
                sheet.rows[row].setdefault(column, text)
    return filled


def _renamed(name: str, now: str) -> Text:
    return Text(
        f"有两列都叫 {name!r}，后一列改名为 {now!r}",
        f"two columns are called {name!r}; the later one is now {now!r}",
    )


def _remarks(sheet: Sheet, called: dict[int, str]) -> list[Text]:
    notes = []
    padded = ", ".join(called[column] for column in sorted(sheet.padded) if column in called)
    if padded:
        notes.append(
            Text(
                f"列 {padded} 中的数字按其格式补足前导零",
                f"numbers in {padded} are given the leading zeros that their format shows",
            )
        )
    uncomputed = sorted(place for place in sheet.uncomputed if place[1] in called)
    if uncomputed:
        row, column = uncomputed[0]
        notes.append(
            Text(
                f"{len(uncomputed)} 格是没有保存结果的公式，按空值读取，第一个在工作表第 {row} 行 {called[column]} 列；"
                "请用 Excel 或 WPS 打开并保存一次",
                f"{len(uncomputed)} cells are formulas whose value is not in the file, and are read as empty; the first "
                f"is in row {row} of the sheet, column {called[column]}: open and save it once in a spreadsheet",
            )
        )
    shortened = ", ".join(called[column] for column in sorted(sheet.shortened) if column in called)
    if shortened:
        notes.append(
            Text(
                f"列 {shortened} 中有超过 15 位的数字，工作簿只保留 15 位，末尾几位已丢失；请把该列设为文本后重新填写",
                f"{shortened} holds numbers of more than 15 digits, of which a workbook keeps 15: the last ones are "
                "lost; format the column as text and fill it in again",
            )
        )
    return notes

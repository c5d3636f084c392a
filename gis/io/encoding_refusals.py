"""Refusals of text whose encoding is not known or not what is said: each shows how the text would read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gis.errors import BadRow, EncodingSample, UnknownEncoding
from gis.io.cells import Cell, decode_cell, fit_encoding, read_cells
from gis.io.code_pages import usual_name
from gis.io.layer import bad_row
from gis.io.plausible_text import strangeness
from gis.text import Text

__all__ = [
    "CANDIDATES",
    "refuse_cells",
    "refuse_undeclared",
    "refuse_utf8_as_other",
    "sample_encodings",
    "way_out",
]

CANDIDATES = ("gb18030", "cp950", "cp932", "cp949", "cp1252", "cp1251")
"""What text may be in whose encoding nobody says."""

_LISTED = 20
_SAMPLES = 4
_SAMPLED_CELLS = 3
_LONGEST = 40


def sample_encodings(cells: Sequence[Cell], candidates: Iterable[str] = CANDIDATES) -> list[EncodingSample]:
    """Show some cells in each encoding that all of them can be in, the likeliest first."""
    fitting = [codec for codec in candidates if cells and fit_encoding(cells, codec)]
    ranked = sorted(fitting, key=lambda codec: strangeness(read_cells(cells, codec), codec))
    shown = telling_cells(cells)
    return [
        EncodingSample(usual_name(codec), tuple(_shown(cell, codec) for cell in shown))
        for codec in ranked[:_SAMPLES]
    ]


def telling_cells(cells: Sequence[Cell]) -> list[Cell]:
    """Choose the cells that show most: of the data rather than names, and with more beyond ASCII."""

    def weight(cell: Cell) -> tuple[bool, int]:
        return cell.row > 0, sum(byte >= 0x80 for byte in cell.text[:_LONGEST])

    return sorted(cells, key=weight, reverse=True)[:_SAMPLED_CELLS]


def way_out(samples: Sequence[EncodingSample]) -> Text:
    """Say how a text would read and what to name, in both languages; nothing without samples."""
    if not samples:
        return Text("", "")
    readings = [f"{sample.encoding} → {sample.texts[0]}" for sample in samples]
    best = samples[0].encoding
    zh = f"可读作：{'；'.join(readings)}。请看哪个对，用 encoding 指明，例如 encoding={best}"
    en = (
        f"would read: {'; '.join(readings)}. See which is right and name it with encoding, "
        f"for example encoding={best}"
    )
    return Text(zh, en)


def refuse_undeclared(
    cells: Sequence[Cell], file: str, declared: Sequence[tuple[str, str]], *, ambiguous: bool = False
) -> UnknownEncoding:
    """Make the refusal of a file whose encoding the user has to say.

    Parameters
    ----------
    cells : sequence of Cell
        Texts beyond ASCII.
    file : str
    declared : sequence of (codec, source)
        What the file declares and its bytes do not bear out.
    ambiguous : bool
        They may be what is declared, and valid UTF-8 as well.
    """
    codecs = dict.fromkeys([*(codec for codec, _ in declared), "utf-8", *CANDIDATES])
    samples = sample_encodings(cells, codecs)
    sources = "、".join(source for _, source in declared)
    if not declared:
        why_zh = f"文件 {file} 没有写明文字编码，也不是 UTF-8，不作猜测"
        why_en = f"file {file} does not say the encoding of its text, which is not UTF-8; it is never guessed"
    elif ambiguous:
        why_zh = f"文件 {file} 写明了文字编码（{sources}），但内容也是有效的 UTF-8"
        why_en = f"file {file} declares its encoding ({sources}), and its bytes are valid UTF-8 as well"
    else:
        why_zh = f"文件 {file} 写明的文字编码（{sources}）与内容不符"
        why_en = f"the encoding that file {file} declares ({sources}) is not borne out by its bytes"
    one = telling_cells(cells)[0]
    place_zh, place_en = one.place
    zh, en = way_out(samples)
    if not samples:
        zh, en = (
            f"是 {one.text[:20].hex(' ')}，可能混有几种编码",
            f"is {one.text[:20].hex(' ')}; several encodings may be mixed",
        )
    return UnknownEncoding(
        f"{why_zh}。{place_zh}{zh}",
        f"{why_en}. {place_en[0].upper()}{place_en[1:]} {en}",
        rows=[] if samples else _rows(cells, "文字编码不明", "text in no encoding that is known"),
        samples=samples,
    )


def refuse_cells(
    wrong: Sequence[Cell],
    codec: str,
    file: str,
    *,
    cells: Sequence[Cell] = (),
    given: str | None = None,
) -> UnknownEncoding:
    """Make the refusal of cells that are not in the encoding of the file, each by row and column.

    Parameters
    ----------
    wrong : sequence of Cell
    codec : str
        What the rest is in, or the user says.
    file : str
    cells : sequence of Cell
        All texts, to show what they may be in.
    given : str, optional
        How the user has called it.
    """
    name = given or usual_name(codec)
    first = wrong[0]
    reads = [f"{sample.encoding} → {sample.texts[0]}" for sample in sample_encodings([first])]
    tail_zh = f"（可读作：{'；'.join(reads)}）" if reads else ""
    tail_en = f" (which would read: {'; '.join(reads)})" if reads else ""
    place_zh, place_en = first.place
    said_zh = f"，与 encoding={given} 不符" if given else "，而其余文字是"
    said_en = f", so that encoding={given} does not hold" if given else ", though the rest of its text is"
    count_zh, count_en = f"{len(wrong)} 处", "one place" if len(wrong) == 1 else f"{len(wrong)} places"
    content = first.text[:20].hex(" ")
    return UnknownEncoding(
        f"文件 {file} 有 {count_zh}文字不是 {name} 编码{said_zh}；第一处：{place_zh}，{content}{tail_zh}",
        f"file {file} has text in {count_en} that is not {name}{said_en}; the first: {place_en}, {content}{tail_en}",
        rows=_rows(wrong, f"不是 {name} 编码的文字", f"text that is not {name}"),
        samples=sample_encodings(cells) if given else [],
    )


def refuse_utf8_as_other(cells: Sequence[Cell], codec: str, given: str, file: str) -> UnknownEncoding:
    """Make the refusal of UTF-8 that the user calls something else."""
    one = telling_cells(cells)[0]
    as_said, as_utf8 = (_shown(one, name) for name in (codec, "utf-8"))
    place_zh, place_en = one.place
    return UnknownEncoding(
        f"文件 {file} 的文字是 UTF-8，不是 {given}：{place_zh}按 UTF-8 读作 {as_utf8}，按 {given} 读作 {as_said}；"
        "请去掉 encoding，或写 utf-8",
        f"the text of {file} is UTF-8, not {given}: {place_en} reads {as_utf8} in UTF-8, "
        f"{as_said} in {given}; leave encoding out, or say utf-8",
        samples=sample_encodings(cells, ["utf-8", codec]),
    )


def _rows(cells: Sequence[Cell], zh: str, en: str) -> list[BadRow]:
    return [
        bad_row(cell.row, cell.column or "*", zh, en, cell.text[:_LONGEST].hex(" "))
        for cell in cells[:_LISTED]
    ]


def _shown(cell: Cell, codec: str) -> str:
    read = decode_cell(cell.text, codec, full=cell.full)
    text = cell.text.decode(codec, "replace") if read is None else read[0]
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

"""``wangge components classes`` and ``wangge incidents classes``: what things are called here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.cli.context import Context
from app.cli.errors import CheckFailed
from gis.spelling import did_you_mean


def list_classes(context: Context, rows: Sequence[Mapping[str, object]], words: str | None) -> None:
    """Print classes (code, major, names, what else is known) that a code or a part of a name selects.

    Ends with exit code 1 when none does, with the nearest names.
    """
    out = context.out
    chosen = [row for row in rows if not words or _fits(row, words.strip().casefold())]
    if not chosen:
        names = [f"{row[key]}" for row in rows for key in ("name_zh", "name_en")]
        zh, en = did_you_mean(str(words), names)
        raise CheckFailed(f"没有类别 {words}{zh}", f"there is no class {words}{en}", code="no-such-class")
    out.document({"count": len(chosen), "classes": chosen})
    english = out.lang == "en"
    headings = (
        ("code", "name", "Chinese", "major class", "") if english else ("编码", "名称", "英文名", "大类", "")
    )
    out.table(
        headings,
        [
            [
                str(row["code"]),
                str(row["name_en"] if english else row["name_zh"]),
                str(row["name_zh"] if english else row["name_en"]),
                f"{row['major_code']} {row['major_en'] if english else row['major_zh']}",
                str(row.get("geometry") or row.get("scheme") or ""),
            ]
            for row in chosen
        ],
    )
    out.line(out.say(f"{len(chosen)} 类", f"{len(chosen)} classes"))


def _fits(row: Mapping[str, object], words: str) -> bool:
    named = (str(row[key]).casefold() for key in ("name_zh", "name_en", "major_zh", "major_en"))
    return str(row["code"]).startswith(words) or any(words in name for name in named)

"""Published grids that a file does not have: they end, they stay, or the file is refused until somebody says which."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from app.errors import Invalid
from gis.text import Text

# Up to this part of a district a file may lack grids without a word: that is redrawing, not half a file.
SILENT_SHARE = 0.1
_SHOWN = 10


class Missing(StrEnum):
    """What is meant by published grids that a file does not have."""

    RETIRE = "retire"
    KEEP = "keep"


def refuse_many_missing(
    missing: Sequence[str], total: int, *, file: Text, whole: Text, retire: str, keep: str, recoded: int = 0
) -> None:
    """Refuse a file that lacks more than a tenth of the grids, when nobody said what that means.

    Parameters
    ----------
    missing : sequence of str
        Codes of published grids that the file does not have.
    total : int
        How many grids there are.
    whole : Text
        What they are the grids of.
    recoded : int
        How many of the missing ones the file has under another code.
    retire, keep : str
        The options that say it, as the caller's users write them.

    Raises
    ------
    Invalid
        ``grids-missing``, with the codes.

    Examples
    --------
    >>> file = Text("文件 a.shp", "file a.shp")
    >>> refuse_many_missing(["a"], 10, file=file, whole=Text("区", "the district"), retire="r", keep="k")
    >>> refuse_many_missing(["a", "b"], 10, file=file, whole=Text("区", "the district"), retire="r", keep="k")
    Traceback (most recent call last):
    app.errors.Invalid: ...
    """
    if len(missing) <= total * SILENT_SHARE:
        return
    listed = "、".join(missing[:_SHOWN]) + ("…" if len(missing) > _SHOWN else "")
    share = len(missing) / total
    other = Text("", "")
    if recoded:
        other = Text(f"，其中 {recoded} 个图形还在、编码不同", f", {recoded} of them under another code")
    raise Invalid(
        f"{file.zh} 缺少{whole.zh}现有 {total} 个网格中的 {len(missing)} 个（{share:.0%}{other.zh}）：{listed}。"
        f"超过十分之一时须说明：{retire} 撤销它们，或 {keep} 让它们保持原样",
        f"{file.en} lacks {len(missing)} of the {total} grids of {whole.en} ({share:.0%}{other.en}): {listed}. "
        f"For more than a tenth say what that means: {retire} ends them, {keep} leaves them as they are",
        code="grids-missing",
        missing=list(missing),
        missing_count=len(missing),
        recoded_count=recoded,
        grids=total,
        options=[retire, keep],
    )

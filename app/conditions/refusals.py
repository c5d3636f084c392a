"""The refusals of conditions that stand in more than one place, and how they show what came."""

from __future__ import annotations

from app.errors import Invalid
from app.kit.visible import visible
from gis.text import Text

__all__ = ["shown", "syntax_error", "too_large", "unsupported", "wrong_type"]

_SHOWN = 80


def shown(text: str) -> str:
    """The beginning of what came, with whatever cannot be seen written out.

    >>> shown("甲\\n" + "x" * 100) == "甲\\\\n" + "x" * 76 + "…"
    True
    """
    found = visible(text[: _SHOWN + 1])
    return found if len(found) <= _SHOWN else f"{found[: _SHOWN - 1]}…"


def too_large(what: Text, largest: int, found: int) -> Invalid:
    """The refusal of a condition beyond one of the limits, which `what` names."""
    return Invalid(
        f"条件过大：{what.zh}最多 {largest}，收到 {found}",
        f"the condition is too large: at most {largest} {what.en}, came {found}",
        code="condition-too-large",
        largest=largest,
        found=found,
    )


def unsupported(what: str, instead: Text | None = None) -> Invalid:
    """The refusal of what CQL2 has and we do not compile, by its name."""
    way = instead or Text(
        "可用：and or not = <> < <= > >= like in between isNull s_intersects s_within t_after t_before t_equals "
        "t_intersects t_during t_disjoint",
        "there are: and or not = <> < <= > >= like in between isNull s_intersects s_within t_after t_before t_equals "
        "t_intersects t_during t_disjoint",
    )
    return Invalid(
        f"条件不支持 {shown(what)}；{way.zh}",
        f"conditions do not support {shown(what)}; {way.en}",
        code="condition-unsupported",
    )


def syntax_error(expected: Text, came: str, *, position: int | None = None) -> Invalid:
    """The refusal of what cannot be read, with the place in a text (1-based)."""
    at = Text("", "") if position is None else Text(f"第 {position} 个字符处", f" at character {position}")
    refusal = Invalid(
        f"条件读不懂：{at.zh}应为{expected.zh}，收到 {shown(came)}",
        f"the condition cannot be read{at.en}: expected {expected.en}, came {shown(came)}",
        code="condition-unreadable",
    )
    if position is not None:
        refusal.extra["position"] = position
    return refusal


def wrong_type(name: str, expected: Text, came: str) -> Invalid:
    """The refusal of a literal or operator that is not of its property's kind."""
    return Invalid(
        f"属性 {name} 应与{expected.zh}比较，收到 {shown(came)}",
        f"the property {name} is compared with {expected.en}, came {shown(came)}",
        code="condition-type",
    )

"""Codes of units and components: named schemes, parts in columns.

Codes are names, not structure. Schemes for component codes exist with equal length and different parts, so a code
is only ever taken apart by the scheme it is said to be in:

==================== ====== ======== ===== ===== ========
scheme               digits county   major minor sequence
==================== ====== ======== ===== ===== ========
GB/T 30428.2-2013    16     6        2     2     6
draft-2025           16     6        2     3     5
GB/T 47678.5-2026    17     6        2     3     6
own                  any    -        -     -     -
==================== ====== ======== ===== ===== ========

Unit codes have 6, 9, 12 and 15 digits where the national scheme is used (district, street, community, grid); any
other unique text will do as well, and the hierarchy never rests on digits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from gis.errors import CodeError
from gis.ltree import ltree_label
from gis.text import Text

__all__ = [
    "COMPONENT_SCHEMES",
    "UNIT_DIGITS",
    "CodeProblem",
    "CodeScheme",
    "ComponentCode",
    "UnitLevel",
    "build_component_code",
    "check_unit_code",
    "component_code_problems",
    "component_scheme",
    "is_national_unit_code",
    "new_grid_code",
    "parse_component_code",
    "possible_schemes",
]

UnitLevel = Literal["district", "street", "community", "grid"]
UNIT_DIGITS: dict[UnitLevel, int] = {"district": 6, "street": 9, "community": 12, "grid": 15}
"""Digits of a unit code in the national scheme."""

_LONGEST = 64


@dataclass(frozen=True)
class CodeScheme:
    """How a component code is laid out; `parts` is empty for codes that are not taken apart."""

    name: str
    parts: tuple[tuple[str, int], ...]

    @property
    def digits(self) -> int | None:
        """Length of a code, None when free."""
        return sum(width for _, width in self.parts) or None


COMPONENT_SCHEMES: dict[str, CodeScheme] = {
    scheme.name: scheme
    for scheme in (
        CodeScheme("GB/T 30428.2-2013", (("county", 6), ("major", 2), ("minor", 2), ("sequence", 6))),
        CodeScheme("draft-2025", (("county", 6), ("major", 2), ("minor", 3), ("sequence", 5))),
        CodeScheme("GB/T 47678.5-2026", (("county", 6), ("major", 2), ("minor", 3), ("sequence", 6))),
        CodeScheme("own", ()),
    )
}


@dataclass(frozen=True)
class ComponentCode:
    """A component code with its scheme and, where the scheme has them, its parts."""

    code: str
    scheme: str
    county: str | None = None
    major: str | None = None
    minor: str | None = None
    sequence: str | None = None


@dataclass(frozen=True)
class CodeProblem:
    """Why one of many codes does not fit its scheme; `index` counts from 0."""

    index: int
    value: str
    reason: Text


def component_scheme(name: str) -> CodeScheme:
    """Find a scheme by its name.

    Raises
    ------
    gis.errors.CodeError
        With the names there are.

    Examples
    --------
    >>> component_scheme("GB/T 47678.5-2026").digits
    17
    """
    try:
        return COMPONENT_SCHEMES[name]
    except KeyError:
        known = ", ".join(COMPONENT_SCHEMES)
        raise CodeError(
            f"不认识的编码规则 {name!r}；可用：{known}",
            f"unknown code scheme {name!r}; expected one of {known}",
            code="unknown-scheme",
        ) from None


def possible_schemes(code: str) -> tuple[str, ...]:
    """Name the schemes a code could be in by its length; more than one means that somebody has to say.

    Examples
    --------
    >>> possible_schemes("3702110103000001")
    ('GB/T 30428.2-2013', 'draft-2025', 'own')
    """
    return tuple(name for name, scheme in COMPONENT_SCHEMES.items() if _problem(code, scheme) is None)


def parse_component_code(code: str, scheme: str) -> ComponentCode:
    """Take a component code apart by a named scheme.

    Parameters
    ----------
    code : str
        Outer blanks are removed.
    scheme : str
        One of `COMPONENT_SCHEMES`.

    Returns
    -------
    ComponentCode
        Without parts for ``own``.

    Raises
    ------
    gis.errors.CodeError
        An unknown scheme, or a code that does not fit it.

    Examples
    --------
    >>> one = parse_component_code("3702110103000001", "GB/T 30428.2-2013")
    >>> other = parse_component_code("3702110103000001", "draft-2025")
    >>> (one.minor, one.sequence), (other.minor, other.sequence)
    (('03', '000001'), ('030', '00001'))
    """
    layout = component_scheme(scheme)
    text = code.strip()
    problem = _problem(text, layout)
    if problem is not None:
        raise CodeError(
            f"部件编码 {text!r}：{problem.zh}",
            f"component code {text!r}: {problem.en}",
            code="component-code-malformed",
        )
    parts, at = {}, 0
    for part, width in layout.parts:
        parts[part] = text[at : at + width]
        at += width
    return ComponentCode(text, scheme, **parts)


def build_component_code(scheme: str, *, county: str, major: str, minor: str, sequence: int) -> ComponentCode:
    """Compose a component code.

    Parameters
    ----------
    scheme : str
        One with parts.
    county, major, minor : str
        Digits of just the width the scheme asks for.
    sequence : int
        From 1 on.

    Raises
    ------
    gis.errors.CodeError

    Examples
    --------
    >>> build_component_code("GB/T 47678.5-2026", county="370211", major="01", minor="003", sequence=7).code
    '37021101003000007'
    """
    layout = component_scheme(scheme)
    if not layout.parts:
        raise CodeError(
            f"编码规则 {scheme!r} 没有固定结构",
            f"code scheme {scheme!r} has no parts to build from",
            code="scheme-without-parts",
        )
    widths = dict(layout.parts)
    pieces = {
        "county": county,
        "major": major,
        "minor": minor,
        "sequence": str(sequence).zfill(widths["sequence"]),
    }
    for part, text in pieces.items():
        if len(text) != widths[part] or not _digits(text) or (part == "sequence" and sequence < 1):
            raise CodeError(
                f"{scheme} 的 {part} 应为 {widths[part]} 位数字，实际为 {text!r}",
                f"{part} of {scheme} must be {widths[part]} digits, got {text!r}",
                code="code-part-width",
            )
    return ComponentCode("".join(pieces[part] for part, _ in layout.parts), scheme, **pieces)


def component_code_problems(codes: Iterable[str | None], scheme: str) -> list[CodeProblem]:
    """Check many component codes against one scheme; None and blank ones are not problems here.

    Examples
    --------
    >>> [p.reason.en for p in component_code_problems(["3702110103000001", "37"], "draft-2025")]
    ['expected 16 digits, got 2 characters']
    """
    layout = component_scheme(scheme)
    out = []
    for index, code in enumerate(codes):
        text = "" if code is None else code.strip()
        problem = _problem(text, layout) if text else None
        if problem is not None:
            out.append(CodeProblem(index, text, problem))
    return out


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _problem(text: str, layout: CodeScheme) -> Text | None:
    if not layout.parts:
        return _text_problem(text)
    if len(text) != layout.digits:
        return Text(
            f"应为 {layout.digits} 位数字，实际 {len(text)} 个字符",
            f"expected {layout.digits} digits, got {len(text)} characters",
        )
    if not _digits(text):
        return Text(
            f"应为 {layout.digits} 位数字，含有其他字符",
            f"expected {layout.digits} digits, got other characters",
        )
    return None


def _text_problem(text: str) -> Text | None:
    if not text.strip():
        return Text("编码为空", "the code is empty")
    if text != text.strip() or not text.isprintable():
        return Text("编码含首尾空白或控制字符", "the code has outer blanks or control characters")
    if len(text) > _LONGEST:
        return Text(f"编码超过 {_LONGEST} 个字符", f"the code has more than {_LONGEST} characters")
    return None


# ---------------------------------------------------------------- units
def check_unit_code(code: str) -> str:
    """Return a unit code that may be stored: any printable text of up to 64 characters without outer blanks
    that also fits into a label of the hierarchy (28 Chinese characters).

    Raises
    ------
    gis.errors.CodeError

    Examples
    --------
    >>> check_unit_code("HD-07 号"), check_unit_code("370211001002003")
    ('HD-07 号', '370211001002003')
    """
    problem = _text_problem(code)
    if problem is not None:
        raise CodeError(f"{code!r}：{problem.zh}", f"{code!r}: {problem.en}", code="code-malformed")
    ltree_label(code)
    return code


def is_national_unit_code(code: str, level: UnitLevel) -> bool:
    """Say whether a code has the form of the national scheme for its level.

    Examples
    --------
    >>> is_national_unit_code("370211001", "street"), is_national_unit_code("370211001", "grid")
    (True, False)
    """
    return _digits(code) and len(code) == UNIT_DIGITS[level]


def new_grid_code(community_code: str, used: Collection[str]) -> str:
    """Give a fresh grid code in a community: its code and three digits, the number after the highest ever used.

    Parameters
    ----------
    community_code : str
    used : collection of str
        Every code that is or ever was in use; a code is never used again.

    Raises
    ------
    gis.errors.CodeError
        All 999 numbers are used up.

    Examples
    --------
    >>> new_grid_code("370211001001", {"370211001001001", "370211001001007"})
    '370211001001008'
    """
    pattern = re.compile(re.escape(community_code) + r"(\d{3})")
    highest = max((int(found.group(1)) for code in used if (found := pattern.fullmatch(code))), default=0)
    if highest >= 999:
        raise CodeError(
            f"{community_code} 的网格顺序号已用完（999）",
            f"{community_code} has used up its 999 grid numbers",
            code="numbers-used-up",
        )
    return f"{community_code}{highest + 1:03d}"

"""Messages in two languages: Chinese first, English on request, both complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lang = Literal["zh", "en"]


@dataclass(frozen=True)
class Text:
    """One message in both languages."""

    zh: str
    en: str

    def in_(self, lang: Lang) -> str:
        """The message in ``lang``."""
        return self.en if lang == "en" else self.zh


def negotiate(accept_language: str | None, default: Lang = "zh") -> Lang:
    """Choose a language from an ``Accept-Language`` header; the first of ours that it names wins.

    >>> negotiate("en-GB,en;q=0.9,zh;q=0.8")
    'en'
    >>> negotiate(None)
    'zh'
    """
    ranked: list[tuple[float, int, Lang]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        primary = tag.strip().lower().split("-")[0]
        if weight > 0 and primary in ("zh", "en"):
            ranked.append((-weight, position, "en" if primary == "en" else "zh"))
    return min(ranked)[2] if ranked else default

"""The outcome of one check."""

from __future__ import annotations

from dataclasses import dataclass, field

from gis.text import Language, Text


@dataclass(frozen=True)
class Outcome:
    """Whether an invariant holds, what was looked at, and some of what broke it."""

    number: int
    name: Text
    looked_at: Text
    broken: tuple[Text, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.broken

    def line(self, lang: Language) -> str:
        """The outcome in one line."""
        mark = "✓" if self.holds else "✗"
        text = f"{mark} {self.number} {self.name.in_(lang)}：{self.looked_at.in_(lang)}"
        return text if self.holds else f"{text}；{self.broken[0].in_(lang)}"


@dataclass
class Findings:
    """Collects what is broken; keeps the first few of each kind and counts the rest."""

    found: list[Text] = field(default_factory=list)

    def add(self, zh: str, en: str) -> None:
        """Note one break."""
        self.found.append(Text(zh, en))

    def add_if(self, condition: bool, zh: str, en: str) -> None:
        """Note a break when ``condition`` holds."""
        if condition:
            self.add(zh, en)

    def some(self, items: list[str], zh: str, en: str) -> None:
        """Note a break with its first five examples and their number, if there are any."""
        if items:
            shown = "、".join(items[:5]) + ("…" if len(items) > 5 else "")
            self.add(f"{zh}（{len(items)}）：{shown}", f"{en} ({len(items)}): {shown}")

    def outcome(self, number: int, name: Text, looked_at: Text) -> Outcome:
        """The outcome of the check."""
        return Outcome(number, name, looked_at, tuple(self.found))

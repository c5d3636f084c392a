"""One message in Chinese and English, both complete: the only vocabulary for what people read in two languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["Language", "Text"]

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same message in Chinese and in English.

    Parameters
    ----------
    zh, en : str
        The message in either language, ready to be shown; or a template for `format`.

    Examples
    --------
    >>> Text("高程不保存", "heights are not kept").in_("en")
    'heights are not kept'
    >>> zh, en = Text("高程不保存", "heights are not kept")
    >>> zh
    '高程不保存'
    """

    zh: str
    en: str

    def in_(self, lang: Language = "zh") -> str:
        """Return the message in one language."""
        return self.en if lang == "en" else self.zh

    def __iter__(self) -> Iterator[str]:
        """Give the Chinese, then the English, so that a message can be unpacked into two arguments."""
        yield self.zh
        yield self.en

    def __add__(self, other: Text) -> Text:
        """Join two messages, language by language."""
        return Text(self.zh + other.zh, self.en + other.en)

    def format(self, **values: object) -> Text:
        """Fill in the named places of a template; a `Text` is filled in language by language.

        Examples
        --------
        >>> Text("{what}：缺 {count} 个", "{what}: {count} missing").format(what=Text("区", "district"), count=2).en
        'district: 2 missing'
        """
        return Text(*(template.format(**_values(values, lang)) for template, lang in self._both()))

    def _both(self) -> Iterator[tuple[str, Language]]:
        yield self.zh, "zh"
        yield self.en, "en"

    @classmethod
    def same(cls, text: str) -> Text:
        """Take a name or number, which reads alike in both languages.

        Examples
        --------
        >>> Text.same("370212")
        Text(zh='370212', en='370212')
        """
        return cls(text, text)

    @classmethod
    def joined(cls, parts: Iterable[Text], *, zh: str = "；", en: str = "; ") -> Text:
        """Join messages with the separator of each language.

        Examples
        --------
        >>> Text.joined([Text("甲", "a"), Text("乙", "b")]).zh
        '甲；乙'
        """
        texts = list(parts)
        return cls(zh.join(text.zh for text in texts), en.join(text.en for text in texts))


def _values(values: dict[str, object], lang: Language) -> dict[str, object]:
    return {name: value.in_(lang) if isinstance(value, Text) else value for name, value in values.items()}

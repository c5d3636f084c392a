"""Whatever a name says, a heat map shows exactly that: nothing in data is ever read as a template or as markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import pytest
import shapely
from branca import element as branca_element
from hypothesis import given
from hypothesis import strategies as st

from gis.viz import Assets, HeatCaption, heat_map, to_html
from gis.viz.heatmap import InnerUnit
from tests.data.hostile import EVERY, REFUSED

BORDER = shapely.box(120.0, 35.8, 120.1, 35.9)
LINKED = Assets.linked("/static/{}".format)
# Marks that templates and markup are made of, so that chance finds pairs of them.
PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{",
        "}",
        "%",
        "#",
        "<",
        ">",
        "</script>",
        "<!--",
        "&",
        "&amp;",
        '"',
        "'",
        "\\",
        "`",
        "${",
        "7*7",
        "this",
        "\n",
        "\r",
        "\u2028",
        "\u202e",
        "\x1b",
        "网格",
    ]
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30), st.lists(PIECES, max_size=12).map("".join)
)


class Shown(HTMLParser):
    """What a reader of the page sees: texts of title, heading and paragraphs."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: dict[str, str] = {}
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Keep the order of tags, which data must not change."""
        self.tags.append(tag)
        if tag not in ("meta", "link"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close it."""
        assert tag in ("meta", "link") or self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add to what stands in the element."""
        if self._open:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data


def drawn(text: str) -> str:
    caption = HeatCaption(title=text, period=text, subject=text, note=text, total=1)
    inner = (InnerUnit(text, BORDER),)
    return to_html(heat_map([120.01], [35.81], border=BORDER, caption=caption, assets=LINKED, inner=inner))


def names_of(html: str) -> list[Any]:
    found = re.search(r"L\.layerGroup\((\[\[.*?\]\])\.map", html, re.DOTALL)
    assert found is not None
    return list(json.loads(found[1]))


PLAIN_TAGS = Shown(drawn("甲")).tags


def hold(text: str) -> None:
    page = drawn(text)
    shown = Shown(page)
    # NUL and half a surrogate pair have no place in a page; everything else stands there as it is.
    written = re.sub(r"[\ud800-\udfff\0]", "\ufffd", text)
    assert shown.texts.get("title", "") == written
    assert shown.texts.get("h1", "") == written
    assert shown.texts.get("bdi", "") == written
    assert shown.texts.get("span", "").endswith(f"多{written}" if text else "多")
    assert names_of(page)[0][2] == text
    assert [tag for tag in shown.tags if tag not in ("bdi", "p", "span")] == [
        tag for tag in PLAIN_TAGS if tag not in ("bdi", "p", "span")
    ]


@given(TEXTS)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    hold(text)


@pytest.mark.parametrize("text", EVERY + REFUSED, ids=lambda text: ascii(text[:30]))
def test_known_attacks_are_shown_as_they_are(text: str) -> None:
    hold(text)
    drawn(text).encode()


@contextmanager
def templates_made() -> Iterator[list[str]]:
    """Every text that branca makes a template of."""
    made: list[str] = []
    plain = branca_element.Template

    def recorded(source: str) -> Any:
        made.append(source)
        return plain(source)

    branca_element.Template = recorded
    try:
        yield made
    finally:
        branca_element.Template = plain


@given(TEXTS.filter(bool))
def test_no_template_is_made_of_data(text: str) -> None:
    with templates_made() as usual:
        drawn("甲")
    with templates_made() as made:
        drawn(text)
    assert usual, "nothing was recorded"
    assert made == usual

"""Nothing of ours turns text into markup or code: the places where that could happen are not used, or named here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from folium.elements import ElementAddToElement

from gis.viz import Assets, HeatCaption, heat_map
from gis.viz.heatmap import InnerUnit
from gis.viz.local_map import Inline
from gis.viz.rendering import RenderedOnce

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "app" / "web" / "static" / "js").rglob("*.js"))
TEMPLATES = sorted((ROOT / "app" / "web" / "templates").glob("*.html"))
SOURCES = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "gis").rglob("*.py")])
# Doors through which text becomes markup or code in a browser.
SINKS = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|setHTML|setHTMLUnsafe|createContextualFragment|srcdoc|DOMParser)\b"
    r"|document\.write|\beval\s*\(|new Function\b|set(?:Timeout|Interval)\(\s*[\"'`]|[\"']javascript:"
)
# {name} in a text-field is a template of MapLibre's.
TOKENS = re.compile(r"""["']text-field["']\s*:\s*["'`]""")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_write_text_and_never_markup(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert not SINKS.search(text)
    assert not TOKENS.search(text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_escape_everything(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", text)
    # In a script only as JSON that cannot end it; in no handler and no style.
    for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
        assert re.fullmatch(r"(?:\{\{ \w+\|script_json \}\})?", script.strip())
    assert not re.search(r"""\s(?:on\w+|style)=["'][^"']*\{\{""", text)


def test_markup_is_made_in_two_places_only() -> None:
    made = {
        f"{path.relative_to(ROOT)}"
        for path in SOURCES
        if re.search(r"\bMarkup\(|from_string\(|render_template_string", path.read_text(encoding="utf-8"))
    }
    assert made == {"app/web/pages.py"}


def elements(element: object) -> Iterator[object]:
    yield element
    for child in element._children.values():  # type: ignore[attr-defined]
        yield from elements(child)


def test_every_element_of_a_map_is_rendered_once() -> None:
    """folium's own elements hold identifiers only; whatever may hold data is of the kind that is rendered once."""
    import shapely

    border = shapely.box(120, 35, 121, 36)
    made = heat_map(
        [120.5],
        [35.5],
        border=border,
        caption=HeatCaption("a", "b", 1, "c", "d"),
        assets=Assets.linked("/x/{}".format),
        inner=(InnerUnit("e", border),),
    )
    inside = list(elements(made))
    assert len(inside) > 6
    assert all(isinstance(each, RenderedOnce | Inline | ElementAddToElement) for each in inside), inside

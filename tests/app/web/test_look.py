"""The look, measured: colours in one file, contrast of text, nothing from outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.web.pages import TEMPLATES
from app.web.statics import ROOT

CSS = sorted((ROOT / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "js").rglob("*.js"))
TOKENS = (ROOT / "css" / "tokens.css").read_text()
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|rgba|hsl|hsla)\(|:\s*(?:white|black|red|blue|gray|grey)\b")


def tokens() -> dict[str, tuple[str, str]]:
    """Every colour of the tokens as (light, dark)."""
    found = {}
    for name, value in re.findall(r"--([\w-]+):\s*([^;]+);", TOKENS):
        pair = re.fullmatch(r"light-dark\((#\w{6}), (#\w{6})\)", value.strip())
        if pair:
            found[name] = (pair[1], pair[2])
        elif re.fullmatch(r"#\w{6}", value.strip()):
            found[name] = (value.strip(), value.strip())
    return found


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


TEXT_ON_GROUND = [
    *[
        (ink, ground)
        for ink in ("ink", "ink-2")
        for ground in ("surface", "surface-2", "surface-3", "ground")
    ],
    ("ink-3", "surface"),
    ("ink-3", "surface-2"),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    *[
        (tone, ground)
        for tone in ("good", "warn", "bad", "idle")
        for ground in ("surface", "surface-2", f"{tone}-soft")
    ],
    *[(tone, "accent-soft") for tone in ("good", "warn", "bad", "idle", "ink-2")],
    ("map-label", "map-land"),
    ("map-label-faint", "map-land"),
    ("map-label", "map-dedicated"),
    ("map-label-faint", "map-dedicated"),
    ("map-cluster-text", "map-cluster"),
]


@pytest.mark.parametrize(("ink", "ground"), TEXT_ON_GROUND)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read(ink: str, ground: str, theme: int) -> None:
    found = tokens()
    ratio = contrast(found[ink][theme], found[ground][theme])
    assert ratio >= 4.5, f"{ink} on {ground}: {ratio:.2f}"


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("line", "ground"),
    [
        ("line-strong", "surface"),
        ("accent", "surface"),
        ("map-street", "map-land"),
        ("map-district", "map-land"),
    ],
)
def test_edges_that_mean_something_can_be_seen(line: str, ground: str, theme: int) -> None:
    found = tokens()
    assert contrast(found[line][theme], found[ground][theme]) >= 3.0


@pytest.mark.parametrize("path", [p for p in CSS if p.name != "tokens.css"], ids=lambda p: p.name)
def test_only_the_tokens_name_colours(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert COLOUR.findall(text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_scripts_name_no_colours(path: Path) -> None:
    assert re.findall(r"[\"'`]#[0-9a-fA-F]{3,8}[\"'`]|rgba?\(", path.read_text()) == []


def test_every_colour_that_is_used_exists() -> None:
    defined = set(re.findall(r"--([\w-]+):", TOKENS))
    local = {"depth", "sheet-height", "covered", "swipe"}
    for path in CSS:
        assert set(re.findall(r"var\(--([\w-]+)", path.read_text())) - defined - local == set(), path.name
    for path in SCRIPTS:
        named = set(re.findall(r"colour\(\"([\w-]+)\"\)", path.read_text()))
        assert named - defined == set(), path.name


def test_templates_have_no_inline_script_or_style() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son\w+=|javascript:", text), path.name
        for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL):
            data = 'type="application/json"' in attributes or 'type="importmap"' in attributes
            assert data or not body.strip(), path.name


def test_scripts_write_no_markup_from_text() -> None:
    """What comes from the server becomes text nodes; nothing is parsed as HTML."""
    for path in SCRIPTS:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text()
        ), path


def test_touch_targets_are_44_pixels_on_phones() -> None:
    assert re.search(
        r"@media \(max-width: 767px\), \(pointer: coarse\) \{\s*:root \{\s*--touch: 44px;", TOKENS
    )

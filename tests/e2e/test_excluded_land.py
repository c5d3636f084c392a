"""Land that belongs to no grid on purpose, on the pages: drawn with a reason, hatched, published, asked about."""

from __future__ import annotations

import pytest
import shapely
from playwright.sync_api import Page, expect

from gis.geometry import round_degrees
from tests.e2e.editing import begin, draw, open_draft, said
from tests.fixtures.browser import Open
from tests.fixtures.edited import EDITOR, PUBLISHER, VIEWER
from tests.fixtures.served import Served
from tests.fixtures.towns import shape_of

DRAWN, PUBLISHED = "370299002003001", "370299002003002"
"""Tests share the town: what one publishes is no land for another to draw on."""
REASON = "部队营房"
WORDS = {
    "zh": ("不划入", "请先写明不划入网格的理由", "已不划入网格", "不划入网格的区域", "交还相邻网格"),
    "en": (
        "Exclude",
        "Say why the land belongs to no grid",
        "Exclude land",
        "Excluded land",
        "Give to neighbours",
    ),
}


def square(grid: str, size: float = 0.0012) -> list[list[float]]:
    x, y = shape_of(grid).representative_point().coords[0]
    ring = shapely.box(x - size, y - size, x + size, y + size).exterior.coords
    return [round_degrees(place).tolist() for place in ring][:-1]


def middle(grid: str) -> tuple[float, float]:
    return shapely.Polygon(square(grid)).centroid.coords[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_drawn_with_its_reason_and_given_back(enter: Open, edited: Served, lang: str) -> None:
    tool, need, done, kind, back = WORDS[lang]
    draft = begin(edited, EDITOR)
    window = enter(EDITOR, lang=lang)
    lon, lat = middle(DRAWN)
    page = open_draft(window, draft, f"&view={lon},{lat},15")
    page.locator("#map canvas").first.focus()
    page.keyboard.press("e")
    button = page.locator("[data-tool=exclude]")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_contain_text(tool)
    draw(page, square(DRAWN))
    # Drawn without a reason: it is asked for, and what was drawn stays.
    expect(page.locator("#tool-card [role=alert]")).to_contain_text(need)
    page.fill("#tool-card input[name=reason]", REASON)
    page.locator("#tool-card button[type=submit]").click()
    said(page, done)
    page.keyboard.press("Escape")
    expect(page.locator("#tool-card")).to_be_hidden()
    _click(page, lon, lat)
    expect(page.locator("#drawer h1")).to_have_text(REASON)
    expect(page.locator("#drawer .title-block .chip").first).to_have_text(
        "不划入网格" if lang == "zh" else kind
    )
    page.fill("#drawer input[name=reason]", "水库")
    page.locator("#drawer form button[type=submit]").click()
    expect(page.locator("#drawer h1")).to_have_text("水库")
    page.locator("#drawer button", has_text=back).click()
    expect(page.locator("#drawer h1", has_text="水库")).to_have_count(0)
    window.check()


def _click(page: Page, lon: float, lat: float) -> None:
    from tests.e2e.editing import pixel

    x, y = pixel(page, (lon, lat))
    page.mouse.click(x, y)


@pytest.mark.parametrize("phone", [False, True])
def test_published_it_is_hatched_and_says_why(enter: Open, edited: Served, phone: bool) -> None:
    lon, lat = middle(PUBLISHED)
    with edited.person(EDITOR) as editor:
        if editor.get("/v1/locate", params={"lon": lon, "lat": lat}).status_code == 200:
            _publish(edited)
    window = enter(VIEWER, phone=phone)
    page = window.open(f"/?at={lon:.7f},{lat:.7f}&view={lon},{lat},14.5")
    expect(page.locator("#drawer")).to_contain_text("不划入网格的区域")
    expect(page.locator("#drawer")).to_contain_text(REASON)
    page.wait_for_selector("#map[data-ready]", state="attached")
    drawn = page.evaluate(
        """async () => {
            const map = (await import(document.querySelector('script[type=module]').src.replace(/js\\/.*/, 'js/map/map.js'))).mapOf();
            return [map.hasImage('excluded-hatch'), map.querySourceFeatures('units', {sourceLayer: 'excluded'}).map((f) => f.properties.reason)];
        }"""
    )
    assert drawn[0], "the hatching is there"
    assert REASON in drawn[1]
    window.check(expected=("404",))


def _publish(edited: Served) -> None:
    draft = begin(edited, EDITOR, "营房")
    ring = square(PUBLISHED)
    operation = {
        "op": "exclude",
        "area": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "reason": REASON,
    }
    with edited.person(EDITOR) as editor, edited.person(PUBLISHER) as publisher:
        for person, address, body in (
            (editor, "operations", operation),
            (editor, "submit", {}),
            (publisher, "review", {"decision": "approve"}),
            (publisher, "publish", {}),
        ):
            tag = person.get(f"/v1/drafts/{draft}").headers["etag"]
            answer = person.post(f"/v1/drafts/{draft}/{address}", json=body, headers={"If-Match": tag})
            assert answer.status_code == (201 if address == "operations" else 200), answer.text

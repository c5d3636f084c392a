"""What journeys through the editor do: drafts by the API, places as pixels, drawing by the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.fixtures.browser import Watched
from tests.fixtures.served import Served

# The map and the editor are modules: asked for again, a browser gives the ones that run.
_MODULE = "import(document.querySelector('script[type=module]').src.replace(/js\\/.*/, 'js/%s'))"
MAP, EDITOR_MODULE = _MODULE % "map/map.js", _MODULE % "editor/editor.js"


def begin(served: Served, person: str, title: str = "调整") -> int:
    """A new draft; its number."""
    with served.person(person) as client:
        made = client.post("/v1/drafts", json={"title": title})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])


def step(client: httpx.Client, draft: int, operation: dict[str, Any]) -> httpx.Response:
    """An operation by somebody else than the page."""
    seen = client.get(f"/v1/drafts/{draft}").headers["etag"]
    return client.post(f"/v1/drafts/{draft}/operations", json=operation, headers={"If-Match": seen})


def open_draft(window: Watched, draft: int, more: str = "") -> Page:
    """The editor with a draft open and drawn."""
    page = window.open(f"/editor?draft={draft}{more}")
    expect(page.locator(".tree-row").first).to_be_visible()
    page.wait_for_selector("#map[data-ready]", state="attached")
    return page


def pixel(page: Page, place: Sequence[float]) -> tuple[float, float]:
    """Where a place is on the screen."""
    x, y = page.evaluate(
        f"""async (place) => {{
            const map = (await {MAP}).mapOf();
            const {{x, y}} = map.project(place);
            const {{left, top}} = map.getContainer().getBoundingClientRect();
            return [x + left, y + top];
        }}""",
        list(place),
    )
    return x, y


def draw(page: Page, places: Sequence[Sequence[float]]) -> None:
    """Click places one after the other and end the drawing with Enter."""
    for place in places:
        x, y = pixel(page, place)
        page.mouse.move(x, y)
        page.mouse.click(x, y)
        # Clicks that follow one another at once are one double click.
        page.wait_for_timeout(60)
    page.keyboard.press("Enter")


def drag(page: Page, start: Sequence[float], end: Sequence[float]) -> None:
    """Drag from place to place in a few steps."""
    (x1, y1), (x2, y2) = pixel(page, start), pixel(page, end)
    page.mouse.move(x1, y1)
    page.mouse.down()
    page.mouse.move((x1 + x2) / 2, (y1 + y2) / 2)
    page.mouse.move(x2, y2)
    page.mouse.up()


def said(page: Page, words: str) -> None:
    """Wait until a note at the foot of the page says so."""
    expect(page.locator("#toasts")).to_contain_text(words)

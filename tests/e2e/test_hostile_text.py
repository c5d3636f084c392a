"""Every page with hostile names in a real browser: shown as written, nothing run, no layout broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.responses import HTMLResponse
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, BrowserContext, Page

from app.main import create_app
from tests.e2e.steps import map_ready
from tests.fixtures.actors import PASSWORD
from tests.fixtures.browser import DESK, PHONE
from tests.fixtures.hostile_town import ADMIN, CODE, COMPUTED, CORE, EDITOR, GRID, HostileTown
from tests.fixtures.towns import CODES, DISTRICT

# leaflet.heat reads its canvas back; MapLibre has no glyph for a control character.
NAMELESS = CORE.replace("/", "")
EXPECTED = ("willReadFrequently",)


@dataclass
class Watcher:
    """One window of one person, and whatever happened in it that should not."""

    context: BrowserContext
    url: str
    said: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """A page in a new tab."""
        page = self.context.new_page()
        page.on("dialog", lambda dialog: (self.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: self.said.append(f"error {error}"))
        page.on(
            "console",
            lambda message: message.type in ("error", "warning") and self.said.append(message.text),
        )
        page.on("response", lambda answer: answer.status == 404 and self.said.append(f"404 {answer.url}"))
        page.goto(self.url + path)
        return page

    def check(self, page: Page, *, ignore: tuple[str, ...] = ()) -> None:
        """Nothing ran, nothing complained, and nothing is wider than the window."""
        found: dict[str, Any] = page.evaluate(
            """() => ({
                title: document.title,
                images: document.querySelectorAll('img[src="x"]').length,
                html: document.documentElement.outerHTML,
                overflow: document.documentElement.scrollWidth - window.innerWidth,
                down: document.documentElement.scrollHeight - window.innerHeight,
            })"""
        )
        assert found["title"] != "ran"
        assert found["images"] == 0
        assert COMPUTED not in found["html"]
        assert found["overflow"] <= 0, "the page is wider than the window"
        rest = [text for text in self.said if not any(part in text for part in (*EXPECTED, *ignore))]
        # What one page said is not held against the next, whatever the order.
        self.said.clear()
        assert rest == []
        page.close()


@pytest.fixture(scope="module")
def windows_of(chromium: Browser, hostile: HostileTown) -> Iterator[Callable[[str, str], Watcher]]:
    """Windows by person and size, each opened once."""
    made: dict[tuple[str, str], Watcher] = {}

    def window(person: str, size: str) -> Watcher:
        if (person, size) not in made:
            context = chromium.new_context(
                viewport=DESK if size == "desk" else PHONE,  # type: ignore[arg-type]
                is_mobile=size == "phone",
                has_touch=size == "phone",
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
                reduced_motion="reduce",
            )
            context.set_default_timeout(60_000)
            answer = context.request.post(
                f"{hostile.url}/v1/session",
                data={"name": person, "password": PASSWORD},
                headers={"Origin": hostile.url},
            )
            assert answer.status == 200, answer.text()
            made[person, size] = Watcher(context, hostile.url)
        return made[person, size]

    yield window
    for watcher in made.values():
        watcher.context.close()


@pytest.fixture
def admin(windows_of: Callable[[str, str], Watcher], request: pytest.FixtureRequest) -> Watcher:
    return windows_of(ADMIN, getattr(request, "param", "desk"))


@pytest.fixture
def editor(windows_of: Callable[[str, str], Watcher], request: pytest.FixtureRequest) -> Watcher:
    return windows_of(EDITOR, getattr(request, "param", "desk"))


def sizes(person: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(person, ["desk", "phone"], indirect=True)


def shows(page: Page, where: str, *texts: str) -> None:
    """An element holds texts exactly as they were stored."""
    for text in texts:
        page.wait_for_function(
            "([where, text]) => [...document.querySelectorAll(where)].some(e => e.textContent.includes(text))",
            arg=[where, text],
        )


@sizes("admin")
def test_a_unit(admin: Watcher, hostile: HostileTown) -> None:
    page = admin.open(f"/?unit={GRID}")
    map_ready(page)
    texts = hostile.texts
    shows(page, "#drawer", texts[f"grid {GRID}"], texts["officer"], texts["subject"], texts["department"])
    shows(page, "#tree", texts[f"street {GRID[:9]}"])
    keeps_small(page, "#drawer h1", "#drawer .crumbs", "#drawer .person")
    shows(page, ".bar", texts["district"], texts["display"])
    admin.check(page)


def keeps_small(page: Page, *where: str) -> None:
    """However long the text, these stay a few lines high; pointing at a name shows the whole."""
    for each in where:
        box = page.locator(each).first.bounding_box()
        assert box is not None
        assert box["height"] < 160, each
    assert (
        page.locator("#drawer h1").first.get_attribute("title")
        == page.locator("#drawer h1").first.text_content()
    )


def test_a_code(admin: Watcher, hostile: HostileTown) -> None:
    page = admin.open(f"/?unit={quote(CODE)}")
    shows(page, "#drawer", hostile.texts[f"grid {CODES[1]}"], CODE)
    admin.check(page)


def test_search(admin: Watcher, hostile: HostileTown) -> None:
    page = admin.open("/")
    page.keyboard.press("/")
    page.locator("#search-input").fill(CORE[:40])
    shows(page, "#search-results", hostile.texts[f"grid {GRID}"])
    admin.check(page)


@sizes("admin")
def test_dispatch(admin: Watcher, hostile: HostileTown) -> None:
    page = admin.open(f"/dispatch?no={hostile.incidents[0]}")
    map_ready(page)
    texts = hostile.texts
    shows(page, "#list", texts["class"], texts["address"])
    shows(page, "#drawer", texts["description"], texts["incident note"], texts["channel"], texts["class"])
    keeps_small(page, "#drawer h1", "#list .incident-row")
    admin.check(page)


@sizes("editor")
def test_the_editor(editor: Watcher, hostile: HostileTown) -> None:
    page = editor.open("/editor")
    shows(page, "#panel", hostile.texts["title 3"], hostile.texts["title 1"])
    editor.check(page)
    page = editor.open(f"/editor?draft={hostile.draft}&sel={CODES[2]}")
    map_ready(page)
    shows(page, "body", hostile.texts["title 3"], hostile.texts["renamed 3"])
    editor.check(page)


@pytest.mark.parametrize("code", [GRID[:12], DISTRICT, quote(CODE)])
def test_heat_maps(admin: Watcher, hostile: HostileTown, code: str) -> None:
    page = admin.open(f"/maps/heat/{code}?days=3660&class={hostile.class_code}")
    page.wait_for_selector(".leaflet-container")
    names = {GRID[:12]: f"community {GRID[:12]}", DISTRICT: "district"}
    shows(page, ".heat-card", hostile.texts[names.get(code, f"grid {CODES[1]}")], hostile.texts["class"])
    if code == GRID[:12]:
        shows(page, ".inner-name", hostile.texts[f"grid {GRID}"], hostile.texts["renamed 2"])
    card = page.locator(".heat-card").bounding_box()
    assert card is not None
    assert card["height"] < 360
    admin.check(page)


@pytest.mark.parametrize(
    "path", ["/signin?change=true", "/account", "/docs", "/nowhere", f"/maps/heat/{quote(NAMELESS)}"]
)
def test_other_pages(admin: Watcher, hostile: HostileTown, path: str) -> None:
    page = admin.open(path)
    shows(page, ".bar", hostile.texts["district"])
    if "heat" in path:
        shows(page, "main", NAMELESS)
    admin.check(page, ignore=("404",))


def test_no_page_is_left_out() -> None:
    """A new page has to be opened above."""
    pages = set()
    for each in iter_route_contexts(create_app().routes):
        kind = getattr(each, "response_class", None)
        kind = getattr(kind, "value", kind)
        if isinstance(kind, type) and issubclass(kind, HTMLResponse):
            pages.add(each.path)
    assert pages == {
        "/",
        "/dispatch",
        "/editor",
        "/signin",
        "/account",
        "/docs",
        "/static/{version}/{name:path}",
        "/maps/heat/{code}",
    }

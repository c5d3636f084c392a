"""The map of grids as somebody uses it: click, search, tree, keys, Back, phone."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.steps import map_ready
from tests.fixtures.browser import Open
from tests.fixtures.served import ADMIN, BUSY, RENAMED
from tests.fixtures.towns import CODES, DISTRICT_NAME, ENCLAVE, inside

# The browser itself reports a 404, which is how the service says that nobody owns a place.
NO_OWNER = ("404 (Not Found)",)
NAME = "第1社区第1网格"


def screen_place(page: Page, place: tuple[float, float]) -> dict[str, float]:
    """Where on the screen a place is, by the view in the address."""
    found: dict[str, float] = page.evaluate(
        """async ([lon, lat]) => {
            const { mapOf } = await import(document.querySelector('script[type=module]').src.replace(/js\\/.*/, 'js/map/map.js'));
            const map = mapOf();
            const { x, y } = map.project([lon, lat]);
            const box = map.getContainer().getBoundingClientRect();
            return { x: x + box.left, y: y + box.top };
        }""",
        list(place),
    )
    return found


def test_a_click_tells_whose_place_it_is(visit: Open) -> None:
    window = visit()
    page = window.open("/")
    map_ready(page)
    place = screen_place(page, inside(BUSY))
    page.mouse.click(place["x"], place["y"])
    drawer = page.locator("#drawer")
    expect(drawer.locator("h1")).to_have_text(NAME)
    expect(drawer).to_contain_text(BUSY)
    expect(drawer).to_contain_text("第1社区")
    expect(drawer).to_contain_text(DISTRICT_NAME)
    expect(drawer).to_contain_text("按社区公布")
    expect(drawer).to_contain_text("410")
    expect(drawer.locator(".coordinates")).to_contain_text("GCJ-02")
    expect(page.locator(".tree-row[aria-selected=true] .label")).to_have_text(NAME)
    assert f"unit={BUSY}" in page.url
    # Nobody is signed in: no name of anybody.
    expect(drawer).not_to_contain_text("赵")
    window.check()


def test_a_place_outside_every_grid(visit: Open) -> None:
    window = visit()
    page = window.open("/?at=121.5,35.88")
    expect(page.locator("#drawer")).to_contain_text("这里不属于任何网格")
    expect(page.locator("#drawer .coordinates")).to_contain_text("121.500000,35.880000")
    window.check(expected=NO_OWNER)


def test_a_link_shows_a_colleague_the_same(visit: Open) -> None:
    first = visit()
    page = first.open("/")
    map_ready(page)
    page.fill("#tree-filter", "第4社区第3")
    page.locator(".tree-row", has_text="第4社区第3网格").click()
    expect(page.locator("#drawer h1")).to_have_text("第4社区第3网格")
    page.wait_for_url(re.compile("view="))
    page.wait_for_timeout(300)
    second = visit()
    other = second.open(page.url.removeprefix(first.url))
    map_ready(other)
    expect(other.locator("#drawer h1")).to_have_text("第4社区第3网格")
    assert view(other) == view(page)
    second.check()


def view(page: Page) -> list[float]:
    found = re.search(r"view=([\d.,-]+)", page.url)
    assert found is not None
    return [round(float(part), 3) for part in found[1].split(",")]


def test_back_returns_to_what_was_there(visit: Open) -> None:
    window = visit()
    page = window.open(f"/?unit={BUSY}")
    heading = page.locator("#drawer h1")
    expect(heading).to_have_text(NAME)
    page.locator("#drawer .crumbs button", has_text="第1街道").click()
    expect(heading).to_have_text("第1街道")
    page.go_back()
    expect(heading).to_have_text(NAME)
    page.go_forward()
    expect(heading).to_have_text("第1街道")
    window.check()


def test_search_by_name_by_code_and_by_a_shifted_place(visit: Open) -> None:
    window = visit()
    page = window.open("/")
    map_ready(page)
    page.keyboard.press("/")
    expect(page.locator("#search-input")).to_be_focused()
    page.keyboard.type("第3社区第2")
    expect(page.locator("[role=option]").first).to_contain_text("第3社区第2网格")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h1")).to_have_text("第3社区第2网格")
    lon, lat = inside(ENCLAVE)
    shifted = page.request.get(f"{window.url}/v1/convert?lon={lon}&lat={lat}").json()["gcj02"]
    page.fill("#search-input", f"{shifted[0]},{shifted[1]} gcj02")
    expect(page.locator("[role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_contain_text(ENCLAVE)
    page.fill("#search-input", "没有这样的地方")
    expect(page.locator("#search-results")).to_contain_text("没有找到")
    page.keyboard.press("Escape")
    expect(page.locator("#search-results")).to_be_hidden()
    window.check()


def test_another_edition_turns_the_badge_amber(visit: Open) -> None:
    window = visit()
    page = window.open(f"/?unit={BUSY}")
    badge = page.locator(".edition-badge")
    expect(badge).to_contain_text("第 1 版")
    assert "other" not in (badge.get_attribute("class") or "")
    badge.click()
    page.locator(".menu-item", has_text="第 2 版").click()
    expect(badge).to_contain_text("非现行版本")
    assert "edition=2" in page.url
    expect(page.locator("#drawer h1")).to_have_text(RENAMED)
    map_ready(page)
    place = screen_place(page, inside(BUSY))
    page.mouse.click(place["x"], place["y"])
    expect(page.locator("#drawer .coordinates")).to_be_visible()
    expect(page.locator("#drawer h1")).to_have_text(RENAMED)
    badge.click()
    page.locator(".menu-item", has_text="第 1 版").click()
    expect(page.locator("#drawer h1")).to_have_text(NAME)
    assert "edition=" not in page.url
    window.check()


def test_everything_can_be_done_with_keys(visit: Open) -> None:
    window = visit()
    page = window.open("/")
    expect(page.locator(".tree-row").first).to_be_visible()
    page.focus("#tree-filter")
    page.keyboard.press("ArrowDown")
    focused = page.locator(".tree-row:focus .label")
    expect(focused).to_have_text(DISTRICT_NAME)
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_text("第1街道")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_text("第1社区")
    page.keyboard.press("ArrowLeft")
    expect(focused).to_have_text("第1街道")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h1")).to_have_text("第1街道")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    assert "unit=" not in page.url
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("搜索")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    window.check()


def test_names_and_phones_of_the_team_for_those_who_need_them(visit: Open) -> None:
    window = visit(ADMIN)
    page = window.open(f"/?unit={BUSY}")
    expect(page.locator("#drawer .person")).to_contain_text("赵")
    expect(page.locator("#drawer .person a[href^='tel:']")).to_have_count(1)
    window.check()


def test_the_language_changes_and_the_view_stays(visit: Open) -> None:
    window = visit()
    page = window.open(f"/?unit={BUSY}")
    expect(page.locator("#drawer")).to_contain_text("未办结事件")
    page.click("#language")
    expect(page.locator("#drawer")).to_contain_text("open incidents")
    expect(page.locator("#drawer h1")).to_have_text(NAME)
    assert page.locator("html").get_attribute("lang") == "en"
    assert "lang=en" in page.url
    window.check()


def test_the_theme_changes_at_once_and_is_kept(visit: Open) -> None:
    window = visit()
    page = window.open("/")
    map_ready(page)

    def ground() -> Any:
        return page.evaluate("getComputedStyle(document.querySelector('.bar')).backgroundColor")

    light = ground()
    page.click("#theme")
    page.click("#theme")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert ground() != light
    dark = ground()
    page.reload()
    assert ground() == dark
    window.check()


def test_on_a_phone_the_map_stays_above_the_sheet(visit: Open) -> None:
    window = visit(phone=True)
    page = window.open(f"/?unit={BUSY}")
    map_ready(page)
    expect(page.locator("#drawer h1")).to_be_visible()
    box = page.locator("#drawer").bounding_box()
    assert box is not None
    assert box["y"] > 844 * 0.35
    assert box["width"] == 390
    # Nothing is wider than the screen.
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#drawer .sheet-handle").click()
    page.wait_for_function("document.querySelector('#drawer').getBoundingClientRect().top < 844 * 0.25")
    for control in page.locator("#drawer button:visible, #drawer a.button:visible, .rail a:visible").all():
        size = control.bounding_box()
        assert size is not None
        label = control.inner_text() or control.get_attribute("aria-label")
        if control.evaluate("e => !e.closest('.crumbs') && !e.classList.contains('sheet-handle')"):
            assert size["height"] >= 44, label
    window.check()


def test_every_control_has_a_name(visit: Open) -> None:
    window = visit(ADMIN)
    page = window.open(f"/?unit={BUSY}")
    expect(page.locator("#drawer h1")).to_be_visible()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], input, select')]
            .filter(e => e.checkVisibility() && !e.closest('.maplibregl-map'))
            .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title))
            .map(e => e.outerHTML)"""
    )
    assert nameless == []
    window.check()


def test_a_failing_server_is_told_with_a_way_on(visit: Open) -> None:
    window = visit()
    page = window.open("/")
    map_ready(page)
    broken = True

    def answer(route: Any) -> None:
        if broken:
            route.fulfill(
                status=503, content_type="application/problem+json", body='{"detail": "数据库暂时无法连接"}'
            )
        else:
            route.continue_()

    page.route("**/v1/units/**", answer)
    page.locator(".tree-row", has_text="第2街道").click()
    expect(page.locator("#drawer [role=alert]")).to_contain_text("数据库暂时无法连接")
    broken = False
    page.click("#drawer [role=alert] button")
    expect(page.locator("#drawer h1")).to_have_text("第2街道")
    window.check(expected=("503",))


def test_a_lost_connection_is_a_quiet_bar(visit: Open) -> None:
    window = visit()
    page = window.open("/")
    map_ready(page)
    page.context.set_offline(True)
    expect(page.locator(".quiet-bar")).to_contain_text("网络已断开")
    page.context.set_offline(False)
    expect(page.locator(".quiet-bar")).to_have_count(0)


def test_all_grids_are_drawn(visit: Open) -> None:
    window = visit()
    page = window.open("/")
    map_ready(page)
    drawn = page.evaluate(
        """async () => {
            const { mapOf } = await import(document.querySelector('script[type=module]').src.replace(/js\\/.*/, 'js/map/map.js'));
            return [...new Set(mapOf().querySourceFeatures('units', {sourceLayer: 'grid'}).map(f => f.properties.code))].sort();
        }"""
    )
    assert drawn == sorted(CODES)
    window.check()

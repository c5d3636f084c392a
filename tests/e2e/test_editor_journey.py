"""A change of boundaries from the first line drawn to the new owner of a place, by two people in two browsers."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import shapely
from playwright.sync_api import expect

from tests.e2e.editing import drag, draw, said
from tests.fixtures.browser import Open
from tests.fixtures.edited import EDITOR, PUBLISHER
from tests.fixtures.served import NOW, Served
from tests.fixtures.towns import shape_of

SPLIT = "370299001001001"
NEW = "370299001001004"
"""The code that follows those of the community."""


def owner(served: Served, place: tuple[float, float], at: str | None = None) -> str:
    query = {"lon": place[0], "lat": place[1], **({"at": at} if at else {})}
    return str(httpx.get(f"{served.url}/v1/locate", params=query).raise_for_status().json()["grid"]["code"])


def inside_now(served: Served, draft: int, code: str) -> tuple[float, float]:
    """A place well inside a grid of a draft."""
    with served.person(EDITOR) as client:
        grids = client.get(f"/v1/drafts/{draft}/grids").json()["features"]
    grid = next(f for f in grids if f["properties"]["code"] == code)
    point = shapely.point_on_surface(shapely.geometry.shape(grid["geometry"]))
    return round(point.x, 7), round(point.y, 7)


def test_from_the_first_line_to_the_new_owner(enter: Open, edited: Served) -> None:
    shape = shape_of(SPLIT)
    west, south, east, north = shape.bounds
    window = enter(EDITOR)
    page = window.open("/editor")
    expect(page.locator(".rail a[aria-current]")).to_have_text("编辑")
    page.fill("#new-draft input", "第一社区重新划分")
    page.click("#new-draft button")
    expect(page.locator(".tree-row").first).to_be_visible()
    draft = int(re.search(r"draft=(\d+)", page.url)[1])  # type: ignore[index]

    # Split by a drawn line, the grid found in the searchable tree.
    page.fill("#tree-filter", SPLIT)
    page.locator(".tree-row", has_text="第1社区第1网格").click()
    expect(page.locator("#drawer h1")).to_have_text("第1社区第1网格")
    page.click("[data-tool=split]")
    middle = (south + north) / 2
    draw(page, [(west - 0.0003, middle), ((west + east) / 2, middle + 0.0005), (east + 0.0003, middle)])
    said(page, "已切分：新增 1 格")
    page.fill("#tree-filter", NEW)
    expect(page.locator(".tree-row", has_text=NEW)).to_contain_text("新增")

    # Drag a vertex of the common border; both grids follow.
    page.click("[data-tool=vertex]")
    vertex = ((west + east) / 2, middle + 0.0005)
    drag(page, vertex, (vertex[0] + 0.0004, vertex[1] - 0.0008))
    said(page, "已移动顶点：改动 2 格")

    # A refusal says where and why, and changes nothing.
    page.fill("#tree-filter", SPLIT)
    page.locator(".tree-row", has_text="第1社区第1网格").click()
    page.click("[data-tool=split]")
    page.locator("#tool-card summary").click()
    page.fill("#tool-card textarea", f"{west - 0.01}, {south}\n{west - 0.01}, {north}")
    page.click("#tool-card button[type=submit]")
    expect(page.locator("#tool-card [role=alert]")).to_contain_text("没有")
    expect(page.locator("#map")).not_to_have_attribute("data-refused", "0")
    expect(page.locator(".tabs [data-tab=history]")).to_contain_text("2")
    page.keyboard.press("Escape")

    # A grid narrower than a metre is refused, with its place.
    page.click("[data-tool=cut]")
    page.locator("#tool-card summary").click()
    x, y = inside_now(edited, draft, SPLIT)

    def corners(wide: float) -> str:
        places = [(x, y), (x + 0.002, y), (x + 0.002, y + wide), (x, y + wide)]
        return "\n".join(f"{lon:.7f}, {lat:.7f}" for lon, lat in places)

    page.fill("#tool-card textarea", corners(0.000003))
    page.click("#tool-card button[type=submit]")
    expect(page.locator("#tool-card [role=alert]")).to_contain_text("过窄")
    expect(page.locator("#map")).not_to_have_attribute("data-refused", "0")
    page.keyboard.press("Escape")

    # A grid in two parts is taken and told as a defect; taking it back mends it.
    page.fill("#tree-filter", NEW)
    page.locator(".tree-row", has_text=NEW).click()
    page.click("[data-tool=transfer]")
    page.locator("#tool-card summary").click()
    page.fill("#tool-card textarea", corners(0.0003))
    page.click("#tool-card button[type=submit]")
    said(page, "已划转")
    page.click(".tabs [data-tab=check]")
    finding = page.locator(".finds .row-button").first
    expect(finding).to_contain_text("分离的部分")
    before = page.url
    finding.click()
    page.wait_for_function("before => location.href !== before", arg=before)
    page.click("[data-act=undo]")
    said(page, "已撤销")
    expect(page.locator("#draft-tab")).to_contain_text("没有缺陷")

    # Back and forth by keys.
    page.locator("#map canvas").first.focus()
    page.keyboard.press("Control+z")
    expect(page.locator(".tabs [data-tab=history]")).to_contain_text("1")
    page.keyboard.press("Control+Shift+z")
    said(page, "已重做")
    expect(page.locator(".tabs [data-tab=history]")).to_contain_text("2")

    # Whom it touches.
    page.click(".tabs [data-tab=impact]")
    expect(page.locator(".pairs")).to_contain_text(f"{SPLIT} → {NEW}")
    expect(page.locator("#draft-tab .tile").first).to_contain_text("部件")

    page.click(".tabs [data-tab=review]")
    page.fill("#draft-tab textarea", "请复核")
    page.click("#draft-tab button[type=submit]")
    said(page, "已提交")
    expect(page.locator("#draft-tab")).to_contain_text("等待另一位发布员复核")
    expect(page.locator("[data-tool=split]")).to_be_hidden()
    window.check(expected=("422",))

    # Another user, from the list of drafts.
    reviewing = enter(PUBLISHER)
    page = reviewing.open("/editor")
    page.locator(".draft-row", has_text="第一社区重新划分").click()
    page.click(".tabs [data-tab=review]")
    expect(page.locator("#draft-tab")).to_contain_text("请复核")
    page.locator("#draft-tab button", has_text="通过").click()
    said(page, "已通过")
    # Tests share the town: another may have published before. The number of what is withdrawn is not given again.
    with edited.person(EDITOR) as client:
        first = client.get(f"/v1/drafts/{draft}").json()["base"] + 1
    # For later by mistake: taken back, and published at once. Out of bounds the browser does not even ask.
    page.locator("#draft-tab input[type=radio]").nth(1).check()
    begins = page.locator("#draft-tab input[name=from]")
    begins.fill("2126-11-30T08:00")
    page.locator("#draft-tab button", has_text="发布").click()
    expect(page.locator("dialog")).to_have_count(0)
    soon = (NOW + timedelta(days=40)).strftime("%Y-%m-%dT%H:%M")
    begins.fill(soon)
    page.locator("#draft-tab button", has_text="发布").click()
    page.locator("dialog .primary").click()
    said(page, f"已发布为第 {first} 版")
    expect(page.locator("#draft-tab")).to_contain_text(f"本草案已成为第 {first} 版")
    page.fill("#withdraw input", "日期写错")
    page.locator("#withdraw button").click()
    expect(page.locator("dialog")).to_contain_text(f"撤回第 {first} 版")
    page.locator("dialog .primary").click()
    said(page, "版本已撤回")
    expect(page.locator("#draft-tab")).to_contain_text("日期写错")
    page.locator("#draft-tab button", has_text="发布").click()
    page.locator("dialog .primary").click()
    said(page, f"已发布为第 {first + 1} 版")
    reviewing.check()

    place = inside_now(edited, draft, NEW)
    assert owner(edited, place) == NEW
    assert owner(edited, place, at=(NOW - timedelta(days=1)).isoformat()) == SPLIT

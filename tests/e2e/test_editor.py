"""The editor by itself: who may, several at once, keys, languages, before and after, small screens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import shapely
from playwright.sync_api import expect

from tests.e2e.editing import EDITOR_MODULE, MAP, begin, draw, open_draft, pixel, said, step
from tests.fixtures.browser import Open
from tests.fixtures.edited import COLLEAGUE, EDITOR, PUBLISHER, VIEWER
from tests.fixtures.served import Served
from tests.fixtures.towns import shape_of

HERE = "370299002003001"
BESIDE = "370299002003002"
HAN = re.compile(r"[\u4e00-\u9fff]")


def outline(code: str) -> tuple[float, float, float, float]:
    west, south, east, north = shape_of(code).bounds
    return west, south, east, north


def test_visitors_are_told_why_not_and_where_to_go(enter: Open) -> None:
    window = enter()
    page = window.open("/editor?draft=3")
    expect(page.locator("#panel")).to_contain_text("需要 GIS 编辑员或发布员账号")
    expect(page.locator("#panel a", has_text="登录")).to_have_attribute(
        "href", re.compile(r"/signin\?next=%2Feditor%3Fdraft%3D3")
    )
    expect(page.locator(".rail")).not_to_contain_text("编辑")
    window.check()
    window = enter(VIEWER)
    page = window.open("/editor")
    expect(page.locator("#panel")).to_contain_text("gis-editor")
    assert not any("/v1/drafts" in url for url in window.requests)
    window.check()


def test_somebody_elses_change_is_told_and_not_written_over(enter: Open, edited: Served) -> None:
    draft = begin(edited, EDITOR)
    window = enter(EDITOR)
    page = open_draft(window, draft, f"&sel={HERE}&tool=split&view=120.075,35.885,14.5")
    with edited.person(COLLEAGUE) as colleague:
        answer = step(colleague, draft, {"op": "rename", "grid": BESIDE, "name": "同事改的名"})
        assert answer.status_code == 201
        # At once, before the page can have asked: what is drawn comes too late.
        west, south, east, north = outline(HERE)
        middle = (south + north) / 2
        draw(page, [(west - 0.0004, middle), (east + 0.0004, middle)])
        banner = page.locator("#banner")
        expect(banner).to_contain_text(f"{COLLEAGUE} 于")
        expect(banner).to_contain_text("改名")
        listed = colleague.get(f"/v1/drafts/{draft}").json()
        assert (listed["operations"], listed["created"]) == (1, [])
    # The drawing is still there after theirs was read, and can be applied then.
    kept = page.locator("#tool-card textarea").input_value()
    assert len(kept.splitlines()) == 2
    banner.locator("button", has_text="载入最新").click()
    expect(banner).to_be_hidden()
    page.fill("#tree-filter", BESIDE)
    expect(page.locator(".tree-row", has_text="同事改的名")).to_be_visible()
    expect(page.locator("#tool-card textarea")).to_have_value(kept)
    page.locator("#tool-card button", has_text="应用").click()
    said(page, "已切分")
    # Without doing anything one hears of it, too.
    with edited.person(COLLEAGUE) as colleague:
        step(colleague, draft, {"op": "rename", "grid": BESIDE, "name": "又改了"})
    expect(page.locator("#banner")).to_contain_text("改名")
    window.check(expected=("412",))


def test_everything_by_keys(enter: Open, edited: Served) -> None:
    draft = begin(edited, EDITOR)
    window = enter(EDITOR)
    page = open_draft(window, draft, "&view=120.075,35.885,14")
    # Two neighbours from the tree, merged.
    page.focus("#tree-filter")
    page.keyboard.type("第3社区")
    expect(page.locator(".tree-row", has_text="第3社区第1网格")).to_be_visible()
    page.keyboard.press("ArrowDown")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator(".tree-row:focus")).to_contain_text("第3社区第1网格")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Enter")
    expect(page.locator("#drawer h1")).to_have_text("选中 2 个网格")
    page.locator("#merge button").focus()
    page.keyboard.press("Enter")
    said(page, "已合并")
    expect(page.locator("#drawer h1")).to_have_text(re.compile("第3社区第[12]网格"))
    # A vertex of it, found by keys and moved by its coordinates.
    page.locator("#map canvas").first.focus()
    page.keyboard.press("x")
    expect(page.locator("[data-tool=vertex]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("]")
    field = page.locator("#tool-card input")
    lon, lat = (float(v) for v in field.input_value().split(","))
    field.fill(f"{lon + 0.0001:.7f}, {lat + 0.0001:.7f}")
    field.press("Enter")
    expect(page.locator("#tool-card [role=alert]")).to_have_count(0)
    said(page, "已移动顶点")
    # Coordinates in place of drawing; what cannot be read is told.
    page.locator("#map canvas").first.focus()
    page.keyboard.press("s")
    page.locator("#tool-card summary").focus()
    page.keyboard.press("Enter")
    area = page.locator("#tool-card textarea")
    area.fill("120.07 35.88")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#tool-card [role=alert]")).to_contain_text("至少两行")
    page.locator("#map canvas").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator("[data-tool=select]")).to_have_attribute("aria-pressed", "true")
    page.locator(".tabs [data-tab=select]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tabs [data-tab=check]")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("切分")
    window.check()


def test_borders_are_redrawn_and_land_changes_hands_by_hand(enter: Open, edited: Served) -> None:
    draft = begin(edited, EDITOR)
    window = enter(EDITOR)
    page = open_draft(window, draft, f"&sel={HERE}&tool=reshape&view=120.078,35.885,15")
    shared = shapely.line_merge(shapely.intersection(shape_of(HERE), shape_of(BESIDE)))
    start, end = (shapely.line_interpolate_point(shared, at, normalized=True) for at in (0.3, 0.7))
    middle = shapely.line_interpolate_point(shared, 0.5, normalized=True)
    # The border between the two bulges to the east.
    draw(page, [(start.x - 0.0003, start.y), (middle.x + 0.0015, middle.y), (end.x - 0.0003, end.y)])
    said(page, "已改边界")
    # A corner of the neighbour goes to the one that is selected.
    page.keyboard.press("t")
    expect(page.locator("[data-tool=transfer]")).to_have_attribute("aria-pressed", "true")
    x, y = middle.x + 0.0008, middle.y
    draw(page, [(x, y - 0.0008), (x + 0.002, y - 0.0008), (x + 0.002, y + 0.0008), (x, y + 0.0008)])
    said(page, "已划转")
    # Land that nobody owns, north of everything, is added to it: it has to touch.
    page.locator("#map canvas").first.focus()
    page.keyboard.press("a")
    expect(page.locator("[data-tool=add]")).to_have_attribute("aria-pressed", "true")
    west, south, east, _ = outline(HERE)
    across = (west + east) / 2
    page.evaluate(f"async (to) => (await {MAP}).mapOf().jumpTo({{center: to}})", [across, south])
    draw(
        page,
        [
            (across - 0.001, south + 0.002),
            (across + 0.001, south + 0.002),
            (across + 0.001, south - 0.002),
            (across - 0.001, south - 0.002),
        ],
    )
    said(page, "已补地")
    with edited.person(EDITOR) as client:
        now = client.get(f"/v1/drafts/{draft}").json()
        found = client.get(f"/v1/drafts/{draft}/grids", params={"changed": True}).json()["features"]
    assert [each["op"] for each in now["history"]] == ["reshape", "transfer", "add"]
    assert {HERE, BESIDE} <= set(now["changed"])
    after = {each["id"]: shapely.geometry.shape(each["geometry"]) for each in found}
    assert after[HERE].area > shape_of(HERE).area
    assert after[BESIDE].area < shape_of(BESIDE).area
    assert not shapely.difference(after[HERE], shapely.union_all([shape_of(HERE), shape_of(BESIDE)])).is_empty
    # And it is dissolved from its own panel.
    page.locator(".tabs [data-tab=select]").click()
    page.locator("#drawer button", has_text="撤并此网格").click()
    said(page, "已撤并")
    with edited.person(EDITOR) as client:
        assert client.get(f"/v1/drafts/{draft}").json()["retired"] == [HERE]
    window.check()


def test_borders_follow_while_a_vertex_is_dragged(enter: Open, edited: Served) -> None:
    draft = begin(edited, EDITOR)
    window = enter(EDITOR)
    page = open_draft(window, draft, "&tool=vertex&view=120.07,35.89,14.5")
    corner = next(
        c for c in shape_of(HERE).exterior.coords if shape_of("370299002004001").touches(shapely.Point(c))
    )
    x, y = pixel(page, corner)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 15, y + 10)
    page.mouse.move(x + 30, y + 20)
    page.wait_for_function(
        f"""async () => {{
            const {{mapOf}} = await {MAP};
            return (await mapOf().getSource('draft-live').getData()).features.length >= 3;
        }}"""
    )
    page.mouse.up()
    said(page, "已移动顶点")
    # What the page made of the answer step by step is what it makes of everything read anew.
    same = page.evaluate(
        f"""async () => {{
            const draft = (await {EDITOR_MODULE}).draftOf();
            const told = (c) => JSON.stringify([...c.borders.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
                .map(([code, borders]) => [code, borders.map(({{other, line}}) => [other, line.length]).sort()]));
            const kept = told(draft.coverage);
            await draft.load();
            return kept === told(draft.coverage);
        }}"""
    )
    assert same
    window.check()


@pytest.mark.parametrize("dark", [False, True])
def test_before_and_after(enter: Open, edited: Served, dark: bool) -> None:
    draft = begin(edited, EDITOR, "对比")
    with edited.person(EDITOR) as client:
        step(client, draft, {"op": "merge", "grids": [HERE, BESIDE]})
    window = enter(EDITOR, dark=dark)
    page = open_draft(window, draft, "&tab=review")
    page.click("[data-act=compare]")
    handle = page.locator(".swipe-handle")
    expect(handle).to_be_visible()
    start = int(handle.get_attribute("aria-valuenow") or 0)
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", str(start + 2))
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 14, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] - 106, box["y"] + 300)
    page.mouse.up()
    expect(handle).not_to_have_attribute("aria-valuenow", str(start + 2))
    page.click("[data-act=compare]")
    expect(handle).to_have_count(0)
    window.check()


def test_the_page_in_english(enter: Open, edited: Served) -> None:
    draft = begin(edited, EDITOR, "Rework")
    window = enter(EDITOR, lang="en-GB")
    page = open_draft(window, draft, f"&sel={HERE}&tool=transfer&lang=en")
    expect(page.locator("#drawer h1")).to_be_visible()
    assert HAN.findall(page.locator("#tools").inner_text() + page.locator("#tool-card").inner_text()) == []
    for tab in ("check", "impact", "history", "review"):
        page.click(f".tabs [data-tab={tab}]")
        expect(page.locator("#draft-tab")).not_to_be_empty()
        # What people wrote stays as they wrote it.
        words = page.locator("#draft-tab").inner_text().replace("试验区", "")
        assert HAN.findall(words) == [], words
    page.click("#language")
    expect(page.locator("[data-tool=split]")).to_contain_text("切分")
    assert f"draft={draft}" in page.url
    window.check()


def test_on_a_phone_drafts_are_read_and_reviewed(enter: Open, edited: Served) -> None:
    draft = begin(edited, EDITOR, "手机复核")
    with edited.person(EDITOR) as client:
        step(client, draft, {"op": "rename", "grid": HERE, "name": "手机上看"})
        seen = client.get(f"/v1/drafts/{draft}").headers["etag"]
        client.post(f"/v1/drafts/{draft}/submit", json={}, headers={"If-Match": seen}).raise_for_status()
    window = enter(PUBLISHER, phone=True)
    page = window.open("/editor")
    page.locator(".draft-row", has_text="手机复核").tap()
    expect(page.locator("#panel")).to_contain_text("请用更大的屏幕")
    expect(page.locator("[data-tool=split]")).to_be_hidden()
    page.locator(".panel-tabs [data-tab=review]").tap()
    expect(page.locator("#draft-tab")).to_contain_text("复核")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    page.locator("#draft-tab button", has_text="退回").tap()
    # A draft is not sent back without a word.
    expect(page.locator("#draft-tab textarea")).to_be_focused()
    page.fill("#draft-tab textarea", "名称再议")
    page.locator("#draft-tab button", has_text="退回").tap()
    said(page, "已退回")
    window.check()


def test_a_file_edited_elsewhere_becomes_steps(enter: Open, edited: Served, tmp_path: Path) -> None:
    draft = begin(edited, EDITOR, "从文件")
    with edited.person(EDITOR) as client:
        grids = client.get(f"/v1/drafts/{draft}/grids").json()
    mine = next(f for f in grids["features"] if f["properties"]["code"] == HERE)
    mine["properties"]["name"] = "文件里的名字"
    file = tmp_path / "改好的.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [mine]}))
    window = enter(EDITOR)
    page = open_draft(window, draft, "&tab=history")
    page.locator("#draft-tab summary").click()
    page.set_input_files("#draft-tab input[type=file]", file)
    page.locator("#draft-tab button[type=submit]").click()
    expect(page.locator(".tabs [data-tab=history]")).to_contain_text("1")
    page.fill("#tree-filter", HERE)
    expect(page.locator(".tree-row", has_text="文件里的名字")).to_contain_text("改动")
    # What is no file of grids is refused in words.
    page.locator("#draft-tab summary").click()
    nonsense = tmp_path / "x.geojson"
    nonsense.write_text("{}")
    page.set_input_files("#draft-tab input[type=file]", nonsense)
    page.locator("#draft-tab button[type=submit]").click()
    expect(page.locator("#banner")).not_to_be_empty()
    expect(page.locator(".tabs [data-tab=history]")).to_contain_text("1")
    window.check(expected=("422",))

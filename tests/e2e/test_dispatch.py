"""Dispatch as a dispatcher uses it: sign in, filters, list and map in step, one incident."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.e2e.steps import map_ready
from tests.fixtures.browser import Open
from tests.fixtures.served import DISPATCHER, INCIDENTS, STREET_DISPATCHER, VIEWER, Served


def count(served: Served, where: str) -> int:
    with served.town.owner_engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM incident WHERE {where}")) or 0)


def shown(status: str) -> int:
    found = re.search(r"([\d,]+) 件", status)
    assert found is not None, status
    return int(found[1].replace(",", ""))


def test_signing_in_leads_to_where_one_wanted(visit: Open, served: Served) -> None:
    window = visit(fresh=True)
    page = window.open("/dispatch?state=closed")
    expect(page.locator("h1")).to_have_text("登录")
    page.fill("input[name=name]", DISPATCHER)
    page.fill("input[name=password]", "wrong password")
    page.click("button[type=submit]")
    expect(page.locator(".alert")).to_be_visible()
    page.fill("input[name=password]", served.password)
    page.keyboard.press("Enter")
    expect(page.locator(".incident-row").first).to_be_visible()
    assert page.url.startswith(f"{window.url}/dispatch?state=closed")
    expect(page.locator("input[name=state]:checked")).to_have_value("closed")
    page.click("#account button")
    page.locator(".menu-item", has_text="退出登录").click()
    page.wait_for_url(re.compile("/$|/\\?"))
    expect(page.locator(".rail")).not_to_contain_text("派单")
    window.check(expected=("401",))


def test_the_list_is_what_the_map_shows(visit: Open, served: Served) -> None:
    window = visit(DISPATCHER)
    page = window.open("/dispatch?state=all")
    map_ready(page)
    status = page.locator("#list-status")
    expect(status).to_contain_text(f"{INCIDENTS} 件")
    window.open("/dispatch?state=all&view=120.055,35.885,16.5")
    map_ready(page)
    expect(status).not_to_contain_text(f" {INCIDENTS} 件")
    near = shown(status.inner_text())
    assert 0 < near < INCIDENTS
    window.check()


def test_filters_narrow_and_stay_in_the_address(visit: Open, served: Served) -> None:
    window = visit(DISPATCHER)
    page = window.open("/dispatch")
    status = page.locator("#list-status")
    expect(status).to_contain_text(f"{count(served, 'closed_at IS NULL')} 件")
    page.locator(".segments label", has_text="全部").click()
    expect(status).to_contain_text(f"{INCIDENTS} 件")
    page.locator(".more-filters summary").click()
    page.select_option("select[name=class]", "0102")
    rubbish = count(served, "class_code = '0102'")
    expect(status).to_contain_text(f"{rubbish} 件")
    page.select_option("select[name=unit]", "370299002")
    there = count(served, "class_code = '0102' AND grid_code LIKE '370299002%'")
    expect(status).to_contain_text(f"{there} 件")
    assert "class=0102" in page.url
    assert "unit=370299002" in page.url
    page.reload()
    expect(status).to_contain_text(f"{there} 件")
    expect(page.locator("#filter-count")).to_contain_text("2 项")
    page.go_back()
    expect(status).to_contain_text(f"{rubbish} 件")
    page.locator(".more-filters summary").click()
    page.click("button[type=reset]")
    expect(page.locator("select[name=class]")).to_have_value("")
    window.check()


def test_a_day_counts_whole(visit: Open, served: Served) -> None:
    window = visit(DISPATCHER)
    days = "(occurred_at AT TIME ZONE 'Asia/Shanghai')::date"
    with served.town.owner_engine.connect() as connection:
        day = connection.scalar(
            text(f"SELECT {days} FROM incident ORDER BY occurred_at DESC OFFSET 50 LIMIT 1")
        )
    page = window.open(f"/dispatch?state=all&from={day}&to={day}")
    expected = count(served, f"{days} = '{day}'")
    assert expected > 0
    expect(page.locator("#list-status")).to_contain_text(f" {expected} 件")
    window.check()


def test_one_incident_with_owner_team_and_log(visit: Open) -> None:
    window = visit(DISPATCHER)
    page = window.open("/dispatch")
    page.locator(".incident-row").first.click()
    drawer = page.locator("#drawer")
    expect(drawer.locator("h1")).to_have_text(re.compile("暴露垃圾|道路破损"))
    expect(drawer).to_contain_text(re.compile("第[12]街道"))
    expect(drawer.locator(".person")).to_contain_text("赵")
    expect(drawer.locator(".log li").first).to_contain_text("上报")
    expect(drawer.locator(".log li").first).to_contain_text("来电")
    number = re.search(r"no=(T\d+)", page.url)
    assert number is not None
    expect(drawer).to_contain_text(number[1])
    window.check()


def test_lists_are_walked_by_keys(visit: Open) -> None:
    window = visit(DISPATCHER)
    page = window.open("/dispatch")
    expect(page.locator(".incident-row").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    focused = page.locator(".incident-row:focus")
    third = page.locator(".incident-row").nth(2)
    assert focused.get_attribute("id") == third.get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h1")).to_be_visible()
    expect(third).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(third).to_be_focused()
    window.check()


def test_the_list_grows_as_one_scrolls(visit: Open) -> None:
    window = visit(DISPATCHER)
    page = window.open("/dispatch?state=all")
    rows = page.locator(".incident-row")
    expect(rows).to_have_count(50)
    page.locator("#list").evaluate("e => { e.scrollTop = e.scrollHeight; }")
    expect(rows).to_have_count(100)
    numbers = page.locator(".incident-row").evaluate_all("rows => rows.map(r => r.dataset.number)")
    assert len(set(numbers)) == 100
    window.check()


def test_lights_have_a_shape_and_a_word(visit: Open) -> None:
    window = visit(DISPATCHER)
    page = window.open("/dispatch")
    expect(page.locator(".incident-row").first).to_be_visible()
    icons: dict[str, set[str]] = {}
    for row in page.locator(".incident-row").all():
        tone = row.locator(".light").first.get_attribute("class") or ""
        icons.setdefault(tone.split()[-1], set()).add(row.locator("use").first.get_attribute("href") or "")
        words = row.locator(".state-line .light").inner_text()
        assert re.search("超期" if "bad" in tone else "还剩", words), words
    assert {"bad", "good"} <= set(icons)
    assert all(len(each) == 1 for each in icons.values())
    assert len({next(iter(each)) for each in icons.values()}) == len(icons)
    window.check()


def test_nobody_sees_past_their_area(visit: Open, served: Served) -> None:
    window = visit(STREET_DISPATCHER)
    page = window.open("/dispatch?state=all")
    mine = count(served, "grid_code LIKE '370299001%'")
    assert 0 < mine < INCIDENTS
    expect(page.locator("#list-status")).to_contain_text(f"{mine} 件")
    with served.town.owner_engine.connect() as connection:
        other = connection.scalar(
            text("SELECT number FROM incident WHERE grid_code LIKE '370299002%' LIMIT 1")
        )
    page = window.open(f"/dispatch?no={other}")
    expect(page.locator("#drawer [role=alert]")).to_contain_text("管辖范围")
    window.check(expected=("404",))


def test_clusters_open_where_they_are_clicked(visit: Open) -> None:
    window = visit(DISPATCHER)
    page = window.open("/dispatch?state=all")
    map_ready(page)
    page.wait_for_function("document.querySelector('#map').dataset.marks === 'clusters'")
    total = page.evaluate(
        """async () => {
            const { mapOf } = await import(document.querySelector('script[type=module]').src.replace(/js\\/.*/, 'js/map/map.js'));
            return (await mapOf().getSource('incidents').getData()).features.reduce((n, f) => n + f.properties.count, 0);
        }"""
    )
    assert total == INCIDENTS
    window.check()


@pytest.mark.parametrize("phone", [False, True])
def test_nothing_within_the_filters_says_what_to_do(visit: Open, phone: bool) -> None:
    window = visit(DISPATCHER, phone=phone)
    page = window.open("/dispatch?from=1999-01-01&to=1999-01-02")
    expect(page.locator("#list")).to_contain_text("没有符合条件的事件")
    expect(page.locator("#list")).to_contain_text("放宽")
    window.check()


@pytest.mark.parametrize("phone", [False, True])
def test_who_does_not_act_sees_days_and_cells(visit: Open, phone: bool) -> None:
    window = visit(VIEWER, phone=phone)
    page = window.open("/dispatch?state=open&view=120.055,35.885,15.5")
    map_ready(page)
    first = page.locator(".incident-row").first
    expect(page.locator(".list-hint")).to_contain_text("约 100 米")
    expect(first.locator(".when")).to_have_text(re.compile(r"^(\d+年)?\d+月\d+日$"))
    expect(first.locator(".place")).to_have_text(re.compile("网格$"))
    expect(first.locator(".state-line .light")).to_have_text(re.compile("在时限内|即将到期|已超期"))
    assert "试验路" not in page.locator("body").inner_text()
    first.click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("100 米方格")
    expect(drawer).to_contain_text("发生日")
    expect(drawer.locator(".log li").first).to_contain_text("上报")
    shown = drawer.inner_text()
    for hidden in ("试验路", "有人反映", "来电", "地址\n", "时限\n", "WGS84", "0532"):
        assert hidden not in shown, hidden
    drawn = page.evaluate(
        """async () => {
            const { mapOf } = await import(document.querySelector('script[type=module]').src.replace(/js\\/.*/, 'js/map/map.js'));
            const { features } = await mapOf().getSource('incidents').getData();
            return features.map((f) => [f.properties.view, f.properties.radius > 0]);
        }"""
    )
    assert drawn
    assert all(each == ["coarse", True] for each in drawn)
    window.check()

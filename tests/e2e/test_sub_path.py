"""The whole application under a sub-path of another host's address, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.fixtures.browser import DESK, Watched
from tests.fixtures.proxied import behind_proxy
from tests.fixtures.served import BUSY, DISPATCHER, PASSWORD, PopulatedTown


@pytest.fixture(scope="module")
def published(populated_town: PopulatedTown) -> Iterator[str]:
    with behind_proxy(populated_town.settings) as public:
        yield public


def test_from_signing_in_to_the_heat_map(chromium: Browser, published: str) -> None:
    context = chromium.new_context(viewport=DESK, locale="zh-CN", reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    window = Watched(context.new_page(), published)
    page = window.open("/dispatch")
    page.wait_for_url(re.compile(r"/wangge/signin\?next="))
    page.fill("input[name=name]", DISPATCHER)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(re.compile(r"/wangge/dispatch"))
    expect(page.locator(".incident-row").first).to_be_visible()
    cookies = {each["name"]: each["path"] for each in context.cookies()}
    assert cookies["wangge_session"] == "/wangge/"
    with page.expect_response(lambda answer: ".pbf" in answer.url) as tile:
        window.open(f"/?unit={BUSY}")
    assert tile.value.status == 200
    page.locator(f"a[href='/wangge/maps/heat/{BUSY}']").click()
    page.wait_for_url(re.compile(r"/wangge/maps/heat/"))
    page.locator(".leaflet-container").first.wait_for()
    window.open("/editor")
    expect(page.locator("main")).to_be_visible()
    window.open("/docs")
    expect(page.locator("#docs .opblock").first).to_be_visible()
    assert {"/wangge/" in url for url in window.requests if not url.startswith(("data:", "blob:"))} == {True}
    window.check()
    context.close()

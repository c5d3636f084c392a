"""The description of the API, served by us."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.fixtures.browser import Open


def test_every_request_can_be_tried(visit: Open) -> None:
    window = visit()
    page = window.open("/docs")
    block = page.locator(".opblock", has_text="/v1/locate").first
    expect(block).to_be_visible()
    block.click()
    block.locator("button", has_text="Try it out").click()
    block.locator("tr[data-param-name=lon] input").fill("120.055")
    block.locator("tr[data-param-name=lat] input").fill("35.885")
    block.locator("button", has_text="Execute").click()
    expect(block.locator(".responses-table.live-responses-table")).to_contain_text('"grid"')
    window.check()

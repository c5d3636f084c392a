"""A base map of the city's own, when the setting names one: drawn, credited, and let in by name only."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.steps import map_ready
from tests.fixtures.browser import DESK, Watched
from tests.fixtures.served import PopulatedTown, serving_at

TILES = "https://tiles.city.example/{z}/{x}/{y}.png"


def one_pixel() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\x00\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture
def city(populated_town: PopulatedTown) -> Iterator[str]:
    settings = populated_town.settings.model_copy(
        update={"basemap_url": TILES, "basemap_attribution": "© 试验区测绘"}
    )
    with serving_at(settings) as url:
        yield url


def test_tiles_of_the_city_are_drawn_and_credited(chromium: Browser, city: str) -> None:
    context = chromium.new_context(viewport=DESK, locale="zh-CN")  # type: ignore[arg-type]
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(
            body=one_pixel(), content_type="image/png", headers={"Access-Control-Allow-Origin": "*"}
        )

    context.route("https://tiles.city.example/**", answer)
    window = Watched(context.new_page(), city)
    page = window.open("/")
    map_ready(page)
    assert asked
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("试验区测绘")
    assert {url.split("/")[2] for url in window.outside()} == {"tiles.city.example"}
    assert window.complaints == []
    context.close()

"""Heat maps in a browser: served under a strict policy, and as a file with the network cut."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from app.auth.principal import operator
from app.db.session import EVERYTHING, read_session
from app.maps.heat import HeatRequest, draw
from app.web.statics import VENDOR
from gis.viz import Assets, to_html
from tests.fixtures.browser import Open
from tests.fixtures.served import BUSY, DISPATCHER, Served
from tests.fixtures.towns import DISTRICT

# leaflet.heat reads its canvas back, which Chromium would like to have been told before; nothing is wrong with it.
READBACK = ("willReadFrequently",)


def coloured(page: Page) -> int:
    """How many pixels of heat were really painted."""
    return int(
        page.evaluate(
            """() => {
                const canvas = document.querySelector('canvas.leaflet-heatmap-layer');
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                let n = 0;
                for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) n++;
                return n;
            }"""
        )
    )


@pytest.mark.parametrize("code", [DISTRICT, BUSY])
def test_the_served_page_draws_under_its_policy(visit: Open, code: str) -> None:
    window = visit(DISPATCHER)
    page = window.open(f"/maps/heat/{code}")
    expect(page.locator("h1")).to_contain_text("热力图")
    page.wait_for_selector("canvas.leaflet-heatmap-layer")
    page.wait_for_function("document.querySelectorAll('.leaflet-overlay-pane path').length >= 1")
    page.wait_for_timeout(500)
    assert coloured(page) > 100
    window.check(expected=READBACK)


def test_the_way_there_from_the_map_and_back(visit: Open) -> None:
    window = visit(DISPATCHER)
    page = window.open(f"/?unit={BUSY}")
    page.locator("#drawer a", has_text="热力图").click()
    expect(page.locator("h1")).to_contain_text("事件热力图")
    page.go_back()
    expect(page.locator("#drawer h1")).to_have_text("第1社区第1网格")


def test_a_saved_file_works_with_the_network_cut(visit: Open, served: Served, tmp_path: Path) -> None:
    with read_session(served.town.owner_engine, EVERYTHING) as session:
        drawn = draw(
            session,
            HeatRequest(code=DISTRICT),
            viewer=operator("test"),
            instant=datetime.now(UTC),
            zone=ZoneInfo("Asia/Shanghai"),
            assets=Assets.inline(VENDOR),
        )
    path = tmp_path / "heat.html"
    path.write_text(to_html(drawn.map))
    window = visit(offline=True, fresh=True)
    page = window.page
    page.goto(path.as_uri())
    expect(page.locator("h1")).to_contain_text("热力图")
    page.wait_for_selector("canvas.leaflet-heatmap-layer")
    page.wait_for_timeout(500)
    assert coloured(page) > 100
    assert {url for url in window.requests if not url.startswith("data:")} == {path.as_uri()}
    assert [text for text in window.complaints if "willReadFrequently" not in text] == []

"""The map of a district across the 180th meridian: both halves side by side, not the whole world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import shapely
from playwright.sync_api import Browser, expect

from tests.e2e.steps import map_ready
from tests.fixtures.browser import DESK, Watched
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.served import serving_at

GRIDS = {
    "T1": shapely.box(179.8, -17, 179.95, -16.8),
    "T2": shapely.MultiPolygon(
        [shapely.box(179.95, -17, 180, -16.8), shapely.box(-180, -17, -179.95, -16.8)]
    ),
    "T3": shapely.box(-179.95, -17, -179.8, -16.8),
}


def test_both_halves_are_shown_and_answer_a_click(
    chromium: Browser, wangge_empty: Command, committing_db: CommittingDatabase, tmp_path: Path
) -> None:
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": json.loads(shapely.to_geojson(shape))}
        for code, shape in GRIDS.items()
    ]
    file = tmp_path / "am.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    options = ("--code", "code", "--district", "679001", "--code-scheme", "own", "--publish", "--json")
    assert wangge_empty("grids", "import", file, *options).code == 0
    size: Any = DESK
    with serving_at(committing_db.settings) as url:
        context = chromium.new_context(viewport=size, locale="en", reduced_motion="reduce")
        window = Watched(context.new_page(), url)
        page = window.open("/")
        map_ready(page)
        seen = page.evaluate(
            """async () => {
                const { mapOf } = await import(document.querySelector('script[type=module]').src.replace(/js\\/.*/, 'js/map/map.js'));
                const map = mapOf();
                const box = map.getContainer().getBoundingClientRect();
                const codes = map.queryRenderedFeatures({ layers: map.getStyle().layers.map((l) => l.id).filter((id) => id.startsWith("grid-")) })
                    .map((f) => f.properties.code);
                const { x, y } = map.project([180.1, -16.9]);
                return { wide: map.getBounds().getEast() - map.getBounds().getWest(), codes, x: x + box.left, y: y + box.top };
            }"""
        )
        page.screenshot(path=str(tmp_path / "map.png"))
        assert seen["wide"] < 3
        assert {"T1", "T2", "T3"} <= set(seen["codes"])
        page.mouse.click(seen["x"], seen["y"])
        expect(page.locator("#drawer h1")).to_have_text("T3")
        window.check()
        context.close()

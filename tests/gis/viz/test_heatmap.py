"""Heat maps as pages: nothing from outside, nothing random, nothing that a name could break out of."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.errors import AssetsMissing
from gis.viz import Assets, HeatCaption, heat_map, to_html
from gis.viz.heatmap import InnerUnit, strongest

VENDOR = Path(__file__).parents[3] / "app" / "web" / "static" / "vendor"
BORDER = shapely.box(120.0, 35.8, 120.1, 35.9)
OUTSIDE = re.compile(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"'<>)]*", re.IGNORECASE)


def page(assets: Assets, **changes: object) -> str:
    options: dict[str, object] = {
        "border": BORDER,
        "caption": HeatCaption(title="新华社区 · 事件热力图", period="2025-11-22 至 2026-11-21", total=1234),
        "inner": (InnerUnit("甲网格", shapely.box(120.0, 35.8, 120.05, 35.9)),),
    }
    options.update(changes)
    lon, lat = np.array([120.01, 120.02, 120.02]), np.array([35.81, 35.85, 35.85])
    return to_html(heat_map(lon, lat, assets=assets, **options))  # type: ignore[arg-type]


@pytest.fixture(params=["inline", "linked"])
def assets(request: pytest.FixtureRequest) -> Assets:
    if request.param == "inline":
        return Assets.inline(VENDOR)
    return Assets.linked(lambda name: f"/static/0/vendor/{name}")


def test_no_outside_address(assets: Assets) -> None:
    found = {match for match in OUTSIDE.findall(page(assets)) if "www.w3.org" not in match}
    assert found == set()


def test_one_file_holds_everything_it_needs() -> None:
    text = page(Assets.inline(VENDOR))
    assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]*)"', text) == ["data:,"]
    assert 't.version="1.9.4"' in text
    assert "simpleheat" in text
    assert set(re.findall(r"url\(([^)#]{1,16})", text)) == {"data:image/png;b"}


def test_a_served_page_links_only_our_own_files() -> None:
    text = page(Assets.linked(lambda name: f"/static/0/vendor/{name}"))
    assert sorted(re.findall(r'(?:src|href)="(/[^"]+)"', text)) == [
        "/static/0/vendor/leaflet.heat/leaflet-heat.js",
        "/static/0/vendor/leaflet/leaflet.css",
        "/static/0/vendor/leaflet/leaflet.js",
    ]
    assert text.index("leaflet.js") < text.index("leaflet-heat.js")


def test_the_same_map_is_the_same_bytes(assets: Assets) -> None:
    assert page(assets) == page(assets)


def test_one_map_does_not_change_the_next(assets: Assets) -> None:
    import folium

    before = (list(folium.Map.default_js), list(folium.plugins.HeatMap.default_js))
    page(assets)
    assert (folium.Map.default_js, folium.plugins.HeatMap.default_js) == before


def test_names_stay_text(assets: Assets) -> None:
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    text = page(
        assets,
        caption=HeatCaption(title=nasty, period=nasty, subject=nasty, note=nasty, total=1),
        inner=(InnerUnit(nasty, BORDER),),
    )
    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_the_caption_says_what_is_shown(assets: Assets) -> None:
    text = page(assets)
    assert '<html lang="zh-CN">' in text
    assert '<h1 title="新华社区 · 事件热力图">新华社区 · 事件热力图</h1>' in text
    assert "2025-11-22 至 2026-11-21" in text
    assert "共 <b>1,234</b> 件" in text
    english = page(
        assets, caption=HeatCaption(title="Xinhua", period="1 Jan to 2 Jan", total=1, lang="en", note="Demo")
    )
    assert '<html lang="en">' in english
    assert "<b>1</b> incident</p>" in english
    assert "Demo" in english


def test_no_points_say_so(assets: Assets) -> None:
    empty = HeatCaption(title="t", period="p", total=0)
    text = to_html(heat_map([], [], border=BORDER, caption=empty, assets=assets))
    assert "这段时间内" in text
    assert "L.heatLayer(" not in text.split("</head>")[1]


def test_places_and_weights_reach_the_page_latitude_first() -> None:
    text = to_html(
        heat_map(
            [120.01],
            [35.85],
            weights=[7],
            border=BORDER,
            caption=HeatCaption(title="t", period="p", total=7),
            assets=Assets.linked("/x/{}".format),
        )
    )
    data = re.search(r"L\.heatLayer\(\s*(\[\[.*?\]\])", text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1]) == [[35.85, 120.01, 7.0]]


def test_the_scale_stands_above_noise_and_below_one_bad_crossing() -> None:
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(120, 120.1, 400), rng.uniform(35.8, 35.9, 400)
    quiet = strongest(lon, lat, np.ones(400), zoom=14)
    one_peak = strongest(
        np.append(lon, 120.05), np.append(lat, 35.85), np.append(np.ones(400), 5000), zoom=14
    )
    assert quiet == 3.0
    assert one_peak < 100


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lon": [120.0, 120.1]}, "one length"),
        ({"lon": [float("nan")]}, "must be a number"),
        ({"border": shapely.Polygon()}, "border is empty"),
    ],
)
def test_refusals(changes: dict[str, object], message: str) -> None:
    options = {"lon": [120.0], "lat": [35.8], "border": BORDER} | changes
    with pytest.raises(ValueError, match=message):
        heat_map(
            options.pop("lon"),  # type: ignore[arg-type]
            options.pop("lat"),  # type: ignore[arg-type]
            caption=HeatCaption(title="t", period="p", total=1),
            assets=Assets.linked("/x/{}".format),
            **options,  # type: ignore[arg-type]
        )


@pytest.mark.parametrize("url", ["https://cdn.example.org/{}", "//cdn.example.org/{}", "leaflet/{}"])
def test_an_asset_from_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="own host"):
        page(Assets.linked(url.format))


def test_missing_files_name_the_command_that_brings_them(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match="make assets"):
        Assets.inline(tmp_path / "nothing")


def test_large_borders_are_thinned() -> None:
    ring = shapely.Point(120.05, 35.85).buffer(0.05, quad_segs=50_000)
    text = page(Assets.linked("/x/{}".format), border=ring, inner=())
    assert len(text) < 200_000

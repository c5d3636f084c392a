"""A heat map of points inside one unit, as a folium map: the border, the heat, and a caption that says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import folium
import numpy as np
import shapely
from folium.plugins import HeatMap
from folium.template import Template
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from gis.antimeridian import straddles, turn
from gis.geojson import feature, geojson_geometry
from gis.viz import palette
from gis.viz.assets import HEAT, Assets
from gis.viz.local_map import LocalAssets, LocalMap
from gis.viz.rendering import RenderedOnce, html_text

__all__ = ["HeatCaption", "InnerUnit", "heat_map", "strongest"]

RADIUS, BLUR = 14, 16
_VIEW = (960, 680)  # CSS pixels the strength of the colours is set for
_TILE = 256


@dataclass(frozen=True)
class HeatCaption:
    """The words on a heat map, in the language of the page.

    Attributes
    ----------
    title : str
        What the map is of: ``新华社区 · 事件热力图``.
    period : str
        From when to when.
    total : int
        How many points it shows, which the page writes with its unit.
    subject : str
        Which class of incidents; empty for all.
    note : str
        What a reader has to know, such as that the data are synthetic; empty for nothing.
    lang : {"zh", "en"}
        Language of the page.
    """

    title: str
    period: str
    total: int
    subject: str = ""
    note: str = ""
    lang: str = "zh"


@dataclass(frozen=True)
class InnerUnit:
    """One unit inside the mapped one, drawn thin and named, since there is no base map to find one's way by."""

    name: str
    outline: BaseGeometry


class _Heat(LocalAssets, HeatMap, RenderedOnce):
    needs = (HEAT,)


class _Pane(folium.map.CustomPane, RenderedOnce):
    pass


class _Shape(folium.GeoJson, RenderedOnce):
    pass


class _Caption(RenderedOnce):
    """The card with title, period, count and colour scale."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}
        <style>
          .heat-card { position: absolute; z-index: 1000; top: 16px; left: 16px; max-width: min(360px, calc(100% - 64px));
            background: {{ this.colours.PAPER }}; color: {{ this.colours.INK }}; border: 1px solid {{ this.colours.BORDER }};
            border-radius: 6px; padding: 12px 16px; box-shadow: 0 1px 3px rgb(0 0 0 / 12%);
            font: 14px/1.5 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; }
          .heat-card h1 { overflow: hidden; overflow-wrap: anywhere; display: -webkit-box;
            -webkit-box-orient: vertical; -webkit-line-clamp: 3; }
          .heat-card bdi { display: inline-block; max-width: 100%; overflow: hidden; text-overflow: ellipsis;
            white-space: nowrap; vertical-align: bottom; }
          .heat-card h1 { margin: 0; font-size: 20px; line-height: 1.3; font-weight: 600; }
          .heat-card p { margin: 4px 0 0; color: {{ this.colours.MUTED }}; font-size: 12px; }
          .heat-card .total { margin-top: 8px; color: {{ this.colours.INK }}; font-size: 14px; }
          .heat-card .total b { font-size: 20px; font-variant-numeric: tabular-nums; }
          .heat-scale { margin-top: 8px; display: flex; align-items: center; gap: 8px; font-size: 12px; }
          .heat-scale i { flex: 1; height: 10px; border-radius: 5px; background: linear-gradient(to right, {{ this.stops }}); }
          .heat-note { display: inline-block; overflow-wrap: anywhere; border: 1px solid {{ this.colours.FAINT }}; border-radius: 6px; padding: 0 6px; }
          .inner-name { background: none; border: 0; box-shadow: none; padding: 0; font-size: 12px;
            max-width: 14em; overflow: hidden; text-overflow: ellipsis;
            color: {{ this.colours.INK }}; text-shadow: 0 0 2px #fff, 0 0 2px #fff, 0 0 3px #fff, 0 0 3px #fff; }
          .inner-name::before { display: none; }
          @media print { .leaflet-control-zoom { display: none; } .heat-card { box-shadow: none; } }
        </style>
        {% endmacro %}
        {% macro html(this, kwargs) %}
        <section class="heat-card">
          <h1 title="{{ this.title }}">{{ this.title }}</h1>
          <p title="{{ this.subject }}">{% if this.subject %}<bdi>{{ this.subject }}</bdi> · {% endif %}{{ this.period }}</p>
          <p class="total">{{ this.total_line[0] }}<b>{{ this.total }}</b>{{ this.total_line[1] }}</p>
          {%- if this.caption.total %}
          <div class="heat-scale"><span>{{ this.few }}</span><i></i><span>{{ this.many }}</span></div>
          {%- else %}
          <p>{{ this.nothing }}</p>
          {%- endif %}
          {%- if this.note %}
          <p><span class="heat-note">{{ this.note }}</span></p>
          {%- endif %}
        </section>
        {% endmacro %}
        """
    )

    def __init__(self, caption: HeatCaption) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Caption"
        self.caption = caption
        self.title, self.subject = html_text(caption.title), html_text(caption.subject)
        self.period, self.note = html_text(caption.period), html_text(caption.note)
        self.colours = palette
        self.total = f"{caption.total:,}"
        english = caption.lang == "en"
        self.total_line = (
            ("", " incident" + ("s" if caption.total != 1 else "")) if english else ("共 ", " 件")
        )
        self.few, self.many = ("few", "many") if english else ("少", "多")
        self.nothing = (
            "Nothing was reported here in this period." if english else "这段时间内,这里没有上报的事件。"
        )
        self.stops = ", ".join(f"{colour} {at:.0%}" for at, colour in palette.SEQUENTIAL)


class _InnerNames(RenderedOnce):
    """Names of inner units, as fixed labels that step aside when the map is too small for them."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.layerGroup({{ this.names|tojson }}.map(function (unit) {
          return L.tooltip({permanent: true, direction: "center", className: "inner-name", interactive: false})
            .setLatLng([unit[1], unit[0]]).setContent(document.createTextNode(unit[2]));
        }));
        (function (map, names, zoom) {
          function fit() { if (map.getZoom() >= zoom) { names.addTo(map); } else { names.remove(); } }
          map.on("zoomend", fit); fit();
        })({{ this._parent.get_name() }}, {{ this.get_name() }}, {{ this.zoom }});
        {% endmacro %}
        """
    )

    def __init__(self, names: list[list[float | str]], zoom: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "InnerNames"
        self.names = names
        self.zoom = zoom


def heat_map(
    lon: ArrayLike,
    lat: ArrayLike,
    *,
    border: BaseGeometry,
    caption: HeatCaption,
    assets: Assets,
    weights: ArrayLike | None = None,
    inner: Sequence[InnerUnit] = (),
) -> LocalMap:
    """Draw where points gather inside a unit.

    Parameters
    ----------
    lon, lat : array_like of float, shape (n,)
        Places, degrees, EPSG:4326.
    border : shapely Polygon or MultiPolygon
        Outline of the unit, EPSG:4326; the map opens on it. It is thinned to what a screen can show.
    caption : HeatCaption
        What the card says.
    assets : Assets
        Where Leaflet and leaflet.heat come from: inline for a file that travels alone, or our own addresses.
    weights : array_like of float, shape (n,), optional
        How many points each place stands for, when they were counted in fine cells before.
    inner : sequence of InnerUnit
        Units of the next level, drawn thin.

    Returns
    -------
    LocalMap
        :func:`gis.viz.to_html` turns it into a page.

    Raises
    ------
    ValueError
        An empty border; arrays of different lengths; places that are not numbers.

    Examples
    --------
    >>> from shapely import box
    >>> from gis.viz import to_html
    >>> caption = HeatCaption(title="新华社区", period="2026-01-01 至 2026-11-21", total=2)
    >>> map_ = heat_map([120.01, 120.02], [35.91, 35.92], border=box(120, 35.9, 120.05, 35.95), caption=caption,
    ...                 assets=Assets.linked("/static/{}".format))
    >>> "L.heatLayer" in to_html(map_)
    True
    """
    x = np.asarray(lon, dtype=np.float64).ravel()
    y = np.asarray(lat, dtype=np.float64).ravel()
    w = np.ones(x.size) if weights is None else np.asarray(weights, dtype=np.float64).ravel()
    if not x.size == y.size == w.size:
        raise ValueError(
            f"lon, lat and weights must have one length; they have {x.size}, {y.size} and {w.size}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(w).all()):
        raise ValueError("every place and weight must be a number; some are NaN or infinite")
    if border.is_empty:
        raise ValueError("the border is empty; a heat map needs the outline of its unit")
    if straddles([border]):
        # One piece for the eye: longitudes go on beyond 180, which Leaflet draws.
        x = x % 360.0
        border = _beyond_180(border)
        inner = [replace(unit, outline=_beyond_180(unit.outline)) for unit in inner]
    bounds = border.bounds
    zoom = _fit_zoom(bounds)
    map_ = LocalMap(bounds, title=caption.title, assets=assets, lang=caption.lang)
    thin = _thinned(border, bounds)
    # White ground under the heat, inner lines, then the edge: what lies outside the unit steps back.
    _Pane("ground", z_index=350, pointer_events=False).add_to(map_)
    ground = {"stroke": False, "fillColor": palette.PAPER, "fillOpacity": 1}
    _drawn(thin, ground, pane="ground").add_to(map_)
    if inner:
        _add_inner(map_, inner, bounds, zoom)
    _drawn(thin, {"color": palette.INK, "weight": 2.5, "fill": False}).add_to(map_)
    if x.size:
        # Without a number of its own here, leaflet.heat would call one single point already the strongest.
        heat = _Heat(  # type: ignore[no-untyped-call]
            np.column_stack((np.round(y, 6), np.round(x, 6), w)).tolist(),
            radius=RADIUS,
            blur=BLUR,
            min_opacity=0.15,
            max_zoom=int(np.floor(zoom)),
            gradient={f"{at:g}": colour for at, colour in palette.SEQUENTIAL},
            max=round(strongest(x, y, w, zoom=zoom), 3),
        )
        heat.assets = assets
        heat.add_to(map_)
    _Caption(caption).add_to(map_)
    return map_


def _beyond_180(shape: BaseGeometry) -> BaseGeometry:
    """A shape at the 180th meridian in one piece, with longitudes of 0 to 360."""
    joined: BaseGeometry = shapely.transform(turn([shape])[0], lambda xy: np.add(xy, (180.0, 0.0)))
    return joined


def strongest(
    lon: NDArray[np.float64], lat: NDArray[np.float64], weights: NDArray[np.float64], *, zoom: float
) -> float:
    """The weight under one blot of heat that gets the full colour: the 95th percentile of those in sight.

    A single crossing with a thousand reports would otherwise bleach everything else; ``zoom`` is Leaflet's (256 px tiles).
    At least 3, so that two reports in a quiet grid do not look like a fire.

    Examples
    --------
    >>> import numpy as np
    >>> strongest(np.full(50, 120.0), np.full(50, 35.9), np.ones(50), zoom=12)
    50.0
    """
    pixels = np.floor(_mercator(lon, lat) * (_TILE * 2.0**zoom) / (RADIUS + BLUR)).astype(np.int64)
    _, inverse = np.unique(pixels, axis=0, return_inverse=True)
    sums = np.bincount(inverse.ravel(), weights=weights)
    return float(max(3.0, np.percentile(sums, 95)))


def _mercator(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Web Mercator in fractions of the world, (n, 2)."""
    sine = np.sin(np.radians(np.clip(lat, -85.0, 85.0)))
    return np.column_stack((lon / 360.0 + 0.5, 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)))


def _fit_zoom(bounds: tuple[float, float, float, float]) -> float:
    """Leaflet's zoom at which ``bounds`` fill a usual window."""
    west, south, east, north = bounds
    corners = _mercator(np.array([west, east]), np.array([south, north]))
    size = np.maximum(np.abs(corners[1] - corners[0]), 1e-9)
    return float(np.clip(np.log2(np.array(_VIEW) / (_TILE * size)).min(), 1.0, 18.0))


def _drawn(geometry: BaseGeometry, style: dict[str, object], pane: str | None = None) -> folium.GeoJson:
    return _Shape(
        feature(geojson_geometry(geometry), {}),
        style_function=lambda _: style,
        interactive=False,
        smooth_factor=1,
        embed=True,
        pane=pane,
    )


def _thinned(geometry: BaseGeometry, bounds: tuple[float, float, float, float]) -> BaseGeometry:
    """A geometry without what a window of 4,000 pixels could not show, to six decimals (0.1 m)."""
    tolerance = max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / 4000
    thin = shapely.set_precision(shapely.simplify(geometry, tolerance), 1e-6, mode="pointwise")
    return thin if not thin.is_empty else geometry


def _add_inner(
    map_: LocalMap, inner: Sequence[InnerUnit], bounds: tuple[float, float, float, float], zoom: float
) -> None:
    outlines = np.array([unit.outline for unit in inner], dtype=object)
    # One layer of shared borders: each is drawn once, however many units touch it.
    lines = shapely.line_merge(shapely.union_all(shapely.boundary(outlines)))
    _drawn(_thinned(lines, bounds), {"color": palette.FAINT, "weight": 1, "fill": False}).add_to(map_)
    places = shapely.point_on_surface(outlines)
    names: list[list[float | str]] = [
        [round(float(shapely.get_x(p)), 6), round(float(shapely.get_y(p)), 6), unit.name]
        for p, unit in zip(places, inner, strict=True)
    ]
    # Names need room: about 90 px for each, so many units show theirs only further in.
    crowd = np.sqrt(len(names) * 90 * 90 / (_VIEW[0] * _VIEW[1]))
    _InnerNames(names, round(zoom - 0.5 + max(0.0, float(np.log2(crowd)) if crowd > 0 else 0.0), 2)).add_to(
        map_
    )

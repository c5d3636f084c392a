"""A folium map that takes nothing from outside: own page, own scripts, no tiles, no random names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import folium
from branca.element import Element, Figure, MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template

from gis.viz import palette
from gis.viz.assets import LEAFLET_CSS, LEAFLET_JS, Assets
from gis.viz.rendering import RenderedOnce, html_text

__all__ = ["Inline", "LocalAssets", "LocalMap", "Page", "to_html"]

_ZOOM_WORDS = {"zh": ("放大", "缩小"), "en": ("Zoom in", "Zoom out")}


class Inline(Element):
    """A script or style written into the head of the page."""

    _template = Template("<{{ this.tag }}>{{ this.code }}</{{ this.tag }}>")

    def __init__(self, tag: str, code: str) -> None:
        super().__init__()
        self._name = "Inline"
        self.tag = tag
        self.code = code


class LocalAssets(JSCSSMixin):
    """What makes a folium element fetch its scripts and styles from :class:`Assets` instead of folium's own hosts."""

    assets: Assets
    needs: tuple[str, ...] = ()

    def render(self, **kwargs: object) -> None:  # type: ignore[override]
        """Put what this element needs into the head of its page, then render as folium does."""
        # Instance attributes: folium's own lists are class attributes, and editing those changes every later map.
        self.default_js, self.default_css = [], []
        page = self.get_root()
        if not isinstance(page, Figure):
            raise TypeError(f"{self._name} has to be added to a map before it is drawn")
        for name in self.needs:
            style = name.endswith(".css")
            if self.assets.is_inline:
                page.header.add_child(
                    Inline("style" if style else "script", self.assets.text(name)), name=f"asset:{name}"
                )
            elif style:
                self.default_css.append((name, self.assets.url(name)))
            else:
                self.default_js.append((name, self.assets.url(name)))
        super().render(**kwargs)  # type: ignore[no-untyped-call]


class Page(Figure):
    """The page around a map: language, title, view port for phones."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.lang }}">\n'
        "<head>\n"
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="generator" content="wangge">\n'
        '<link rel="icon" href="data:,">\n'
        "<title>{{ this.title }}</title>\n"
        "{{ this.header.render(**kwargs) }}\n"
        "</head>\n"
        "<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>\n"
        "{{ this.script.render(**kwargs) }}\n"
        "</script>\n"
        "</body>\n"
        "</html>\n"
    )

    def __init__(self, *, title: str, lang: str) -> None:
        super().__init__(title=html_text(title))
        self.lang = "en" if lang == "en" else "zh-CN"
        self.header._children.clear()  # folium's content-type line; ours is in the template


class LocalMap(LocalAssets, folium.Map, RenderedOnce):
    """A folium map without tiles whose every script and style comes from ``assets``.

    Parameters
    ----------
    bounds : (west, south, east, north)
        What to show at first, degrees, EPSG:4326.
    title : str
        Title of the page.
    assets : Assets
        Where Leaflet comes from.
    lang : {"zh", "en"}
        Language of the page and of the zoom buttons.

    Notes
    -----
    folium names its elements at random; :func:`to_html` gives them running numbers, so the same map is the
    same bytes.
    """

    needs = (LEAFLET_CSS, LEAFLET_JS)

    _template = Template(
        """
        {% macro header(this, kwargs) %}
        <style>
          html, body { margin: 0; height: 100%; background: {{ this.colours.GROUND }}; }
          #{{ this.get_name() }} { position: absolute; inset: 0; background: {{ this.colours.GROUND }}; }
          .leaflet-container { font: 14px/1.5 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif;
            color: {{ this.colours.INK }}; }
          .leaflet-bar a { color: {{ this.colours.INK }}; }
          .leaflet-control-scale-line { font-size: 12px; color: {{ this.colours.INK }}; }
        </style>
        {% endmacro %}
        {% macro html(this, kwargs) %}
        <div id="{{ this.get_name() }}" class="folium-map"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
          zoomControl: false, attributionControl: false, zoomSnap: 0.25, maxZoom: 19
        }).fitBounds({{ this.corners|tojson }}, {padding: [24, 24]});
        L.control.zoom({position: "bottomright", zoomInTitle: {{ this.zoom_words[0]|tojson }},
          zoomOutTitle: {{ this.zoom_words[1]|tojson }}}).addTo({{ this.get_name() }});
        L.control.scale({position: "bottomright", imperial: false}).addTo({{ this.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(
        self,
        bounds: Sequence[float],
        *,
        title: str,
        assets: Assets,
        lang: str = "zh",
    ) -> None:
        west, south, east, north = (float(v) for v in bounds)
        super().__init__(location=((south + north) / 2, (west + east) / 2), tiles=None)
        Page(title=title, lang=lang).add_child(self)
        self.assets = assets
        self.corners = [[south, west], [north, east]]
        self.zoom_words = _ZOOM_WORDS["en" if lang == "en" else "zh"]
        self.colours = palette


def to_html(map_: LocalMap) -> str:
    """The whole page of a map as text; the same map gives the same bytes.

    Examples
    --------
    >>> from gis.viz import Assets
    >>> page = to_html(LocalMap((120, 35.8, 120.2, 36), title="西海岸", assets=Assets.linked("/static/{}".format)))
    >>> '<script src="/static/leaflet/leaflet.js">' in page, "http" in page
    (True, False)
    """
    page = map_.get_root()
    numbers = count(1)
    _number(page, numbers)
    return str(page.render())


def _number(element: Element | MacroElement, numbers: count[int]) -> None:
    # Children keep their key in the parent: folium adds scripts under the old name only while rendering.
    element._id = str(next(numbers))
    for child in list(element._children.values()):
        _number(child, numbers)

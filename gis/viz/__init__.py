"""Pictures of places: frames and arrays in, folium maps out, every script and style from where the caller says."""

from gis.viz.assets import Assets
from gis.viz.heatmap import HeatCaption, heat_map
from gis.viz.local_map import LocalMap, to_html

__all__ = ["Assets", "HeatCaption", "LocalMap", "heat_map", "to_html"]

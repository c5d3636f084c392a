"""Files in and out. CRS always declared, rows always accounted for."""

from gis.io.columns import find_column, guess_column, text_column
from gis.io.layer import LayerData, LayerInfo
from gis.io.limits import ReadLimits
from gis.io.reader import list_layers, read_layer
from gis.io.writer import WRITABLE, write_layer

__all__ = [
    "WRITABLE",
    "LayerData",
    "LayerInfo",
    "ReadLimits",
    "find_column",
    "guess_column",
    "list_layers",
    "read_layer",
    "text_column",
    "write_layer",
]

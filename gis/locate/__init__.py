"""Which grid owns this place? The one index that every door asks.

The answer is decided on the 1e-7 degree lattice: the point is rounded to it, the borders lie on it, and the side
of a border on which a point lies is the sign of a difference of products of whole numbers, so there is no
tolerance anywhere. A point on a shared border belongs to the touching grid with the lowest code in plain string
order; outside every grid there is no owner, never the nearest one.

=========== ===================================================================================
`index`     `GridIndex`: built from a coverage, asked with arrays, saved and opened
`borders`   the edges of a coverage, each once, with the two owners it parts
`raster`    cells that know their owner, or the few edges that decide
`overlaid`  the same for polygons that overlap, where the lowest code wins
`kernel`    the compiled query
`excluded`  why nobody owns a place: declared land with its reasons
`file`      one file, opened by memory map
=========== ===================================================================================
"""

from gis.locate.excluded import ExcludedAreas
from gis.locate.index import NO_OWNER, GridIndex

__all__ = ["NO_OWNER", "ExcludedAreas", "GridIndex"]

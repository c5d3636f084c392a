"""What a tile address means: which part of the world, and which layers belong into it at its zoom."""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_ZOOM = 20
COMPONENTS_FROM_ZOOM = 14
EXTENT = 4096
BUFFER = 64
# Raised when the same edition would give other bytes: it is part of every ETag and of the addresses we hand out.
FORMAT = 2


@dataclass(frozen=True)
class UnitLayer:
    """One level of units in the tiles, and from which zoom its outlines and its labels are there."""

    level: str
    shapes_from: int
    labels_from: int


# A district seen whole on a desk screen is zoom 9: its grids are thin lines there, and only streets have room for names.
UNIT_LAYERS = (
    UnitLayer("grid", 8, 12),
    UnitLayer("community", 8, 11),
    UnitLayer("street", 5, 7),
    UnitLayer("district", 0, 0),
)


@dataclass(frozen=True)
class Tile:
    """A tile of the usual pyramid (XYZ, Web Mercator)."""

    z: int
    x: int
    y: int

    @property
    def exists(self) -> bool:
        """Whether the pyramid has such a tile."""
        return 0 <= self.z <= MAX_ZOOM and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z

    def bounds(self, *, margin: float = 0.0) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, EPSG:4326; ``margin`` is added on each side, in tile widths.

        >>> [round(v, 4) for v in Tile(1, 1, 0).bounds()]
        [0.0, 0.0, 180.0, 85.0511]
        """
        side = 2.0**self.z

        def latitude(row: float) -> float:
            return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / side))))

        return (
            (self.x - margin) / side * 360 - 180,
            latitude(min(self.y + 1 + margin, side)),
            (self.x + 1 + margin) / side * 360 - 180,
            latitude(max(self.y - margin, 0.0)),
        )


def shapes_at(zoom: int) -> tuple[str, ...]:
    """Levels whose outlines a tile of this zoom holds."""
    return tuple(layer.level for layer in UNIT_LAYERS if zoom >= layer.shapes_from)


def labels_at(zoom: int) -> tuple[str, ...]:
    """Levels whose names a tile of this zoom holds."""
    return tuple(layer.level for layer in UNIT_LAYERS if zoom >= layer.labels_from)

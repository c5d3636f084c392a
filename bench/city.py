"""A made city, of as many units as wanted."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.geometry import from_lattice

_FINE = 12


def city(columns: int, rows: int) -> NDArray[np.object_]:
    """Units with wavy borders on the lattice, cut out of one fine net so that they share every vertex."""
    rng = np.random.default_rng(1)
    x, y = np.meshgrid(np.arange(columns * _FINE + 1), np.arange(rows * _FINE + 1), indexing="ij")
    x = from_lattice(x * 1000 + rng.integers(-300, 300, x.shape) + 1_200_000_000)
    y = from_lattice(y * 1000 + rng.integers(-300, 300, y.shape) + 358_000_000)
    fine = np.arange(_FINE)
    zero, whole = np.zeros(_FINE, dtype=int), np.full(_FINE, _FINE)
    ring_x = np.concatenate([fine, whole, _FINE - fine, zero])
    ring_y = np.concatenate([zero, fine, whole, _FINE - fine])
    column, row = np.divmod(np.arange(columns * rows), rows)
    at = column[:, None] * _FINE + ring_x, row[:, None] * _FINE + ring_y
    return np.asarray(shapely.polygons(np.stack([x[at], y[at]], axis=2)), dtype=object)


def codes_of(shapes: NDArray[np.object_]) -> list[str]:
    """A code for each unit."""
    return [f"{at:05d}" for at in range(len(shapes))]

"""Names for the arrays that the core passes about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

__all__ = ["Bools", "Bytes", "Floats", "Geometries", "GeometryArrayLike", "GeometryOrArray", "Ints"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Geometries = NDArray[np.object_]
"""An array of shapely geometries; numpy knows them as objects only."""
GeometryArrayLike = Geometries | Sequence[BaseGeometry]
"""What a function of many shapes takes: an array of them, or a list."""
GeometryOrArray = TypeVar("GeometryOrArray", BaseGeometry, Geometries)
"""One shape or an array of them, in and out."""

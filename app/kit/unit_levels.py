"""The levels of units, once: their names, their order, and that order in SQL."""

from __future__ import annotations

from typing import get_args

from gis.codes import UnitLevel

LEVELS: tuple[UnitLevel, ...] = get_args(UnitLevel)
"""From the largest to the smallest."""

UPPER: tuple[UnitLevel, ...] = LEVELS[1:-1]
"""Those between the district and the grids, which a file may bring or leave out; the larger first."""

DISSOLVED: tuple[UnitLevel, ...] = LEVELS[-2::-1]
"""Those made of grids, from the smallest to the largest."""

SQL_ARRAY = "ARRAY[{}]".format(", ".join(f"'{level}'" for level in LEVELS))
"""For ``array_position(…, level)``: upper levels first."""

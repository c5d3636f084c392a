"""What an import says about land that belongs to no grid, held against the grids of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from app.imports.row_validation import in_order, texts
from gis.coverage import (
    Defect,
    ExcludedLand,
    accept_gaps,
    fit_declared,
    measure_land,
    snap_coverage,
)
from gis.errors import BadRow, InputRefused, InvalidGeometry
from gis.geometry import representative_place, trouble_of
from gis.text import Text

NO_REASON = "未说明理由"
LONGEST_REASON = 200
# Where a file says why, when nobody names the column.
REASON_COLUMNS = ("reason", "理由", "原因", "不划入理由")


@dataclass(frozen=True)
class Declaration:
    """What is declared to be nobody's.

    ``declared`` comes from a file; with ``accept`` every gap that is left is declared for that reason; ``standing`` is
    what earlier editions declared, and stays where no grid takes it.
    """

    declared: ExcludedLand = field(default_factory=ExcludedLand)
    accept: str | None = None
    standing: ExcludedLand = field(default_factory=ExcludedLand)

    def fit(
        self, codes: Sequence[str | None], shapes: np.ndarray, *, tolerance_m: float
    ) -> FittedDeclaration:
        """Cut what was declared to the gaps of these grids; nothing, where the grids cannot be put on the lattice."""
        if not len(self.declared) and not len(self.standing):
            return FittedDeclaration(ExcludedLand(), [])
        grids = _on_lattice(shapes)
        if grids is None:
            return FittedDeclaration(ExcludedLand(), [])
        names = [str(code) if code is not None else f"#{at + 1}" for at, code in enumerate(codes)]
        fitted = fit_declared(names, grids, self.declared, tolerance_m=tolerance_m)
        members = np.concatenate([grids, fitted.land.polygons])
        stays = fit_declared([*names, *fitted.land.codes], members, self.standing, standing=True)
        return FittedDeclaration(fitted.land.joined_with(stays.land), fitted.defects)

    def accepted(self, shapes: np.ndarray, land: ExcludedLand) -> ExcludedLand:
        """Declared land with every gap that is left between grids and it, when gaps are accepted."""
        grids = _on_lattice(np.concatenate([shapes, land.polygons])) if self.accept is not None else None
        if grids is None:
            return land
        return land.joined_with(accept_gaps(grids, self.accept or NO_REASON))


@dataclass(frozen=True)
class FittedDeclaration:
    """Declared land, cut to the gaps, and what is wrong with it."""

    land: ExcludedLand
    defects: list[Defect]


def _on_lattice(shapes: np.ndarray) -> np.ndarray | None:
    usable = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(usable) or not shapely.is_valid(usable).all() or len(usable) != len(shapes):
        return None
    try:
        return np.asarray(snap_coverage(shapes).polygons, dtype=object)
    except InvalidGeometry:
        return None


def declared_land(
    frame: gpd.GeoDataFrame, *, reason: str | None, file: str, default: str = NO_REASON
) -> ExcludedLand:
    """Read declared land from the rows of a file (EPSG:4326).

    ``reason`` is the name of a column, or else the reason itself; without it a column called reason or 理由 is taken
    where there is one. Rows without a reason have the ``default``.
    """
    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index(drop=True)
    column = _reason_column(plain, reason)
    constant = reason if reason is not None and column is None else default
    found: list[str | None] = [None] * len(plain)
    bad: list[BadRow] = []
    if column is not None:
        named, ruined = texts(plain, column)
        found = named.tolist()
        bad += ruined
    shapes = np.asarray(frame.geometry.array, dtype=object)
    for at, shape in enumerate(shapes):
        bad += _unusable(at + 1, shape, frame.geometry.name)
    reasons = [constant if not isinstance(text, str) or not text.strip() else text.strip() for text in found]
    bad += [
        BadRow(
            at + 1,
            column or "--exclude-reason",
            Text(
                f"理由最长 {LONGEST_REASON} 个字符，且不含控制字符",
                f"a reason has at most {LONGEST_REASON} characters, none of them control characters",
            ),
            text[:60],
        )
        for at, text in enumerate(reasons)
        if len(text) > LONGEST_REASON or not text.isprintable()
    ]
    if bad:
        rows = in_order(bad)
        raise InputRefused(
            f"{file} 有 {len(rows)} 行不能作为不划入网格的区域；第一处：{rows[0].text('zh')}",
            f"{file}: {len(rows)} rows cannot be excluded land; the first: {rows[0].text('en')}",
            code="bad-rows",
            rows=rows,
        )
    sources = tuple(f"{file} #{at + 1}" for at in range(len(shapes)))
    return ExcludedLand(shapes, tuple(reasons), sources=sources)


def _reason_column(plain: pd.DataFrame, reason: str | None) -> str | None:
    if reason is not None:
        return reason if reason in plain.columns else None
    lower = {str(name).casefold(): str(name) for name in plain.columns}
    return next((lower[name] for name in REASON_COLUMNS if name in lower), None)


def _unusable(row: int, shape: BaseGeometry, column: str) -> list[BadRow]:
    if shape is None or shapely.is_empty(shape):
        return [BadRow(row, column, Text("没有图形", "no geometry"), "")]
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return [BadRow(row, column, Text("应为面", "expected a polygon"), shape.geom_type)]
    if not shapely.is_valid(shape):
        trouble = trouble_of(shape)
        return [BadRow(row, column, trouble.reason, f"{trouble.place[0]:.7f},{trouble.place[1]:.7f}")]
    return []


class LandPiece(TypedDict):
    """A piece of declared land as ``--json`` has it."""

    reason: str
    width_m: float
    area_m2: float
    place: list[float]


def land_document(land: ExcludedLand) -> list[LandPiece]:
    """Declared land for ``--json`` and for lists: reason, width, area and a place, piece by piece."""
    width, area = measure_land(land.polygons)
    places = [representative_place(shape) for shape in land.polygons]
    return [
        {
            "reason": reason,
            "width_m": round(float(width[at]), 3),
            "area_m2": round(float(area[at]), 3),
            "place": [round(places[at][0], 7), round(places[at][1], 7)],
        }
        for at, reason in enumerate(land.reasons)
    ]

"""One thing wrong with a coverage, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from gis.geojson import collection, feature
from gis.text import Language, Text

__all__ = ["Defect", "Kind", "Place", "Severity", "defects_as_geojson", "has_errors", "in_order"]

Place = tuple[float, float]
"""Longitude, latitude in EPSG:4326."""

Kind = Literal[
    "missing-code",
    "malformed-code",
    "duplicate-code",
    "empty",
    "invalid",
    "retouched-ring",
    "made-valid",
    "overlap",
    "gap",
    "mismatched-edge",
    "sliver",
    "detached",
    "hierarchy",
    "excluded",
]
Severity = Literal["error", "warning"]

_NAMING_ROWS = ("missing-code", "malformed-code", "duplicate-code", "empty", "invalid", "made-valid")
_RANK = {kind: rank for rank, kind in enumerate(get_args(Kind))}


_NOTHING_SAID = Text("", "")


@dataclass(frozen=True)
class Defect:
    """A defect of a coverage.

    Parameters
    ----------
    kind : str
        Machine word, one of `Kind`.
    severity : {"error", "warning"}
        An error keeps the coverage from being published.
    codes : tuple of str
        The units concerned, sorted; a row without a code is named ``#`` and its 1-based number.
    place : (lon, lat)
        Where to zoom to, EPSG:4326.
    width_m : float or None
        Widest extent across (diameter of the largest circle inside), metres.
    area_m2 : float or None
        Geodesic area, square metres.
    detail : Text
        One sentence for people.
    rows : tuple of int
        The rows of the file, counted from 1, that the defect is about: those of `codes`, or those that repeat a
        code. Empty where the polygons come from no file.
    """

    kind: Kind
    severity: Severity
    codes: tuple[str, ...]
    place: Place
    width_m: float | None = None
    area_m2: float | None = None
    detail: Text = _NOTHING_SAID
    rows: tuple[int, ...] = ()

    def text(self, lang: Language = "zh") -> str:
        """Return the sentence in one language, with the rows of the file where it does not name them itself."""
        sentence = self.detail.in_(lang)
        if not self.rows or self.kind in _NAMING_ROWS:
            return sentence
        listed = names([str(row) for row in self.rows])
        if lang == "en":
            return f"{sentence} ({'row' if len(self.rows) == 1 else 'rows'} {listed})"
        return f"{sentence}（第 {listed} 行）"

    def as_dict(self) -> dict[str, object]:
        """Return a JSON-ready mapping with the names of the HTTP interface; absent measures are left out.

        Examples
        --------
        >>> Defect("gap", "error", ("a", "b"), (120.0, 36.0), width_m=0.5).as_dict()["place"]
        [120.0, 36.0]
        """
        out: dict[str, object] = {
            "kind": self.kind,
            "severity": self.severity,
            "codes": list(self.codes),
            "place": [round(self.place[0], 7), round(self.place[1], 7)],
            "detail_zh": self.detail.zh,
            "detail_en": self.detail.en,
        }
        if self.rows:
            out["rows"] = list(self.rows)
        if self.width_m is not None:
            out["width_m"] = round(self.width_m, 3)
        if self.area_m2 is not None:
            out["area_m2"] = round(self.area_m2, 3)
        return out

    def as_feature(self) -> dict[str, object]:
        """Return a GeoJSON feature: a point at the place, everything else as properties."""
        properties = self.as_dict()
        place = properties.pop("place")
        return feature({"type": "Point", "coordinates": place}, properties)


def defects_as_geojson(defects: Iterable[Defect]) -> dict[str, object]:
    """Return a FeatureCollection of points, as ``wangge grids check --report`` writes it.

    Examples
    --------
    >>> defects_as_geojson([])
    {'type': 'FeatureCollection', 'features': []}
    """
    return collection(defect.as_feature() for defect in defects)


def has_errors(defects: Iterable[Defect]) -> bool:
    """Say whether any defect is an error."""
    return any(defect.severity == "error" for defect in defects)


def in_order(defects: Iterable[Defect]) -> list[Defect]:
    """Sort for a report: errors first, then by kind, codes and place, so equal input gives equal bytes."""

    def key(defect: Defect) -> tuple[object, ...]:
        return (defect.severity != "error", _RANK[defect.kind], defect.codes, defect.place, defect.detail.en)

    return sorted(defects, key=key)


def names(codes: Sequence[str], limit: int = 6) -> str:
    """List codes for a sentence, shortened when there are many."""
    shown = ", ".join(codes[:limit])
    return shown if len(codes) <= limit else f"{shown} … ({len(codes)})"

"""Why a place belongs to a grid, or to none: the reasons in words, for single refusals and for batches alike."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from app.boundaries.edition_cache import LoadedEdition
from gis.crs import SourceCrs, to_wgs84
from gis.text import Text

Reason = Literal["inside", "on-boundary", "excluded", "outside", "exchanged", "nowhere"]


class Explanation(NamedTuple):
    """The reason of an answer; ``excluded`` and ``exchanged_owner`` where they are the reason."""

    reason: Reason
    detail: Text
    excluded: str | None = None
    exchanged_owner: str | None = None


def is_on_earth(lon: float, lat: float) -> bool:
    """Whether these are degrees; False for NaN."""
    return -180 <= lon <= 180 and -90 <= lat <= 90


def explain_owner(lon: float, lat: float, code: str, *, on_boundary: bool) -> Explanation:
    """Why a place (as it was sent) belongs to a grid."""
    if on_boundary:
        detail = Text(
            f"({lon}, {lat}) 在网格边界上，属于相接网格中编码最小的 {code}",
            f"({lon}, {lat}) lies on a boundary and belongs to the touching grid with the lowest code, {code}",
        )
        return Explanation("on-boundary", detail)
    return Explanation(
        "inside", Text(f"({lon}, {lat}) 在网格 {code} 内", f"({lon}, {lat}) lies in grid {code}")
    )


def explain_no_owner(
    edition: LoadedEdition, lon: float, lat: float, source: SourceCrs, *, x: float, y: float
) -> Explanation:
    """Why no grid owns a place: ``lon``, ``lat`` as sent in ``source``; ``x``, ``y`` in WGS84."""
    on_earth = is_on_earth(x, y)
    reason = edition.excluded.reason_at(x, y) if on_earth else None
    if reason is not None:
        detail = Text(
            f"({lon}, {lat}) 不属于任何网格：不划入网格的区域，{reason}",
            f"no grid owns ({lon}, {lat}): excluded: {reason}",
        )
        return Explanation("excluded", detail, excluded=reason)
    code = _exchanged_owner(edition, lon, lat, source)
    if code is not None:
        detail = Text(
            f"({lon}, {lat}) 不属于任何网格；经纬度对调后属于 {code}，应先经度后纬度",
            f"no grid owns ({lon}, {lat}); with longitude and latitude exchanged {code} would own it: "
            "longitude comes first",
        )
        return Explanation("exchanged", detail, exchanged_owner=code)
    if not on_earth:
        detail = Text(f"({lon}, {lat}) 不是地球上的坐标", f"({lon}, {lat}) is no place on Earth")
        return Explanation("nowhere", detail)
    detail = Text(f"({lon}, {lat}) 不属于任何网格", f"no grid owns ({lon}, {lat})")
    return Explanation("outside", detail)


def _exchanged_owner(edition: LoadedEdition, lon: float, lat: float, source: SourceCrs) -> str | None:
    """The owner of the exchanged numbers: the oldest slip with coordinates."""
    x, y = lat, lon
    if source.family != "wgs84":
        here = edition.index.settle_crs(source)
        x, y = (float(v[0]) for v in to_wgs84(np.array([lat]), np.array([lon]), here))
    owner = edition.index.owner_of(x, y)[0] if is_on_earth(x, y) else -1
    return edition.index.codes[owner] if owner >= 0 else None

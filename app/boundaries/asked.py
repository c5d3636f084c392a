"""What the routes that locate share: the edition that is asked, and the refusal of places that are nowhere."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool

from app.boundaries.editions import EditionCache, LoadedEdition
from app.errors import Invalid
from app.kit.clock import now
from app.kit.params import parse_instant
from gis.crs import SourceCrs, check_degrees

At = Annotated[str | None, Query(description="An instant with an offset; the edition in force then answers.")]


async def edition_asked(request: Request, at: str | None) -> LoadedEdition:
    """The edition in force at an instant, or now; from memory where it is there already."""
    editions: EditionCache = request.app.state.editions
    instant = parse_instant(at)
    number = editions.number_at(instant or now())
    held = editions.loaded(number) if number is not None else None
    # Only an edition that is not in memory yet is worth a thread.
    return held if held is not None else await run_in_threadpool(editions.in_force, instant)


def refuse_nowhere(x: Any, y: Any, lon: Any, lat: Any, source: SourceCrs) -> None:
    """Refuse a place that is no place on Earth, or none of its CRS, and say what is probably wrong."""
    check_degrees(lon, lat)
    if np.isnan(lon[0]) or np.isnan(lat[0]):
        raise Invalid(
            f"({x[0]:.10g}, {y[0]:.10g}) 不在 {source} 的范围内",
            f"({x[0]:.10g}, {y[0]:.10g}) lies outside {source}",
            code="outside-crs",
            field="crs",
        )

"""What the routes that read units share: the edition that is asked for, and the refusal of places that are nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from fastapi import Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from app.boundaries.edition_cache import EditionCache, LoadedEdition
from app.boundaries.edition_choice import EditionChoice, edition_choice
from app.errors import Invalid
from gis.arrays import Floats
from gis.crs import SourceCrs, check_degrees

HIGHEST_NUMBER = 2**31 - 1


async def requested_edition(
    at: Annotated[
        str | None,
        Query(
            description="RFC 3339 instant with an offset: the edition in force then answers. Without it the edition "
            "in force now.",
            examples=["2026-11-01T00:00:00+08:00"],
        ),
    ] = None,
    datetime_: Annotated[
        str | None,
        Query(alias="datetime", description="Synonym of `at`.", examples=["2026-11-01T00:00:00+08:00"]),
    ] = None,
    edition: Annotated[
        int | None,
        Query(ge=1, le=HIGHEST_NUMBER, description="Number of an edition, instead of `at`.", examples=[1]),
    ] = None,
) -> EditionChoice:
    """The edition that a request asks for; the one dependency of everything that reads units."""
    return edition_choice(at, datetime_, edition)


RequestedEdition = Annotated[EditionChoice, Depends(requested_edition)]


async def loaded_edition(request: Request, choice: EditionChoice) -> LoadedEdition:
    """The edition of a choice with its index; from memory where it is there already."""
    editions: EditionCache = request.app.state.editions
    number = editions.number_of(choice)
    held = editions.loaded(number) if number is not None else None
    if held is not None:
        return held
    # Only an edition that is not in memory yet is worth a thread.
    if choice.number is not None:
        return await run_in_threadpool(editions.get, choice.number)
    return await run_in_threadpool(editions.in_force, choice.instant)


Places = Sequence[float] | Floats


def refuse_nowhere(x: Places, y: Places, lon: Floats, lat: Floats, source: SourceCrs) -> None:
    """Refuse a place that is no place on Earth, or none of its CRS, and say what is probably wrong."""
    check_degrees(lon, lat)
    if np.isnan(lon[0]) or np.isnan(lat[0]):
        raise Invalid(
            f"({x[0]:.10g}, {y[0]:.10g}) 不在 {source} 的范围内",
            f"({x[0]:.10g}, {y[0]:.10g}) lies outside {source}",
            code="outside-crs",
            field="crs",
        )

"""Components as a file: the rows of the lists with every column that an import takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.components import repository
from app.components.models import STATES
from app.components.rules import STATE_NAMES, class_names, suggest_class
from app.errors import Invalid
from gis.spelling import did_you_mean

# Columns of their own, in the order of the file; the attributes of a component follow.
COLUMNS = (
    "code",
    "code_scheme",
    "class",
    "class_name",
    "class_name_en",
    "name",
    "state",
    "department",
    "owner",
    "maintainer",
    "surveyed_on",
    "grid",
    "edition",
)


@dataclass(frozen=True)
class ComponentFilters:
    """Which components are meant; empty means all. ``unit_path`` is that of a unit of the edition in force."""

    unit_path: str | None = None
    classes: tuple[str, ...] = ()
    majors: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


def resolve_classes(session: Session, wanted: Sequence[str]) -> tuple[str, ...]:
    """Find the codes of classes that are named by code or by name in either language.

    Raises
    ------
    Invalid
        ``no-such-class``, with the nearest names.
    """
    names = class_names(repository.classes(session))
    plain = {key.casefold(): code for key, code in names.items()}
    found = []
    for each in wanted:
        code = plain.get(each.strip().casefold())
        if code is None:
            zh, en = suggest_class(each, names)
            raise Invalid(
                f"没有部件类 {each}{zh or '；'}wangge components classes 列出全部",
                f"there is no component class {each}{en or ';'} wangge components classes lists them",
                code="class-unknown",
                field="--class",
            )
        found.append(code)
    return tuple(found)


def resolve_states(wanted: Sequence[str]) -> tuple[str, ...]:
    """Find states by their names in either language.

    Raises
    ------
    Invalid
        ``no-such-state``.
    """
    found = []
    for each in wanted:
        state = STATE_NAMES.get(each.strip().casefold())
        if state is None:
            zh, en = did_you_mean(each, STATE_NAMES)
            raise Invalid(
                f"没有状态 {each}；可用：{'、'.join(STATES)}{zh}",
                f"there is no state {each}; there are {', '.join(STATES)}{en}",
                code="no-such-state",
                field="--state",
            )
        found.append(state)
    return tuple(found)


def components_frame(session: Session, filters: ComponentFilters) -> gpd.GeoDataFrame:
    """The components that the filters leave, by code, EPSG:4326.

    An attribute whose name is taken by a column of ours is called ``attribute_`` and its name.
    """
    rows = repository.rows_for_export(
        session,
        path=filters.unit_path,
        classes=filters.classes,
        majors=filters.majors,
        states=filters.states,
    )
    frame = pd.DataFrame([row[: len(COLUMNS)] for row in rows], columns=list(COLUMNS), dtype=object)
    more: dict[str, list[Any]] = {}
    for at, row in enumerate(rows):
        for key, value in (row.attributes or {}).items():
            name = f"attribute_{key}" if key in COLUMNS or key == "geometry" else key
            more.setdefault(name, [None] * len(rows))[at] = value
    for name, values in more.items():
        frame[name] = values
    shapes = shapely.from_wkb([bytes(row.geometry) for row in rows])
    return gpd.GeoDataFrame(frame.infer_objects(), geometry=list(shapes), crs="EPSG:4326")

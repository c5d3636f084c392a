"""The query parameters of the OGC resources, and how they are read.

They are declared as texts and read by `read`: the standard answers 400 where FastAPI would answer 422.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field, WithJsonSchema

from app.conditions.parser import FilterLanguage, parse_filter
from app.conditions.properties import Properties
from app.conditions.tree import And, Compare, Condition
from app.errors import Invalid
from app.kit.bbox import Box, parse_bbox
from app.kit.params import parse_instant
from app.kit.query_parameters import BadParameter, unknown_parameter
from app.ogc.documents import CRS84

MOST, USUAL = 10_000, 100
_FORMATS = ("json", "geojson")
_LANGUAGES: dict[str, FilterLanguage] = {"cql2-text": "cql2-text", "cql2-json": "cql2-json"}
_STANDARD = (
    "limit", "cursor", "bbox", "bbox-crs", "datetime", "crs", "f", "filter", "filter-lang", "filter-crs",
)  # fmt: skip
_NO_PROPERTIES = Properties([])
_LIMIT_SCHEMA = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL, "examples": [USUAL]}
_BBOX_SCHEMA = {
    "type": "array",
    "items": {"type": "number"},
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
    "examples": [[120.04, 35.87, 120.11, 35.92]],
}
_FILTER_LANG_SCHEMA = {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"}


class DocumentQuery(BaseModel):
    """Parameters of a document about the service."""

    f: str | None = Field(default=None, description="Format of the answer: `json`.", examples=["json"])
    # QGIS adds the query of a connection's address to every resource it opens (docs/qgis.md).
    instant: str | None = Field(
        default=None,
        alias="datetime",
        description="Instant or interval of the features; clients add it to every address, and the documents are the "
        "same for all.",
        examples=["2026-11-01T00:00:00+08:00"],
    )


class FeatureQuery(BaseModel):
    """Parameters of one feature."""

    crs: str | None = Field(default=None, description=f"CRS of the answer: `{CRS84}`.", examples=[CRS84])
    f: str | None = Field(
        default=None, description="Format of the answer: `json` or `geojson`.", examples=["json"]
    )


class UnitQuery(FeatureQuery):
    """Parameters of one published unit."""

    instant: str | None = Field(
        default=None,
        alias="datetime",
        description="RFC 3339 instant, or an interval `begin/end` with `..` for an open end: the editions in force "
        "then; without it the edition in force now.",
        examples=["2026-11-01T00:00:00+08:00"],
    )


class PageQuery(UnitQuery):
    """Parameters of a page of features; the standard's own, as it describes them."""

    limit: Annotated[str | None, WithJsonSchema(_LIMIT_SCHEMA)] = Field(
        default=None, description="Most features of a page."
    )
    cursor: str | None = Field(default=None, description="Where the page begins, from the `next` link.")
    bbox: Annotated[str | None, WithJsonSchema(_BBOX_SCHEMA)] = Field(
        default=None,
        description="West, south, east, north in degrees, heights ignored; west beyond east spans the 180th meridian.",
    )
    bbox_crs: str | None = Field(
        default=None, alias="bbox-crs", description=f"CRS of `bbox`: `{CRS84}`.", examples=[CRS84]
    )
    filter: str | None = Field(
        default=None,
        description="Condition on the properties that the collection's `queryables` list, in CQL2: `and`, `or`, `not`, "
        "comparisons, `like`, `between`, `in`, `isNull`, `s_intersects` and `s_within` of a point, polygon or box. At "
        "most 8 KB of text or 64 KB of JSON.",
        examples=["name LIKE '东%' AND area_m2 > 250000", "S_INTERSECTS(geometry, POINT(120.055 35.885))"],
    )
    filter_lang: Annotated[str | None, WithJsonSchema(_FILTER_LANG_SCHEMA)] = Field(
        default=None, alias="filter-lang", description="Language of `filter`."
    )
    filter_crs: str | None = Field(
        default=None,
        alias="filter-crs",
        description=f"CRS of shapes in `filter`: `{CRS84}`.",
        examples=[CRS84],
    )


class UnitsQuery(PageQuery):
    """Parameters of a page of a published layer."""

    code: str | None = Field(
        default=None, description="Only the unit with this code.", examples=["370211001001001"]
    )
    name: str | None = Field(default=None, description="Only units with this name.", examples=["第一网格"])
    kind: str | None = Field(
        default=None, description="Only grids of this kind: `base` or `dedicated`.", examples=["dedicated"]
    )
    parent: str | None = Field(
        default=None, description="Only units inside the unit with this code.", examples=["370211001001"]
    )
    reason: str | None = Field(
        default=None, description="Only excluded land with this reason.", examples=["水库"]
    )
    district: str | None = Field(
        default=None, description="Only excluded land of the district with this code.", examples=["370211"]
    )


class DraftGridsQuery(PageQuery):
    """Parameters of a page of a draft's grids; a draft has no past, so ``datetime`` changes nothing."""

    code: str | None = Field(
        default=None, description="Only the grid with this code.", examples=["370211001001001"]
    )
    name: str | None = Field(default=None, description="Only grids with this name.", examples=["第一网格"])
    community: str | None = Field(
        default=None, description="Only grids of the community with this code.", examples=["370211001001"]
    )
    kind: str | None = Field(
        default=None, description="Only grids of this kind: `base` or `dedicated`.", examples=["dedicated"]
    )


@dataclass(frozen=True)
class Asked:
    """A page of a layer."""

    limit: int = USUAL
    after: str | None = None
    boxes: tuple[Box, ...] = ()
    begin: datetime | None = None
    end: datetime | None = None
    timed: bool = False
    condition: Condition | None = None


async def check_document(query: Annotated[DocumentQuery, Query()]) -> None:
    """Refuse another format than the one there is; a dependency of all documents."""
    _refuse_others("f", query.f, ("json",))
    _read_period(query.instant)


async def check_feature(query: Annotated[FeatureQuery, Query()]) -> None:
    """Refuse another format or CRS than there is; a dependency of addresses of one feature."""
    _refuse_others("f", query.f, _FORMATS)
    _refuse_others("crs", query.crs, (CRS84,))


def read(query: UnitQuery, properties: Properties = _NO_PROPERTIES) -> Asked:
    """Read what a query asks of a layer with these properties; texts are parameters of their own, for equality."""
    given: dict[str, str] = query.model_dump(by_alias=True, exclude_none=True)
    equal = [each.name for each in properties if each.kind == "text"]
    for name in sorted(given.keys() - {*_STANDARD, *equal}):
        # Another layer has such a property.
        raise unknown_parameter(name, {*_STANDARD, *equal}, BadParameter)
    for name, allowed in (
        ("bbox-crs", (CRS84,)),
        ("crs", (CRS84,)),
        ("f", _FORMATS),
        ("filter-crs", (CRS84,)),
        ("filter-lang", tuple(_LANGUAGES)),
    ):
        _refuse_others(name, given.get(name), allowed)
    begin, end = _read_period(given.get("datetime"))
    try:
        boxes = parse_bbox(given.get("bbox"))
    except Invalid as error:
        raise _as_bad(error) from error
    return Asked(
        limit=_limit(given.get("limit")),
        after=given.get("cursor"),
        boxes=boxes,
        begin=begin,
        end=end,
        timed="datetime" in given,
        condition=_all_of(
            [
                *(Compare(name, "=", given[name]) for name in equal if name in given),
                *_filters(given.get("filter"), given.get("filter-lang", "cql2-text"), properties),
            ]
        ),
    )


def _filters(given: str | None, language: str, properties: Properties) -> list[Condition]:
    if given is None:
        return []
    try:
        return [parse_filter(given, properties, language=_LANGUAGES[language])]
    except Invalid as error:
        raise BadParameter(*error.detail, code=error.code, **error.extra, field="filter") from error


def _all_of(conditions: list[Condition]) -> Condition | None:
    return And(tuple(conditions)) if len(conditions) > 1 else next(iter(conditions), None)


def _refuse_others(name: str, given: str | None, allowed: tuple[str, ...]) -> None:
    if given is not None and given not in allowed:
        raise BadParameter(
            f"{name} 应为 {'、'.join(allowed)}，收到 {given}",
            f"{name} is {' or '.join(allowed)}, came {given}",
            field=name,
        )


def _limit(given: str | None) -> int:
    if given is None:
        return USUAL
    if not given.isascii() or not given.isdigit() or len(given) > 9 or int(given) < 1:
        raise BadParameter(
            f"limit 应为 1 到 {MOST} 的整数，收到 {given!r}",
            f"limit is a number from 1 to {MOST}, came {given!r}",
            field="limit",
        )
    return min(int(given), MOST)


def _as_bad(error: Invalid) -> BadParameter:
    return BadParameter(*error.detail, code=error.code, **error.extra)


def _read_period(given: str | None) -> tuple[datetime | None, datetime | None]:
    try:
        return _period(given)
    except Invalid as error:
        raise _as_bad(error) from error


def _period(given: str | None) -> tuple[datetime | None, datetime | None]:
    """An instant twice, or the two ends of an interval; None is open."""
    if given is None:
        return None, None
    begin, slash, end = given.partition("/")
    if not slash:
        instant = _instant(begin)
        return instant, instant
    if "/" in end:
        raise Invalid(
            f"datetime 应为一个时刻，或用一个 / 隔开的两个，收到 {given!r}",
            f"datetime is an instant, or two with one slash between them, came {given!r}",
            code="not-an-interval",
            field="datetime",
        )
    ends = [None if part in ("", "..") else _instant(part) for part in (begin, end)]
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise Invalid(
            f"datetime 的起点晚于终点：{given}",
            f"datetime ends before it begins: {given}",
            code="reversed-interval",
            field="datetime",
        )
    return ends[0], ends[1]


def _instant(given: str) -> datetime:
    found = parse_instant(given, field="datetime")
    if found is None:
        raise Invalid(
            f"datetime 应为时刻，收到 {given!r}",
            f"datetime is an instant, came {given!r}",
            field="datetime",
            code="not-an-instant",
        )
    return found

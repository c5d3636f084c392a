"""What clients may ask of a layer, read strictly: an unknown parameter is an error there, not something to pass over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from app.errors import AppError, Invalid
from app.i18n import Text
from app.kit.params import parse_bbox, parse_instant
from app.ogc.documents import CRS84

Box = tuple[float, float, float, float]
MOST, USUAL = 10_000, 100


class BadParameter(AppError):
    """A parameter that is unknown or cannot be read; the standard answers 400."""

    status, code, title = 400, "bad-parameter", Text("参数有误", "Bad parameter")


@dataclass(frozen=True)
class Asked:
    """A page of a layer."""

    limit: int = USUAL
    after: str | None = None
    box: Box | None = None
    begin: datetime | None = None
    end: datetime | None = None
    timed: bool = False
    equal: tuple[tuple[str, str], ...] = ()


def read(request: Request, properties: Collection[str]) -> Asked:
    """Read limit, cursor, bbox, datetime and equality of properties from an address."""
    given = request.query_params
    known = {"limit", "cursor", "bbox", "bbox-crs", "datetime", "crs", "f", *properties}
    for name in given:
        if name not in known:
            raise BadParameter(
                f"不认识的参数 {name}，可用：{'、'.join(sorted(known))}",
                f"unknown parameter {name}; there are: {', '.join(sorted(known))}",
                field=name,
            )
    for name, allowed in (("bbox-crs", (CRS84,)), ("crs", (CRS84,)), ("f", ("json", "geojson"))):
        if name in given and given[name] not in allowed:
            raise BadParameter(
                f"{name} 应为 {allowed[0]}，收到 {given[name]}",
                f"{name} is {allowed[0]}, came {given[name]}",
                field=name,
            )
    try:
        begin, end = _period(given.get("datetime"))
        box = parse_bbox(_flat(given.get("bbox")))
    except Invalid as error:
        raise BadParameter(
            error.detail.zh, error.detail.en, field=str(error.extra.get("field", ""))
        ) from error
    return Asked(
        limit=_limit(given.get("limit")),
        after=given.get("cursor"),
        box=box,
        begin=begin,
        end=end,
        timed="datetime" in given,
        equal=tuple((name, given[name]) for name in sorted(properties) if name in given),
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


def _flat(given: str | None) -> str | None:
    """A box with heights, without them."""
    parts = (given or "").split(",")
    return ",".join([*parts[:2], *parts[3:5]]) if len(parts) == 6 else given


def _period(given: str | None) -> tuple[datetime | None, datetime | None]:
    """An instant twice, or the two ends of an interval; None is open."""
    if given is None:
        return None, None
    begin, slash, end = given.partition("/")
    if not slash:
        instant = _instant(begin)
        return instant, instant
    ends = [None if part in ("", "..") else _instant(part) for part in (begin, end)]
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise Invalid(
            f"datetime 的起点晚于终点：{given}", f"datetime ends before it begins: {given}", field="datetime"
        )
    return ends[0], ends[1]


def _instant(given: str) -> datetime:
    found = parse_instant(given, field="datetime")
    if found is None:
        raise Invalid(f"datetime 应为时刻，收到 {given!r}", "datetime must not be empty", field="datetime")
    return found

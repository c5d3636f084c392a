"""Heat maps of one unit: which incidents, in which period, thinned to what a screen can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.auth.roles import covers
from app.errors import Forbidden, Invalid, NotFound
from app.incidents.sensitive import LEAST, published_count, whole_quarters
from app.maps import repository
from gis.antimeridian import bounds_around
from gis.text import Language, Text
from gis.viz import Assets, HeatCaption, LocalMap, heat_map
from gis.viz.heatmap import InnerUnit

MOST_DAYS = 3660
# Below this every point is sent as it is. Above, points are counted in squares of a few pixels, which the blots of
# heat (30 px) hide, so that the page stays under a megabyte however many incidents a district has.
POINTS_AS_THEY_ARE = 5_000
MOST_CELLS = 12_000
_SQUARES_ACROSS = 512


@dataclass(frozen=True)
class HeatRequest:
    """What a heat map is asked for: the unit, how many days back, which class, in which language."""

    code: str
    days: int = 365
    class_code: str | None = None
    lang: Language = "zh"


@dataclass(frozen=True)
class Heat:
    """A heat map and what it is of."""

    map: LocalMap
    name: str
    total: int
    since: datetime
    until: datetime


def draw(
    session: Session,
    request: HeatRequest,
    *,
    viewer: Principal,
    instant: datetime,
    zone: ZoneInfo,
    assets: Assets,
) -> Heat:
    """Draw the heat map of a unit as ``viewer`` may see it; the period ends now and begins at a local midnight.

    Raises
    ------
    NotFound
        No such unit in the edition in force, or no such class of incidents.
    Forbidden
        The unit lies outside everything the viewer may see.
    Invalid
        Days out of range.
    """
    if not 1 <= request.days <= MOST_DAYS:
        raise Invalid(
            f"days 应为 1 到 {MOST_DAYS} 天，得到 {request.days}",
            f"days has to be 1 to {MOST_DAYS}, not {request.days}",
            field="days",
            code="days-out-of-range",
        )
    unit = repository.unit(session, request.code)
    if unit is None:
        raise NotFound(
            f"没有编码为 {request.code} 的镇街、社区或网格",
            f"there is no unit {request.code}",
            code="no-such-unit",
        )
    whole = any(covers(path, unit.path) for path in viewer.paths())
    if not whole and not any(covers(unit.path, path) for path in viewer.paths()):
        raise Forbidden(
            f"{unit.name}（{unit.code}）不在您的管辖范围内",
            f"{unit.name} ({unit.code}) lies outside your area",
            code="out-of-scope",
        )
    subject, sensitive = _subject(session, request)
    until = instant
    first_day = instant.astimezone(zone).date() - timedelta(days=request.days - 1)
    since = datetime.combine(first_day, time.min, tzinfo=zone)
    border = shapely.from_wkb(bytes(unit.geometry))
    points, total = _points(session, unit.path, bounds_around([border]), since, until, request.class_code)
    caption = HeatCaption(
        title=Text(f"{unit.name} · 事件热力图", f"{unit.name} · incident heat map").in_(request.lang),
        period=_period(since, until.astimezone(zone), request.lang),
        total=total,
        subject=subject.in_(request.lang),
        note=_joined(
            _note(unit.synthetic, whole),
            _sensitive_note(session, unit, request, since, until, zone) if sensitive else None,
        ).in_(request.lang),
        lang=request.lang,
    )
    drawn = heat_map(
        points[:, 0],
        points[:, 1],
        weights=points[:, 2],
        border=border,
        caption=caption,
        assets=assets,
        inner=[InnerUnit(*each) for each in repository.outlines_below(session, unit.path, unit.edition)],
    )
    return Heat(map=drawn, name=unit.name, total=total, since=since, until=until)


def _subject(session: Session, request: HeatRequest) -> tuple[Text, bool]:
    """What the map is of, and whether that has sensitive classes, which are told as numbers."""
    if request.class_code is None:
        return Text("全部类别", "all classes"), True
    found = repository.incident_class(session, request.class_code)
    if found is None:
        raise NotFound(
            f"没有事件小类 {request.class_code}",
            f"there is no class of incidents {request.class_code}",
            code="no-such-class",
        )
    return Text(found.name_zh, found.name_en), found.sensitive


def _period(since: datetime, until: datetime, lang: Language) -> str:
    first, last = since.date().isoformat(), until.date().isoformat()
    return Text(f"{first} 至 {last}", f"{first} to {last}").in_(lang)


def _sensitive_note(
    session: Session,
    unit: repository.UnitRow,
    request: HeatRequest,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
) -> Text:
    begin, end = whole_quarters(since.date(), until.astimezone(zone).date())
    if unit.level == "grid" or begin >= end:
        return Text("敏感类别不上图", "sensitive classes are not drawn")
    classes = None if request.class_code is None else [request.class_code]
    found = published_count(session, unit.path, begin=begin, end=end, zone=zone, classes=classes)
    last = end - timedelta(days=1)
    if found is None:
        return Text(
            f"敏感类别不上图（{begin} 至 {last} 不足 {LEAST} 件或无）",
            f"sensitive classes are not drawn (fewer than {LEAST} or none from {begin} to {last})",
        )
    return Text(
        f"敏感类别不上图（{begin} 至 {last} 至少 {found} 件）",
        f"sensitive classes are not drawn (at least {found} from {begin} to {last})",
    )


def _joined(*notes: Text | None) -> Text:
    there = [note for note in notes if note is not None and note.zh]
    return Text(" · ".join(note.zh for note in there), " · ".join(note.en for note in there))


def _note(synthetic: bool, whole: bool) -> Text:
    zh, en = [], []
    if synthetic:
        zh.append("演示数据，非真实事件")
        en.append("Demo data, not real incidents")
    if not whole:
        zh.append("仅含您管辖范围内的事件")
        en.append("Only incidents in your area")
    return Text(" · ".join(zh), " · ".join(en))


def _points(
    session: Session,
    path: str,
    bounds: tuple[float, float, float, float],
    since: datetime,
    until: datetime,
    class_code: str | None,
) -> tuple[NDArray[np.float64], int]:
    total = repository.incident_count(session, path=path, since=since, until=until, class_code=class_code)
    extent = max((bounds[2] - bounds[0]) % 360.0, bounds[3] - bounds[1])
    # 1e-7 degree is how places are stored: squares of that size leave every point on its own.
    step = 1e-7 if total <= POINTS_AS_THEY_ARE else extent / _SQUARES_ACROSS
    while True:
        cells = repository.incident_cells(
            session, path=path, since=since, until=until, class_code=class_code, step=step
        )
        if len(cells) <= MOST_CELLS:
            return cells, total
        step *= 2

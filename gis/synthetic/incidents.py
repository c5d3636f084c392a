"""Incidents of the demo district: as many as asked, with seasons, weeks, hours, hot spots and repeats in them."""

from __future__ import annotations

from datetime import datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis.arrays import Ints
from gis.synthetic.district import SyntheticDistrict
from gis.synthetic.ground import ground_of
from gis.synthetic.randomness import stream
from gis.synthetic.scenes import Scene, Scenes, joined_scenes
from gis.synthetic.spec import apportion
from gis.synthetic.temporal_profile import CHANNELS, habit_of
from gis.synthetic.times import Calendar

__all__ = ["build_incidents"]


_HOUR = 3600.0
_UNIT_S = {
    # Working time as it falls on the plain clock, roughly: the demo is not where deadlines are kept.
    "hour": _HOUR,
    "working_hour": 3 * _HOUR,
    "working_day": 1.4 * 24 * _HOUR,
    "calendar_day": 24 * _HOUR,
}
_OPEN = ("reported", "accepted", "dispatched", "handling", "verifying")
_PLEAS = (
    "，请尽快处理。",
    "，请派人到现场查看。",
    "，已经多次反映，请重视。",
    "，给生活带来不便，请核实处理。",
)
_FINDINGS = ("，已拍照上报。", "，现场核实属实。", "，已通知责任单位。", "，需要职能部门处置。")


def build_incidents(
    district: SyntheticDistrict,
    components: gpd.GeoDataFrame | None,
    classes: pd.DataFrame,
    *,
    count: int,
    until: datetime,
    years: int,
    seed: int,
) -> pd.DataFrame:
    """Let things happen all over a district.

    Parameters
    ----------
    district : SyntheticDistrict
    components : GeoDataFrame or None
        As from `build_components`; incidents at covers, pipes and sites happen at these.
    classes : DataFrame
        The catalogue: code, name_zh, default_department_zh, time_limit, time_limit_unit.
    count : int
        How many in all; at least one a class.
    until : datetime
        With an offset. Nothing is later; what was reported shortly before is open still.
    years : int
        How far back they go.
    seed : int

    Returns
    -------
    DataFrame
        Ordered by time of report: number, class_code, state, origin ("complaint", "found"), channel, lon, lat
        (EPSG:4326 on the lattice), address, description, occurred_at, reported_at, due_at, closed_at
        (Asia/Shanghai), department, component_code, source. Texts are Arrow-backed.
    """
    classes = classes.sort_values("code", kind="stable").reset_index(drop=True)
    habits = [habit_of(code) for code in classes["code"]]
    numbers = apportion(np.array([habit.share for habit in habits]), count)
    rng = stream(seed, district.spec.code, "incidents")
    calendar = Calendar(until, years, stream(seed, district.spec.code, "weather"))
    scenes = Scenes(ground_of(district), components, seed=seed)
    codes = classes["code"].to_numpy(dtype=object)

    which = np.repeat(np.arange(len(classes)), numbers)
    reported = np.concatenate(
        [calendar.draw(habit, n, rng) for habit, n in zip(habits, numbers.tolist(), strict=True)]
    )
    scene = joined_scenes(
        [scenes.draw(h.where, n, c) for h, n, c in zip(habits, numbers.tolist(), codes, strict=True)]
    )
    scene = scenes.at_spots(codes[which], scene)
    order = np.argsort(reported, kind="stable")
    which, reported = which[order], reported[order]
    scene = Scene(scene.x[order], scene.y[order], scene.label[order], scene.component[order])

    found_share = np.array([habit.found for habit in habits])[which]
    age = (calendar.until_s - reported) / (365.25 * 86400)
    # More and more is found before anybody complains: half as much again over six years.
    found = rng.random(count) < np.clip(found_share * (1.12 - 0.06 * age), 0, 0.97)
    state, due, closed = _course(classes, which, reported, calendar.until_s, rng)
    lon, lat = district.frame.degrees(scene.x, scene.y)
    words = np.array(
        [h.words or str(n) for h, n in zip(habits, classes["name_zh"], strict=True)], dtype=object
    )
    address = _address(scene)
    delay = np.where(found, rng.exponential(900, count), rng.exponential(5 * _HOUR, count))
    departments = classes["default_department_zh"].to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "number": _text(_numbers(district.spec.code, reported)),
            "class_code": _text(_take(codes, which)),
            "state": _text(_take(np.array(_STATES, dtype=object), state)),
            "origin": _text(_take(np.array(["complaint", "found"], dtype=object), found.astype(np.int64))),
            "channel": _text(_channels(found, rng)),
            "lon": lon,
            "lat": lat,
            "address": _text(address),
            "description": _text(_descriptions(address, words, which, found, rng)),
            "occurred_at": _instants(reported - delay.astype(np.int64)),
            "reported_at": _instants(reported),
            "due_at": _instants(due),
            "closed_at": _instants(closed),
            "department": _text(_take(departments, which)),
            "component_code": _text(pa.array(scene.component, type=pa.string())),
            "source": _text(_take(np.array(["demo"], dtype=object), np.zeros(count, dtype=np.int64))),
        }
    )


_STATES = (*_OPEN, "closed", "voided", "suspended")
_NEVER = np.iinfo(np.int64).min


def _course(
    classes: pd.DataFrame, which: Ints, reported: Ints, until: int, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """What became of each: state (index into _STATES), due and closed in seconds (_NEVER while open)."""
    count = len(which)
    limit = classes["time_limit"].astype(float).to_numpy() * classes["time_limit_unit"].map(_UNIT_S).to_numpy(
        dtype=float
    )
    limit = np.where(np.isfinite(limit), limit, 72 * _HOUR)[which]
    due = reported + limit.astype(np.int64)
    # Nine in ten in time; a few take for ever.
    took = limit * np.exp(rng.normal(-0.75, 0.58, count))
    took = np.where(rng.random(count) < 0.06, took * 20, took)
    closed = reported + np.maximum(took, 300.0).astype(np.int64)
    done = closed <= until
    stage = np.clip(
        ((until - reported) / np.maximum(took, 1.0) * len(_OPEN)).astype(np.int64), 0, len(_OPEN) - 1
    )
    state = np.where(done, _STATES.index("closed"), stage)
    state = np.where(done & (rng.random(count) < 0.012), _STATES.index("voided"), state)
    old = ~done & (until - reported > 20 * 86400)
    state = np.where(old & (rng.random(count) < 0.35), _STATES.index("suspended"), state)
    return state, due, np.where(done, closed, _NEVER)


def _address(scene: Scene) -> pa.Array:
    """Road and house number, made from the place, so that one place keeps its address."""
    house = ((np.abs(scene.x * 7.0 + scene.y * 13.0)).astype(np.int64) % 398) + 1
    return pc.binary_join_element_wise(
        pa.array(scene.label, type=pa.string()), pc.cast(pa.array(house), pa.string()), "号附近", ""
    )


def _descriptions(
    address: pa.Array,
    words: NDArray[np.object_],
    which: Ints,
    found: NDArray[np.bool_],
    rng: np.random.Generator,
) -> pa.Array:
    """Sentences: place, matter, and what the caller wants or the patrol did."""
    endings = np.array([*_PLEAS, *_FINDINGS], dtype=object)
    ending = rng.integers(0, len(_PLEAS), len(which)) + np.where(found, len(_PLEAS), 0)
    return pc.binary_join_element_wise(address, _take(words, which), _take(endings, ending), "")


def _channels(found: NDArray[np.bool_], rng: np.random.Generator) -> pa.Array:
    names = [name for origin in ("complaint", "found") for name, _ in CHANNELS[origin]]
    first = len(CHANNELS["complaint"])
    drawn = rng.random(len(found))
    index = np.zeros(len(found), dtype=np.int64)
    for origin, mask, start in (("complaint", ~found, 0), ("found", found, first)):
        chance = np.cumsum([share for _, share in CHANNELS[origin]])
        at = np.searchsorted(chance, drawn[mask] * chance[-1], side="right")
        index[mask] = np.minimum(at, len(chance) - 1) + start
    return _take(np.array(names, dtype=object), index)


def _numbers(county: str, reported: Ints) -> pa.Array:
    """Numbers like 370211-20260715-00042: district, day, place in the day."""
    day = (reported + 8 * 3600) // 86400
    fresh = np.concatenate([[True], day[1:] != day[:-1]])
    begin = np.flatnonzero(fresh)
    run = np.cumsum(fresh) - 1
    sequence = np.arange(len(day)) - begin[run] + 1
    days = np.datetime_as_string(day[begin].astype("datetime64[D]"))
    text = np.array([one.replace("-", "") for one in days.tolist()], dtype=object)
    digits = pc.utf8_lpad(pc.cast(pa.array(sequence), pa.string()), width=5, padding="0")
    return pc.binary_join_element_wise(county, _take(text, run), digits, "-")


def _take(values: NDArray[np.object_], index: Ints) -> pa.Array:
    return pa.array(values, type=pa.string()).take(pa.array(index))


def _text(array: pa.Array) -> pd.Series:
    return pd.Series(pd.arrays.ArrowExtensionArray(array))


def _instants(seconds: Ints) -> pd.Series:
    micro = np.where(seconds == _NEVER, np.iinfo(np.int64).min, seconds * 1_000_000)
    naive = pd.Series(micro.view("datetime64[us]"))
    return naive.dt.tz_localize("UTC").dt.tz_convert("Asia/Shanghai")

"""When things happen: days by season, week, weather and holidays; hours by the kind of thing."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gis.arrays import Floats, Ints
from gis.synthetic.temporal_profile import HOURS, SEASONS, WEEKS, Habit

__all__ = ["Calendar"]


_OFFSET_S = 8 * 3600
_DAY_S = 86400


class Calendar:
    """The days up to an instant, with a weather of their own.

    Parameters
    ----------
    until : datetime
        With an offset. Nothing is reported later.
    years : int
    rng : numpy.random.Generator
        For storms, snow and cold spells.
    """

    def __init__(self, until: datetime, years: int, rng: np.random.Generator) -> None:
        if until.tzinfo is None:
            raise ValueError("until 需要带时区 (until needs a time zone)")
        self.until_s = int(until.timestamp())
        last = (self.until_s + _OFFSET_S) // _DAY_S
        first = last - round(365.25 * years) + 1
        self._days = np.arange(first, last + 1)
        dates = self._days.astype("datetime64[D]")
        months = dates.astype("datetime64[M]").astype(np.int64)
        self._month = months % 12
        self._day_of_month = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(
            np.int64
        ) + 1
        # 1 January 1970 was a Thursday.
        self._weekday = (self._days + 3) % 7
        self._growth = 1 + 0.04 * (self._days - first) / 365.25
        self._storm = self._spell(rng, months=(6, 7), chance=0.13)
        self._snow = self._spell(rng, months=(11, 0, 1), chance=0.07)
        self._cold = self._spell(rng, months=(10, 11, 0, 1), chance=0.10)
        self._holiday = self._is_holiday()

    def _spell(
        self, rng: np.random.Generator, *, months: tuple[int, ...], chance: float
    ) -> NDArray[np.bool_]:
        drawn = rng.random(len(self._days))
        hit = np.isin(self._month, months) & (drawn < chance)
        hit[1:] |= hit[:-1] & (drawn[1:] < 0.4)
        return hit

    def _is_holiday(self) -> NDArray[np.bool_]:
        may = (self._month == 4) & (self._day_of_month <= 5)
        october = (self._month == 9) & (self._day_of_month <= 7)
        return np.asarray(may | october)

    def _day_weights(self, habit: Habit) -> Floats:
        season = np.array(SEASONS[habit.season])
        # Between the middles of months the season changes little by little.
        part = (self._day_of_month - 15.5) / 30.5
        near = np.where(part >= 0, self._month + 1, self._month - 1) % 12
        weight = season[self._month] * (1 - np.abs(part)) + season[near] * np.abs(part)
        weight = weight * np.array(WEEKS[habit.week])[self._weekday] * self._growth
        if habit.season == "rain":
            weight = weight * np.where(self._storm, 9.0, 1.0)
        elif habit.season == "snow":
            weight = weight * np.where(self._snow, 30.0, 0.05)
        elif habit.season == "heating":
            weight = weight * np.where(self._cold, 2.5, 1.0)
        elif habit.season == "tourist":
            weight = weight * np.where(self._holiday, 3.0, 1.0)
        return np.asarray(weight)

    def draw(self, habit: Habit, count: int, rng: np.random.Generator) -> Ints:
        """Instants of `count` reports of one kind, seconds since 1970 (UTC), none after `until`."""
        weight = np.cumsum(self._day_weights(habit))
        day = np.searchsorted(weight, rng.random(count) * weight[-1], side="right")
        hours = np.cumsum(HOURS[habit.hours])
        hour = np.searchsorted(hours, rng.random(count) * hours[-1], side="right")
        second = self._days[day] * _DAY_S + hour * 3600 + rng.integers(0, 3600, count) - _OFFSET_S
        late = second > self.until_s
        # The last day is not over: what would come later came the day before.
        return np.asarray(np.where(late, second - _DAY_S, second), dtype=np.int64)

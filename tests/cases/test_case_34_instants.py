"""Case 34: instants that neither Python nor PostgreSQL hold, and every other form of RFC 3339."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.instants import FIRST, LAST, read_instant
from tests.fixtures.served import NOW, Served
from tests.fixtures.towns import CODES

ITEMS = "/ogc/collections/grid/items"


@pytest.fixture(scope="module")
def web(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


def items(web: httpx.Client, when: str) -> list[Any]:
    answer = web.get(ITEMS, params={"datetime": when})
    assert answer.status_code == 200, (when, answer.text)
    return list(answer.json()["features"])


def test_the_case_itself(web: httpx.Client) -> None:
    answer = web.get(f"{ITEMS}?datetime=0000-01-01T00:00:00Z/2126-11-28T00:00:00Z")
    assert answer.status_code == 200
    assert answer.json()["features"] == items(web, "../2126-11-28T00:00:00Z")
    assert web.get(f"{ITEMS}?datetime=0000-01-01T00:00:00Z/2026-11-28T00:00:00Z").status_code == 200


@pytest.mark.parametrize(
    "when", ["0000-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
)
def test_before_everything_there_is_nothing(web: httpx.Client, when: str) -> None:
    assert items(web, when) == items(web, f"../{when}") == []
    assert items(web, f"{when}/..") == items(web, "../..")
    answer = web.get("/v1/locate", params={"lon": 120.05, "lat": 35.88, "at": when})
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing-published")


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-14:00"])
def test_after_everything_the_last_edition_holds(web: httpx.Client, when: str) -> None:
    assert items(web, when) == items(web, "9999-01-01T00:00:00Z") != []
    assert items(web, f"../{when}") == items(web, "../..")


@pytest.mark.parametrize(
    "same",
    ["2126-11-28t00:00:00z", "2126-11-28T00:00:00.000Z", "2126-11-28T08:00:00+08:00", "2126-11-27T16:00:00-08:00",
     "2126-11-28T00:00:00-00:00", "2126-11-27T23:59:60Z", "2126-11-28 00:00:00Z"],
)  # fmt: skip
def test_forms_of_one_instant(web: httpx.Client, same: str) -> None:
    assert read_instant(same) == datetime(2126, 11, 28, tzinfo=UTC)
    assert items(web, same) == items(web, "2126-11-28T00:00:00Z") != []


def test_open_ends(web: httpx.Client) -> None:
    whole = items(web, "../..")
    assert len(whole) == len(CODES)
    assert items(web, "/") == items(web, "../") == items(web, "/..") == whole
    assert items(web, "/2001-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "wrong",
    ["", "..", "yesterday", "2026-11-28", "2026-11-28T00:00:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
     "2026-11-28T24:00:00Z", "2026-11-28T00:00:00+24:00", "2026-11-28T00:00:61Z", "2026-11-28T12:00:60Z",
     "1700000000", "2026-11-28T00:00:00Z/2026-11-27T00:00:00Z", "a/b", "2026-11-28T00:00:00Z/a",
     "2026-11-27T00:00:00Z/2026-11-28T00:00:00Z/2026-11-29T00:00:00Z", "00000-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_none(web: httpx.Client, wrong: str) -> None:
    answer = web.get(ITEMS, params={"datetime": wrong})
    assert (answer.status_code, answer.json()["field"]) == (400, "datetime")


def test_an_edition_holds_from_its_instant_on_and_to_that_of_the_next_and_not_at_it(
    web: httpx.Client,
) -> None:
    """Editions are half-open: at the instant of the second only the second holds, just before it only the first."""
    listed = web.get("/v1/editions").json()
    first, second = sorted((one for one in listed["editions"]), key=lambda one: one["number"])[:2]
    instant = datetime.fromisoformat(second["effective_from"])
    assert instant > NOW

    def numbers(when: str) -> set[int]:
        return {feature["properties"]["edition"] for feature in items(web, when)}

    at, before = instant.isoformat(), (instant - timedelta(microseconds=1)).isoformat()
    assert numbers(at) == numbers(f"{at}/..") == {second["number"]}
    assert numbers(before) == numbers(f"../{before}") == {first["number"]}
    # An interval of OGC API Features has both its ends.
    assert numbers(f"../{at}") == {second["number"]}


@given(
    st.datetimes(
        datetime(2, 1, 1),  # noqa: DTZ001 - the zone is drawn
        datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_reads_what_python_writes(instant: datetime) -> None:
    assert read_instant(instant.isoformat()) == instant


@given(st.from_regex(r"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z"))
def test_anything_of_that_form_is_read_within_bounds_or_refused(text: str) -> None:
    found = read_instant(text)
    assert found is None or FIRST <= found <= LAST

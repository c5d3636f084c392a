"""``at``, ``datetime`` and ``edition``: one meaning for every read of units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.fixtures.served import BUSY, NOW, RENAMED, Served
from tests.fixtures.towns import CODES, inside

X, Y = inside(BUSY)
BEFORE, SOON, LATER = (
    (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z") for days in (-1000, 1, 40)
)
PLACE = f"{X},{Y}"
# A grid with a border in common with it.
BESIDE = CODES[1]


def name_in_tree(answer: dict[str, Any]) -> tuple[int, str]:
    (name,) = [unit["name"] for unit in answer["units"] if unit["code"] == BUSY]
    return answer["edition"], name


# What each read says of the grid that the second edition renames: (edition or None, name or None).
READS: dict[str, tuple[str, Callable[[Any], tuple[int | None, str | None]]]] = {
    "locate": (f"/v1/locate?lon={X}&lat={Y}", lambda a: (a["edition"], a["grid"]["name"])),
    "unit": (f"/v1/units/{BUSY}?level=grid", lambda a: (a["edition"], a["name"])),
    "grid": (f"/v1/grids/{BUSY}?lang=en", lambda a: (a["edition"], a["name"])),
    "shape": (
        f"/v1/units/{BUSY}/geometry?lang=en",
        lambda a: (a["properties"]["edition"], a["properties"]["name"]),
    ),
    "neighbours": (
        f"/v1/units/{BESIDE}/touching?lang=en",
        lambda a: (a["edition"], next(each["name"] for each in a["items"] if each["code"] == BUSY)),
    ),
    "tree": ("/maps/units.json?lang=en", name_in_tree),
    "tiles": ("/maps/tiles/units.json?lang=en", lambda a: (int(a["name"].rsplit(" ", 1)[1]), None)),
    "search": (f"/v1/search?q={BUSY}", lambda a: (None, a["results"][0]["name"])),
    "search for a place": (f"/v1/search?q={PLACE}", lambda a: (None, a["results"][0]["context"][-1])),
}


@pytest.fixture(scope="module")
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


def said(http: httpx.Client, read: str, query: str) -> tuple[int | None, str | None]:
    address, find = READS[read]
    answer = http.get(f"{address}&{query}")
    assert answer.status_code == 200, (read, query, answer.text)
    return find(answer.json())


@pytest.mark.parametrize("read", READS)
def test_an_edition_by_instant_or_number(http: httpx.Client, read: str) -> None:
    first, second = said(http, read, f"at={SOON}"), said(http, read, f"at={LATER}")
    assert first != second
    assert second[1] in (RENAMED, None)
    for query in (f"datetime={LATER}", f"at={LATER}&datetime={LATER}", "edition=2"):
        assert said(http, read, query) == second, query
    # Beyond the calendar: the last edition, at the end of time.
    for far in ("9999-12-31T23:59:59.999999-14:00", "9999-12-31T23:59:59Z"):
        assert said(http, read, f"at={far}") == second
    # An empty parameter is none.
    assert said(http, read, "at=") == first


@pytest.mark.parametrize("read", READS)
def test_there_was_none_then(http: httpx.Client, read: str) -> None:
    for query in (f"at={BEFORE}", "at=0001-01-01T00:00:00%2B14:00", "datetime=0000-06-01T00:00:00Z"):
        answer = http.get(f"{READS[read][0]}&{query}")
        if read == "search":
            # What is found then is nothing.
            assert (answer.status_code, answer.json()) == (200, {"results": []}), query
        elif read == "search for a place":
            assert answer.json()["results"][0]["context"] == [], query
        else:
            assert (answer.status_code, answer.json()["code"]) == (404, "nothing-published"), query
    answer = http.get(f"{READS[read][0]}&edition=3")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-edition")


@pytest.mark.parametrize("read", READS)
def test_what_names_no_edition_is_refused(http: httpx.Client, read: str) -> None:
    for query, code, field in (
        ("at=10000-01-01T00:00:00Z", "not-an-instant", "at"),
        ("at=-0500-01-01T00:00:00Z", "not-an-instant", "at"),
        ("datetime=2026-11-01", "not-an-instant", "datetime"),
        (f"at={SOON}&datetime={LATER}", "conflicting-parameters", "datetime"),
        (f"at={SOON}&edition=1", "conflicting-parameters", "edition"),
    ):
        answer = http.get(f"{READS[read][0]}&{query}")
        assert answer.status_code == 422, (query, answer.text)
        assert (answer.json()["code"], answer.json()["field"]) == (code, field)
    for wrong in ("0", "-1", str(2**31), "one"):
        answer = http.get(f"{READS[read][0]}&edition={wrong}")
        assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, "edition")


def test_batches_ask_in_the_address_or_in_the_body(http: httpx.Client) -> None:
    def edition(query: str = "", **body: Any) -> Any:
        answer = http.post(f"/v1/locate{query}", json={"points": [[X, Y]], **body})
        return answer.json()["edition"] if answer.status_code == 200 else answer.json()["code"]

    assert edition() == 1
    for body in ({"at": LATER}, {"datetime": LATER}, {"edition": 2}):
        assert edition(**body) == 2
        assert edition(f"?at={SOON}", **body) == 2, "the body is nearer to the points"
    for query in (f"?at={LATER}", f"?datetime={LATER}", "?edition=2"):
        assert edition(query) == 2
    assert edition(at=SOON, edition=1) == "conflicting-parameters"
    assert edition(at="0001-01-01T00:00:00Z") == "nothing-published"
    assert edition(edition=3) == "no-such-edition"
    assert edition(edition=True) == edition(edition="1") == "invalid"

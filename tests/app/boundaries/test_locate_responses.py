"""The short way to an owner says what the documented one says; and what a cache may keep of it stays right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from app.boundaries.locate_router import plain_question
from gis.crs import from_wgs84
from tests.fixtures.served import BUSY, NOW
from tests.fixtures.towns import CODES, ENCLAVE, inside, shape_of

X, Y = inside(BUSY)
PLAIN = f"lon={X}&lat={Y}"


@pytest.fixture(scope="module")
def http(served):
    with httpx.Client(base_url=served.url) as client:
        yield client


def ask(http, query: str, **headers: str) -> httpx.Response:
    return http.get(f"/v1/locate?{query}", headers=headers)


def matches(query: str, *, public: bool = True, method: str = "GET", **headers: str) -> bool:
    settings = SimpleNamespace(public_locate=public)
    scope = {
        "type": "http",
        "method": method,
        "path": "/v1/locate",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "app": SimpleNamespace(state=SimpleNamespace(settings=settings)),
    }
    return plain_question(scope) is not None


def test_which_questions_go_the_short_way():
    for query in (PLAIN, "lon=-0&lat=90", f"{PLAIN}&crs=gcj02", f"{PLAIN}&at=2026-11-01T00:00:00Z"):
        assert matches(query), query
    for query in (
        f"lat={Y}&lon={X}",
        f"{PLAIN}&lang=en",
        f"{PLAIN}&lon=1",
        f"{PLAIN}&",
        "lon=1e2&lat=36",
        "lon=%31&lat=36",
        "lon=nan&lat=36",
        "lon=+120&lat=36",
        "lon=1_0&lat=36",
        "lon=.5&lat=36",
        "lon=120&lat=",
        "lon=120",
        "",
    ):
        assert not matches(query), query
    assert not matches(PLAIN, public=False)
    assert not matches(PLAIN, authorization="Bearer x")
    assert not matches(PLAIN, method="POST")
    assert not matches(PLAIN, method="HEAD")


def questions() -> list[str]:
    found = [f"lon={x}&lat={y}" for x, y in [inside(code) for code in CODES]]
    corner = shape_of(ENCLAVE).exterior.coords[0]
    found += [
        f"lon={corner[0]}&lat={corner[1]}",
        "lon=121&lat=37",
        f"lon={Y}&lat={X}",
        "lon=504635&lat=3973487",
    ]
    found += [
        "lon=180.5&lat=36",
        "lon=36&lat=121",
        f"{PLAIN}&crs=mars",
        f"{PLAIN}&at=soon",
        f"{PLAIN}&at=2020-01-01T00:00:00Z",
    ]
    for crs in ("gcj02", "bd09", "cgcs2000", "EPSG:4549", "EPSG:4490"):
        x, y = from_wgs84(X, Y, crs)
        found.append(f"lon={float(x)}&lat={float(y)}&crs={crs}")
    return [*found, f"{PLAIN}&at={{soon}}", f"{PLAIN}&at={{later}}", f"{PLAIN}&crs=gcj02&at={{later}}"]


# Instants go in when the test runs: workers have to give tests the same names.
LATER = {
    name: f"{NOW + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for name, days in (("soon", 1), ("later", 40))
}


@pytest.mark.parametrize("query", questions())
def test_both_ways_say_the_same(http, query):
    query = query.format(**LATER)
    if "at=soon" not in query:
        assert matches(query)
    # A parameter beside these makes the documented route answer.
    short, long = ask(http, query), ask(http, f"{query}&lang=zh")
    assert not matches(f"{query}&lang=zh")
    assert short.status_code == long.status_code
    assert short.content == long.content
    differing = {"date", "x-request-id"}
    assert {k: v for k, v in short.headers.items() if k not in differing} == {
        k: v for k, v in long.headers.items() if k not in differing
    }


@pytest.mark.parametrize("query", [PLAIN, f"{PLAIN}&lang=zh"])
def test_unchanged(http, query):
    first = ask(http, query)
    tag = first.headers["etag"]
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = ask(http, query, **{"If-None-Match": condition})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary"):
            assert again.headers[name] == first.headers[name]
        assert "content-length" not in again.headers
    for condition in ('"other"', tag.strip('"'), tag[:-2] + '"', ""):
        assert ask(http, query, **{"If-None-Match": condition}).status_code == 200
    # Where there is no owner there is nothing to be unchanged.
    assert ask(http, "lon=121&lat=37", **{"If-None-Match": "*"}).status_code == 404


def test_a_tag_belongs_to_one_answer(http):
    corner = shape_of(ENCLAVE).exterior.coords[0]
    later = f"{NOW + timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}"
    answers = [ask(http, f"lon={x}&lat={y}") for x, y in [inside(code) for code in CODES]]
    answers += [ask(http, f"lon={corner[0]}&lat={corner[1]}"), ask(http, f"{PLAIN}&at={later}")]
    assert len({a.headers["etag"] for a in answers}) == len({a.content for a in answers}) == len(answers)


@pytest.mark.parametrize("more", ["", "&lang=zh"])
def test_how_long_an_answer_may_be_kept(http, more):
    def kept(query: str) -> str:
        return ask(http, query + more).headers["cache-control"]

    present = f"{datetime.now(UTC) - timedelta(milliseconds=1):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert kept(PLAIN) == "no-cache", "an edition may take force at any instant"
    assert kept("lon=121&lat=37") == "no-cache"
    for days in (1, 40):
        assert kept(f"{PLAIN}&at={NOW + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}") == "no-cache"
    # The next edition is in the list already, and none can be published before it.
    assert "immutable" in kept(f"{PLAIN}&at={present}")
    assert "private" in kept(f"{PLAIN}&at={present}"), "the setting may close the route tomorrow"


def test_a_token_is_looked_at(http):
    assert ask(http, PLAIN, Authorization="Bearer nonsense").status_code == 401


def test_the_language_of_a_refusal(http):
    for headers in ({"Accept-Language": "en"}, {"Cookie": "wangge_lang=en"}):
        assert ask(http, "lon=121&lat=37", **headers).json()["title"] == "No grid owns this place"
    assert ask(http, "lon=121&lat=37&l%61ng=en").json()["title"] == "No grid owns this place"
    assert ask(http, "lon=121&lat=37", Cookie="wangge_lang=fr").json()["title"] == "不属于任何网格"


def test_it_is_described_once(http):
    described = http.get("/openapi.json").json()["paths"]["/v1/locate"]["get"]
    assert [p["name"] for p in described["parameters"]] == [
        "lon",
        "lat",
        "crs",
        "lang",
        "at",
        "datetime",
        "edition",
    ]
    assert described["description"].count("public_locate") == 1
    assert {} in described["security"]

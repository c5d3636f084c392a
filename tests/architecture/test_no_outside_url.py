"""The service works with no internet: nothing that it sends names another host.

Addresses inside libraries (their notices, links in their help) are not loaded by anything; the browser tests watch
what is really requested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.web.pages import TEMPLATES
from app.web.statics import ROOT
from tests.fixtures.served import BUSY, DISPATCHER, Served
from tests.fixtures.towns import DISTRICT

OUTSIDE = re.compile(r"(?:https?:|wss?:)?//(?:[\w-]+\.)+[a-zA-Z]{2,}[^\s\"'<>)]*")
# Names of XML vocabularies, which look like addresses and are never fetched.
NAMESPACES = re.compile(r"http://www\.w3\.org/[\w/]+")
OWN = [
    path
    for folder in (ROOT, TEMPLATES)
    for path in sorted(folder.rglob("*"))
    if path.is_file()
    and path.suffix in (".js", ".css", ".html", ".svg", ".json")
    and "vendor" not in path.parts
]


@pytest.fixture(scope="module")
def dispatcher(served: Served) -> Iterator[httpx.Client]:
    with served.person(DISPATCHER) as client:
        client.headers["Accept"] = "text/html"
        yield client


def outside(text: str) -> list[str]:
    return OUTSIDE.findall(NAMESPACES.sub("", text))


def test_the_pattern_finds_what_it_should() -> None:
    assert outside('<script src="https://cdn.example.org/x.js">')
    assert outside("url(//fonts.example.com/a.woff2)")
    assert outside('xmlns="http://www.w3.org/2000/svg"') == []
    assert outside("// a comment. And more") == []


def test_there_is_something_to_look_at() -> None:
    assert len(OWN) > 30


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.name)
def test_no_file_of_ours_names_another_host(path: Path) -> None:
    assert outside(path.read_text()) == []


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("/", 200),
        ("/dispatch", 200),
        ("/signin", 303),
        ("/signin?change=1", 200),
        ("/docs", 200),
        ("/nowhere", 404),
        (f"/maps/heat/{DISTRICT}", 200),
        (f"/maps/heat/{BUSY}?class=0102", 200),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_page_names_another_host(dispatcher: httpx.Client, page: str, status: int, lang: str) -> None:
    query = httpx.QueryParams(page.partition("?")[2]).set("lang", lang)
    answer = dispatcher.get(page.partition("?")[0], params=query)
    assert answer.status_code == status
    assert outside(answer.text) == []


def test_a_saved_heat_map_names_no_other_host(served: Served, tmp_path: Path) -> None:
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from app.auth.principal import operator
    from app.db.session import EVERYTHING, read_session
    from app.maps.heat import HeatRequest, draw
    from app.web.statics import VENDOR
    from gis.viz import Assets, to_html

    with read_session(served.town.owner_engine, EVERYTHING) as session:
        drawn = draw(
            session,
            HeatRequest(code=DISTRICT),
            viewer=operator("test"),
            instant=datetime.now(UTC),
            zone=ZoneInfo("Asia/Shanghai"),
            assets=Assets.inline(VENDOR),
        )
    text = to_html(drawn.map)
    assert outside(text) == []
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)=\"(?!data:)", text)

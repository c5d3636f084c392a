"""Pages as the server sends them: language, theme, policy, who may see what."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from tests.fixtures.actors import Actors
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.served import ADMIN, DISPATCHER, Served
from tests.fixtures.towns import DISTRICT_NAME

PAGES = ("/", "/dispatch", "/signin?change=1", "/docs", "/nowhere")
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def signed_in(served: Served) -> Iterator[httpx.Client]:
    with served.person(DISPATCHER) as client:
        client.headers.update(HTML)
        yield client


def boot_of(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="boot">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_page_in_each_language(signed_in: httpx.Client, page: str, lang: str) -> None:
    answer = signed_in.get(page, params={**httpx.QueryParams(page.partition("?")[2]), "lang": lang})
    assert answer.status_code == (404 if page == "/nowhere" else 200)
    assert f'<html lang="{"en" if lang == "en" else "zh-CN"}"' in answer.text
    assert DISTRICT_NAME in answer.text
    if lang == "en":
        # Names are data; every word of ours has to be English, but for the way to the other language.
        words = re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
        for known in (DISTRICT_NAME, "中文", "li 同志"):
            words = words.replace(known, "")
        assert not re.search(r"[\u4e00-\u9fff]", words)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_allows_what_it_needs_and_no_more(signed_in: httpx.Client, page: str) -> None:
    answer = signed_in.get(page)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    import_map = re.search(r'<script type="importmap">(.*?)</script>', answer.text, re.DOTALL)
    assert import_map is not None
    digest = base64.b64encode(hashlib.sha256(import_map[1].encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["style-src"] == "'self'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_answers_that_are_no_page_may_load_nothing(served: Served) -> None:
    answer = httpx.get(f"{served.url}/healthz")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "script-src" not in answer.headers["content-security-policy"]


def test_a_base_map_is_let_in_by_name(committing_db: CommittingDatabase) -> None:
    settings = committing_db.settings.model_copy(
        update={"basemap_url": "https://{s}.tiles.example/{z}/{x}/{y}.png", "basemap_attribution": "© 例"}
    )
    with serving(settings) as app:
        answer = client_on(app).get("/", headers=HTML)
    policy = answer.headers["content-security-policy"]
    assert "img-src 'self' data: blob: https://*.tiles.example;" in policy
    assert boot_of(answer.text)["basemap"] == {
        "url": "https://{s}.tiles.example/{z}/{x}/{y}.png",
        "attribution": "© 例",
    }


def test_the_language_of_the_address_is_remembered(served: Served) -> None:
    with httpx.Client(base_url=served.url, headers=HTML | {"Accept-Language": "zh-CN"}) as browser:
        assert '<html lang="zh-CN"' in browser.get("/").text
        assert '<html lang="en"' in browser.get("/?lang=en").text
        assert '<html lang="en"' in browser.get("/").text
        assert '<html lang="zh-CN"' in browser.get("/?lang=zh").text
        # Nonsense is passed over.
        assert '<html lang="zh-CN"' in browser.get("/?lang=xx").text


def test_a_browser_that_prefers_english_gets_it(served: Served) -> None:
    answer = httpx.get(served.url, headers=HTML | {"Accept-Language": "en-GB,en;q=0.8"})
    assert '<html lang="en"' in answer.text
    assert "Accept-Language" in answer.headers["vary"]


def test_the_theme_is_drawn_from_the_first_pixel(served: Served) -> None:
    def page(theme: str) -> str:
        with httpx.Client(headers=HTML, cookies={"wangge_theme": theme}) as browser:
            return browser.get(served.url).text

    assert 'data-theme="dark"' in page("dark")
    assert 'data-theme="light"' in page("light")
    assert "data-theme" not in page("auto")
    assert "data-theme" not in page('"><script>')


def test_the_rail_shows_what_one_may_do(served: Served, signed_in: httpx.Client) -> None:
    nobody = httpx.get(served.url, headers=HTML).text
    assert 'href="/dispatch"' not in nobody
    assert 'href="/signin?next=/' in nobody
    somebody = signed_in.get("/").text
    assert 'href="/dispatch"' in somebody
    assert "/signin?next=" not in somebody
    # Pages that do not exist yet are not promised.
    for later in ("/editor", "/data", "/system", "/report"):
        assert f'href="{later}"' not in somebody


def test_a_synthetic_edition_says_so_on_every_page(signed_in: httpx.Client) -> None:
    for page in PAGES:
        assert (
            "演示数据"
            in signed_in.get(
                page, params={"lang": "zh"} | dict(httpx.QueryParams(page.partition("?")[2]))
            ).text
        )


def test_dispatch_asks_to_sign_in_and_leads_back(served: Served) -> None:
    answer = httpx.get(f"{served.url}/dispatch?state=open&class=0102", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=%2Fdispatch%3Fstate%3Dopen%26class%3D0102"
    page = httpx.get(served.url + answer.headers["location"], headers=HTML)
    assert boot_of(page.text)["next"] == "/dispatch?state=open&class=0102"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
)
def test_signing_in_never_leads_elsewhere(served: Served, target: str) -> None:
    page = httpx.get(f"{served.url}/signin", params={"next": target}, headers=HTML)
    assert boot_of(page.text)["next"] == "/"


def test_who_is_signed_in_already_goes_on(signed_in: httpx.Client) -> None:
    answer = signed_in.get("/signin?next=/dispatch")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/dispatch"


def test_a_given_password_has_to_be_changed_first(app: FastAPI, actors: Actors) -> None:
    client = actors.person(("viewer", ""), must_change_password=True)
    answer = client.get("/dispatch", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=%2Fdispatch"
    page = client.get(answer.headers["location"], headers=HTML)
    assert page.status_code == 200
    assert 'id="change"' in page.text
    assert boot_of(page.text)["next"] == "/dispatch"


def test_a_refusal_is_a_page_for_people_and_a_document_for_programs(served: Served) -> None:
    person = httpx.get(f"{served.url}/nowhere", headers=HTML)
    program = httpx.get(f"{served.url}/nowhere")
    assert person.status_code == program.status_code == 404
    assert person.headers["content-type"].startswith("text/html")
    assert "没有找到" in person.text
    assert program.headers["content-type"] == "application/problem+json"
    # What a program asks stays a document, even in a browser's window.
    assert (
        httpx.get(f"{served.url}/v1/locate", headers=HTML).headers["content-type"]
        == "application/problem+json"
    )


def test_a_forbidden_page_says_whom_to_ask(app: FastAPI, actors: Actors) -> None:
    answer = actors.person().get("/dispatch", headers=HTML)
    assert answer.status_code == 403
    assert "无权查看" in answer.text
    assert "管理员" in answer.text


def test_what_was_typed_into_the_address_stays_text(served: Served) -> None:
    nasty = '/nowhere?"><script>alert(1)</script>&x=</script><script>alert(2)</script>'
    text = httpx.get(served.url + nasty, headers=HTML).text
    assert "<script>alert" not in text
    text = httpx.get(
        f"{served.url}/signin", params={"next": "/</script><script>alert(3)</script>"}, headers=HTML
    ).text
    assert "<script>alert" not in text


def test_without_an_edition_the_map_says_what_to_do(client: TestClient) -> None:
    answer = client.get("/", headers=HTML)
    assert answer.status_code == 200
    assert boot_of(answer.text)["edition"] is None
    assert "演示数据" not in answer.text


def test_closed_layers_ask_to_sign_in(committing_db: CommittingDatabase) -> None:
    with serving(committing_db.settings.model_copy(update={"public_layers": False})) as app:
        answer = client_on(app).get("/", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=%2F"


def test_when_the_database_is_away_the_page_says_so(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused"))

    monkeypatch.setattr(app.state.engine, "connect", away)
    client.cookies.set("wangge_session", "x" * 43)
    answer = client.get("/dispatch", headers=HTML)
    assert answer.status_code == 503
    assert "服务暂时不可用" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_the_account_menu_of_an_administrator(served: Served) -> None:
    with served.person(ADMIN) as client:
        page = client.get("/", headers=HTML).text
    assert f"{ADMIN} 同志" in page
    assert boot_of(page)["csrf"] == client.headers["X-CSRF-Token"]

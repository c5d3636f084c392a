"""Links name an address that is ours, whatever a request calls us; and a proxy may publish us under a sub-path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from app.settings import load_settings
from tests.fixtures.actors import Actors
from tests.fixtures.clients import client_on, serving
from tests.fixtures.database import CommittingDatabase, settings_for
from tests.fixtures.proxied import behind_proxy
from tests.fixtures.served import DISPATCHER, PASSWORD, PopulatedTown

EVIL = "evil.example"


def addresses(app: FastAPI) -> list[str]:
    found = []
    for route in iter_route_contexts(app.routes):
        if "GET" in (route.methods or ()):
            path = re.sub(r":\w+}", "}", route.path or "/")
            path = (
                path.replace("{z}/{x}/{y}", "3/6/3").replace("{code}", "g1").replace("{collection}", "grid")
            )
            found.append(re.sub(r"{\w+}", "1", path))
    return sorted(set(found))


# ── a host that is not ours ──────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": EVIL},
        {
            "X-Forwarded-Host": EVIL,
            "X-Forwarded-Server": EVIL,
            "X-Original-Host": EVIL,
            "Forwarded": f"host={EVIL}",
            "X-Forwarded-Proto": "https",
        },
    ],
    ids=["host", "forwarded"],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_no_answer_repeats_a_host_that_is_not_ours(
    app: FastAPI, actors: Actors, headers: dict[str, str], accept: str
) -> None:
    admin = actors.sign_in("admin")
    answered = 0
    for path in addresses(app):
        for each in (path, f"{path.rstrip('/')}/"):
            answer = admin.get(each, headers=headers | {"Accept": accept})
            answered += answer.status_code == 200
            told = f"{answer.headers}{answer.text}"
            assert EVIL not in told, f"{each}: {told[:300]}"
    assert answered > 10


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_slashes_redirect_by_path(client: TestClient, header: str) -> None:
    answer = client.get("/v1/editions/", headers={header: EVIL})
    assert answer.status_code == 307
    assert answer.headers["location"] == "/v1/editions"


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize(
    ("host", "absolute"),
    [
        ("127.0.0.1:8000", True),
        ("localhost:8000", True),
        ("[::1]:8000", True),
        ("192.0.2.7:8000", False),  # an address, but not the one the connection came in on
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("evil.example/localhost", False),
        ("gis.internal", True),
        ("xgis.internal", False),
        ("", False),
    ],
)
def test_links_are_absolute_for_our_own_addresses(
    committing_db: CommittingDatabase, host: str, absolute: bool
) -> None:
    settings = settings_for(
        committing_db.database, committing_db.settings.home, allowed_hosts="gis.internal, b"
    )
    with serving(settings) as app:
        answer = client_on(app).get("/ogc", headers={"Host": host})
    assert answer.status_code == 200
    links = [link["href"] for link in answer.json()["links"]]
    assert links[0] == (f"http://{host}/ogc" if absolute else "/ogc")


@pytest.mark.usefixtures("units")
def test_what_a_proxy_of_ours_passes_on_counts_for_all(committing_db: CommittingDatabase) -> None:
    settings = settings_for(
        committing_db.database,
        committing_db.settings.home,
        allowed_hosts="gis.internal",
        trusted_proxies="10.0.0.1",
    )
    passed = {"X-Forwarded-Host": "gis.internal", "X-Forwarded-Proto": "https", "Host": "10.0.0.2:8000"}
    with serving(settings) as app:
        ours = client_on(app, address="10.0.0.1").get("/ogc", headers=passed)
        assert ours.json()["links"][0]["href"] == "https://gis.internal/ogc"
        assert ours.headers["strict-transport-security"] == "max-age=31536000"
        stranger = client_on(app, address="10.0.0.9").get("/ogc", headers=passed)
        assert stranger.json()["links"][0]["href"] == "/ogc"
        assert "strict-transport-security" not in stranger.headers
        origin = {"Origin": "https://gis.internal"}
        body = {"name": "x", "password": "y"}
        assert (
            client_on(app, address="10.0.0.1")
            .post("/v1/session", json=body, headers=passed | origin)
            .status_code
            == 401
        )
        assert (
            client_on(app, address="10.0.0.9")
            .post("/v1/session", json=body, headers=passed | origin)
            .status_code
            == 403
        )


# ── the public address as a setting ──────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize("host", ["gis.example.gov.cn", EVIL, "127.0.0.1:8000"])
def test_the_setting_wins_over_whatever_is_asked(committing_db: CommittingDatabase, host: str) -> None:
    public = "https://gis.example.gov.cn/wangge"
    settings = settings_for(committing_db.database, committing_db.settings.home, public_url=f"{public}/")
    with serving(settings) as app:
        client = client_on(app)
        for prefix in ("", "/wangge"):
            links = client.get(f"{prefix}/ogc", headers={"Host": host}).json()["links"]
            assert links[0]["href"] == f"{public}/ogc"
            tiles = client.get(f"{prefix}/maps/tiles/units.json", headers={"Host": host}).json()["tiles"]
            assert tiles[0].startswith(f"{public}/maps/tiles/units/")
            items = client.get(f"{prefix}/ogc/collections/grid/items?limit=1", headers={"Host": host}).json()
            assert {urlsplit(link["href"]).path for link in items["links"]} == {
                "/wangge/ogc/collections/grid/items",
                "/wangge/ogc/collections/grid",
            }
            following = next(link["href"] for link in items["links"] if link["rel"] == "next")
            assert following.startswith(f"{public}/ogc/collections/grid/items?limit=1&cursor=")
            assert client.get(f"{prefix}/v1/editions/").headers["location"] == "/wangge/v1/editions"
            page = client.get(f"{prefix}/dispatch", headers={"Accept": "text/html"})
            assert page.headers["location"] == "/wangge/signin?next=%2Fwangge%2Fdispatch"
        locate = client.get("/wangge/v1/locate?lon=1&lat=1")
        assert locate.json()["instance"] == "/wangge/v1/locate"
        assert client.get("/wanggex/v1/locate?lon=1&lat=1").status_code == 404
        refused = client.get("/signin?next=/other/app", headers={"Accept": "text/html"})
        assert '"next":"/wangge/"' in refused.text


@pytest.mark.parametrize(
    "address",
    [
        "gis.example.gov.cn",
        "ftp://a.b/",
        "https://u:p@a.b/",
        "https://a.b/?x=1",
        "https://a.b/#x",
        "https://a.b/v1",
        "https://a.b/maps/",
        "https://a.b/..",
        "https://a.b//c",
        "https://a.b/{{7*7}}",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"expected an address|service's own"):
        load_settings(public_url=address)


# ── over HTTPS ───────────────────────────────────────────────────────────────────────────────────────


def test_the_cookie_belongs_to_this_host_alone(actors: Actors, committing_db: CommittingDatabase) -> None:
    actors.person(("viewer", ""), name="wang")
    body = {"name": "wang", "password": PASSWORD}
    plain = client_on(actors.app).post("/v1/session", json=body)
    assert plain.headers["set-cookie"].startswith("wangge_session=")
    over_tls = client_on(actors.app, base_url="https://gis.example")
    answer = over_tls.post("/v1/session", json=body)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-wangge_session=")
    assert {"secure", "path=/", "httponly"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "domain=" not in cookie.lower()
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert over_tls.get("/v1/session").json()["signed_in"] is True
    # One without the prefix may have been planted by a neighbour.
    planted = client_on(actors.app, base_url="https://gis.example")
    planted.cookies.set("wangge_session", cookie.partition("=")[2].partition(";")[0])
    assert planted.get("/v1/session").json()["signed_in"] is False


def test_other_ports_of_the_machine_stay_reachable(actors: Actors) -> None:
    answer = client_on(actors.app, base_url="https://localhost:8443").get("/healthz")
    assert "strict-transport-security" not in answer.headers


def test_under_a_sub_path_the_cookie_goes_there_only(committing_db: CommittingDatabase) -> None:
    settings = settings_for(
        committing_db.database,
        committing_db.settings.home,
        public_url="https://a.example/wangge",
        hsts_seconds=0,
    )
    with serving(settings) as app:
        Actors(app, committing_db.service_engine, settings).person(("viewer", ""), name="wang")
        answer = client_on(app).post("/v1/session", json={"name": "wang", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Secure-wangge_session=")
    assert {"secure", "path=/wangge/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "strict-transport-security" not in answer.headers


# ── through a proxy ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module", params=[True, False], ids=["strips", "keeps"])
def published(request: pytest.FixtureRequest, populated_town: PopulatedTown) -> Iterator[str]:
    with behind_proxy(populated_town.settings, strips=request.param) as public:
        yield public


def test_everything_that_a_page_names_is_there(published: str) -> None:
    origin = published.removesuffix("/wangge")
    with httpx.Client(headers={"Origin": origin}, follow_redirects=True, timeout=60) as browser:
        signed = browser.post(f"{published}/v1/session", json={"name": DISPATCHER, "password": PASSWORD})
        assert signed.status_code == 200, signed.text
        assert browser.get(f"{published}/v1/session").json()["name"] == DISPATCHER
        seen = set()
        for page in ("/", "/dispatch", "/editor", "/docs", "/maps/heat/370299001", "/nowhere", "/dispatch/"):
            answer = browser.get(published + page, headers={"Accept": "text/html"})
            assert answer.status_code == (404 if page == "/nowhere" else 200), page
            named = re.findall(r'(?:href|src)="([^"#]+)"', answer.text)
            boot = re.search(r'id="boot">(.*?)</script>', answer.text)
            if boot:
                start = json.loads(boot[1])
                assert start["root"] == "/wangge"
                named += [start["words"], start["icons"], *([start["openapi"]] if "openapi" in start else [])]
            imports = re.search(r'type="importmap">(.*?)</script>', answer.text)
            named += json.loads(imports[1])["imports"].values() if imports else []
            seen |= {name for name in named if not name.startswith(("data:", "javascript:", "http"))}
        assert len(seen) > 20
        for name in sorted(seen):
            assert name.startswith("/wangge/"), name
            got = browser.get(origin + name.replace("&amp;", "&"))
            assert "x-not-ours" not in got.headers, name
            assert got.status_code == (404 if "nowhere" in name else 200), name


def test_links_lead_through_the_proxy(published: str) -> None:
    with httpx.Client(timeout=60) as client:
        landing = client.get(f"{published}/ogc").json()
        for link in landing["links"]:
            assert client.get(link["href"]).status_code == 200, link
        items = next(
            link["href"]
            for each in client.get(f"{published}/ogc/collections").json()["collections"]
            for link in each["links"]
            if link["rel"] == "items" and "/grid/" in link["href"]
        )
        page = client.get(items, params={"limit": 2}).json()
        following = next(link["href"] for link in page["links"] if link["rel"] == "next")
        assert client.get(following).status_code == 200
        tiles = client.get(f"{published}/maps/tiles/units.json").json()
        tile = tiles["tiles"][0].replace("{z}", "0").replace("{x}", "0").replace("{y}", "0")
        assert tile.startswith(f"{published}/maps/")
        assert client.get(tile).status_code == 200
        described = client.get(f"{published}/openapi.json").json()
        assert [server["url"] for server in described["servers"]] == ["/wangge", published]

"""What a route demands: 401 for nobody, 403 without the role, and a sight narrowed to the route's roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Form, Request
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from starlette.responses import JSONResponse
from starlette.routing import Route as PlainRoute
from starlette.testclient import TestClient

from app import problems
from app.auth.dependencies import CurrentPrincipal, Read, Write
from app.auth.policy import allow, guarded, policy_of, public, public_if, signed_in
from app.auth.public_address import PublicAddress
from app.auth.routing import Route, Router
from app.kit.admission import Gate
from app.kit.body_limit import BodyMemory
from app.settings import Settings
from tests.fixtures.actors import Actors
from tests.fixtures.clients import client_on
from tests.fixtures.database import CommittingDatabase, settings_for

WHERE = "SELECT current_setting('wangge.scope') AS sight, current_setting('wangge.actor') AS actor"


def small_app(settings: Settings, engine: Any) -> FastAPI:
    """An application with one route for each kind of policy."""
    app = FastAPI()
    app.state.settings, app.state.engine = settings, engine
    app.state.database_gate = Gate(4, most_waiting=10, patience_s=10)
    app.state.body_memory = BodyMemory(2**20)
    app.router.route_class = Route
    problems.install(app)

    def sight(session: Read) -> dict[str, str]:
        return dict(session.execute(text(WHERE)).mappings().one())

    def act(session: Write) -> dict[str, str]:
        return dict(session.execute(text(WHERE)).mappings().one())

    def form(who: CurrentPrincipal, word: Annotated[str, Form()]) -> dict[str, str]:
        return {"word": word, "who": who.name}

    async def raw(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    @guarded(public_if("public_locate"))
    async def hot(request: Request) -> JSONResponse:
        return JSONResponse({"hot": True})

    app.get("/public", dependencies=[public()])(sight)
    app.get("/layers", dependencies=[public_if("public_layers")])(sight)
    app.get("/any", dependencies=[signed_in()])(sight)
    app.get("/people", dependencies=[signed_in(people_only=True)])(sight)
    app.get("/view", dependencies=[allow("viewer")])(sight)
    app.get("/dispatch", dependencies=[allow("dispatcher", "grid-leader")])(sight)
    app.get("/system", dependencies=[allow("admin", everywhere=True)])(sight)
    app.get("/forgotten")(sight)
    app.post("/dispatch", dependencies=[allow("dispatcher")])(act)
    app.post("/form", dependencies=[signed_in()])(form)
    app.post("/report", dependencies=[public()])(form)
    app.post("/upload", dependencies=[signed_in()])(raw)
    app.router.routes.append(PlainRoute("/hot", hot))
    inner = Router(prefix="/edit", dependencies=[allow("gis-editor")])
    inner.get("/open")(sight)
    inner.get("/publish", dependencies=[allow("gis-publisher")])(sight)
    app.include_router(inner)
    return app


@pytest.fixture
def app(committing_db: CommittingDatabase) -> Iterator[FastAPI]:
    return small_app(committing_db.settings, committing_db.service_engine)


@pytest.fixture
def closed(committing_db: CommittingDatabase, tmp_path: Any) -> FastAPI:
    settings = settings_for(
        committing_db.database, tmp_path / "home", public_locate=False, public_layers=False
    )
    return small_app(settings, committing_db.service_engine)


def codes(client: TestClient, *paths: str) -> list[int]:
    return [client.get(path).status_code for path in paths]


CLOSED = ("/any", "/people", "/view", "/dispatch", "/system", "/edit/open", "/edit/publish")


def test_nobody_is_asked_to_sign_in(client: TestClient) -> None:
    assert codes(client, "/public", "/layers", "/hot") == [200, 200, 200]
    assert codes(client, *CLOSED) == [401] * len(CLOSED)
    refused = client.get("/view")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert refused.json()["code"] == "unauthorised"
    assert client.post("/dispatch").status_code == 401


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("viewer", [200, 200, 200, 403, 403, 403, 403]),
        ("api-consumer", [200, 200, 200, 403, 403, 403, 403]),
        ("grid-leader", [200, 200, 200, 200, 403, 403, 403]),
        ("handler", [200, 200, 200, 403, 403, 403, 403]),
        ("dispatcher", [200, 200, 200, 200, 403, 403, 403]),
        ("gis-editor", [200, 200, 200, 403, 403, 200, 403]),
        ("gis-publisher", [200, 200, 200, 403, 403, 200, 200]),
        ("admin", [200, 200, 200, 200, 403, 200, 200]),
    ],
)
def test_each_role_opens_its_doors(actors: Actors, role: str, expected: list[int]) -> None:
    assert codes(actors.sign_in(role, "d.a"), *CLOSED) == expected
    program = expected.copy()
    program[1] = 403  # people only
    assert codes(actors.token(role, "d.a"), *CLOSED) == program


def test_a_role_everywhere_is_more_than_a_role_somewhere(actors: Actors) -> None:
    assert codes(actors.sign_in("admin"), "/system") == [200]
    refused = actors.sign_in("admin", "d").get("/system")
    assert refused.status_code == 403
    assert refused.json()["needed"] == ["admin"]


def test_somebody_without_any_role_is_known_but_may_nothing(actors: Actors) -> None:
    guest = actors.person()
    assert codes(guest, "/any", "/view", "/dispatch") == [200, 403, 403]
    assert guest.get("/any").json()["sight"] == "{}"


def test_a_session_sees_only_where_the_role_of_the_route_is_held(actors: Actors) -> None:
    """A dispatcher of A who may look at B must not dispatch in B."""
    both = actors.person(("dispatcher", "d.a"), ("viewer", "d.b"), ("gis-editor", "d.c"), name="both")
    assert both.get("/dispatch").json() == {"sight": "{d.a.*}", "actor": "both"}
    assert both.post("/dispatch").json() == {"sight": "{d.a.*}", "actor": "both"}
    assert both.get("/view").json()["sight"] == "{d.a.*,d.b.*,d.c.*}"
    assert both.get("/edit/open").json()["sight"] == "{d.c.*}"
    assert both.get("/any").json()["sight"] == "{d.a.*,d.b.*,d.c.*}"
    assert both.get("/public").json()["sight"] == "{d.a.*,d.b.*,d.c.*}"


def test_public_routes_show_nobody_what_has_an_owner(client: TestClient) -> None:
    for path in ("/public", "/layers"):
        assert client.get(path).json() == {"sight": "{}", "actor": "anonymous"}


def test_the_nearest_policy_narrows_the_sight_and_all_are_enforced(actors: Actors) -> None:
    who = actors.person(("gis-editor", "d.a"), ("gis-publisher", "d.b"))
    assert who.get("/edit/publish").json()["sight"] == "{d.b.*}"
    assert who.get("/edit/open").json()["sight"] == "{d.a.*,d.b.*}"


def test_a_given_password_closes_everything(actors: Actors) -> None:
    who = actors.person(("admin", ""), must_change_password=True)
    assert codes(who, *CLOSED) == [403] * len(CLOSED)
    assert who.get("/public").json()["sight"] == "{}"


def test_public_doors_close_by_setting(closed: FastAPI, committing_db: CommittingDatabase) -> None:
    assert codes(client_on(closed), "/public", "/layers", "/hot") == [200, 401, 401]
    actors = Actors(closed, committing_db.service_engine, committing_db.settings)
    assert codes(actors.sign_in("viewer", "d.a"), "/layers", "/hot") == [200, 200]
    assert codes(actors.token("api-consumer", "d.a"), "/layers", "/hot") == [200, 200]


def test_a_bad_token_is_told_even_at_an_open_door(client: TestClient) -> None:
    for header in ("Bearer wg_nonsense", "Bearer", "Bearer x y", "Basic d2FuZzp3dQ==", "wg_nonsense"):
        client.headers["Authorization"] = header
        assert codes(client, "/public", "/hot", "/view") == [401, 401, 401]
        assert client.get("/hot").headers["www-authenticate"].endswith('error="invalid_token"')


def test_a_token_counts_and_the_cookie_beside_it_does_not(actors: Actors) -> None:
    client = actors.sign_in("admin")
    client.headers["Authorization"] = actors.token("viewer", "d.a").headers["Authorization"]
    assert client.get("/any").json() == {"sight": "{d.a.*}", "actor": "token:viewer program"}
    assert codes(client, "/system") == [403]


def test_a_route_without_a_policy_has_no_session(actors: Actors) -> None:
    with pytest.raises(RuntimeError, match="GET /forgotten has no policy"):
        actors.sign_in("admin").get("/forgotten")


def test_the_policy_of_a_route_is_found(app: FastAPI) -> None:
    found = {
        (route.path, *sorted(route.methods or ())): repr(policy_of(route))
        for route in iter_route_contexts(app.routes)
    }
    assert found["/public", "GET"] == "public()"
    assert found["/layers", "GET"] == "public_if('public_layers')"
    assert found["/dispatch", "GET"] == "allow('dispatcher', 'grid-leader')"
    assert found["/dispatch", "POST"] == "allow('dispatcher')"
    assert found["/edit/open", "GET"] == "allow('gis-editor')"
    assert found["/edit/publish", "GET"] == "allow('gis-publisher')"
    assert found["/hot", "GET", "HEAD"] == "public_if('public_locate')"
    assert found["/forgotten", "GET"] == "None"


@pytest.mark.parametrize("roles", [(), ("boss",), ("viewer", "Admin")])
def test_a_policy_names_roles_that_exist(roles: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="allow\\(\\) takes some of viewer"):
        allow(*roles)


# ── forged requests ──────────────────────────────────────────────────────────────────────────────────


def without_token(client: TestClient) -> TestClient:
    del client.headers["X-CSRF-Token"]
    return client


def test_a_write_with_a_cookie_needs_the_sessions_token(actors: Actors) -> None:
    client = without_token(actors.sign_in("dispatcher", "d.a"))
    refused = client.post("/dispatch")
    assert refused.status_code == 403
    assert refused.json()["code"] == "forged-request"
    other = actors.sign_in("dispatcher", "d.a")
    for wrong in ("", "nonsense", other.headers["X-CSRF-Token"]):
        assert client.post("/dispatch", headers={"X-CSRF-Token": wrong}).status_code == 403
    assert client.get("/dispatch").status_code == 200


def test_a_public_write_with_a_cookie_needs_it_too(actors: Actors, client: TestClient) -> None:
    """A report filed under somebody's name by another site is a forged one."""
    assert client.post("/report", data={"word": "x"}).json() == {"word": "x", "who": "anonymous"}
    mine = without_token(actors.person(("viewer", ""), name="wang"))
    assert mine.post("/report", data={"word": "x"}).status_code == 403
    csrf = mine.get("/public") and actors.person(("viewer", ""), name="zhao")
    assert csrf.post("/report", data={"word": "x"}).json() == {"word": "x", "who": "zhao"}


def test_a_plain_form_carries_the_token_in_a_field(actors: Actors) -> None:
    client = actors.person(("viewer", ""), name="wang")
    token = client.headers["X-CSRF-Token"]
    without_token(client)
    good = client.post("/form", data={"word": "网格", "csrf_token": token})
    assert good.json() == {"word": "网格", "who": "wang"}
    assert client.post("/form", data={"word": "x", "csrf_token": token[:-1]}).status_code == 403
    assert client.post("/form", data={"word": "x"}).status_code == 403


def test_a_long_form_needs_the_header(actors: Actors) -> None:
    """It is not held in memory to look for a field."""
    client = actors.person(("viewer", ""), name="wang")
    token = client.headers["X-CSRF-Token"]
    long = {"word": "x" * 70_000, "csrf_token": token}
    assert client.post("/form", data=long).status_code == 200
    assert without_token(client).post("/form", data=long).status_code == 403


def test_an_upload_is_not_read_to_look_for_the_token(actors: Actors) -> None:
    client = actors.sign_in("viewer")
    assert client.post("/upload", content=b"x" * 100_000).json() == {"length": 100_000}


def test_the_browsers_own_word_is_a_second_wall(actors: Actors) -> None:
    client = actors.sign_in("dispatcher")
    assert client.post("/dispatch", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert client.post("/dispatch", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/dispatch", headers={"Origin": "http://evil.example"}).status_code == 403


def test_programs_need_no_token_against_forgery(actors: Actors) -> None:
    assert actors.token("dispatcher").post("/dispatch").status_code == 200


def test_behind_a_proxy_that_rewrites_the_host(committing_db: CommittingDatabase, tmp_path: Any) -> None:
    settings = settings_for(committing_db.database, tmp_path / "home", trusted_proxies="10.0.0.0/8")
    app = small_app(settings, committing_db.service_engine)
    app.add_middleware(PublicAddress, settings=settings)
    actors = Actors(app, committing_db.service_engine, settings)
    browser = actors.sign_in("dispatcher")
    for address, expected in (("10.0.0.1", 200), ("203.0.113.5", 403)):
        through = client_on(app, address=address)
        through.cookies.update(browser.cookies)
        answer = through.post(
            "/dispatch",
            headers={
                "X-CSRF-Token": browser.headers["X-CSRF-Token"],
                "Origin": "https://grid.example",
                "X-Forwarded-Host": "grid.example",
            },
        )
        assert answer.status_code == expected

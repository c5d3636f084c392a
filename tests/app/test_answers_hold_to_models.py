"""The bytes of real answers are what the description of the API says: every field declared, none of another type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.kit.problem_schema import Problem
from app.main import create_app
from tests.fixtures.answers import hold_to_model
from tests.fixtures.served import ADMIN, BUSY, DISPATCHER, NOW, STREET, VIEWER, Served
from tests.fixtures.towns import DISTRICT, ENCLAVE, inside

X, Y = inside(BUSY)
LATER = (NOW + timedelta(days=40)).isoformat().replace("+00:00", "Z")
# Every GET of JSON with addresses that show all of its shapes. Drafts are held to theirs by their own tests.
ADDRESSES = {
    "/healthz": ["/healthz"],
    "/readyz": ["/readyz"],
    "/v1/session": ["/v1/session"],
    "/v1/session/totp": ["/v1/session/totp"],
    "/v1/tokens": ["/v1/tokens"],
    "/v1/accounts": ["/v1/accounts", "/v1/accounts?q=li&limit=1"],
    "/v1/accounts/{name}": [f"/v1/accounts/{DISPATCHER}"],
    "/v1/audit": ["/v1/audit?limit=500"],
    "/v1/locate": [
        f"/v1/locate?lon={X}&lat={Y}",
        f"/v1/locate?lon={X}&lat={Y}&lang=en",
        f"/v1/locate?lon={X}&lat={Y}&at={LATER}",
        f"/v1/locate?lon={X}&lat={Y}&edition=2",
    ],
    "/v1/convert": ["/v1/convert?lon=120.05&lat=35.88", "/v1/convert?lon=139.7&lat=35.7&crs=EPSG:4301"],
    "/v1/editions": ["/v1/editions"],
    "/v1/editions/{number}/lineage": ["/v1/editions/2/lineage", "/v1/editions/1/lineage"],
    "/v1/units/{code}": [
        *(f"/v1/units/{code}" for code in (DISTRICT, STREET, BUSY[:12], BUSY, ENCLAVE)),
        f"/v1/units/{BUSY}?edition=2",
    ],
    "/v1/units/{code}/geometry": [f"/v1/units/{code}/geometry" for code in (DISTRICT, STREET, ENCLAVE)],
    "/v1/units/{code}/touching": [f"/v1/units/{code}/touching" for code in (DISTRICT, STREET, BUSY, ENCLAVE)],
    "/v1/grids/{code}": [f"/v1/grids/{BUSY}", f"/v1/grids/{BUSY}?datetime={LATER}"],
    "/v1/grids/{code}/components": [f"/v1/grids/{BUSY}/components?limit=2"],
    "/v1/grids/{code}/incidents": [f"/v1/grids/{BUSY}/incidents?limit=5"],
    "/v1/search": [
        f"/v1/search?q={q}" for q in (BUSY, "网格", f"{X},{Y}", "3702990118000", "T00001", "nothing")
    ],
    "/v1/catalog/components": ["/v1/catalog/components"],
    "/v1/catalog/events": ["/v1/catalog/events"],
    "/v1/catalog/incident-classes": ["/v1/catalog/incident-classes"],
    "/v1/incidents": ["/v1/incidents?limit=20", "/v1/incidents?state=open"],
    "/v1/incidents/map": ["/v1/incidents/map?zoom=9", f"/v1/incidents/map?zoom=15&unit={ENCLAVE}"],
    "/v1/incidents/{number}": ["/v1/incidents/T00001", "/v1/incidents/T00003"],
    "/maps/tiles/units.json": ["/maps/tiles/units.json", "/maps/tiles/units.json?edition=2"],
    "/maps/units.json": ["/maps/units.json", f"/maps/units.json?at={LATER}"],
    "/ogc": ["/ogc", "/ogc?f=json&lang=en"],
    "/ogc/conformance": ["/ogc/conformance"],
    "/ogc/api": ["/ogc/api"],
    "/ogc/collections": ["/ogc/collections"],
    "/ogc/collections/{collection}": ["/ogc/collections/grid", "/ogc/collections/excluded"],
    "/ogc/collections/{collection}/queryables": [
        "/ogc/collections/grid/queryables",
        "/ogc/collections/excluded/queryables?lang=en",
    ],
    "/ogc/collections/{collection}/items": [
        "/ogc/collections/grid/items?filter=area_m2>1&limit=2",
        *(f"/ogc/collections/{level}/items?limit=5" for level in ("grid", "community", "street", "district")),
        "/ogc/collections/excluded/items",
    ],
    "/ogc/collections/{collection}/items/{feature}": [f"/ogc/collections/grid/items/{BUSY}"],
}
_OF_DRAFTS = re.compile(r"/(v1|ogc)/drafts")
FOR_ADMINISTRATORS = {"/v1/accounts", "/v1/accounts/{name}", "/v1/audit"}


@pytest.fixture(scope="module")
def application() -> FastAPI:
    return create_app()


@pytest.fixture(scope="module")
def people(served: Served) -> Iterator[dict[str, httpx.Client]]:
    with (
        served.person(ADMIN) as admin,
        served.person(DISPATCHER) as dispatcher,
        served.person(VIEWER) as viewer,
        httpx.Client(base_url=served.url) as nobody,
    ):
        yield {"admin": admin, "dispatcher": dispatcher, "viewer": viewer, "nobody": nobody}


def test_every_json_answer_is_among_them(application: FastAPI) -> None:
    described = application.openapi()["paths"]
    found = {
        route.path_format
        for route in iter_route_contexts(application.routes)
        if "GET" in (route.methods or ())
        and "get" in described.get(route.path_format or "", {})
        and route.response_model is not None
        and not _OF_DRAFTS.match(route.path_format or "")
    }
    assert found == set(ADDRESSES)


@pytest.mark.parametrize("path", ADDRESSES)
def test_answers_hold_to_their_models(
    application: FastAPI, people: dict[str, httpx.Client], path: str
) -> None:
    for address in ADDRESSES[path]:
        held = set()
        for name, person in people.items():
            answer = person.get(address)
            if answer.status_code == 200:
                hold_to_model(application, answer)
                held.add(name)
        assert held == ({"admin"} if path in FOR_ADMINISTRATORS else held)
        assert held, address


def test_both_views_of_incidents_are_held(application: FastAPI, people: dict[str, httpx.Client]) -> None:
    seen = set()
    for who in ("dispatcher", "viewer"):
        for address in (
            "/v1/incidents?limit=20",
            "/v1/incidents/T00001",
            f"/v1/incidents/map?unit={ENCLAVE}",
        ):
            answer = people[who].get(address)
            assert answer.status_code == 200, answer.text
            body = hold_to_model(application, answer)
            seen |= {each["view"] for each in body.get("items", [body]) if "view" in each}
    assert seen == {"full", "coarse"}


def test_a_batch_with_all_it_can_carry(application: FastAPI, people: dict[str, httpx.Client]) -> None:
    for more in ({}, {"names": True}, {"levels": True}, {"names": True, "levels": True}, {"explain": True}):
        points = [[X, Y], [121.0, 37.0], [Y, X], [400.0, 400.0]]
        answer = people["nobody"].post("/v1/locate", json={"points": points, **more})
        assert answer.status_code == 200, answer.text
        hold_to_model(application, answer)


REFUSED = {
    "/v1/locate?lon=121&lat=37": 404,
    "/v1/locate?lon=east&lat=37": 422,
    f"/v1/locate?lon={Y}&lat={X}": 422,
    "/v1/locate?lon=1&lat=2&colour=red": 422,
    "/v1/locate?lon=1&lat=2&at=soon": 422,
    "/v1/units/nowhere": 404,
    "/v1/incidents": 401,
    "/v1/none": 404,
    "/ogc/collections/grid/items?colour=red": 400,
    "/ogc/collections/grid/items?limit=0": 400,
    "/ogc/collections/grid/items?filter=nam='x'": 400,
    "/maps/tiles/units/99/0/0.pbf": 404,
}


def test_refusals_hold_to_the_model_of_problems(people: dict[str, httpx.Client]) -> None:
    for address, status in REFUSED.items():
        answer = people["nobody"].get(address)
        assert answer.status_code == status, (address, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        problem = Problem.model_validate_json(answer.content)
        assert problem.status == status
        assert problem.title
        assert problem.detail

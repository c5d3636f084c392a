"""What strangers and mere viewers read of people: every address, looked through for names, numbers and accounts."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from app.main import create_app
from tests.fixtures.actors import add_account
from tests.fixtures.served import ADMIN, BUSY, DISPATCHER, STREET, Served

PHONE = "0532-55550100"
STAFF = re.compile("赵[0-9]")
ACCOUNTS = re.compile(rf'"(?:tester|test|{ADMIN}|{DISPATCHER})"')


def addresses() -> list[str]:
    found = set()
    for route in iter_route_contexts(create_app().routes):
        if "GET" not in (route.methods or ()) or "{version}" in (route.path or ""):
            continue
        path = (route.path or "/").replace("{z}/{x}/{y}", "14/13700/6400")
        path = path.replace("{number}", "T00001" if "incidents" in path else "1").replace(
            "{collection}", "grid"
        )
        path = path.replace("{draft_id}", "1").replace("{name}", ADMIN).replace("{feature}", BUSY)
        for code in (BUSY, STREET) if "{code}" in path else ("",):
            found.add(re.sub(r"{\w+}", "1", path.replace("{code}", code)))
    return sorted(
        found | {"/v1/search?q=赵", "/v1/search?q=T00001", f"/v1/search?q={PHONE}", "/v1/search?q=试验路"}
    )


@pytest.mark.parametrize("who", ["nobody", "guest", "viewer"])
def test_no_answer_names_people_to_those_who_need_not_know(served: Served, who: str) -> None:
    add_account(served.town.service_engine, f"reads-as-{who}", *([("viewer", "")] if who == "viewer" else []))
    stranger = httpx.Client(base_url=served.url, timeout=60)
    answered = 0
    with stranger if who == "nobody" else served.person(f"reads-as-{who}") as client:
        for path in addresses():
            answer = client.get(path)
            answered += answer.status_code == 200
            assert PHONE not in answer.text, path
            if who != "viewer":
                assert not STAFF.search(answer.text), path
                assert not ACCOUNTS.search(answer.text), path
                assert "试验路" not in answer.text, path
    assert answered > 15


def test_what_is_looked_for_is_there(served: Served) -> None:
    add_account(served.town.service_engine, "looker", ("admin", ""))
    with served.person("looker") as client:
        text = (
            client.get(f"/v1/grids/{BUSY}").text
            + client.get("/v1/editions").text
            + client.get("/v1/incidents").text
        )
    assert PHONE in text
    assert STAFF.search(text)
    assert ACCOUNTS.search(text)
    assert "试验路" in text

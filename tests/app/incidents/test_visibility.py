"""Texts, doors, instants and exact places of incidents reach those who act on them, and nobody else by any road."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.db.session import EVERYTHING, RowScope, read_session, write_session
from tests.app.auth.table_queries import audit
from tests.app.incidents.reports import DAY, DIGITS, MARK, SECONDS, SENSITIVE, report_all
from tests.architecture.test_policies import routes
from tests.fixtures.actors import Actors
from tests.fixtures.clients import client_on
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.statuses import no_fault
from tests.fixtures.units import place_in

WHO = ("nobody", "guest", "viewer", "api-consumer", "grid-leader", "gis-editor", "gis-publisher")
# What stands for each parameter of a path. A route with another one is added here, with values that lead somewhere.
PLACES = {
    "code": ("d", "a", "a1", "g1"),
    "collection": ("grid", "grids", "community"),
    "draft_id": ("1",),
    "feature": ("g1", "a1"),
    "name": ("x",),
    "number": ("N0a", f"{SENSITIVE}0", f"{SENSITIVE}1"),
    "version": ("0",),
    "z": ("15",),
}
SEARCHES = (MARK, "N0", SENSITIVE, "有人吵架", "8号楼", "ZZSHELTER", "LAMP")


@pytest.fixture
def reported(committing_db: CommittingDatabase, units: tuple[str, ...]) -> CommittingDatabase:
    report_all(committing_db)
    return committing_db


@pytest.fixture
def viewer(reported: CommittingDatabase, actors: Actors) -> TestClient:
    return actors.sign_in("viewer", "d")


@pytest.fixture
def dispatcher(reported: CommittingDatabase, actors: Actors) -> TestClient:
    return actors.sign_in("dispatcher", "d")


def somebody(actors: Actors, app: FastAPI, who: str) -> TestClient:
    if who == "nobody":
        return client_on(app)
    if who == "guest":
        return actors.person()
    return actors.token(who, "d") if who == "api-consumer" else actors.sign_in(who, "d")


def addresses(app: FastAPI) -> Iterator[str]:
    """Every address that answers GET, with parameters that lead to what is stored, and with every search."""
    x, y = place_in(0)
    tile = _tile(15, x, y)
    for method, path, _ in routes(app):
        if method != "GET":
            continue
        names = re.findall(r"{(\w+)}", path)
        made = [path]
        for name in names:
            values = {"x": (str(tile[0]),), "y": (str(tile[1]),)}.get(name) or PLACES.get(name)
            assert values, f"{path}: say in PLACES what {name} may be"
            made = [each.replace(f"{{{name}}}", value) for each in made for value in values]
        yield from made
    for q in SEARCHES:
        yield f"/v1/search?q={quote(q)}"
        yield f"/v1/incidents?q={quote(q)}"
        yield f"/v1/incidents/map?zoom=16&q={quote(q)}"
    yield f"/v1/incidents?bbox={x - 1},{y - 1},{x + 1},{y + 1}"
    yield "/v1/incidents?class=3101,3402"
    yield "/v1/incidents?limit=1"
    yield "/v1/incidents/map?zoom=3"
    yield "/maps/heat/d?days=3000"
    yield "/maps/heat/g1?days=3000&class=3101"
    yield f"/v1/incidents/{MARK}"
    yield f"/v1/incidents?state={MARK}&unit=x"


def _tile(z: int, lon: float, lat: float) -> tuple[int, int]:
    import math

    side = 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * side
    return int((lon + 180) / 360 * side), int(y)


def told(answer, address: str) -> list[str]:
    """What of the marks an answer gives away; what was asked for may be repeated."""
    body = answer.content.decode("utf-8", errors="replace") + json.dumps(dict(answer.headers))
    asked = re.compile("|".join(re.escape(part) for part in (*SEARCHES, quote(MARK))))
    if "q=" in address or MARK in address:
        # A refusal or an empty list may say which word was asked for; nothing that follows it in the texts.
        body = asked.sub("", body) if not re.search(rf"{MARK} [NZ]", body) else body
    marks = (MARK, "有人吵架", "8号楼", SECONDS, "0532-55550199")
    found = [mark for mark in marks if mark in body]
    if SENSITIVE not in address:
        found += [mark for mark in (SENSITIVE, "ZZSHELTER") if mark in body]
    found += re.findall(rf"12\d\.\d{{3}}{DIGITS}", body)
    return found


@pytest.mark.parametrize("who", WHO)
def test_no_address_tells_text_to_those_who_do_not_act(
    reported: CommittingDatabase, app: FastAPI, actors: Actors, who: str, capfd: pytest.CaptureFixture[str]
) -> None:
    client = somebody(actors, app, who)
    seen = 0
    for address in addresses(app):
        answer = client.get(address)
        no_fault(answer)
        expected = {"0532-55550199"} if who == "grid-leader" else set()
        assert set(told(answer, address)) <= expected, f"{who}: {address}"
        seen += answer.status_code == 200
    assert seen > (30 if who in ("viewer", "api-consumer") else 5)
    log = capfd.readouterr()
    # Words that were searched for stand in no log either.
    assert MARK not in re.sub(r"path=\S+|\"GET \S+|GET http\S+|'path': '[^']*'", "", log.out + log.err)


def test_those_who_act_are_told(dispatcher: TestClient) -> None:
    """The marks are where the walk looks for them: what it does not find is withheld, not missing."""
    listed = dispatcher.get("/v1/incidents").json()
    assert listed["total"] == 15
    assert {item["view"] for item in listed["items"]} == {"full"}
    first = next(item for item in listed["items"] if item["number"] == "N0a")
    assert first["address"].startswith(MARK)
    assert first["occurred_at"].startswith("2026-09-14T03:41:37")
    assert str(first["lon"]).endswith(DIGITS)
    shown = dispatcher.get(f"/v1/incidents/{SENSITIVE}1").json()
    assert shown["sensitive"] is True
    assert shown["log"][0]["note"].startswith(MARK)
    assert shown["log"][0]["actor"].startswith(MARK)
    assert (shown["component_code"], shown["source_id"]) == (
        f"{MARK} {SENSITIVE}1 component",
        f"{MARK}-source-{SENSITIVE}1",
    )
    assert dispatcher.get("/v1/incidents", params={"q": "有人吵架"}).json()["total"] == 15
    assert dispatcher.get("/v1/incidents", params={"q": "8号_"}).json()["total"] == 0, "no pattern"
    found = dispatcher.get("/v1/search", params={"q": "N0a"}).json()["results"]
    assert found[0]["context"][0].startswith(MARK)
    assert dispatcher.get("/v1/search", params={"q": "ZZSHELTER"}).json()["results"]
    assert len(dispatcher.get("/v1/grids/g1/components").json()["items"]) == 2


def test_the_others_are_told_what_they_need(viewer: TestClient) -> None:
    listed = viewer.get("/v1/incidents").json()
    assert listed["total"] == len(listed["items"]) == 10
    item = next(item for item in listed["items"] if item["number"] == "N0a")
    assert set(item) == {
        "number", "class_code", "class_zh", "class_en", "urgency", "state", "open", "light", "day", "lon", "lat", "grid_code",
        "view", "accuracy_m",
    }  # fmt: skip
    assert (item["view"], item["day"], item["light"], item["grid_code"]) == (
        "coarse",
        "2026-09-14",
        "green",
        "g1",
    )
    shown = viewer.get("/v1/incidents/N0a").json()
    assert shown["log"] == [
        {"day": shown["log"][0]["day"], "action": "report", "from_state": None, "to_state": "accepted"}
    ]
    assert shown["owner"]["grid"]["code"] == "g1"
    refused = viewer.get(f"/v1/incidents/{SENSITIVE}1")
    assert refused.status_code == 404
    assert refused.json()["detail"] == viewer.get("/v1/incidents/none").json()["detail"].replace(
        "none", f"{SENSITIVE}1"
    ), "not there, and there but not for you, look alike"
    assert viewer.get("/v1/incidents", params={"class": "3101"}).json()["total"] == 0
    assert len(viewer.get("/v1/grids/g1/components").json()["items"]) == 1
    counts = viewer.get("/v1/units/g1").json()["counts"]
    assert (counts["incidents_total"], counts["components"]) == (2, 1), "nothing can be taken from the list"


def test_maps_draw_no_sensitive_incident_for_anybody(dispatcher: TestClient, viewer: TestClient) -> None:
    drawn = dispatcher.get("/v1/incidents/map", params={"zoom": 16}).json()
    assert (drawn["mode"], drawn["total"], drawn["not_drawn"]) == ("points", 10, 5)
    assert not any(f["properties"]["number"].startswith(SENSITIVE) for f in drawn["features"]["features"])
    coarse = viewer.get("/v1/incidents/map", params={"zoom": 16}).json()
    assert (coarse["total"], coarse["not_drawn"]) == (10, 0)
    assert {f["properties"]["accuracy_m"] for f in coarse["features"]["features"]} == {100}
    heat = dispatcher.get("/maps/heat/d?days=3000").text
    assert "敏感类别不上图" in heat
    points = json.loads(re.search(r"L\.heatLayer\(\s*(\[\[.*?\]\])", heat, re.DOTALL)[1])
    assert sum(weight for _, _, weight in points) == 10
    x, y = _tile(15, *place_in(0))
    assert b"ZZSHELTER" not in dispatcher.get(f"/maps/tiles/components/15/{x}/{y}.pbf").content


def test_one_who_acts_in_one_street_and_looks_at_all(reported: CommittingDatabase, actors: Actors) -> None:
    """Rows of the own street are full, the others coarse; paged, each comes once."""
    both = actors.person(("dispatcher", "d.a"), ("viewer", "d"))
    listed = both.get("/v1/incidents").json()["items"]
    views = {item["grid_code"]: item["view"] for item in listed}
    assert views == {"g1": "full", "g2": "full", "g3": "full", "g4": "coarse", "g5": "coarse"}
    assert sum(item["number"].startswith(SENSITIVE) for item in listed) == 3
    assert [item["day"] for item in listed] == sorted((item["day"] for item in listed), reverse=True)
    for limit in (1, 2, 3, 5, 50):
        numbers, cursor = [], None
        while True:
            page = both.get(
                "/v1/incidents", params={"limit": limit} | ({"cursor": cursor} if cursor else {})
            ).json()
            numbers += [item["number"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert numbers == [item["number"] for item in listed], limit
    assert both.get("/v1/incidents", params={"q": "有人吵架"}).json()["total"] == 9, "words of the own street"
    # Where the answer holds the own street only it is as for any dispatcher.
    own = both.get("/v1/incidents", params={"unit": "a"}).json()
    assert {item["view"] for item in own["items"]} == {"full"}
    instants = [item["occurred_at"] for item in own["items"]]
    assert instants == sorted(instants, reverse=True)


def test_cursors_hold_no_instant_and_take_none(viewer: TestClient, actors: Actors) -> None:
    import base64

    cursor = viewer.get("/v1/incidents", params={"limit": 3}).json()["next"]
    instant, row = json.loads(base64.urlsafe_b64decode(cursor))
    assert instant == "2026-09-14T00:00:00+08:00"
    asked = {"limit": 50}
    pages = {
        json.dumps(viewer.get("/v1/incidents", params=asked | {"cursor": _cursor(at, row)}).json()["items"])
        for at in ("2026-09-14T11:42:00+08:00", "2026-09-14T11:45:00+08:00", "2026-09-14T23:59:59+08:00")
    }
    assert len(pages) == 1, "instants of one day lead to one page"
    for extreme in ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"):
        assert viewer.get("/v1/incidents", params={"cursor": _cursor(extreme, 1)}).status_code == 200
        assert viewer.get("/v1/incidents", params={"from": extreme, "to": extreme}).status_code == 422


def _cursor(instant: str, row: int) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps([instant, row]).encode()).decode()


# ── non-interference: what is hidden changes no answer ───────────────────────────────────────────────
HIDDEN = st.fixed_dictionaries(
    {
        "dx": st.integers(-4000, 4000),
        "dy": st.integers(-4000, 4000),
        "minutes": st.integers(-200, 700),
        "text": st.sampled_from(["井盖", "8号楼", "N0", "%", "zzmark"]),
    }
)
QUESTIONS = [
    "/v1/incidents",
    "/v1/incidents?limit=4",
    "/v1/incidents/N0a",
    "/v1/incidents/map?zoom=17",
    "/v1/incidents/map?zoom=9",
    "/maps/heat/g1?days=3000",
    "/maps/heat/d?days=3000",
    "/v1/grids/g1/incidents",
    "/v1/units/g1",
    "/v1/search?q=N0a",
    *(f"/v1/incidents?q={quote(q)}" for q in ("井盖", "8号楼", "%", "zzmark")),
    *(f"/v1/incidents?from=2026-09-14T{h:02}:00:00%2B08:00" for h in (8, 11, 12, 16)),
    *(f"/v1/incidents?to=2026-09-14T{h:02}:30:00%2B08:00" for h in (0, 11, 12, 20)),
    *(f"/v1/incidents?bbox={120.0 + k * 0.0002},34.9,121,36" for k in range(18, 32)),
    *(f"/v1/incidents/map?zoom=16&bbox=119,{35.0 + k * 0.0002},121,36" for k in range(18, 32)),
]


def test_what_is_hidden_changes_no_answer(viewer: TestClient, reported: CommittingDatabase) -> None:
    """Move an incident about within its cell, its instant within its day, and change what people wrote."""
    with reported.owner_engine.begin() as owner:
        centre = owner.execute(
            text(
                "SELECT ST_X(p), ST_Y(p) FROM (SELECT coarse_place(geom) p FROM incident WHERE number = 'N0a') c"
            )
        ).one()
    answers = {question: _body(viewer.get(question)) for question in QUESTIONS}

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(HIDDEN)
    def still_the_same(hidden) -> None:
        with reported.owner_engine.begin() as owner:
            owner.execute(
                text(
                    "UPDATE incident SET geom = ST_Point(:x, :y, 4326), occurred_at = :at, reported_at = :at,"
                    " address = :text, description = :text, source_id = :text, component_code = :text"
                    " WHERE number = 'N0a'"
                ),
                {
                    "x": round(centre[0] + hidden["dx"] * 1e-7, 7),
                    "y": round(centre[1] + hidden["dy"] * 1e-7, 7),
                    "at": DAY + timedelta(minutes=hidden["minutes"]),
                    "text": hidden["text"],
                },
            )
        for question, before in answers.items():
            # A row changed past the service adds a step to its log, which is no secret; it is left out.
            assert _body(viewer.get(question)) == before, question

    still_the_same()


def _body(answer) -> str:
    assert answer.status_code == 200, answer.text
    if answer.headers["content-type"].startswith("application/json"):
        body = answer.json()
        body.pop("log", None)
        return json.dumps(body, sort_keys=True)
    return re.sub(r"[0-9a-f]{32}", "", answer.text)


# ── the database itself ──────────────────────────────────────────────────────────────────────────────
TEXT_COLUMNS = ("address", "description", "source_id", "component_code", "attributes", "idempotency_key")


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_the_service_cannot_select_text(reported: CommittingDatabase, column: str) -> None:
    for query in (
        f"SELECT {column} FROM incident",
        f"SELECT count(*) FROM incident WHERE {column}::text LIKE '%'",
        "SELECT * FROM incident",
        "SELECT note FROM incident_log",
        "SELECT detail FROM incident_log",
        "SELECT actor FROM incident_log",
        f"UPDATE incident SET channel = {column}::text",
        f"UPDATE incident SET state = state RETURNING {column}",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            write_session(reported.service_engine, EVERYTHING) as session,
        ):
            session.execute(text(query))


@pytest.mark.parametrize(
    ("paths", "acts", "expected"),
    [
        (("d",), (), 0),
        (("d",), ("d.a",), 9),
        (("d.a",), ("d.a", "d.b"), 9),
        (("d.b",), ("d.a",), 0),
        ((), ("",), 0),
        (("",), ("",), 15),
    ],
)
def test_text_functions_ask_for_sight_and_for_acting(
    reported: CommittingDatabase, paths: tuple[str, ...], acts: tuple[str, ...], expected: int
) -> None:
    with read_session(reported.service_engine, RowScope(paths, "li", acts)) as session:
        every = list(range(1, 100))
        rows = session.execute(text("SELECT * FROM incident_text(:ids)"), {"ids": every}).all()
        assert len(rows) == expected
        logs = sum(
            len(session.execute(text("SELECT * FROM incident_log_text(:i)"), {"i": i}).all()) for i in every
        )
        assert logs == expected
        assert len(session.execute(text("SELECT incidents_with_words('%zzmark%')")).all()) == expected
        sensitive = session.scalar(text("SELECT count(*) FROM incident WHERE class_code IN ('3101', '3402')"))
        assert sensitive == expected // 3


# ── contacts ─────────────────────────────────────────────────────────────────────────────────────────
def test_readings_of_contacts_are_logged_once_an_hour(
    dispatcher: TestClient, viewer: TestClient, reported: CommittingDatabase
) -> None:
    viewer.get("/v1/grids/g1")
    assert audit(reported, "contacts.read") == []
    for _ in range(3):
        assert "0532-55550199" in dispatcher.get("/v1/grids/g1").text
        assert "0532-55550199" in dispatcher.get("/v1/incidents/N0a").text
    entries = audit(reported, "contacts.read")
    assert [(target, detail) for _, target, detail in entries] == [("grid:g1", {"contacts": 1})]
    with Session(reported.owner_engine) as session:
        session.execute(text("SET session_replication_role = replica"))
        session.execute(text("UPDATE audit_log SET at = at - interval '61 minutes'"))
        session.commit()
    dispatcher.get("/v1/grids/g1")
    assert len(audit(reported, "contacts.read")) == 2

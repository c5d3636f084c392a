"""Instants of every kind, sent to whatever takes one."""

from __future__ import annotations

from tests.app.drafts.drafting import LEFT, DraftClient, Drafting
from tests.fixtures.eventually import eventually

# RFC 3339, and beyond what the service keeps: the owner is that of the end of time, nothing of it is stored.
BEYOND = ["9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00:00+14:00"]
NO_INSTANTS = [
    "10000-01-01T00:00:00Z",
    "-0044-03-15T00:00:00Z",
    "infinity",
    "NaN",
    "1e400",
    "2026-02-30T00:00:00Z",
    "2026-11-29T05:00:00",
    "２０２６-11-29T05:00:00Z",
]
PLACE = {"lon": 120.055, "lat": 35.885}


def test_an_instant_beyond_the_calendar_is_a_question_and_never_stored(drafting: Drafting) -> None:
    person = drafting.actors.person(("admin", ""))
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="新")
    waiting = draft_client.approve(drafting.publisher())
    # The service hears of a published edition a moment after it.
    eventually(lambda: person.get("/v1/locate", params=PLACE).status_code == 200)
    # The edition is in force at the end of time; at its beginning none was.
    for instant, located in zip(BEYOND, (200, 404), strict=True):
        read = {
            "locate": person.get("/v1/locate", params={**PLACE, "at": instant}),
            "many": person.post("/v1/locate", json={"points": [[120.055, 35.885]], "at": instant}),
            "ogc": person.get("/ogc/collections/grid/items", params={"datetime": f"{instant}/.."}),
            "from": person.get("/v1/incidents", params={"from": instant}),
            "to": person.get("/v1/incidents", params={"to": instant}),
        }
        statuses = {name: answer.status_code for name, answer in read.items()}
        assert statuses == {"locate": located, "many": located, "ogc": 200, "from": 422, "to": 422}, instant
        for answer in [
            person.post("/v1/tokens", json={"name": "t", "role": "viewer", "expires_at": instant}),
            waiting.send("/publish", {"effective_from": instant}),
        ]:
            assert answer.status_code == 422, (instant, answer.request.url, answer.text[:300])
    assert person.get("/v1/tokens").json() == {"items": []}
    assert waiting.publish()["edition"] == 2


def test_no_instant_that_people_send_is_a_fault_of_ours(drafting: Drafting) -> None:
    person = drafting.actors.person(("admin", ""))
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="新")
    waiting = draft_client.approve(drafting.publisher())
    for instant in NO_INSTANTS:
        answers = [
            person.get("/v1/locate", params={**PLACE, "at": instant}),
            person.post("/v1/locate", json={"points": [[120.055, 35.885]], "at": instant}),
            person.get("/ogc/collections/grid/items", params={"datetime": f"{instant}/.."}),
            person.get("/v1/incidents", params={"from": instant}),
            person.get("/v1/incidents", params={"to": instant}),
            person.post("/v1/tokens", json={"name": "t", "role": "viewer", "expires_at": instant}),
            waiting.send("/publish", {"effective_from": instant}),
        ]
        statuses = [answer.status_code for answer in answers]
        assert statuses == [422, 422, 400, 422, 422, 422, 422], (instant, [a.text[:200] for a in answers])
    assert person.get("/v1/tokens").status_code == 200
    assert waiting.publish()["edition"] == 2

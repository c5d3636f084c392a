"""Instants of every kind, sent to whatever takes one."""

from __future__ import annotations

from tests.app.drafts.drafting import LEFT, Drafting, Hand

HOSTILE = [
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01T00:00:00+14:00",
    "10000-01-01T00:00:00Z",
    "-0044-03-15T00:00:00Z",
    "infinity",
    "NaN",
    "1e400",
    "2026-02-30T00:00:00Z",
    "2026-11-29T05:00:00",
    "２０２６-11-29T05:00:00Z",
]


def test_no_instant_that_people_send_is_a_fault_of_ours(drafting: Drafting) -> None:
    person = drafting.actors.person(("admin", ""))
    hand = Hand.begin(drafting.editor())
    hand.do(op="rename", grid=LEFT, name="新")
    waiting = hand.approve(drafting.publisher())
    place = {"lon": 120.055, "lat": 35.885}
    for instant in HOSTILE:
        answers = [
            person.get("/v1/locate", params={**place, "at": instant}),
            person.post("/v1/locate", json={"points": [[120.055, 35.885]], "at": instant}),
            person.get("/ogc/collections/grid/items", params={"datetime": f"{instant}/.."}),
            person.get("/v1/incidents", params={"from": instant}),
            person.get("/v1/incidents", params={"to": instant}),
            person.post("/v1/tokens", json={"name": "t", "role": "viewer", "expires_at": instant}),
            waiting.send("/publish", {"effective_from": instant}),
        ]
        for answer in answers:
            assert 400 <= answer.status_code < 500, (instant, answer.request.url, answer.text[:300])
            assert "timestamp too large" not in answer.text
    assert person.get("/v1/tokens").status_code == 200
    assert waiting.publish()["edition"] == 2

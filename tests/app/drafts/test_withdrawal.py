"""An edition is withdrawn before it takes effect: nothing of it is left but the record that it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.boundaries.edition_cache import EditionCache
from app.db.session import EVERYTHING, write_session
from tests.app.drafts.drafting import LEFT, RIGHT, STREET_1, STREET_2, TALL, DraftClient, Drafting, through
from tests.app.drafts.test_publishing import rows
from tests.app.drafts.test_workflow import broken, refused
from tests.app.publishing.test_reassignment import fill
from tests.fixtures.answers import hold_to_model
from tests.fixtures.eventually import eventually
from tests.fixtures.towns import DISTRICT, publish_town, town_grids

SOON = datetime.now(UTC) + timedelta(days=30)
STATE = (
    "SELECT level, code, name, path::text, editions::text, encode(ST_AsBinary(geom), 'hex') FROM unit_version "
    "ORDER BY level, code, editions"
)


def scheduled(drafting: Drafting, *operations: dict, at: datetime = SOON) -> DraftClient:
    """A draft of these operations, published for later."""
    draft_client = DraftClient.begin(drafting.editor(), "排定")
    for operation in operations or ({"op": "split", "grid": TALL, "by": through(TALL)},):
        draft_client.do(**operation)
    other = draft_client.approve(drafting.publisher())
    other.publish(effective_from=at.isoformat())
    return other


def test_nothing_is_left_but_the_record(drafting: Drafting):
    with drafting.writing() as session:
        fill(session)
    before = rows(drafting, STATE)
    hashes = rows(drafting, "SELECT number, content_hash FROM edition")
    draft_client = scheduled(drafting)
    assert rows(drafting, STATE) != before
    held = drafting.app.state.editions
    eventually(lambda: [e.number for e in held.schedule] == [1, 2])
    listed = draft_client.client.get("/v1/editions").json()
    assert [(e["number"], e["state"]) for e in listed["editions"]] == [(2, "scheduled"), (1, "in_force")]

    done = draft_client.client.delete("/v1/editions/2", params={"reason": "日期写错"})
    assert done.status_code == 200, done.text
    body = hold_to_model(drafting.app, done)
    assert (body["edition"], body["draft"], body["newest"]) == (2, draft_client.id, 1)
    assert TALL in body["changed"]
    assert len(body["created"]) == 1
    eventually(lambda: [e.number for e in held.schedule] == [1], otherwise="every worker is told")
    assert rows(drafting, STATE) == before
    assert rows(drafting, "SELECT number, content_hash FROM edition") == hashes
    assert rows(drafting, "SELECT count(*) FROM lineage") == [(0,)]
    listed = draft_client.client.get("/v1/editions").json()
    assert [e["number"] for e in listed["editions"]] == [1]
    assert [(e["number"], e["reason"]) for e in listed["withdrawn"]] == [(2, "日期写错")]
    entry = rows(drafting, "SELECT action, target, detail FROM audit_log WHERE action = 'edition.withdrawn'")
    assert entry[0][1] == "edition:2"
    assert entry[0][2]["reason"] == "日期写错"
    assert broken(drafting) == []

    # The draft is approved as it was, and may be published with the right date; the number is not used again.
    again = draft_client.taken_by(draft_client.client)
    assert again.get()["state"] == "approved"
    assert again.get()["log"][-1]["action"] == "withdraw"
    assert again.publish()["edition"] == 3
    assert broken(drafting) == []
    refused(draft_client.client.delete("/v1/editions/2"), 409, "edition-withdrawn")
    refused(draft_client.client.delete("/v1/editions/3"), 409, "edition-in-force")


def test_who_withdraws_may_publish_again_and_what_was_approved_may_still_be_returned(drafting: Drafting):
    draft_client = scheduled(drafting, {"op": "rename", "grid": LEFT, "name": "新"})
    assert draft_client.client.delete("/v1/editions/2").status_code == 200
    back = draft_client.taken_by(draft_client.client)
    assert back.send("/review", {"decision": "return", "comment": "改"}).json()["state"] == "open"
    assert broken(drafting) == []


def test_later_editions_go_first(drafting: Drafting):
    scheduled(drafting, {"op": "rename", "grid": LEFT, "name": "二"})
    last = scheduled(drafting, {"op": "rename", "grid": TALL, "name": "三"}, at=SOON + timedelta(days=1))
    problem = refused(last.client.delete("/v1/editions/2"), 409, "later-editions")
    assert problem["editions"] == [3]
    assert last.client.delete("/v1/editions/3").status_code == 200
    assert last.client.delete("/v1/editions/2").status_code == 200
    assert broken(drafting) == []
    with drafting.writing() as session:
        assert publish_town(session, town_grids().assign(name="新")).published.edition == 4
    assert broken(drafting) == []


def test_who_may(drafting: Drafting):
    draft_client = scheduled(drafting, {"op": "rename", "grid": TALL, "name": "新"})
    assert drafting.editor().delete("/v1/editions/2").status_code == 403
    stranger = drafting.publisher(DISTRICT, STREET_2)
    refused(stranger.delete("/v1/editions/2"), 403, "out-of-scope")
    refused(stranger.delete("/v1/editions/7"), 404, "no-such-edition")
    refused(stranger.delete("/v1/editions/1"), 409, "edition-in-force")
    assert stranger.delete("/v1/editions/0").status_code == 422
    assert stranger.delete(f"/v1/editions/{2**31}").status_code == 422
    assert rows(drafting, "SELECT number FROM edition ORDER BY 1") == [(1,), (2,)]
    # The district's publisher had published it; whoever publishes in the street that it changed may take it back.
    assert drafting.publisher(DISTRICT, STREET_1).delete("/v1/editions/2").status_code == 200
    assert draft_client.get()["state"] == "approved"


def test_drafts_that_stand_on_it_are_put_back_or_named(drafting: Drafting):
    draft_client = scheduled(drafting, {"op": "rename", "grid": LEFT, "name": "新"})
    far = DraftClient.begin(drafting.editor(), "别处")
    far.do(op="rename", grid=TALL, name="远")
    given_up = DraftClient.begin(drafting.editor(), "放弃")
    given_up.send("", method="DELETE")
    near = DraftClient.begin(drafting.editor(), "同一处")
    near.do(op="rename", grid=LEFT, name="更新")
    assert far.get()["base"] == near.get()["base"] == 2
    problem = refused(draft_client.client.delete("/v1/editions/2"), 409, "drafts-in-the-way")
    assert [d["id"] for d in problem["drafts"]] == [near.id]
    assert far.get()["base"] == 2
    near.send("", method="DELETE")
    assert draft_client.client.delete("/v1/editions/2").json()["rebased_drafts"] == [far.id]
    assert [h.get()["base"] for h in (far, near, given_up)] == [1, 1, 1]
    far = far.taken_by(far.client)
    assert far.approve(drafting.publisher()).publish()["edition"] == 3
    assert broken(drafting) == []


def test_workers_forget_it(drafting: Drafting):
    cache = EditionCache(drafting.db.service_engine)
    draft_client = scheduled(drafting)
    cache.refresh()
    later = SOON + timedelta(days=1)
    assert cache.in_force(later).number == 2
    assert draft_client.client.delete("/v1/editions/2").status_code == 200
    cache.refresh()
    assert cache.loaded(2) is None
    assert cache.in_force(later).number == 1


# ---------------------------------------------------------------- now means now
def test_now_is_refused_while_a_later_edition_is_scheduled(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor(), "现在")
    draft_client.do(op="rename", grid=TALL, name="新")
    waiting = draft_client.approve(drafting.publisher())
    scheduled(drafting, {"op": "rename", "grid": LEFT, "name": "以后"})
    for given in ({}, {"effective_from": (SOON - timedelta(days=1)).isoformat()}):
        problem = refused(waiting.send("/publish", given), 409, "scheduled-edition")
        assert problem["scheduled"]["edition"] == 2
        assert "wangge grids withdraw 2" in problem["detail"]
    assert waiting.get()["base"] == 1, "nothing happened, not even a rebase"
    assert waiting.client.delete("/v1/editions/2").status_code == 200
    done = waiting.taken_by(waiting.client).publish()
    assert abs(datetime.fromisoformat(done["effective_from"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert rows(drafting, "SELECT edition_at()") == [(3,)]


# ---------------------------------------------------------------- what psql cannot do either
FORBIDDEN = [
    "DELETE FROM unit_version WHERE lower(editions) = 2",
    "UPDATE unit_version SET editions = int4range(lower(editions), NULL) WHERE upper(editions) = 2",
    "DELETE FROM lineage WHERE edition = 2",
    "DELETE FROM edition WHERE number = 2",
    "UPDATE draft SET state = 'approved', edition = NULL WHERE edition = 2",
    "SELECT withdraw_edition(1, 'x', 'x', '')",
    "SELECT withdraw_edition(9, 'x', 'x', '')",
    (
        "INSERT INTO edition_withdrawal SELECT number, effective_from, published_at, author, reviewer, note,"
        " content_hash, grids, '{}', NULL, now(), 'x', '' FROM edition WHERE number = 1"
    ),
    (
        "INSERT INTO edition_withdrawal SELECT number, effective_from, published_at, 'somebody', reviewer, note,"
        " content_hash, grids, '{}', NULL, now(), 'x', '' FROM edition WHERE number = 2"
    ),
    (
        "INSERT INTO edition (number, effective_from, published_at, author, content_hash, grids)"
        " VALUES (3, now() + interval '3 years', now() + interval '2 years', 'x', 'x', 1)"
    ),
]


def test_guards_hold_for_the_owner(drafting: Drafting):
    scheduled(drafting, {"op": "rename", "grid": LEFT, "name": "新"})
    for statement in FORBIDDEN:
        with Session(drafting.owner) as session, pytest.raises(DBAPIError) as refusal:
            session.execute(text(statement))
        assert refusal.value.orig.sqlstate == "23001", statement
    assert broken(drafting) == []


def test_a_half_withdrawal_is_refused_at_commit_and_a_whole_one_in_sql_is_whole(drafting: Drafting):
    scheduled(drafting, {"op": "rename", "grid": LEFT, "name": "新"})
    half = (
        "INSERT INTO edition_withdrawal SELECT number, effective_from, published_at, author, reviewer, note,"
        " content_hash, grids, '{}', NULL, now(), 'x', '' FROM edition WHERE number = 2"
    )
    with pytest.raises(DBAPIError, match="is left"), drafting.writing() as session:
        session.execute(text(half))
    with write_session(drafting.db.service_engine, EVERYTHING) as session:
        session.execute(text("SELECT withdraw_edition(2, 'psql', 'operator:psql', '')"))
    assert broken(drafting) == []
    with pytest.raises(DBAPIError, match="used before"), drafting.writing() as session:
        session.execute(
            text(
                "INSERT INTO edition (number, effective_from, author, content_hash, grids) VALUES (2, now(), 'x', 'x', 1)"
            )
        )
    with pytest.raises(DBAPIError, match="append-only"), drafting.writing() as session:
        session.execute(text("DELETE FROM edition_withdrawal"))


def test_the_service_writes_no_withdrawal_by_itself(drafting: Drafting):
    scheduled(drafting, {"op": "rename", "grid": RIGHT, "name": "新"})
    for statement in ("DELETE FROM edition", "INSERT INTO edition_withdrawal (number) VALUES (2)"):
        with (
            pytest.raises(DBAPIError, match="permission denied"),
            write_session(drafting.db.service_engine, EVERYTHING) as session,
        ):
            session.execute(text(statement))

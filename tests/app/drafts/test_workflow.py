"""The way of a draft: submitted, reviewed by somebody else, published, or given up."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.verify.service import verify
from tests.app.drafts.drafting import LEFT, STREET_1, STREET_2, TALL, Drafting, Hand, through
from tests.fixtures.actors import add_token
from tests.fixtures.clients import client_on
from tests.fixtures.towns import DISTRICT, inside


def refused(answer, status: int, code: str) -> dict:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text[:500]
    return answer.json()


def broken(drafting: Drafting) -> list[str]:
    with Session(drafting.owner) as session:
        return [o.line("en") for o in verify(session) if not o.holds]


def test_the_whole_way(drafting: Drafting):
    hand = Hand.begin(drafting.editor(name="zhang"), "拆分高网格")
    (new,) = hand.do(op="split", grid=TALL, by=through(TALL))["created"]
    x, y = inside(TALL)
    submitted = hand.send("/submit", {"comment": "请审"})
    assert submitted.json()["state"] == "submitted"
    reviewer = Hand(drafting.publisher(name="wang"), hand.id, hand.etag)
    assert reviewer.get()["may"] == {
        "edit": False,
        "submit": False,
        "review": True,
        "publish": False,
        "discard": True,
        "withdraw": False,
    }
    approved = reviewer.send("/review", {"decision": "approve", "comment": "同意"})
    assert (approved.json()["state"], approved.json()["reviewer"]) == ("approved", "wang")
    published = reviewer.publish(note="第一次调整")
    assert published["edition"] == 2
    assert published["created"] == [new]
    assert TALL in published["changed"]
    assert published["state"] == "published"
    with Session(drafting.owner) as session:
        edition = session.execute(text("SELECT author, reviewer, note FROM edition WHERE number = 2")).one()
        assert tuple(edition) == ("zhang", "wang", "第一次调整")
        owner = session.scalar(text("SELECT grid_owner(ST_Point(:x, :y, 4326))"), {"x": x, "y": y})
        assert owner in (TALL, new)
    log = reviewer.get()["log"]
    assert [(e["action"], e["actor"], e["from_state"], e["to_state"], e["note"]) for e in log][2:] == [
        ("submit", "zhang", "open", "submitted", "请审"),
        ("review", "wang", "submitted", "approved", "同意"),
        ("publish", "wang", "approved", "published", "第一次调整"),
    ]
    assert broken(drafting) == []
    for part, body in (("/submit", {}), ("/review", {"decision": "return"}), ("/publish", {})):
        refused(reviewer.send(part, body), 409, "draft-state")
    refused(reviewer.send("", method="DELETE"), 409, "draft-state")
    refused(
        hand.taken_by(hand.client).send("/operations", {"op": "rename", "grid": LEFT, "name": "x"}),
        409,
        "draft-state",
    )


def test_a_returned_draft_is_open_again(drafting: Drafting):
    hand = Hand.begin(drafting.editor())
    hand.do(op="rename", grid=LEFT, name="新")
    hand.send("/submit")
    reviewer = hand.taken_by(drafting.publisher())
    back = reviewer.send("/review", {"decision": "return", "comment": "名称不合规范"})
    assert (back.json()["state"], back.json()["reviewer"]) == ("open", None)
    assert hand.get()["log"][-1]["note"] == "名称不合规范"
    hand = hand.taken_by(hand.client)
    hand.do(op="rename", grid=LEFT, name="规范名")
    hand.approve(reviewer.client).publish()
    assert broken(drafting) == []


def test_an_approved_draft_can_still_be_sent_back(drafting: Drafting):
    hand = Hand.begin(drafting.editor())
    hand.do(op="rename", grid=LEFT, name="新")
    reviewer = hand.approve(drafting.publisher())
    assert reviewer.send("/review", {"decision": "return", "comment": "再想想"}).json()["state"] == "open"
    refused(reviewer.send("/publish", {}), 409, "draft-state")


def test_a_discarded_draft_stays_to_be_read_and_is_never_published(drafting: Drafting):
    hand = Hand.begin(drafting.editor())
    hand.do(op="rename", grid=LEFT, name="新")
    gone = hand.send("", method="DELETE")
    assert (gone.status_code, gone.content) == (204, b"")
    assert hand.get()["state"] == "discarded"
    refused(hand.send("/submit"), 409, "draft-state")
    assert hand.client.get("/v1/drafts", params={"state": "open"}).json()["drafts"] == []
    assert len(hand.client.get("/v1/drafts", params={"state": "discarded"}).json()["drafts"]) == 1
    assert hand.client.get("/v1/drafts", params={"state": "lost"}).status_code == 422


# ---------------------------------------------------------------- four eyes
def test_nobody_reviews_their_own_draft_whatever_their_rights(drafting: Drafting):
    admin = drafting.actors.person(("admin", ""), name="boss")
    hand = Hand.begin(admin)
    hand.do(op="rename", grid=LEFT, name="新")
    hand.send("/submit")
    refused(hand.send("/review", {"decision": "approve"}), 403, "own-work")
    refused(hand.send("/review", {"decision": "return"}), 403, "own-work")
    assert not hand.get()["may"]["review"]
    assert hand.get()["state"] == "submitted"


def test_nor_a_draft_that_they_added_to_also_when_it_was_undone(drafting: Drafting):
    hand = Hand.begin(drafting.editor())
    hand.do(op="rename", grid=LEFT, name="一")
    helper = hand.taken_by(drafting.publisher())
    helper.do(op="rename", grid=LEFT, name="二")
    helper.send("/undo")
    hand.etag = helper.etag
    hand.do(op="rename", grid=LEFT, name="三")
    hand.send("/submit")
    helper.etag = hand.etag
    refused(helper.send("/review", {"decision": "approve"}), 403, "own-work")
    hand.taken_by(drafting.publisher()).send("/review", {"decision": "approve"})
    assert hand.get()["state"] == "approved"


def test_nor_by_a_token_of_their_own(drafting: Drafting):
    person = drafting.actors.person(("admin", ""), name="boss")
    with Session(drafting.owner) as session:
        account = session.scalar(text("SELECT id FROM account WHERE name = 'boss'"))
    program = client_on(drafting.app)
    secret = add_token(drafting.db.service_engine, "admin", "", account_id=account)
    program.headers["Authorization"] = f"Bearer {secret}"
    hand = Hand.begin(program)
    hand.do(op="rename", grid=LEFT, name="新")
    hand.send("/submit")
    refused(hand.taken_by(person).send("/review", {"decision": "approve"}), 403, "own-work")
    other = drafting.actors.token("gis-publisher")
    assert hand.taken_by(other).send("/review", {"decision": "approve"}).json()["state"] == "approved"
    assert hand.taken_by(person).publish()["edition"] == 2, "whom others approved may publish"


# ---------------------------------------------------------------- who, and what
def test_an_editor_neither_reviews_nor_publishes(drafting: Drafting):
    hand = Hand.begin(drafting.editor())
    hand.do(op="rename", grid=LEFT, name="新")
    hand.send("/submit")
    other = hand.taken_by(drafting.editor())
    assert other.send("/review", {"decision": "approve"}).status_code == 403
    hand.taken_by(drafting.publisher()).send("/review", {"decision": "approve"})
    assert hand.taken_by(other.client).send("/publish", {}).status_code == 403


def test_a_publisher_of_one_street_publishes_no_wider_draft(drafting: Drafting):
    hand = Hand.begin(drafting.editor(DISTRICT, STREET_1))
    hand.do(op="rename", grid=TALL, name="新")
    stranger = drafting.publisher(DISTRICT, STREET_2)
    answer = stranger.post(
        f"{hand.url}/review", json={"decision": "approve"}, headers={"If-Match": hand.etag}
    )
    refused(answer, 404, "draft-unknown")
    wide = Hand.begin(drafting.editor())
    wide.do(op="rename", grid=TALL, name="更新")
    assert wide.send("/submit").status_code == 200
    local = drafting.actors.person(("gis-publisher", f"{DISTRICT}.{STREET_1}"), ("gis-editor", DISTRICT))
    answer = local.post(f"{wide.url}/review", json={"decision": "approve"}, headers={"If-Match": wide.etag})
    assert answer.status_code == 404, "seen with the eyes of a publisher of one street"
    assert hand.approve(drafting.publisher(DISTRICT, STREET_1)).publish()["edition"] == 2


def test_nothing_is_submitted_that_changes_nothing(drafting: Drafting):
    hand = Hand.begin(drafting.editor())
    refused(hand.send("/submit"), 409, "no-changes")
    hand.do(op="rename", grid=LEFT, name="新")
    hand.send("/undo")
    refused(hand.send("/submit"), 409, "no-changes")


@pytest.mark.parametrize("given", [{}, {"decision": "maybe"}, {"decision": "approve", "more": 1}])
def test_a_review_decides(drafting: Drafting, given):
    hand = Hand.begin(drafting.editor())
    hand.do(op="rename", grid=LEFT, name="新")
    hand.send("/submit")
    assert hand.taken_by(drafting.publisher()).send("/review", given).status_code == 422

"""The way of a draft: submitted, reviewed by somebody else, published, or given up."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.verify.service import verify
from tests.app.drafts.drafting import LEFT, STREET_1, STREET_2, TALL, DraftClient, Drafting, through
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
    draft_client = DraftClient.begin(drafting.editor(name="zhang"), "拆分高网格")
    (new,) = draft_client.do(op="split", grid=TALL, by=through(TALL))["created"]
    x, y = inside(TALL)
    submitted = draft_client.send("/submit", {"comment": "请审"})
    assert submitted.json()["state"] == "submitted"
    reviewer = DraftClient(drafting.publisher(name="wang"), draft_client.id, draft_client.etag)
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
        draft_client.taken_by(draft_client.client).send(
            "/operations", {"op": "rename", "grid": LEFT, "name": "x"}
        ),
        409,
        "draft-state",
    )


def test_a_returned_draft_is_open_again(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="新")
    draft_client.send("/submit")
    reviewer = draft_client.taken_by(drafting.publisher())
    back = reviewer.send("/review", {"decision": "return", "comment": "名称不合规范"})
    assert (back.json()["state"], back.json()["reviewer"]) == ("open", None)
    assert draft_client.get()["log"][-1]["note"] == "名称不合规范"
    draft_client = draft_client.taken_by(draft_client.client)
    draft_client.do(op="rename", grid=LEFT, name="规范名")
    draft_client.approve(reviewer.client).publish()
    assert broken(drafting) == []


def test_an_approved_draft_can_still_be_sent_back(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="新")
    reviewer = draft_client.approve(drafting.publisher())
    assert reviewer.send("/review", {"decision": "return", "comment": "再想想"}).json()["state"] == "open"
    refused(reviewer.send("/publish", {}), 409, "draft-state")


def test_a_discarded_draft_stays_to_be_read_and_is_never_published(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="新")
    gone = draft_client.send("", method="DELETE")
    assert (gone.status_code, gone.content) == (204, b"")
    assert draft_client.get()["state"] == "discarded"
    refused(draft_client.send("/submit"), 409, "draft-state")
    assert draft_client.client.get("/v1/drafts", params={"state": "open"}).json()["drafts"] == []
    assert len(draft_client.client.get("/v1/drafts", params={"state": "discarded"}).json()["drafts"]) == 1
    assert draft_client.client.get("/v1/drafts", params={"state": "lost"}).status_code == 422


# ---------------------------------------------------------------- four eyes
def test_nobody_reviews_their_own_draft_whatever_their_rights(drafting: Drafting):
    admin = drafting.actors.person(("admin", ""), name="boss")
    draft_client = DraftClient.begin(admin)
    draft_client.do(op="rename", grid=LEFT, name="新")
    draft_client.send("/submit")
    refused(draft_client.send("/review", {"decision": "approve"}), 403, "own-work")
    refused(draft_client.send("/review", {"decision": "return"}), 403, "own-work")
    assert not draft_client.get()["may"]["review"]
    assert draft_client.get()["state"] == "submitted"


def test_nor_a_draft_that_they_added_to_also_when_it_was_undone(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="一")
    helper = draft_client.taken_by(drafting.publisher())
    helper.do(op="rename", grid=LEFT, name="二")
    helper.send("/undo")
    draft_client.etag = helper.etag
    draft_client.do(op="rename", grid=LEFT, name="三")
    draft_client.send("/submit")
    helper.etag = draft_client.etag
    refused(helper.send("/review", {"decision": "approve"}), 403, "own-work")
    draft_client.taken_by(drafting.publisher()).send("/review", {"decision": "approve"})
    assert draft_client.get()["state"] == "approved"


def test_nor_by_a_token_of_their_own(drafting: Drafting):
    person = drafting.actors.person(("admin", ""), name="boss")
    with Session(drafting.owner) as session:
        account = session.scalar(text("SELECT id FROM account WHERE name = 'boss'"))
    program = client_on(drafting.app)
    secret = add_token(drafting.db.service_engine, "admin", "", account_id=account)
    program.headers["Authorization"] = f"Bearer {secret}"
    draft_client = DraftClient.begin(program)
    draft_client.do(op="rename", grid=LEFT, name="新")
    draft_client.send("/submit")
    refused(draft_client.taken_by(person).send("/review", {"decision": "approve"}), 403, "own-work")
    other = drafting.actors.token("gis-publisher")
    assert draft_client.taken_by(other).send("/review", {"decision": "approve"}).json()["state"] == "approved"
    assert draft_client.taken_by(person).publish()["edition"] == 2, "whom others approved may publish"


# ---------------------------------------------------------------- who, and what
def test_an_editor_neither_reviews_nor_publishes(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="新")
    draft_client.send("/submit")
    other = draft_client.taken_by(drafting.editor())
    assert other.send("/review", {"decision": "approve"}).status_code == 403
    draft_client.taken_by(drafting.publisher()).send("/review", {"decision": "approve"})
    assert draft_client.taken_by(other.client).send("/publish", {}).status_code == 403


def test_a_publisher_of_one_street_publishes_no_wider_draft(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor(DISTRICT, STREET_1))
    draft_client.do(op="rename", grid=TALL, name="新")
    stranger = drafting.publisher(DISTRICT, STREET_2)
    answer = stranger.post(
        f"{draft_client.url}/review", json={"decision": "approve"}, headers={"If-Match": draft_client.etag}
    )
    refused(answer, 404, "draft-unknown")
    wide = DraftClient.begin(drafting.editor())
    wide.do(op="rename", grid=TALL, name="更新")
    assert wide.send("/submit").status_code == 200
    local = drafting.actors.person(("gis-publisher", f"{DISTRICT}.{STREET_1}"), ("gis-editor", DISTRICT))
    answer = local.post(f"{wide.url}/review", json={"decision": "approve"}, headers={"If-Match": wide.etag})
    assert answer.status_code == 404, "seen with the eyes of a publisher of one street"
    assert draft_client.approve(drafting.publisher(DISTRICT, STREET_1)).publish()["edition"] == 2


def test_nothing_is_submitted_that_changes_nothing(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    refused(draft_client.send("/submit"), 409, "no-changes")
    draft_client.do(op="rename", grid=LEFT, name="新")
    draft_client.send("/undo")
    refused(draft_client.send("/submit"), 409, "no-changes")


@pytest.mark.parametrize("given", [{}, {"decision": "maybe"}, {"decision": "approve", "more": 1}])
def test_a_review_decides(drafting: Drafting, given):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="新")
    draft_client.send("/submit")
    assert draft_client.taken_by(drafting.publisher()).send("/review", given).status_code == 422

"""Whoever had a hand in a draft, by whatever means, does not approve it: not over HTTP, not by SQL, not as an administrator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.db.session import EVERYTHING, write_session
from gis.io import write_layer
from tests.app.drafts.drafting import LEFT, TALL, DraftClient, Drafting
from tests.app.drafts.test_publishing import published
from tests.app.drafts.test_workflow import broken, refused
from tests.fixtures.towns import town_grids


def _operation(draft_client: DraftClient, drafting: Drafting, tmp_path) -> None:
    draft_client.do(op="rename", grid=TALL, name="二")


def _undo(draft_client: DraftClient, drafting: Drafting, tmp_path) -> None:
    assert draft_client.send("/undo").status_code == 200


def _redo(draft_client: DraftClient, drafting: Drafting, tmp_path) -> None:
    assert draft_client.send("/redo").status_code == 200


def _rebase(draft_client: DraftClient, drafting: Drafting, tmp_path) -> None:
    assert draft_client.send("/rebase").json()["rebased_from"] == 1


def _file(draft_client: DraftClient, drafting: Drafting, tmp_path) -> None:
    grids = town_grids()
    grids.loc[grids["code"] == TALL, "name"] = "来自文件"
    file = write_layer(grids, tmp_path / "town.gpkg")
    answer = draft_client.client.put(
        f"{draft_client.url}/file?code=code",
        content=file.read_bytes(),
        headers={"If-Match": draft_client.etag},
    )
    assert answer.status_code == 200, answer.text
    draft_client.etag = answer.headers["etag"]


TOUCHES: list[Callable[[DraftClient, Drafting, object], None]] = [_operation, _undo, _redo, _rebase, _file]


# By a publisher and, every second one, by an administrator; undo, as it was reproduced, by both.
@pytest.mark.parametrize(
    ("touch", "role"),
    [*zip(TOUCHES, ["gis-publisher", "admin"] * 3, strict=False), (_undo, "gis-publisher")],
    ids=lambda each: each if isinstance(each, str) else each.__name__.strip("_"),
)
def test_every_touch_counts(drafting: Drafting, tmp_path, touch, role: str):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="一")
    draft_client.do(op="rename", grid=LEFT, name="二")
    if touch is _redo:
        draft_client.send("/undo")
    if touch is _rebase:
        published(drafting, {"op": "rename", "grid": TALL, "name": "别处"})
    second = draft_client.taken_by(drafting.actors.person((role, "")))
    touch(second, drafting, tmp_path)
    # As it was reproduced: who undid also submits.
    assert second.send("/submit").status_code == 200
    refused(second.send("/review", {"decision": "approve"}), 403, "own-work")
    assert not second.get()["may"]["review"]
    with Session(drafting.owner) as session:
        key = session.scalar(
            text("SELECT actor_key FROM draft_log WHERE draft_id = :d AND action = 'submit'"),
            {"d": draft_client.id},
        )
    for engine in (drafting.db.owner_engine, drafting.db.service_engine):
        with (
            pytest.raises(DBAPIError, match="must be somebody else"),
            write_session(engine, EVERYTHING) as session,
        ):
            session.execute(
                text("UPDATE draft SET state = 'approved', reviewer = 'x', reviewer_key = :k WHERE id = :d"),
                {"k": key, "d": draft_client.id},
            )
    other = second.taken_by(drafting.publisher())
    assert other.send("/review", {"decision": "approve"}).json()["state"] == "approved"
    assert broken(drafting) == []


def test_what_publishing_does_by_itself_makes_nobody_an_author(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="一")
    reviewer = draft_client.approve(drafting.publisher())
    published(drafting, {"op": "rename", "grid": TALL, "name": "别处"})
    done = reviewer.publish()
    assert (done["edition"], done["rebased_from"]) == (3, 1)
    assert broken(drafting) == [], "the publisher's own rebase is no hand in the draft that they approved"

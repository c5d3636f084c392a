"""Two drafts on one base: the second is put on the edition of the first, or told what is in its way."""

from __future__ import annotations

import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.app.drafts.drafting import FAR, LEFT, RIGHT, TALL, DraftClient, Drafting, through
from tests.app.drafts.test_workflow import broken, refused

WEST_END = "370299001001001"
"""Touches TALL, and nothing of the second street's first community."""


def test_drafts_far_from_one_another_both_become_editions(drafting: Drafting):
    first, second = DraftClient.begin(drafting.editor()), DraftClient.begin(drafting.editor())
    first.do(op="rename", grid=FAR, name="远")
    first.do(op="split", grid=FAR, by=through(FAR))
    second.do(op="rename", grid=RIGHT, name="右")
    (new,) = second.do(op="split", grid=RIGHT, by=through(RIGHT, slant=0.001))["created"]
    reviewer = drafting.publisher()
    second = second.approve(reviewer)
    assert first.approve(reviewer).publish()["edition"] == 2
    assert second.get()["behind"]
    result = second.publish()
    assert (result["edition"], result["rebased_from"]) == (3, 1)
    assert new in result["created"]
    with Session(drafting.owner) as session:
        names = session.execute(
            text("SELECT code, name FROM unit_version WHERE editions @> 3 AND code IN (:a, :b)"),
            {"a": FAR, "b": RIGHT},
        )
        assert dict(tuple(row) for row in names) == {FAR: "远", RIGHT: "右"}
    assert [(e["action"]) for e in second.get()["log"]][-2:] == ["rebase", "publish"]
    assert broken(drafting) == []


def test_drafts_on_the_same_grid_conflict_and_both_shapes_are_shown(drafting: Drafting):
    first, second = DraftClient.begin(drafting.editor()), DraftClient.begin(drafting.editor())
    first.do(op="split", grid=TALL, by=through(TALL))
    second.do(op="split", grid=TALL, by=through(TALL, slant=0.002))
    reviewer = drafting.publisher()
    second = second.approve(reviewer)
    first.approve(reviewer).publish()
    body = refused(second.send("/publish", {}), 409, "conflicts")
    assert (body["base"], body["latest"]) == (1, 2)
    told = {each["code"]: each for each in body["conflicts"]}
    assert told[TALL]["reason"] == "same-grid"
    mine, theirs, base = (shape(told[TALL][key]) for key in ("draft", "published", "base"))
    assert mine.area < base.area
    assert theirs.area < base.area
    assert not mine.equals(theirs)
    assert len(body["places"]) == len(body["conflicts"])
    # Nothing happened: it is approved still, on its old base, and can be sent back, mended or given up.
    assert (second.get()["state"], second.get()["base"]) == ("approved", 1)
    refused(second.send("/rebase"), 409, "conflicts")
    assert second.send("/review", {"decision": "return", "comment": "与第 2 版冲突"}).status_code == 200
    mended = second.taken_by(drafting.editor())
    mended.send("/undo")
    rebased = mended.send("/rebase").json()
    assert (rebased["base"], rebased["rebased_from"], rebased["behind"]) == (2, 1, False)
    assert broken(drafting) == []


def test_neighbours_conflict_too(drafting: Drafting):
    """Whoever moved a border has seen the grids next to it as they were."""
    first, second = DraftClient.begin(drafting.editor()), DraftClient.begin(drafting.editor())
    first.do(op="split", grid=TALL, by=through(TALL))
    second.do(op="rename", grid=LEFT, name="左")
    second.do(op="split", grid=WEST_END, by=through(WEST_END))
    reviewer = drafting.publisher()
    second = second.approve(reviewer)
    first.approve(reviewer).publish()
    body = refused(second.send("/publish", {}), 409, "conflicts")
    assert WEST_END in {each["code"] for each in body["conflicts"]}


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        (
            {"op": "recode", "grid": RIGHT, "code": "370299002003090"},
            {"op": "rename", "grid": RIGHT, "name": "右"},
        ),
        (
            {"op": "merge", "grids": [LEFT, RIGHT], "code": LEFT},
            {"op": "kind", "grid": RIGHT, "kind": "dedicated"},
        ),
        ({"op": "rename", "grid": LEFT, "name": "甲"}, {"op": "rename", "grid": LEFT, "name": "乙"}),
    ],
)
def test_what_no_longer_is_cannot_be_changed(drafting: Drafting, theirs, mine):
    first, second = DraftClient.begin(drafting.editor()), DraftClient.begin(drafting.editor())
    first.do(**theirs)
    second.do(**mine)
    reviewer = drafting.publisher()
    second = second.approve(reviewer)
    first.approve(reviewer).publish()
    refused(second.send("/publish", {}), 409, "conflicts")


def test_a_draft_on_a_base_long_gone(drafting: Drafting):
    """It shows its base as it was, and goes the same way as any that is behind."""
    reviewer = drafting.publisher()
    for number in range(3):
        draft_client = DraftClient.begin(drafting.editor())
        draft_client.do(op="rename", grid=FAR, name=f"第{number}次")
        draft_client.approve(reviewer).publish()
    old = DraftClient.begin(drafting.editor(), base=1)
    assert (old.get()["base"], old.get()["latest"], old.get()["behind"]) == (1, 4, True)
    names = {f["id"]: f["properties"]["name"] for f in old.get("/grids")["features"]}
    assert names[FAR] == "第2社区第1网格"
    old.do(op="split", grid=RIGHT, by=through(RIGHT))
    assert old.approve(reviewer).publish()["rebased_from"] == 1
    late = DraftClient.begin(drafting.editor(), base=1)
    late.do(op="rename", grid=FAR, name="迟到")
    refused(late.send("/rebase"), 409, "conflicts")
    assert broken(drafting) == []


def test_rebasing_before_review_shows_the_draft_on_the_new_edition(drafting: Drafting):
    first, second = DraftClient.begin(drafting.editor()), DraftClient.begin(drafting.editor())
    first.do(op="split", grid=FAR, by=through(FAR))
    step = second.do(op="split", grid=RIGHT, by=through(RIGHT))
    first.approve(drafting.publisher()).publish()
    assert second.send("/rebase").json()["base"] == 2
    grids = {f["id"]: shape(f["geometry"]) for f in second.get("/grids")["features"]}
    assert set(step["created"]) < set(grids)
    assert len(grids) == 14
    assert shapely.coverage_is_valid(list(grids.values()))
    assert second.send("/rebase").json()["rebased_from"] is None
    assert set(second.get()["created"]) == set(step["created"])

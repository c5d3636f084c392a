"""Asking again and again whether a draft has changed."""

from __future__ import annotations

from tests.app.drafts.drafting import LEFT, DraftClient, Drafting


def test_who_has_the_newest_is_told_so_and_nothing_else(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor(name="one"))
    watching = drafting.editor(name="two")
    first = watching.get(draft_client.url)
    known = {"If-None-Match": first.headers["etag"]}
    again = watching.get(draft_client.url, headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    draft_client.do(op="rename", grid=LEFT, name="改名")
    changed = watching.get(draft_client.url, headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] == draft_client.etag
    assert changed.json()["log"][-1]["op"] == "rename"


def test_that_an_edition_came_meanwhile_is_told_to_everybody(drafting: Drafting):
    editor = drafting.editor()
    waiting = DraftClient.begin(editor)
    other = DraftClient.begin(editor)
    other.do(op="rename", grid=LEFT, name="改名")
    other.approve(drafting.publisher()).publish()
    told = editor.get(waiting.url, headers={"If-None-Match": waiting.etag})
    assert told.status_code == 200
    assert told.json()["behind"] is True

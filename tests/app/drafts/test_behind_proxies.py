"""Versions behind a proxy that compresses: nothing is asked twice, nothing is lost, and stale stays stale."""

from __future__ import annotations

import pytest

from tests.app.drafts.drafting import LEFT, RIGHT, DraftClient, Drafting
from tests.fixtures.proxies import MARKS
from tests.fixtures.towns import inside


def test_who_drew_behind_a_proxy_draws_on_and_nobody_writes_over_others(drafting: Drafting):
    for mark in MARKS.values():
        draft_client = DraftClient.begin(drafting.editor())
        for number in range(3):
            draft_client.etag = mark(draft_client.etag)
            draft_client.do(op="rename", grid=LEFT, name=f"名{number}")
        stale = mark(draft_client.etag)
        draft_client.do(op="rename", grid=RIGHT, name="别人改的")
        refused = draft_client.send(
            "/operations", {"op": "rename", "grid": LEFT, "name": "旧"}, headers={"If-Match": stale}
        )
        assert refused.status_code == 412, refused.text
        assert refused.headers["etag"] == draft_client.etag
        for part in ("", "/grids"):
            known = draft_client.client.get(
                f"{draft_client.url}{part}", headers={"If-None-Match": mark(draft_client.etag)}
            )
            assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", draft_client.etag)
            assert (
                draft_client.client.get(
                    f"{draft_client.url}{part}", headers={"If-None-Match": stale}
                ).status_code
                == 200
            )
        assert (
            draft_client.client.delete(
                draft_client.url, headers={"If-Match": mark(draft_client.etag)}
            ).status_code
            == 204
        )


def test_grids_of_a_draft_by_features(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    url = f"/ogc/drafts/{draft_client.id}/collections/grid/items/{LEFT}"
    for mark in MARKS.values():
        seen = mark(draft_client.client.get(url).headers["etag"])
        assert draft_client.client.get(url, headers={"If-None-Match": seen}).status_code == 304
        body = {"type": "Feature", "properties": {"name": seen[:20]}}
        patched = draft_client.client.patch(url, json=body, headers={"If-Match": seen})
        assert patched.status_code == 200, patched.text
        assert draft_client.client.patch(url, json=body, headers={"If-Match": seen}).status_code == 412


@pytest.mark.parametrize(
    "path",
    [
        "/maps/units.json",
        "/maps/tiles/units/10/853/402.pbf",
        "/v1/locate?lon={x}&lat={y}",
        "/static/0/css/tokens.css",
    ],
)
def test_what_does_not_change_is_not_sent_again(drafting: Drafting, path: str):
    x, y = inside(LEFT)
    client = drafting.editor()
    plain, documented = (
        path.format(x=x, y=y),
        path.format(x=x, y=y) + ("&crs=EPSG:4326" if "?" in path else ""),
    )
    for asked in {plain, documented}:
        first = client.get(asked)
        assert first.status_code == 200, first.text
        tag = first.headers["etag"]
        for mark in MARKS.values():
            again = client.get(asked, headers={"If-None-Match": f'"other", {mark(tag)}'})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        # A part of a tag is none.
        assert client.get(asked, headers={"If-None-Match": f'"{tag[1:-2]}"'}).status_code == 200
        assert client.get(asked, headers={"If-None-Match": tag.strip('"')}).status_code == 200

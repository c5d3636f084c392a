"""Ten calls of the generated Python client, answers and refusals; run with that client's interpreter, not pytest's.

``python ten_calls.py URL TOKEN GRID LON LAT``, with a place inside a grid, prints the name of each call when what came back has the type it should have.
"""

from __future__ import annotations

import sys

from wangge_client import AuthenticatedClient
from wangge_client.api.drafts import (
    add_operation,
    check_draft,
    create_draft,
    list_drafts,
    show_draft,
    show_draft_diff,
    submit_draft,
    undo_operation,
)
from wangge_client.api.editions import list_editions
from wangge_client.api.grids import show_grid
from wangge_client.api.locate import locate_point
from wangge_client.models import (
    Comment,
    DraftDetail,
    DraftDiff,
    DraftList,
    DraftSummary,
    EditionList,
    LineStringInput,
    LocatedPlace,
    NewDraft,
    OperationResult,
    Problem,
    RenameOperation,
    SplitOperation,
)


def done(name: str) -> None:
    """One call came back as it should."""
    print(name, flush=True)


def main(url: str, token: str, grid_code: str, lon: float, lat: float) -> None:
    """Make the calls."""
    client = AuthenticatedClient(base_url=url, token=token, headers={"Accept-Language": "en"})

    place = locate_point.sync(client=client, lon=lon, lat=lat)
    assert isinstance(place, LocatedPlace), place
    assert place.grid.code == grid_code
    done("locate")

    nobody = locate_point.sync(client=client, lon=0.0, lat=0.0)
    assert isinstance(nobody, Problem), nobody
    assert (nobody.status, nobody.code) == (404, "no-owner")
    done("locate: no owner")

    grid = show_grid.sync(client=client, code=grid_code)
    assert not isinstance(grid, Problem | None), grid
    assert grid.code == grid_code
    done("grid")

    editions = list_editions.sync(client=client)
    assert isinstance(editions, EditionList), editions
    assert editions.in_force == 1
    done("editions")

    begun = create_draft.sync_detailed(client=client, body=NewDraft(title="typed"))
    draft = begun.parsed
    assert isinstance(draft, DraftSummary), begun
    assert (draft.state, draft.operations) == ("open", 0)
    done("draft")

    line = LineStringInput(type_="LineString", coordinates=[[lon, lat - 0.05], [lon, lat + 0.05]])
    cut = add_operation.sync_detailed(
        client=client,
        draft_id=draft.id,
        if_match=begun.headers["etag"],
        body=SplitOperation(op="split", grid=grid_code, by=line),
    )
    assert isinstance(cut.parsed, OperationResult), cut
    assert len(cut.parsed.created) == 1
    assert cut.parsed.grids.features[0].geometry.type_ in ("Polygon", "MultiPolygon")
    tag = cut.headers["etag"]
    done("operation")

    refused = add_operation.sync(
        client=client,
        draft_id=draft.id,
        if_match=tag,
        body=RenameOperation(op="rename", grid="370299009009009", name="x"),
    )
    assert isinstance(refused, Problem), refused
    assert (refused.status, refused.code) == (422, "unknown-grid")
    done("operation: refused")

    stale = add_operation.sync(
        client=client,
        draft_id=draft.id,
        if_match='"1-0"',
        body=RenameOperation(op="rename", grid=grid_code, name="x"),
    )
    assert isinstance(stale, Problem), stale
    assert (stale.status, stale.code) == (412, "stale")
    done("operation: stale")

    detail = show_draft.sync(client=client, draft_id=draft.id)
    assert isinstance(detail, DraftDetail), detail
    assert [item.op for item in detail.history] == ["split"]
    assert detail.may.edit
    assert not detail.may.review
    done("draft in full")

    diff = show_draft_diff.sync(client=client, draft_id=draft.id)
    assert isinstance(diff, DraftDiff), diff
    assert [row.kind for row in diff.lineage if row.to == cut.parsed.created[0]] == ["split"]
    done("diff")

    defects = check_draft.sync(client=client, draft_id=draft.id)
    assert defects == [], defects
    done("check")

    undone = undo_operation.sync_detailed(client=client, draft_id=draft.id, if_match=tag)
    assert isinstance(undone.parsed, OperationResult), undone
    assert undone.parsed.retired == cut.parsed.created
    done("undo")

    tag = undone.headers["etag"]
    empty = submit_draft.sync(client=client, draft_id=draft.id, if_match=tag, body=Comment(comment="done"))
    assert isinstance(empty, Problem), empty
    assert (empty.status, empty.code) == (409, "no-changes")
    done("submit: refused")

    drafts = list_drafts.sync(client=client)
    assert isinstance(drafts, DraftList), drafts
    assert [each.id for each in drafts.drafts] == [draft.id]
    done("drafts")


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(float, sys.argv[4:6]))

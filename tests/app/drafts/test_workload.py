"""What a draft says that grids will carry, against what they carry once it is published."""

from __future__ import annotations

from sqlalchemy import text

from tests.app.drafts.drafting import LEFT, RIGHT, TALL, DraftClient, Drafting, through
from tests.app.drafts.test_impact import scatter


def loads(draft_client: DraftClient, **query: object) -> dict[str, tuple[int, int, float]]:
    return {
        row["code"]: (row["components"], row["incidents"], row["area_m2"])
        for row in draft_client.get("/load", **query)["grids"]
    }


def test_what_is_foretold_is_what_is_there_after_publication(drafting: Drafting):
    with drafting.writing() as session:
        scatter(session)
    editor, publisher = drafting.editor(), drafting.publisher()
    draft_client = DraftClient.begin(editor)
    before = loads(draft_client)
    draft_client.do(op="split", grid=TALL, by=through(TALL, slant=0.001))
    draft_client.do(op="merge", grids=[LEFT, RIGHT])
    foretold = loads(draft_client)
    assert foretold.keys() != before.keys()
    assert foretold != {code: before.get(code) for code in foretold}
    # Nothing is lost or counted twice on the way: things keep one owner.
    for at in (0, 1):
        assert sum(row[at] for row in foretold.values()) == sum(row[at] for row in before.values()) > 0
    changed = loads(draft_client, changed=True)
    described = draft_client.get()
    assert set(changed) == {*described["created"], *described["changed"]}
    assert changed == {code: foretold[code] for code in changed}
    draft_client.approve(publisher).publish()
    after = loads(DraftClient.begin(editor))
    # Closed incidents keep the grid of their time, so only what follows the land can be compared.
    assert {code: (row[0], row[2]) for code, row in after.items()} == {
        code: (row[0], row[2]) for code, row in foretold.items()
    }


def test_only_the_days_asked_for_count(drafting: Drafting):
    with drafting.writing() as session:
        scatter(session)
        session.execute(text("UPDATE incident SET occurred_at = now() - interval '40 days' WHERE id % 2 = 0"))
    draft_client = DraftClient.begin(drafting.editor())
    year = sum(row[1] for row in loads(draft_client).values())
    month = sum(row[1] for row in loads(draft_client, days=30).values())
    assert 0 < month < year
    draft_client.do(op="merge", grids=[LEFT, RIGHT])
    assert sum(row[1] for row in loads(draft_client, days=30).values()) == month


def test_an_editor_of_one_street_counts_there_only(drafting: Drafting):
    with drafting.writing() as session:
        scatter(session)
    everywhere = loads(DraftClient.begin(drafting.editor()))
    street = LEFT[:9]
    mine = loads(DraftClient.begin(drafting.editor("370299", street)))
    for code, (components, incidents, _) in mine.items():
        if code.startswith(street):
            assert (components, incidents) == everywhere[code][:2]
        else:
            assert incidents == 0

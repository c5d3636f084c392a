"""What a draft says that grids will carry, against what they carry once it is published."""

from __future__ import annotations

from sqlalchemy import text

from tests.app.drafts.drafting import LEFT, RIGHT, TALL, Drafting, Hand, through
from tests.app.drafts.test_impact import scatter


def loads(hand: Hand, **query: object) -> dict[str, tuple[int, int, float]]:
    return {
        row["code"]: (row["components"], row["incidents"], row["area_m2"])
        for row in hand.get("/load", **query)["grids"]
    }


def test_what_is_foretold_is_what_is_there_after_publication(drafting: Drafting):
    with drafting.writing() as session:
        scatter(session)
    editor, publisher = drafting.editor(), drafting.publisher()
    hand = Hand.begin(editor)
    before = loads(hand)
    hand.do(op="split", grid=TALL, by=through(TALL, slant=0.001))
    hand.do(op="merge", grids=[LEFT, RIGHT])
    foretold = loads(hand)
    assert foretold.keys() != before.keys()
    assert foretold != {code: before.get(code) for code in foretold}
    # Nothing is lost or counted twice on the way: things keep one owner.
    for at in (0, 1):
        assert sum(row[at] for row in foretold.values()) == sum(row[at] for row in before.values()) > 0
    changed = loads(hand, changed=True)
    described = hand.get()
    assert set(changed) == {*described["created"], *described["changed"]}
    assert changed == {code: foretold[code] for code in changed}
    hand.approve(publisher).publish()
    after = loads(Hand.begin(editor))
    # Closed incidents keep the grid of their time, so only what follows the land can be compared.
    assert {code: (row[0], row[2]) for code, row in after.items()} == {
        code: (row[0], row[2]) for code, row in foretold.items()
    }


def test_only_the_days_asked_for_count(drafting: Drafting):
    with drafting.writing() as session:
        scatter(session)
        session.execute(text("UPDATE incident SET occurred_at = now() - interval '40 days' WHERE id % 2 = 0"))
    hand = Hand.begin(drafting.editor())
    year = sum(row[1] for row in loads(hand).values())
    month = sum(row[1] for row in loads(hand, days=30).values())
    assert 0 < month < year
    hand.do(op="merge", grids=[LEFT, RIGHT])
    assert sum(row[1] for row in loads(hand, days=30).values()) == month


def test_an_editor_of_one_street_counts_there_only(drafting: Drafting):
    with drafting.writing() as session:
        scatter(session)
    everywhere = loads(Hand.begin(drafting.editor()))
    street = LEFT[:9]
    mine = loads(Hand.begin(drafting.editor("370299", street)))
    for code, (components, incidents, _) in mine.items():
        if code.startswith(street):
            assert (components, incidents) == everywhere[code][:2]
        else:
            assert incidents == 0

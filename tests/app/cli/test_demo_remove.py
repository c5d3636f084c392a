"""``wangge demo remove`` as a person runs it, and what a service that runs meanwhile makes of it."""

from __future__ import annotations

import pytest

from app.boundaries.edition_cache import EditionCache
from app.db.session import EVERYTHING, write_session
from app.demo import plan
from app.demo.plan import Amount, Scale
from app.demo.preference import stays_empty
from app.errors import NotFound
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.eventually import eventually
from tests.fixtures.towns import inside, publish_town


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small is smaller still: the amounts are not what is tried here."""
    monkeypatch.setitem(plan.AMOUNTS, Scale.SMALL, Amount(100, 80, 1))


def present(editions: EditionCache) -> tuple[int, str] | None:
    try:
        loaded = editions.in_force()
    except NotFound:
        return None
    return loaded.number, loaded.scheduled.content_hash


def test_remove_asks_and_a_running_service_follows(
    wangge_empty: Command, committing_db: CommittingDatabase, few: None
) -> None:
    nothing = wangge_empty("demo", "remove", lang="en")
    assert nothing.code == 0, nothing
    assert "There is no demo" in nothing.out
    assert wangge_empty("demo", "load", "--district", "371002").code == 0
    editions = EditionCache(committing_db.service_engine)
    editions.start()
    try:
        first = present(editions)
        assert first is not None
        # Nobody at the keyboard: nothing happens without --yes, and what would happen is said.
        refused = wangge_empty("demo", "remove", "--json")
        assert refused.code == 3, refused
        assert refused.document["error"]["would"]["removed"]["component"] == 100
        assert "--yes" in wangge_empty("demo", "remove").err
        assert present(editions) == first
        done = wangge_empty("demo", "remove", "--yes", "--json")
        assert done.code == 0, done
        assert (done.document["way"], done.document["districts"]) == ("reset", ["371002"])
        eventually(lambda: present(editions) is None)
        with write_session(committing_db.owner_engine, EVERYTHING) as session:
            publish_town(session)
        eventually(lambda: present(editions) is not None)
        # Number 1 again, and not what number 1 was before.
        again = present(editions)
        assert again is not None
        assert again[0] == first[0] == 1
        assert again[1] != first[1]
    finally:
        editions.stop()
    assert stays_empty(committing_db.settings.home)
    assert wangge_empty("verify").code == 0
    lon, lat = inside("370299001001001")
    assert wangge_empty("locate", lon, lat).code == 0
    # What is real stays, however often it is asked for.
    assert wangge_empty("demo", "remove", "--yes", "--json").document["way"] == "nothing"
    assert wangge_empty("locate", lon, lat).code == 0

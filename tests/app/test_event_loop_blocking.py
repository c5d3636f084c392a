"""The garbage collector stops a whole worker: what a service has loaded when it starts is not looked through again."""

from __future__ import annotations

import gc

from tests.fixtures.clients import serving
from tests.fixtures.database import CommittingDatabase


def test_a_collection_looks_only_at_what_came_after_the_start(committing_db: CommittingDatabase):
    with serving(committing_db.settings):
        kept = gc.get_freeze_count()
        assert kept > 100_000, "modules, routes and schemas"
        assert len(gc.get_objects()) < kept / 2, "all that a full collection walks through"
    assert gc.get_freeze_count() == 0, "what is thrown away after the end can be collected"

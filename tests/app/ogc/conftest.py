"""The town and its people, for the layers of drafts."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.app.drafts.drafting import Drafting, made
from tests.fixtures.actors import Actors
from tests.fixtures.database import CommittingDatabase


@pytest.fixture
def drafting(app: FastAPI, actors: Actors, committing_db: CommittingDatabase) -> Drafting:
    """The town, published, with the application over it."""
    return made(app, actors, committing_db)

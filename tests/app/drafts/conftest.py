"""The town and its people, for every test of drafts."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.app.drafts.drafting import Drafting
from tests.fixtures.actors import Actors
from tests.fixtures.towns import TownDatabase


@pytest.fixture
def drafting(app: FastAPI, actors: Actors, town_db: TownDatabase) -> Drafting:
    """The town, published, with the application over it."""
    return Drafting(app, actors, town_db.db)

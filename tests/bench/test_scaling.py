"""Tables that are grown for a measurement: as right as what they are copies of."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.boundaries.assignment import index_in_force
from app.db.session import EVERYTHING, write_session
from app.verify.service import verify
from bench.scaling import counted, scale_up
from tests.app.publishing.test_reassignment import fill
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.towns import publish_town

_SCHEMA = (
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
    "WHERE indrelid IN ('component'::regclass, 'component_share'::regclass, 'incident'::regclass, "
    "'incident_log'::regclass) ORDER BY 1"
)


def test_every_copy_has_its_owner_and_no_index_is_lost(committing_db: CommittingDatabase):
    engine = committing_db.owner_engine
    with write_session(engine, EVERYTHING) as session:
        publish_town(session)
        fill(session)
    before = counted(engine)
    with Session(engine) as session:
        indexes = session.execute(text(_SCHEMA)).all()
        loaded = index_in_force(session)
    scaled = scale_up(engine, loaded, components=before.components * 7, incidents=before.incidents * 5 + 3)
    assert (scaled.components, scaled.incidents) == (before.components * 7, before.incidents * 5 + 3)
    assert scaled.shares > before.shares
    assert scaled.open > before.open
    assert counted(engine) == scaled
    with Session(engine) as session:
        assert session.execute(text(_SCHEMA)).all() == indexes
        assert [outcome.line("en") for outcome in verify(session) if not outcome.holds] == []
        distinct = session.scalar(text("SELECT count(DISTINCT ST_AsBinary(geom)) FROM incident"))
        assert distinct > before.incidents, "copies lie beside, not on, what they are copies of"
    with write_session(engine, EVERYTHING) as session:
        # Triggers work again, and the next row gets a number of its own.
        x, y = -122.0, 1.0
        session.execute(
            text(
                "INSERT INTO component (code, code_scheme, class_code, geom) "
                "VALUES ('later', 'own', '0101', ST_Point(:x, :y, 4326))"
            ),
            {"x": x, "y": y},
        )
        assert session.scalar(text("SELECT grid_path::text FROM component WHERE code = 'later'")) == "outside"

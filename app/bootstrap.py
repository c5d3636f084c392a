"""Make a database ready: schema at the newest revision, catalogues mirrored."""

from __future__ import annotations

from app.components import catalog as component_catalog
from app.db.engine import make_engine
from app.db.migrate import upgrade
from app.db.session import EVERYTHING, write_session
from app.incidents import catalog as event_catalog


def prepare(owner_url: str) -> None:
    """Migrate and sync the catalogues of classes and departments; doing it again changes nothing."""
    upgrade(owner_url)
    engine = make_engine(owner_url, pooled=False, application="wangge-prepare")
    try:
        with write_session(engine, EVERYTHING) as session:
            component_catalog.sync(session)
            event_catalog.sync(session)
    finally:
        engine.dispose()

"""What everything is measured on: the demo district in a throwaway database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.bootstrap import prepare
from app.boundaries.assignment import index_in_force
from app.boundaries.edition_cache import LoadedEdition
from app.db import cluster
from app.db.engine import make_engine
from app.db.session import EVERYTHING, write_session
from app.demo.plan import Scale, make_plan
from app.demo.service import load
from app.settings import Settings, load_settings


@dataclass(frozen=True)
class Ground:
    """A served database with the demo district."""

    settings: Settings
    engine: Engine
    loaded: LoadedEdition
    shapes: np.ndarray


@contextmanager
def ground() -> Iterator[Ground]:
    """Make the database, load the small demo, and take it all away afterwards."""
    home = Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    home.chmod(0o755)
    settings = load_settings(home=home, database_url=None, service_database_url=None, port=0)
    info = cluster.start(home)
    try:
        assert info.owner_url
        prepare(info.owner_url)
        engine = make_engine(info.owner_url, pooled=False)
        with write_session(engine, EVERYTHING) as session:
            load(session, make_plan(district="370211", scale=Scale.SMALL), actor="bench")
        with Session(engine) as session:
            loaded = index_in_force(session)
            from app.boundaries import repository

            units = repository.units_in(session, loaded.number, level="grid")
        order = {code: i for i, code in enumerate(loaded.index.codes)}
        units = units.sort_values("code", key=lambda codes: codes.map(order))
        yield Ground(settings, engine, loaded, units["geometry"].to_numpy())
        engine.dispose()
    finally:
        cluster.destroy(home)
        shutil.rmtree(home, ignore_errors=True)

"""Incidents whose every text is a mark, in a district of five grids: whatever leaves can be searched for the marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.fixtures.database import CommittingDatabase
from tests.fixtures.units import place_in

MARK = "zzmark"
"""Begins every text of people."""
SENSITIVE = "ZZSENS"
"""Begins the number of every incident of a sensitive class."""
# Seconds and digits that appear nowhere else.
SECONDS = ":41:37"
DIGITS = "4321"
DAY = datetime(2026, 9, 14, 3, 41, 37, tzinfo=UTC)
NOW = datetime.now(UTC)


def report(
    session: Session,
    number: str,
    grid: int,
    class_code: str = "0102",
    *,
    state: str = "accepted",
    **columns: Any,
) -> int:
    """Store one incident with a log in the grid of this number, as the owner; its id."""
    lon, lat = place_in(grid)
    values = {
        "number": number,
        "class": class_code,
        "state": state,
        "lon": float(f"{lon:.3f}{DIGITS}"),
        "lat": float(f"{lat:.3f}{DIGITS}"),
        "occurred": DAY + timedelta(minutes=grid),
        "due": NOW + timedelta(days=900),
        "mark": f"{MARK} {number}",
        "source_id": f"{MARK}-source-{number}",
    } | columns
    return int(
        session.execute(
            text(
                "WITH i AS (INSERT INTO incident (number, source, source_id, class_code, state, geom, address,"
                " description, occurred_at, reported_at, due_at, component_code, idempotency_key, attributes) VALUES"
                " (:number, 'test', :source_id, :class, :state, ST_Point(:lon, :lat, 4326), :mark || ' 8号楼',"
                "  :mark || ' 有人吵架', :occurred, :occurred, :due, :mark || ' component', :mark || ' key',"
                "  jsonb_build_object('k', CAST(:mark AS text))) RETURNING id)"
                " INSERT INTO incident_log (incident_id, actor, action, to_state, note, detail)"
                " SELECT id, :mark || ' actor', 'report', :state, :mark || ' note',"
                " jsonb_build_object('was', CAST(:mark AS text)) FROM i RETURNING incident_id"
            ),
            values,
        ).scalar_one()
    )


def report_all(db: CommittingDatabase) -> None:
    """Two ordinary and one sensitive incident in each grid; a draft, a shelter, a team with a telephone."""
    with Session(db.owner_engine) as session, session.begin():
        for grid in range(5):
            report(session, f"N{grid}a", grid)
            report(session, f"N{grid}b", grid, "0110", occurred=DAY - timedelta(days=1 + grid))
            report(session, f"{SENSITIVE}{grid}", grid, "3402" if grid % 2 else "3101")
            lon, lat = place_in(grid)
            session.execute(
                text(
                    "INSERT INTO component (code, code_scheme, class_code, geom, name) VALUES"
                    " ('ZZSHELTER' || CAST(:n AS text), 'own', '0502', ST_Expand(ST_Point(:lon, :lat, 4326), 0.0005),"
                    " 'zzmark shelter'), ('LAMP' || CAST(:n AS text), 'own', '0118', ST_Point(:lon, :lat, 4326), '灯')"
                ),
                {"n": grid, "lon": lon, "lat": lat},
            )
        session.execute(
            text(
                "INSERT INTO draft (title, base, scope_path, author) VALUES ('草案', 1, 'd', 't');"
                "INSERT INTO draft_log (draft_id, actor, actor_key, action, to_state)"
                " SELECT id, 't', 'account:1', 'create', 'open' FROM draft;"
                "INSERT INTO officer (staff_code, name, phone, unit_path)"
                " VALUES ('S1', '王', '0532-55550199', 'd.a.a1.g1');"
                "INSERT INTO team_member (grid_code, grid_path, officer_id, role, during)"
                " SELECT 'g1', 'd.a.a1.g1', id, 'leader', '[2020-01-01,)' FROM officer"
            )
        )

"""A grid leader's heat map of a year, beside folium fed with the raw points."""

from __future__ import annotations

import folium
import numpy as np
from folium.plugins import HeatMap
from sqlalchemy import text

from app.auth.principal import operator
from app.db.session import EVERYTHING, read_session
from app.kit.clock import now
from app.maps import heat
from bench.ground import Ground
from bench.record import Row, best_of
from gis.viz import Assets, to_html


def measure(ground: Ground) -> list[Row]:
    """Rows of the table: the busiest street and the whole district."""
    with read_session(ground.engine, EVERYTHING) as session:
        street = session.execute(
            text(
                "SELECT u.code FROM unit_version u JOIN incident i ON i.grid_path <@ u.path "
                "WHERE u.level = 'street' GROUP BY u.code ORDER BY count(*) DESC LIMIT 1"
            )
        ).scalar_one()
    return [_unit(ground, code) for code in (street, "370211")]


def _unit(ground: Ground, code: str) -> Row:
    request = heat.HeatRequest(code=code, days=365)

    def ours() -> str:
        with read_session(ground.engine, EVERYTHING) as session:
            drawn = heat.draw(
                session,
                request,
                viewer=operator("bench"),
                instant=now(),
                zone=ground.settings.zone,
                assets=Assets.linked(lambda name: f"/static/bench/{name}"),
            )
            return to_html(drawn.map)

    def theirs() -> str:
        with read_session(ground.engine, EVERYTHING) as session:
            rows = session.execute(
                text(
                    "SELECT ST_Y(geom), ST_X(geom) FROM incident WHERE grid_path <@ "
                    "(SELECT path FROM unit_version WHERE code = :code AND level IN ('street', 'district') LIMIT 1) "
                    "AND occurred_at > now() - interval '365 days'"
                ),
                {"code": code},
            ).all()
        points = np.array(rows).tolist()
        drawn = folium.Map(tiles=None)
        HeatMap(points).add_to(drawn)
        return drawn.get_root().render()

    ours_s, our_page = best_of(3, ours)
    their_s, their_page = best_of(3, theirs)
    return Row(
        f"heat map of {code}, a year",
        f"{ours_s * 1000:.0f} ms, {len(our_page.encode()) / 1e6:.2f} MB",
        "folium, raw points",
        f"{their_s * 1000:.0f} ms, {len(their_page.encode()) / 1e6:.2f} MB",
        their_s / ours_s,
        "under 300 ms and 1 MB",
    )

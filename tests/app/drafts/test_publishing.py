"""What a published draft leaves: versions only of what changed, lineage, owners, rights that follow their units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.content_hash import content_hash
from app.publishing.reassignment import activate_due
from tests.app.drafts.drafting import (
    LEFT,
    RIGHT,
    STREET_2,
    TALL,
    DraftClient,
    Drafting,
    shared_vertex,
    through,
)
from tests.app.drafts.test_workflow import broken, refused
from tests.app.publishing.test_reassignment import fill, owners
from tests.fixtures.eventually import eventually
from tests.fixtures.towns import CODES, DISTRICT, bring_forward, publish_town, town_grids

COMMUNITY = "370299002003"


def rows(drafting: Drafting, query: str, **values):
    with Session(drafting.owner) as session:
        return [tuple(row) for row in session.execute(text(query), values)]


def published(drafting: Drafting, *operations: dict, **given) -> dict:
    """A draft with these operations, approved and published."""
    draft_client = DraftClient.begin(drafting.editor())
    for operation in operations:
        draft_client.do(**operation)
    return draft_client.approve(drafting.publisher()).publish(**given)


def test_only_what_changes_is_written(drafting: Drafting):
    result = published(drafting, {"op": "rename", "grid": LEFT, "name": "新"})
    written = rows(drafting, "SELECT level, code FROM unit_version WHERE lower(editions) = 2")
    assert written == [("grid", LEFT)], "a name changes nothing above"
    assert result["changed"] == [LEFT]
    kinds = rows(drafting, "SELECT from_code, to_code, kind, share_of_from FROM lineage WHERE edition = 2")
    assert kinds == [(LEFT, LEFT, "renamed", 1.0)]


def test_a_border_inside_a_community_changes_nothing_above(drafting: Drafting):
    at, to = shared_vertex(LEFT, RIGHT)
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="insert_vertex", at=_middle(LEFT, RIGHT))
    moved = draft_client.do(
        op="move_vertex", **{"from": _middle(LEFT, RIGHT), "to": _beside(_middle(LEFT, RIGHT))}
    )
    assert sorted(moved["changed"]) == [LEFT, RIGHT]
    draft_client.approve(drafting.publisher()).publish()
    written = rows(drafting, "SELECT level, code FROM unit_version WHERE lower(editions) = 2 ORDER BY 2")
    assert written == [("grid", LEFT), ("grid", RIGHT)]
    kinds = rows(drafting, "SELECT from_code, to_code, kind FROM lineage WHERE edition = 2 ORDER BY 1, 2")
    assert {kind for *_, kind in kinds} == {"moved_border"}
    assert broken(drafting) == []
    assert at
    assert to


def _middle(one: str, other: str) -> list[float]:
    """A place on the lattice that is on the border of two grids or as near as can be."""
    from gis.geometry import round_degrees
    from tests.fixtures.towns import shape_of

    border = shapely.line_merge(shapely.intersection(shape_of(one), shape_of(other)))
    point = shapely.line_interpolate_point(border, 0.5, normalized=True)
    return round_degrees([point.x, point.y]).tolist()


def _beside(place: list[float]) -> list[float]:
    from gis.geometry import round_degrees

    return round_degrees([place[0] + 0.0004, place[1] + 0.0001]).tolist()


def test_a_split_has_its_lineage_and_the_day_before_answers_as_before(drafting: Drafting):
    before = datetime.now(UTC)
    result = published(drafting, {"op": "split", "grid": TALL, "by": through(TALL)})
    (new,) = result["created"]
    found = rows(
        drafting,
        "SELECT from_code, to_code, kind, share_of_from FROM lineage WHERE edition = 2 AND from_code = :c ORDER BY 2",
        c=TALL,
    )
    assert [row[:3] for row in found] == [(TALL, TALL, "split"), (TALL, new, "split")]
    assert sum(row[3] for row in found) == pytest.approx(1, abs=1e-4)
    with Session(drafting.owner) as session:
        piece = boundary_rows.unit_by_code(session, new, 2)
        place = shapely.point_on_surface(boundary_rows.shape_of(session, piece))
        at = {"x": place.x, "y": place.y, "t": before}
        assert session.scalar(text("SELECT grid_owner(ST_Point(:x, :y, 4326))"), at) == new
        assert session.scalar(text("SELECT grid_owner(ST_Point(:x, :y, 4326), :t)"), at) == TALL
    person = drafting.actors.sign_in("viewer")
    here = {"lon": place.x, "lat": place.y}
    eventually(
        lambda: person.get("/v1/locate", params=here).json()["grid"]["code"] == new,
        otherwise="the index of every worker is swapped",
    )
    then = person.get("/v1/locate", params={"lon": place.x, "lat": place.y, "at": before.isoformat()}).json()
    assert then["grid"]["code"] == TALL
    assert broken(drafting) == []


def test_what_is_stored_is_what_a_whole_publication_would_store(drafting: Drafting):
    """Upper units dissolved only along changed branches come out, byte for byte, as from all grids together."""
    published(
        drafting,
        {"op": "split", "grid": TALL, "by": through(TALL)},
        {"op": "merge", "grids": [LEFT, RIGHT]},
        {"op": "relocate", "grid": "370299002003003", "community": "370299002004"},
    )
    with drafting.writing() as session:
        units = boundary_rows.units_in(session, 2)
        grids = units[units["level"] == "grid"]
        frame = town_grids().iloc[:0].copy()
        names = dict(zip(units["code"], units["name"], strict=True))
        import geopandas as gpd

        frame = gpd.GeoDataFrame(
            {
                "code": grids["code"],
                "name": grids["name"],
                "kind": grids["kind"],
                "community_code": grids["parent_code"],
                "community_name": grids["parent_code"].map(names),
                "street_code": grids["parent_code"].str[:9],
                "street_name": grids["parent_code"].str[:9].map(names),
            },
            geometry=grids["geometry"].to_numpy(),
            crs="EPSG:4326",
        )
        assert not publish_town(session, frame).published.touched
        edition = boundary_rows.latest(session)
        assert content_hash(units) == session.scalar(
            text("SELECT content_hash FROM edition WHERE number = 2")
        )
        assert edition.number == 3
    assert broken(drafting) == []


def test_components_and_open_incidents_follow_the_land(drafting: Drafting):
    with drafting.writing() as session:
        fill(session)
    before = rows(drafting, "SELECT code, ctid::text FROM component")
    result = published(drafting, {"op": "merge", "grids": [LEFT, RIGHT], "code": LEFT})
    assert result["retired"] == [RIGHT]
    assert result["components_reassigned"] == 2, "the point, and the pipe that crossed"
    assert result["incidents_reassigned"] == 1, "the open one"
    with Session(drafting.owner) as session:
        assert owners(session, "component", "code")[f"c{RIGHT}"] == LEFT
        incidents = owners(session, "incident", "number")
        assert incidents[f"handling{RIGHT}"] == LEFT
        assert incidents[f"closed{RIGHT}"] == RIGHT, "closed ones keep the grid of their time"
        detail = session.execute(
            text("SELECT actor, detail FROM incident_log WHERE action = 'reassign'")
        ).one()
        assert detail.detail == {"from": RIGHT, "to": LEFT, "edition": 2}
        assert detail.actor.startswith("gis-editor") or detail.actor
    after = dict(rows(drafting, "SELECT code, ctid::text FROM component"))
    assert {code for code, place in before if after[code] != place} == {f"c{RIGHT}", "pipe"}
    assert broken(drafting) == []


def test_rights_teams_and_counts_follow_a_grid(drafting: Drafting):
    """A grid moves to another community, two exchange... a code is given to other land: a right stays with the land."""
    old = f"{DISTRICT}.{STREET_2}.{COMMUNITY}.{LEFT}"
    leader = drafting.actors.person(("grid-leader", old), name="leader")
    token = drafting.actors.token("viewer", old)
    with drafting.writing() as session:
        fill(session)
        session.execute(
            text("INSERT INTO officer (staff_code, name, unit_path) VALUES ('s', '王', CAST(:p AS ltree))"),
            {"p": old},
        )
        session.execute(
            text(
                "INSERT INTO team_member (grid_code, grid_path, officer_id, role, during)"
                " SELECT :g, CAST(:p AS ltree), id, 'leader', '[2020-01-01,)' FROM officer"
            ),
            {"g": LEFT, "p": old},
        )
        session.execute(
            text(
                "INSERT INTO population_count (grid_code, grid_path, kind, count, counted_on)"
                " VALUES (:g, CAST(:p AS ltree), '户数', 700, current_date)"
            ),
            {"g": LEFT, "p": old},
        )
    assert leader.get("/v1/incidents").json()["total"] == 2
    published(
        drafting,
        {"op": "relocate", "grid": LEFT, "community": "370299002004"},
        {"op": "recode", "grid": LEFT, "code": "370299002004009"},
    )
    new = f"{DISTRICT}.{STREET_2}.370299002004.370299002004009"
    assert rows(
        drafting,
        "SELECT scope_path::text FROM account_grant g JOIN account a ON a.id = g.account_id WHERE a.name = 'leader'",
    ) == [(new,)]
    assert rows(drafting, "SELECT scope_path::text FROM api_token") == [(new,)]
    assert rows(drafting, "SELECT grid_code, grid_path::text FROM team_member") == [("370299002004009", new)]
    assert rows(drafting, "SELECT grid_code, grid_path::text FROM population_count") == [
        ("370299002004009", new)
    ]
    assert rows(drafting, "SELECT unit_path::text FROM officer") == [(new,)]
    audit = rows(
        drafting,
        "SELECT target, detail->>'was', detail->>'scope' FROM audit_log WHERE action = 'role.followed'",
    )
    assert audit == [("account:leader", old, new)]
    open_one = [i["number"] for i in leader.get("/v1/incidents").json()["items"]]
    assert open_one == [f"handling{LEFT}"]
    assert token.get("/v1/incidents").status_code == 200
    assert broken(drafting) == []


def test_two_grids_that_exchange_their_codes_keep_their_people(drafting: Drafting):
    paths = {code: f"{DISTRICT}.{STREET_2}.{COMMUNITY}.{code}" for code in (LEFT, RIGHT)}
    drafting.actors.person(("grid-leader", paths[LEFT]), name="left")
    drafting.actors.person(("grid-leader", paths[RIGHT]), name="right")
    with drafting.writing() as session:
        for code, path in paths.items():
            session.execute(
                text(
                    "WITH o AS (INSERT INTO officer (staff_code, name, unit_path) VALUES (:g, '员', CAST(:p AS ltree)) RETURNING id)"
                    " INSERT INTO team_member (grid_code, grid_path, officer_id, role, during)"
                    " SELECT :g, CAST(:p AS ltree), id, 'leader', '[2020-01-01,)' FROM o"
                ),
                {"g": code, "p": path},
            )
        grids = town_grids()
        grids["code"] = grids["code"].replace({LEFT: RIGHT, RIGHT: LEFT})
        publish_town(session, grids)
    held = dict(
        rows(
            drafting,
            "SELECT a.name, g.scope_path::text FROM account_grant g JOIN account a ON a.id = g.account_id",
        )
    )
    assert held == {"left": paths[RIGHT], "right": paths[LEFT]}
    teams = dict(
        rows(
            drafting,
            "SELECT o.staff_code, t.grid_code FROM team_member t JOIN officer o ON o.id = t.officer_id",
        )
    )
    assert teams == {LEFT: RIGHT, RIGHT: LEFT}


def test_a_community_that_loses_its_last_grid_ends(drafting: Drafting):
    """Villages dissolve into communities."""
    members = [code for code in CODES if code.startswith("370299001001")]
    draft_client = DraftClient.begin(drafting.editor())
    for code in members:
        draft_client.do(op="relocate", grid=code, community="370299001002")
    (defect,) = draft_client.get("/check")
    assert (defect["kind"], defect["severity"], defect["codes"]) == ("hierarchy", "warning", ["370299001001"])
    draft_client.approve(drafting.publisher()).publish()
    assert rows(drafting, "SELECT upper(editions) FROM unit_version WHERE code = '370299001001'") == [(2,)]
    assert broken(drafting) == []


# ---------------------------------------------------------------- when
def test_an_edition_of_the_future_takes_force_by_the_clock(drafting: Drafting):
    with drafting.writing() as session:
        fill(session)
    old = f"{DISTRICT}.{STREET_2}.{COMMUNITY}.{RIGHT}"
    drafting.actors.person(("grid-leader", old), name="leader")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="recode", grid=RIGHT, code="370299002003077")
    result = draft_client.approve(drafting.publisher()).publish(effective_from=tomorrow.isoformat())
    assert (result["components_reassigned"], result["incidents_reassigned"]) == (0, 0)
    scope = "SELECT g.scope_path::text FROM account_grant g JOIN account a ON a.id = g.account_id WHERE a.name = 'leader'"
    assert rows(drafting, scope) == [(old,)]
    assert rows(drafting, "SELECT edition_at(now())") == [(1,)]
    # A draft begun meanwhile stands on the newest edition, not on the one in force.
    assert DraftClient.begin(drafting.editor()).get()["base"] == 2
    bring_forward(drafting.owner, 2)
    activate_due(drafting.db.service_engine)
    assert rows(drafting, scope) == [(f"{DISTRICT}.{STREET_2}.{COMMUNITY}.370299002003077",)]
    with Session(drafting.owner) as session:
        assert owners(session, "component", "code")[f"c{RIGHT}"] == "370299002003077"
    assert broken(drafting) == []


def test_not_before_the_edition_that_is_there(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="新")
    other = draft_client.approve(drafting.publisher())
    refused(
        other.send("/publish", {"effective_from": "2020-01-01T00:00:00+08:00"}), 409, "effective-too-early"
    )
    refused(other.send("/publish", {"effective_from": "2030-01-01T00:00:00"}), 422, "not-an-instant")
    assert other.send("/publish", {"effective_from": "soon"}).status_code == 422
    assert rows(drafting, "SELECT max(number) FROM edition") == [(1,)]
    assert other.publish()["edition"] == 2


def test_numbers_of_the_town_are_what_they_should_be(drafting: Drafting):
    """The shapes of every edition cover the same land, whatever was done."""
    published(
        drafting, {"op": "split", "grid": TALL, "by": through(TALL)}, {"op": "merge", "grids": [LEFT, RIGHT]}
    )
    with Session(drafting.owner) as session:
        areas = [boundary_rows.units_in(session, n, level="grid")["area_m2"].sum() for n in (1, 2)]
    assert np.isclose(areas[0], areas[1], rtol=1e-6)

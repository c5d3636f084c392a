"""Publishing writes rows inside changed grids and no others, and whoever reads meanwhile does not notice."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.db.session import write_session
from app.drafts import policy, repository, workflow
from tests.app.drafts.drafting import FAR, LEFT, RIGHT, DraftClient, Drafting, through
from tests.app.drafts.test_workflow import broken
from tests.app.publishing.test_reassignment import fill
from tests.fixtures.connections import engine_on
from tests.fixtures.eventually import eventually
from tests.fixtures.towns import CODES, inside

PUBLISHER = Principal(name="wang", account_id=99, grants=(("gis-publisher", ""),))
# Each table with what a row is known by, and the grids that it belongs to.
TABLES = {
    "component": ("code", "CAST(paths AS text)"),
    "component_share": ("component_id::text || ' ' || grid_code", "CAST(grid_path AS text)"),
    "incident": ("number", "CAST(grid_path AS text)"),
    "incident_log": ("id::text", "''"),
    "unit_version": ("id::text", "CAST(path AS text)"),
}
Rows = dict[str, tuple[str, str]]


def lying(drafting: Drafting) -> dict[str, Rows]:
    """Where every row lies, and its grids: a row that is written anew, even with what it said before, lies elsewhere."""
    with Session(drafting.owner) as session:
        return {
            table: {
                row[0]: (f"{row[1]} {row[2]}", row[3])
                for row in session.execute(text(f"SELECT {key}, ctid, xmin, {grids} FROM {table}"))
            }
            for table, (key, grids) in TABLES.items()
        }


def written(before: Rows, after: Rows) -> set[str]:
    """Keys of rows that were there and are gone or lie elsewhere."""
    return {key for key, (place, _) in before.items() if after.get(key, ("",))[0] != place}


@pytest.fixture
def approved(drafting: Drafting) -> DraftClient:
    """The border of two neighbours drawn anew, and what lies in the town: approved."""
    with drafting.writing() as session:
        fill(session)
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="split", grid=LEFT, by=through(LEFT))
    draft_client.do(op="rename", grid=RIGHT, name="新")
    return draft_client.approve(drafting.publisher())


def test_rows_outside_changed_grids_stay_where_they_are(drafting: Drafting, approved: DraftClient):
    before = lying(drafting)
    told = approved.publish()
    after = lying(drafting)
    # The line also put a vertex into the borders of those that it ended at.
    changed = {*told["created"], *told["changed"], *told["noded"]}
    assert {LEFT, RIGHT} < changed < set(CODES) | changed
    moved = {table: written(before[table], after[table]) for table in TABLES}
    for table in ("component", "component_share", "incident"):
        outside = {key for key in moved[table] if not any(c in before[table][key][1] for c in changed)}
        assert outside == set(), table
    assert moved["component"] | moved["incident"], "what lies in the new grid was given to it"
    assert len(moved["component"]) == told["components_reassigned"]
    assert len(moved["incident"]) == told["incidents_reassigned"]
    assert moved["incident_log"] == set()
    grids = {before["unit_version"][key][1].rpartition(".")[2] for key in moved["unit_version"]} & set(CODES)
    assert grids == {*told["changed"], *told["noded"]}
    added = after["unit_version"].keys() - before["unit_version"].keys()
    assert {after["unit_version"][key][1].rpartition(".")[2] for key in added} >= changed
    assert len(added) == len(moved["unit_version"]) + 1
    assert broken(drafting) == []


def test_as_few_rows_are_written_as_change_hands(drafting: Drafting, approved: DraftClient):
    """PostgreSQL's own count, inside the transaction: what is written and written back again is seen, too."""
    # A connection of its own: a kept one still counts what it did before.
    with (
        engine_on(drafting.db.database.service_url, pooled=False) as engine,
        write_session(engine, PUBLISHER.row_scope("gis-publisher")) as session,
    ):
        done = published(session, approved)
        counts: dict[str, Any] = {
            row.relname: row
            for row in session.execute(
                text("SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables")
            )
        }
    moved = done.publication
    assert counts["component"].n_tup_upd == moved.components_reassigned
    assert counts["incident"].n_tup_upd == moved.incidents_reassigned
    assert counts["incident_log"].n_tup_ins == moved.incidents_reassigned
    assert 0 < moved.components_reassigned + moved.incidents_reassigned < 6
    versions = counts["unit_version"]
    assert versions.n_tup_upd + versions.n_tup_ins == moved.published.units_written
    assert versions.n_tup_del == 0
    # One pipe crosses the two; the land of one of them has two owners now.
    assert (counts["component_share"].n_tup_ins, counts["component_share"].n_tup_del) == (3, 2)


def published(session: Any, draft_client: DraftClient) -> workflow.PublishedDraft:
    draft = repository.find(session, draft_client.id)
    assert draft is not None
    return workflow.publish(session, PUBLISHER, draft_client.id, seen=frozenset({policy.tag_of(draft)}))


def test_nobody_who_reads_waits(drafting: Drafting, approved: DraftClient):
    """With everything written and nothing committed, all tables can be read at once, and every page answers as before."""
    viewer = drafting.actors.sign_in("gis-editor")
    other = DraftClient.begin(drafting.editor(), title="另一份")
    lon, lat = inside(LEFT)
    place = {"lon": lon, "lat": lat}
    assert viewer.get("/v1/locate", params=place).json()["edition"] == 1
    with write_session(drafting.db.service_engine, PUBLISHER.row_scope("gis-publisher")) as session:
        published(session, approved)
        with Session(drafting.owner) as reader:
            reader.execute(text("SET lock_timeout = '50ms'"))
            tables = reader.scalars(
                text(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
                )
            ).all()
            assert {"incident", "component", "unit_version", "edition", "draft"} <= set(tables)
            for table in tables:
                reader.execute(text(f"SELECT * FROM {table} LIMIT 1")).all()
            assert reader.scalar(text("SELECT max(number) FROM edition")) == 1
            assert reader.scalar(text("SELECT grid_owner(ST_Point(:lon, :lat, 4326))"), place) == LEFT
        began = time.monotonic()
        for code in CODES:
            x, y = inside(code)
            answer = viewer.get("/v1/locate", params={"lon": x, "lat": y})
            assert (answer.status_code, answer.json()["grid"]["code"]) == (200, code)
        for page in (
            f"/v1/grids/{LEFT}",
            f"/v1/grids/{LEFT}/incidents",
            f"/v1/grids/{LEFT}/components",
            "/v1/incidents",
            "/v1/editions",
            approved.url,
            f"{approved.url}/grids",
            f"{approved.url}/impact",
            f"{approved.url}/load",
        ):
            assert viewer.get(page).status_code == 200, page
        # Who draws elsewhere goes on drawing.
        other.do(op="rename", grid=FAR, name="远")
        assert time.monotonic() - began < 5, (
            "a lock that is waited for ends after five seconds, with a refusal"
        )
    eventually(lambda: viewer.get("/v1/locate", params=place).json()["edition"] == 2)
    assert broken(drafting) == []

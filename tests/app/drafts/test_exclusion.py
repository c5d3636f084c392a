"""Land that is nobody's on purpose, drawn in a draft: from the operation to the answer of ``/v1/locate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.geometry import round_degrees
from tests.app.drafts.drafting import LEFT, RIGHT, STREET_1, TALL, DraftClient, Drafting, through
from tests.app.drafts.test_workflow import broken
from tests.fixtures.towns import DISTRICT, shape_of

REASON = "部队营房"


def within(code: str, size: float = 0.002) -> dict:
    """A square well inside a grid."""
    x, y = shape_of(code).representative_point().coords[0]
    west, south, east, north = round_degrees([x - size, y - size, x + size, y + size])
    return shapely.geometry.mapping(shapely.box(west, south, east, north))


def across(one: str, other: str, size: float = 0.002) -> dict:
    """A square over the middle of a common border."""
    border = shapely.line_merge(shapely.intersection(shape_of(one), shape_of(other)))
    x, y = shapely.line_interpolate_point(border, 0.5, normalized=True).coords[0]
    west, south, east, north = round_degrees([x - size, y - size, x + size, y + size])
    return shapely.geometry.mapping(shapely.box(west, south, east, north))


def middle(area: dict) -> tuple[float, float]:
    return shapely.geometry.shape(area).centroid.coords[0]


def rows(drafting: Drafting, query: str, **values):
    with Session(drafting.owner) as session:
        return [tuple(row) for row in session.execute(text(query), values)]


def located(drafting: Drafting, area: dict):
    lon, lat = middle(area)
    drafting.app.state.editions.refresh()
    return drafting.editor().get("/v1/locate", params={"lon": f"{lon:.7f}", "lat": f"{lat:.7f}"})


def excluded_of(draft_client: DraftClient) -> list[dict]:
    return [f for f in draft_client.get("/grids")["features"] if f["properties"]["kind"] == "excluded"]


def test_a_drawn_area_is_nobodys_from_the_publication_on(drafting: Drafting):
    draft_client, area = DraftClient.begin(drafting.editor()), across(LEFT, RIGHT)
    done = draft_client.do(op="exclude", area=area, reason=REASON)
    (code,) = done["created"]
    assert code.startswith("excluded:")
    assert set(done["changed"]) >= {LEFT, RIGHT}
    assert done["retired"] == []
    assert draft_client.get("/check") == []
    (feature,) = excluded_of(draft_client)
    assert feature["properties"] == {
        "code": code, "name": REASON, "community": DISTRICT, "kind": "excluded", "change": "created",
    }  # fmt: skip
    assert located(drafting, area).status_code == 200
    published = draft_client.approve(drafting.publisher()).publish()
    assert published["excluded"] == [code]
    answer = located(drafting, area)
    assert answer.status_code == 404
    body = answer.json()
    assert body["type"].endswith("/no-owner")
    assert body["excluded"] == {"reason": REASON}
    assert REASON in body["detail"]
    assert broken(drafting) == []
    assert rows(drafting, "SELECT code, reason, editions::text FROM excluded_land") == [
        (code, REASON, "[2,)")
    ]
    kinds = rows(
        drafting,
        "SELECT from_code, to_code, kind FROM lineage WHERE edition = 2 AND kind = 'excluded' ORDER BY 1",
    )
    assert kinds == [(LEFT, None, "excluded"), (RIGHT, None, "excluded")]


def test_the_refusal_of_a_gap_names_the_way_out(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    refused = draft_client.send("/operations", {"op": "remove", "grid": "370299002004003", "to": []})
    assert refused.status_code == 422
    assert refused.json()["code"] == "leaves-gap"
    assert "exclude" in refused.json()["detail"]


def test_a_whole_grid_becomes_nobodys_and_a_grid_again(drafting: Drafting):
    draft_client, enclave = DraftClient.begin(drafting.editor()), "370299002004003"
    area = shapely.geometry.mapping(shape_of(enclave))
    refused = draft_client.send("/operations", {"op": "exclude", "area": area, "reason": REASON})
    assert refused.json()["code"] == "swallows-grid"
    done = draft_client.do(op="exclude", grid=enclave, reason=REASON)
    assert done["retired"] == [enclave]
    (code,) = done["created"]
    back = draft_client.do(op="add", area=area, community="370299002004")
    assert back["retired"] == [code]
    assert draft_client.get("/check") == []
    for step in ("/undo", "/undo", "/redo", "/redo", "/undo"):
        assert draft_client.send(step).status_code == 200
    assert [f["properties"]["code"] for f in excluded_of(draft_client)] == [code]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "split", "by": through(LEFT)},
        {"op": "recode", "code": "370299002003009"},
        {"op": "relocate", "community": "370299002004"},
        {"op": "kind", "kind": "dedicated"},
    ],
)
def test_it_is_no_grid(drafting: Drafting, operation: dict):
    draft_client = DraftClient.begin(drafting.editor())
    (code,) = draft_client.do(op="exclude", area=within(LEFT), reason=REASON)["created"]
    refused = draft_client.send("/operations", operation | {"grid": code})
    assert (refused.status_code, refused.json()["code"]) == (422, "excluded-land")
    assert code in refused.json()["detail"]
    assert (
        draft_client.send("/operations", {"op": "merge", "grids": [code, LEFT]}).json()["code"]
        == "excluded-land"
    )


def test_its_border_follows_a_moved_vertex(drafting: Drafting):
    draft_client, area = DraftClient.begin(drafting.editor()), within(LEFT)
    (code,) = draft_client.do(op="exclude", area=area, reason=REASON)["created"]
    corner = area["coordinates"][0][0]
    moved = draft_client.do(
        op="move_vertex", **{"from": corner, "to": round_degrees([corner[0] + 0.0004, corner[1]]).tolist()}
    )
    assert sorted(moved["changed"]) == sorted([LEFT, code])
    assert draft_client.get("/check") == []


def test_a_split_beside_it_keeps_the_borders_matched(drafting: Drafting):
    draft_client, area = DraftClient.begin(drafting.editor()), within(LEFT)
    (code,) = draft_client.do(op="exclude", area=area, reason=REASON)["created"]
    done = draft_client.do(op="split", grid=LEFT, by=through(LEFT, slant=0.0007))
    assert code in done["noded"], "the ends of the cut are vertices of it, too"
    assert draft_client.get("/check") == []
    draft_client.approve(drafting.publisher()).publish()
    assert located(drafting, area).json()["excluded"] == {"reason": REASON}
    assert broken(drafting) == []


def test_a_transfer_leaves_it_alone_and_remove_gives_it_back(drafting: Drafting):
    draft_client, area = DraftClient.begin(drafting.editor()), across(LEFT, RIGHT)
    (code,) = draft_client.do(op="exclude", area=area, reason=REASON)["created"]
    before = excluded_of(draft_client)[0]["geometry"]
    wider = shapely.geometry.mapping(shapely.geometry.shape(area).buffer(0.0008, join_style="mitre"))
    done = draft_client.do(op="transfer", area=wider, to=RIGHT)
    assert code not in done["retired"]
    now = shapely.geometry.shape(excluded_of(draft_client)[0]["geometry"])
    assert now.symmetric_difference(shapely.geometry.shape(before)).area < 1e-12
    given = draft_client.do(op="remove", grid=code)
    assert given["retired"] == [code]
    assert RIGHT in given["changed"]
    assert excluded_of(draft_client) == []


def test_the_reason_is_changed_by_a_rename_and_never_empty(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    (code,) = draft_client.do(op="exclude", area=within(LEFT), reason=REASON)["created"]
    assert draft_client.do(op="rename", grid=code, name="水库")["changed"] == [code]
    assert excluded_of(draft_client)[0]["properties"]["name"] == "水库"
    for bad in ("", " ", "a\nb", "x" * 201):
        refused = draft_client.send("/operations", {"op": "exclude", "area": within(RIGHT), "reason": bad})
        assert refused.status_code == 422, bad
    assert draft_client.send("/operations", {"op": "rename", "grid": code, "name": " "}).status_code == 422
    assert (
        draft_client.send("/operations", {"op": "exclude", "area": within(RIGHT)}).json()["code"]
        == "missing-field"
    )


def test_what_lies_in_it_has_no_owner_and_the_impact_says_so(drafting: Drafting):
    area = within(LEFT)
    lon, lat = middle(area)
    with drafting.writing() as session:
        session.execute(
            text(
                "INSERT INTO component (code, code_scheme, class_code, geom) SELECT 'L1', 'own', "
                "(SELECT code FROM component_class ORDER BY code LIMIT 1), ST_SetSRID(ST_MakePoint(:x, :y), 4326)"
            ),
            {"x": lon, "y": lat},
        )
    assert rows(drafting, "SELECT grid_code FROM component") == [(LEFT,)]
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="exclude", area=area, reason=REASON)
    impact = draft_client.get("/impact")
    moved = [
        (row["from"], row["to"], row["count"]) for row in impact["counts"] if row["layer"] == "components"
    ]
    assert moved == [(LEFT, None, 1)]
    draft_client.approve(drafting.publisher()).publish()
    assert rows(drafting, "SELECT grid_code, grid_path::text FROM component") == [(None, "outside")]
    again = DraftClient.begin(drafting.editor())
    again.do(op="add", area=area, to=LEFT)
    again.approve(drafting.publisher()).publish()
    assert rows(drafting, "SELECT grid_code FROM component") == [(LEFT,)]
    assert rows(drafting, "SELECT editions::text FROM excluded_land") == [("[2,3)",)]
    kinds = rows(
        drafting, "SELECT from_code, to_code, kind FROM lineage WHERE edition = 3 AND kind = 'included'"
    )
    assert kinds == [(None, LEFT, "included")]
    assert broken(drafting) == []


def test_the_editor_of_a_street_declares_land_of_that_street_only(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor(DISTRICT, STREET_1))
    draft_client.do(op="exclude", area=within(TALL, 0.001), reason=REASON)
    refused = draft_client.send("/operations", {"op": "exclude", "area": within(LEFT), "reason": REASON})
    assert refused.status_code == 403


def test_a_draft_with_declared_land_is_rebased_and_withdrawn(drafting: Drafting):
    mine, theirs = DraftClient.begin(drafting.editor()), DraftClient.begin(drafting.editor(name="另一人"))
    (code,) = mine.do(op="exclude", area=within(TALL, 0.001), reason=REASON)["created"]
    (other,) = theirs.do(op="exclude", area=within(RIGHT, 0.001), reason="水库")["created"]
    assert code != other
    theirs.approve(drafting.publisher()).publish()
    done = mine.approve(drafting.publisher(name="审二")).publish(effective_from="2027-11-29T00:00:00+08:00")
    assert done["excluded"] == [code]
    assert broken(drafting) == []
    with drafting.writing() as session:
        session.execute(text("SELECT withdraw_edition(3, 'a', 'b', '')"))
    found = rows(drafting, "SELECT code, editions::text FROM excluded_land ORDER BY 1")
    assert found == [(other, "[2,)")]
    assert broken(drafting) == []


def test_two_who_exclude_the_same_land_meet_a_conflict(drafting: Drafting):
    mine, theirs = DraftClient.begin(drafting.editor()), DraftClient.begin(drafting.editor(name="另一人"))
    for draft_client in (mine, theirs):
        draft_client.do(op="exclude", area=within(LEFT), reason=REASON)
    theirs.approve(drafting.publisher()).publish()
    refused = mine.approve(drafting.publisher(name="审二")).send("/publish", {})
    assert refused.status_code == 409
    assert LEFT in [each["code"] for each in refused.json()["conflicts"]]


def test_published_land_is_read_only(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="exclude", area=within(LEFT), reason=REASON)
    draft_client.approve(drafting.publisher()).publish()
    for change in (
        "UPDATE excluded_land SET reason = 'x'",
        "DELETE FROM excluded_land",
        "TRUNCATE excluded_land",
        "UPDATE excluded_land SET editions = '[1,)'",
    ):
        with pytest.raises(Exception, match=r"refused|only closing"), drafting.writing() as session:
            session.execute(text(change))
    assert np.array(rows(drafting, "SELECT count(*) FROM excluded_land")).item() == 1


def test_an_edition_may_change_nothing_but_declared_land(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    (code,) = draft_client.do(op="exclude", area=within(LEFT), reason=REASON)["created"]
    draft_client.approve(drafting.publisher()).publish()
    other = DraftClient.begin(drafting.editor())
    other.do(op="rename", grid=code, name="水库")
    diff = other.get("/diff")
    shown = [f["properties"] for side in ("before", "after") for f in diff[side]["features"]]
    assert [(each["code"], each["kind"], each["name"]) for each in shown] == [
        (code, "excluded", REASON), (code, "excluded", "水库"),
    ]  # fmt: skip
    publisher = drafting.publisher()
    done = other.approve(publisher).publish(effective_from="2027-11-29T00:00:00+08:00")
    assert (done["changed"], done["excluded"]) == ([], [code])
    found = rows(drafting, "SELECT reason, editions::text FROM excluded_land ORDER BY id")
    assert found == [(REASON, "[2,3)"), ("水库", "[3,)")]
    assert broken(drafting) == []
    # Who may not publish in the district may not take it back.
    street = drafting.publisher(DISTRICT, STREET_1)
    assert street.delete("/v1/editions/3", params={"reason": "x"}).status_code == 403
    assert publisher.delete("/v1/editions/3", params={"reason": "x"}).status_code == 200
    assert rows(drafting, "SELECT reason, editions::text FROM excluded_land") == [(REASON, "[2,)")]


# ---------------------------------------------------------------- files
def as_file(draft_client: DraftClient, path: Path, *, without: tuple[str, ...] = (), **shapes: Any) -> Path:
    """The grids of a draft as QGIS would send them, without land that is nobody's."""
    rows = [f for f in draft_client.get("/grids")["features"] if f["properties"]["kind"] != "excluded"]
    rows = [f for f in rows if f["properties"]["code"] not in without]
    for feature in rows:
        other = shapes.get("g" + feature["properties"]["code"])
        if other is not None:
            feature["geometry"] = shapely.geometry.mapping(other)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}, ensure_ascii=False))
    return path


def put(draft_client: DraftClient, path: Path, **params: Any):
    answer = draft_client.client.put(
        f"{draft_client.url}/file",
        content=path.read_bytes(),
        params=params,
        headers={"If-Match": draft_client.etag},
    )
    if answer.is_success:
        draft_client.etag = answer.headers["etag"]
    return answer


def test_a_file_of_grids_leaves_declared_land_as_it_is(drafting: Drafting, tmp_path: Path):
    draft_client = DraftClient.begin(drafting.editor())
    (code,) = draft_client.do(op="exclude", area=within(LEFT), reason=REASON)["created"]
    same = put(draft_client, as_file(draft_client, tmp_path / "same.geojson"))
    assert (same.status_code, same.json()["code"]) == (409, "no-changes")
    whole = draft_client.get("/grids")
    (tmp_path / "all.geojson").write_text(json.dumps(whole))
    assert put(draft_client, tmp_path / "all.geojson").json()["code"] == "no-changes"
    taken = put(
        draft_client, as_file(draft_client, tmp_path / "over.geojson", **{f"g{LEFT}": shape_of(LEFT)})
    )
    assert taken.status_code == 422, "a grid drawn over it is refused by name"
    assert code in taken.text


def test_gaps_of_a_file_are_accepted_with_a_reason(drafting: Drafting, tmp_path: Path):
    draft_client, enclave = DraftClient.begin(drafting.editor()), "370299002004003"
    holed = shape_of(LEFT).difference(shapely.geometry.shape(within(LEFT)))
    file = as_file(draft_client, tmp_path / "gaps.geojson", without=(enclave,), **{f"g{LEFT}": holed})
    assert put(draft_client, file).status_code == 422
    done = put(draft_client, file, accept_gaps=REASON)
    assert done.status_code == 200, done.text
    body = done.json()
    assert body["retired"] == [enclave]
    assert LEFT in body["changed"]
    assert len([code for code in body["created"] if code.startswith("excluded:")]) == 2
    assert draft_client.get("/check") == []
    assert {f["properties"]["name"] for f in excluded_of(draft_client)} == {REASON}
    draft_client.approve(drafting.publisher()).publish()
    assert located(drafting, within(LEFT)).json()["excluded"] == {"reason": REASON}
    assert broken(drafting) == []
    for bad in ("", " ", "a\nb", "x" * 201):
        assert put(draft_client, file, accept_gaps=bad).status_code == 422

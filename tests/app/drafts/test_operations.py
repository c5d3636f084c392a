"""Editing a draft step by step over HTTP."""

from __future__ import annotations

import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.app.drafts.drafting import (
    LEFT,
    RIGHT,
    STREET_1,
    STREET_2,
    TALL,
    DraftClient,
    Drafting,
    shared_vertex,
    through,
)
from tests.fixtures.answers import hold_to_model
from tests.fixtures.towns import CODES, DISTRICT, shape_of


def shapes(draft_client: DraftClient, **params) -> dict[str, object]:
    return {f["id"]: shape(f["geometry"]) for f in draft_client.get("/grids", **params)["features"]}


def vertices(grid) -> set[tuple[float, float]]:
    return {tuple(place) for place in shapely.get_coordinates(grid).tolist()}


def test_a_new_draft_says_what_it_is(drafting: Drafting):
    answer = drafting.editor().post("/v1/drafts", json={"title": "东区调整"})
    body = answer.json()
    assert answer.status_code == 201
    assert {k: body[k] for k in ("base", "state", "operations", "title")} == {
        "base": 1,
        "state": "open",
        "operations": 0,
        "title": "东区调整",
    }
    assert body["scope"]["code"] == DISTRICT
    assert answer.headers["etag"]
    assert answer.headers["location"] == f"/v1/drafts/{body['id']}"


def test_the_grids_of_an_untouched_draft_are_those_of_its_base(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    found = draft_client.get("/grids")
    assert [f["id"] for f in found["features"]] == list(CODES)
    first = found["features"][0]["properties"]
    assert set(first) == {"code", "name", "community", "kind", "change"}
    assert first["community"] == CODES[0][:12]
    assert {f["properties"]["change"] for f in found["features"]} == {None}
    assert draft_client.get("/grids", changed=True)["features"] == []
    assert draft_client.get("/check") == []


def test_split_undo_redo(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    before = shapes(draft_client)
    step = draft_client.do(op="split", grid=TALL, by=through(TALL))
    assert step["created"] == ["370299001001004"]
    assert TALL in step["changed"]
    assert step["retired"] == []
    assert step["changed"] == [TALL], "neighbours that get a node are not changed"
    drawn = {f["id"]: f["properties"]["change"] for f in step["grids"]["features"]}
    assert set(drawn) == {*step["created"], TALL, *step["noded"]}
    assert [drawn[code] for code in step["noded"]] == [None] * len(step["noded"]) != []
    after = shapes(draft_client)
    assert len(after) == len(before) + 1
    assert shapely.coverage_is_valid(list(after.values()))
    assert sum(g.area for g in after.values()) == pytest.approx(
        sum(g.area for g in before.values()), rel=1e-6
    )
    changed = shapes(draft_client, changed=True)
    assert set(changed) == {*step["created"], *step["changed"]}
    untouched = set(before) - set(changed) - set(step["noded"])
    assert all(before[code].equals_exact(after[code]) for code in untouched)

    back = draft_client.send("/undo").json()
    assert (back["retired"], back["created"]) == (step["created"], [])
    assert all(before[code].equals_exact(now) for code, now in shapes(draft_client).items())
    assert draft_client.get("/grids", changed=True)["features"] == []
    assert draft_client.get()["operations"] == 0
    assert draft_client.get()["undone"] == 1
    again = draft_client.send("/redo").json()
    assert again["created"] == step["created"]
    assert all(after[code].equals_exact(now) for code, now in shapes(draft_client).items())


def test_undo_goes_to_the_beginning_and_says_when_it_is_there(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    for name in ("一", "二", "三"):
        draft_client.do(op="rename", grid=LEFT, name=name)
    names = []
    for _ in range(3):
        step = draft_client.send("/undo").json()
        names.append(step["grids"]["features"][0]["properties"]["name"])
    assert names == ["二", "一", "第3社区第1网格"]
    refused = draft_client.send("/undo")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-to-undo")
    assert draft_client.send("/redo").json()["grids"]["features"][0]["properties"]["name"] == "一"
    # A new step ends what could be done again.
    draft_client.do(op="rename", grid=RIGHT, name="右")
    refused = draft_client.send("/redo")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-to-redo")
    assert [(each["op"], each["undone"]) for each in draft_client.get()["history"]] == [("rename", False)] * 2


def test_steps_build_on_one_another(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    before = shapes(draft_client)
    (new,) = draft_client.do(op="split", grid=TALL, by=through(TALL))["created"]
    assert draft_client.do(op="rename", grid=new, name="新网格")["changed"] == [new]
    assert draft_client.do(op="kind", grid=new, kind="dedicated")["changed"] == [new]
    merged = draft_client.do(op="merge", grids=[TALL, new])
    assert merged["retired"] == [new]
    assert shapes(draft_client)[TALL].normalize().equals(before[TALL].normalize())
    assert draft_client.get()["operations"] == 4
    assert new not in draft_client.get()["created"]


def test_a_vertex_moves_for_all_who_share_it(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    at, to = shared_vertex(LEFT, RIGHT)
    before = shapes(draft_client)
    step = draft_client.do(op="move_vertex", **{"from": at, "to": to})
    owners = {code for code, grid in before.items() if tuple(at) in vertices(grid)}
    assert len(owners) >= 2
    assert set(step["changed"]) == owners
    after = shapes(draft_client)
    for code in owners:
        assert tuple(to) in vertices(after[code])
        assert tuple(at) not in vertices(after[code])


def test_all_kinds_of_attributes(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="relocate", grid=LEFT, community="370299002004")
    draft_client.do(op="recode", grid=RIGHT, code="370299002003099")
    properties = {f["id"]: f["properties"] for f in draft_client.get("/grids")["features"]}
    assert properties[LEFT]["community"] == "370299002004"
    assert properties[LEFT]["change"] == "changed"
    assert RIGHT not in properties
    assert draft_client.get("/grids", changed=True)["retired"] == [RIGHT]
    assert properties["370299002003099"]["change"] == "created"


def test_the_box_narrows_the_grids(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    west, south, east, north = shape(draft_client.get("/grids")["features"][0]["geometry"]).bounds
    x, y = (west + east) / 2, (south + north) / 2
    found = draft_client.get("/grids", bbox=f"{x},{y},{x},{y}")["features"]
    assert [f["id"] for f in found] == [CODES[0]]
    refused = draft_client.client.get(f"{draft_client.url}/grids", params={"bbox": "1,2,3"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not-a-box")


# ---------------------------------------------------------------- versions
def test_a_write_without_or_with_an_old_version_changes_nothing(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    rename = {"op": "rename", "grid": LEFT, "name": "新"}
    stale = draft_client.etag
    bare = draft_client.client.post(f"{draft_client.url}/operations", json=rename)
    assert (bare.status_code, bare.json()["code"]) == (428, "version-required")
    anything = draft_client.client.post(
        f"{draft_client.url}/operations", json=rename, headers={"If-Match": "*"}
    )
    assert anything.status_code == 428
    draft_client.do(**rename)
    present = draft_client.etag
    for part in ("/operations", "/undo", "/redo", "/submit", "/review", "/publish", ""):
        body = {"/operations": rename, "/review": {"decision": "approve"}}.get(part)
        method = "DELETE" if part == "" else "POST"
        late = draft_client.client.request(
            method, f"{draft_client.url}{part}", json=body, headers={"If-Match": stale}
        )
        if part in ("/review", "/publish"):
            assert late.status_code == 403, part
            continue
        assert (late.status_code, late.json()["code"]) == (412, "stale"), part
        assert late.headers["etag"] == present
        assert draft_client.client.request(method, f"{draft_client.url}{part}", json=body).status_code == 428
    assert draft_client.get()["operations"] == 1
    weak = draft_client.send("/operations", rename | {"name": "更新"}, headers={"If-Match": f"W/{present}"})
    assert weak.status_code == 201, "a proxy that compresses makes tags weak"


def test_two_people_at_one_draft_lose_nothing(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor(name="zhang"))
    other = draft_client.taken_by(drafting.editor(name="li"))
    draft_client.do(op="rename", grid=LEFT, name="张")
    late = other.send("/operations", {"op": "rename", "grid": LEFT, "name": "李"})
    assert late.status_code == 412
    other = draft_client.taken_by(other.client)
    other.do(op="rename", grid=RIGHT, name="李")
    assert [each["author"] for each in draft_client.get()["history"]] == ["zhang", "li"]


def test_who_has_the_grids_gets_nothing_again(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    first = draft_client.client.get(f"{draft_client.url}/grids")
    again = draft_client.client.get(
        f"{draft_client.url}/grids", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    draft_client.do(op="rename", grid=LEFT, name="新")
    again = draft_client.client.get(
        f"{draft_client.url}/grids", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 200


# ---------------------------------------------------------------- who may
def test_an_editor_of_one_street_draws_in_that_street_only(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor(DISTRICT, STREET_1))
    assert draft_client.get()["scope"]["code"] == STREET_1
    draft_client.do(op="rename", grid=TALL, name="街内")
    # Splits a grid whose end lies on the border with the other street: that only gets a vertex.
    draft_client.do(op="split", grid=TALL, by=through(TALL))
    refused = draft_client.send("/operations", {"op": "rename", "grid": LEFT, "name": "街外"})
    assert (refused.status_code, refused.json()["code"]) == (403, "out-of-scope")
    assert refused.json()["codes"] == [LEFT]
    refused = draft_client.send("/operations", {"op": "relocate", "grid": TALL, "community": "370299002004"})
    assert (refused.status_code, refused.json()["code"]) == (403, "out-of-scope"), "nor gives grids away"
    at, to = shared_vertex(TALL, LEFT)
    refused = draft_client.send("/operations", {"op": "move_vertex", "from": at, "to": to})
    assert refused.status_code == 403, "nor moves the border of the street"
    assert draft_client.get()["operations"] == 2


def test_a_draft_of_another_street_is_not_there(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor(DISTRICT, STREET_1))
    stranger = drafting.editor(DISTRICT, STREET_2)
    assert stranger.get(draft_client.url).status_code == 404
    assert stranger.get("/v1/drafts").json() == {"drafts": []}
    write = stranger.post(f"{draft_client.url}/undo", headers={"If-Match": draft_client.etag})
    assert (write.status_code, write.json()["code"]) == (404, "draft-unknown")
    district = drafting.editor()
    assert [d["id"] for d in district.get("/v1/drafts").json()["drafts"]] == [draft_client.id]


def test_within_a_wider_draft_everybody_keeps_to_their_part(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="rename", grid=LEFT, name="左")
    assert drafting.editor(DISTRICT, STREET_2).get(draft_client.url).status_code == 404


def test_who_may_edit_two_units_says_which(drafting: Drafting):
    one, two = f"{DISTRICT}.{STREET_1}", f"{DISTRICT}.{STREET_2}"
    person = drafting.actors.person(("gis-editor", one), ("gis-editor", two))
    refused = person.post("/v1/drafts", json={"title": "x"})
    assert (refused.status_code, refused.json()["code"]) == (422, "scope-ambiguous")
    assert refused.json()["choices"] == [f"street:{STREET_1}", f"street:{STREET_2}"]
    given = person.post("/v1/drafts", json={"title": "x", "scope": STREET_2})
    assert given.json()["scope"]["code"] == STREET_2
    refused = person.post("/v1/drafts", json={"title": "x", "scope": DISTRICT})
    assert refused.status_code == 403


@pytest.mark.parametrize("role", ["viewer", "api-consumer", "grid-leader", "handler", "dispatcher"])
def test_other_roles_have_no_drafts(drafting: Drafting, role: str):
    assert drafting.actors.sign_in(role).get("/v1/drafts").status_code == 403


# ---------------------------------------------------------------- refusals
BOW_TIE = {
    "type": "Polygon",
    "coordinates": [[[120.05, 35.88], [120.06, 35.89], [120.06, 35.88], [120.05, 35.89], [120.05, 35.88]]],
}


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ({"op": "explode"}, "unknown-operation"),
        ({}, "unknown-operation"),
        ({"op": "rename", "grid": LEFT}, "missing-field"),
        ({"op": "rename", "grid": "370299009009009", "name": "x"}, "unknown-grid"),
        ({"op": "relocate", "grid": LEFT, "community": "370299009009"}, "unknown-community"),
        ({"op": "recode", "grid": LEFT, "code": RIGHT}, "code-used"),
        ({"op": "merge", "grids": [LEFT, "370299001001001"], "community": "370299002003"}, "not-neighbours"),
        (
            {
                "op": "split",
                "grid": LEFT,
                "by": {"type": "LineString", "coordinates": [[121, 36], [121.1, 36]]},
            },
            "split-misses",
        ),
        ({"op": "transfer", "area": BOW_TIE, "to": LEFT}, "self-crossing"),
        ({"op": "move_vertex", "from": [120.5, 35.5], "to": [120.6, 35.5]}, "vertex-not-found"),
        ({"op": "move_vertex", "from": [35.5, 120.5], "to": [35.6, 120.5]}, "swapped-coordinates"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.get("op")),
)
def test_a_refused_operation_says_why_and_where_and_changes_nothing(drafting: Drafting, operation, code):
    draft_client = DraftClient.begin(drafting.editor())
    answer = draft_client.send("/operations", operation)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, code), body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["detail"]
    assert isinstance(body["places"], list)
    if code in ("self-crossing", "swapped-coordinates"):
        assert all(len(place) == 2 for place in body["places"])
    assert draft_client.get()["version"] == 1
    assert draft_client.get("/grids", changed=True)["features"] == []


def test_a_huge_polygon_is_refused_at_once(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    for vertices, refusal in ((50_000, (422, "too-many-vertices")), (200_000, (413, "body-too-large"))):
        ring = [[120.05 + i * 1e-7, 35.88] for i in range(vertices)]
        area = {"type": "Polygon", "coordinates": [[*ring, [120.06, 35.9], ring[0]]]}
        answer = draft_client.send("/operations", {"op": "transfer", "area": area, "to": LEFT})
        assert (answer.status_code, answer.json()["code"]) == refusal


def test_a_code_that_another_draft_speaks_for_is_not_given_twice(drafting: Drafting):
    first, second = DraftClient.begin(drafting.editor()), DraftClient.begin(drafting.editor())
    (one,) = first.do(op="split", grid=TALL, by=through(TALL))["created"]
    (two,) = second.do(op="split", grid="370299001001001", by=through("370299001001001"))["created"]
    assert one != two


@pytest.mark.parametrize("given", [{}, {"title": " "}, {"title": "x", "base": 0}, {"title": "x", "more": 1}])
def test_a_draft_needs_a_title_and_nothing_unknown(drafting: Drafting, given):
    assert drafting.editor().post("/v1/drafts", json=given).status_code == 422


def test_a_base_that_is_not_there_is_named(drafting: Drafting):
    answer = drafting.editor().post("/v1/drafts", json={"title": "x", "base": 7})
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-edition")


def test_drafts_that_are_not_there(drafting: Drafting):
    person = drafting.editor()
    for number in (7, 2**62, 2**70):
        assert person.get(f"/v1/drafts/{number}").json()["code"] == "draft-unknown"


# ---------------------------------------------------------------- beside the base, and remembered
def test_diff_shows_before_and_after(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    step = draft_client.do(op="split", grid=TALL, by=through(TALL))
    draft_client.do(op="rename", grid=RIGHT, name="右")
    draft_client.do(op="rename", grid=RIGHT, name="第3社区第2网格")
    found = draft_client.get("/diff")
    before = {f["id"] for f in found["before"]["features"]}
    after = {f["id"] for f in found["after"]["features"]}
    assert TALL in before
    assert after - before == set(step["created"])
    assert RIGHT not in before, "changed and changed back is no change"
    kinds = {
        (row["from"], row["to"]): (row["kind"], round(row["share_of_from"], 2)) for row in found["lineage"]
    }
    assert kinds[TALL, TALL][0] == kinds[TALL, step["created"][0]][0] == "split"
    assert kinds[TALL, TALL][1] + kinds[TALL, step["created"][0]][1] == pytest.approx(1, abs=0.01)


def test_everything_is_in_the_log(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor(name="zhang"))
    draft_client.do(op="rename", grid=LEFT, name="新")
    draft_client.send("/undo")
    draft_client.do(op="rename", grid=LEFT, name="再新")
    log = draft_client.get()["log"]
    assert [(e["action"], e["op"]) for e in log] == [
        ("create", None),
        ("operation", "rename"),
        ("undo", "rename"),
        ("operation", "rename"),
    ]
    assert {e["actor"] for e in log} == {"zhang"}
    with Session(drafting.owner) as session:
        # What was undone and written over is still in the log, in full.
        kept = session.execute(
            text("SELECT detail->'operation'->>'name' FROM draft_log ORDER BY id")
        ).scalars()
        assert [name for name in kept if name] == ["新", "再新"]
    assert [each["operation"]["name"] for each in draft_client.get("/operations")["operations"]] == ["再新"]


def test_a_grid_of_two_centimetres_is_refused_by_name_and_with_its_place(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    west, south, east, north = shape_of(LEFT).bounds
    x, y = round((west + east) / 2, 7), round((south + north) / 2, 7)
    step = 1e-7
    ring = [[x, y], [x - step, y + step], [x - 2 * step, y + step], [x - 2 * step, y - step], [x, y]]
    speck = {"type": "Polygon", "coordinates": [[[round(v, 7) for v in place] for place in ring]]}
    for operation in ({"op": "paint", "community": LEFT[:12]}, {"op": "paint", "grid": RIGHT}):
        answer = draft_client.send("/operations", {**operation, "area": speck})
        body = answer.json()
        assert (answer.status_code, body["code"]) == (422, "too-narrow"), answer.text
        assert body["places"][0] == pytest.approx([x, y], abs=1e-6)
        assert "1 米" in body["detail"]
    assert draft_client.get("/check") == []
    assert draft_client.get("")["operations"] == 0


def test_the_list_and_the_operations_in_full_are_as_described(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    draft_client.do(op="split", grid=TALL, by=through(TALL))
    (listed,) = hold_to_model(drafting.app, draft_client.client.get("/v1/drafts"))["drafts"]
    assert listed["id"] == draft_client.id
    (item,) = draft_client.get("/operations")["operations"]
    assert item["operation"]["by"] == through(TALL)
    assert [entry["op"] for entry in draft_client.get()["log"]] == [None, "split"]


def test_what_is_no_operation_is_refused_before_the_draft_is_looked_for(drafting: Drafting):
    draft_client = DraftClient.begin(drafting.editor())
    for body in ([], "split", 7):
        answer = draft_client.send("/operations", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-value"), body
    refused = draft_client.send("/operations", {"op": "merge", "grids": [LEFT, 7]})
    assert refused.json()["detail"].startswith("grids[1] 应为"), refused.text

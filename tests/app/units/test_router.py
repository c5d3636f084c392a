"""Units, grids, search, editions, catalogues and incidents over HTTP: what they say, to whom, and how they refuse."""

from __future__ import annotations

import httpx
import pytest
import shapely

from gis.measures import geodesic_length_m
from tests.fixtures.served import BUSY, DISPATCHER, INCIDENTS, NOW, RENAMED, STREET, STREET_DISPATCHER
from tests.fixtures.towns import CODES, DISTRICT, ENCLAVE, inside, shape_of, town_index


@pytest.fixture(scope="module")
def nobody(served):
    with httpx.Client(base_url=served.url) as client:
        yield client


@pytest.fixture(scope="module")
def dispatcher(served):
    with served.person(DISPATCHER) as client:
        yield client


@pytest.fixture(scope="module")
def street(served):
    with served.person(STREET_DISPATCHER) as client:
        yield client


def get(client, path: str, **params) -> dict:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(client, path: str, status: int, **params) -> dict:
    answer = client.get(path, params=params)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["instance"] == path
    return body


# ---------------------------------------------------------------- units
def test_a_grid(nobody):
    unit = get(nobody, f"/v1/grids/{BUSY}")
    assert (unit["level"], unit["code"], unit["name"], unit["kind"], unit["edition"]) == (
        "grid",
        BUSY,
        "第1社区第1网格",
        "base",
        1,
    )
    assert [(u["level"], u["code"]) for u in unit["ancestors"]] == [
        ("district", DISTRICT), ("street", BUSY[:9]), ("community", BUSY[:12]),
    ]  # fmt: skip
    assert unit["children"] == []
    shape = shape_of(BUSY)
    assert unit["bbox"] == pytest.approx(shape.bounds)
    assert shapely.contains_xy(shape, *unit["center"])
    assert unit["area_m2"] == pytest.approx(1_073_752, rel=1e-3)
    assert unit["counts"]["incidents_total"] > INCIDENTS / 2
    assert unit["counts"]["components"] == 5
    assert unit["team"] == {"leader": 1, "full_time": 0, "professional": 0, "members": []}, (
        "names are not for everybody"
    )
    population = {row["kind"]: row["count"] for row in unit["population"]}
    assert population == {"households": 410, "special_care": None}


def test_upper_units(nobody):
    district = get(nobody, f"/v1/units/{DISTRICT}")
    assert (district["level"], district["ancestors"], len(district["children"])) == ("district", [], 2)
    street = get(nobody, f"/v1/units/{STREET}")
    assert {u["level"] for u in street["children"]} == {"community"}
    community = get(nobody, f"/v1/units/{BUSY[:12]}")
    assert [u["code"] for u in community["children"]] == [c for c in CODES if c.startswith(BUSY[:12])]
    counts = [
        get(nobody, f"/v1/units/{u['code']}")["counts"]["incidents_total"] for u in district["children"]
    ]
    assert sum(counts) == district["counts"]["incidents_total"] == INCIDENTS
    # Of a sensitive kind communities are told, of three and more: no small number can be found by adding up either.
    assert {row["kind"]: row["count"] for row in district["population"]} == {
        "households": 410 * 12,
        "special_care": 12,
    }


def test_staff_see_names_and_those_who_need_them_numbers(nobody, dispatcher, street):
    mine = get(dispatcher, f"/v1/grids/{BUSY}")["team"]["members"]
    assert [(m["role"], m["name"], m["phone"]) for m in mine] == [("leader", "赵0", "0532-55550100")]
    other = next(c for c in CODES if not c.startswith(STREET))
    assert get(street, f"/v1/grids/{other}")["team"]["members"] == []
    assert get(street, f"/v1/grids/{BUSY}")["team"]["members"] != []


def test_editions_of_a_unit(nobody):
    assert get(nobody, f"/v1/grids/{BUSY}", edition=2)["name"] == RENAMED
    assert get(nobody, f"/v1/grids/{BUSY}", edition=1)["name"] != RENAMED
    assert refused(nobody, f"/v1/grids/{BUSY}", 404, edition=3)["code"] == "no-such-edition"
    for wrong in (0, -1, 2**31, 10**30, "one"):
        refused(nobody, f"/v1/grids/{BUSY}", 422, edition=wrong)


def test_units_that_are_not_there(nobody):
    assert "nobody" in refused(nobody, "/v1/units/nobody", 404)["detail"]
    assert refused(nobody, f"/v1/grids/{STREET}", 404)["code"] == "no-such-unit"
    assert refused(nobody, f"/v1/units/{BUSY}", 422, level="planet")["fields"][0]["field"] == "level"
    assert nobody.get("/v1/units/a%00b").status_code == 422


def test_geometry(nobody):
    answer = nobody.get(f"/v1/units/{ENCLAVE}/geometry")
    assert answer.headers["content-type"] == "application/geo+json"
    feature = answer.json()
    assert feature["properties"]["code"] == ENCLAVE
    assert shapely.equals(shapely.geometry.shape(feature["geometry"]), shape_of(ENCLAVE))


def test_neighbours_are_those_of_the_shapes(nobody):
    for code in CODES:
        found = get(nobody, f"/v1/units/{code}/touching")
        assert (found["code"], found["level"], found["edition"]) == (code, "grid", 1)
        touching = {other for other in CODES if other != code and shape_of(code).intersects(shape_of(other))}
        assert {each["code"] for each in found["items"]} == touching
        lengths = [each["border_m"] for each in found["items"]]
        assert lengths == sorted(lengths, reverse=True)
    (around,) = get(nobody, f"/v1/units/{ENCLAVE}/touching")["items"]
    assert around["border_m"] == pytest.approx(geodesic_length_m([shape_of(ENCLAVE)])[0], abs=0.01)


def test_neighbours_of_upper_units(nobody):
    (other,) = get(nobody, f"/v1/units/{STREET}/touching")["items"]
    assert (other["level"], other["kind"]) == ("street", None)
    (back,) = get(nobody, f"/v1/units/{other['code']}/touching")["items"]
    assert (back["code"], back["border_m"]) == (STREET, other["border_m"])
    assert get(nobody, f"/v1/units/{DISTRICT}/touching")["items"] == []


# ---------------------------------------------------------------- what a grid owns
def pages(client, path: str, **params) -> list:
    found, cursor = [], None
    for _ in range(1000):
        page = get(client, path, **params, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found
    raise AssertionError("pages without end")


def test_components_of_a_grid(nobody, dispatcher):
    assert refused(nobody, f"/v1/grids/{BUSY}/components", 401)["code"] == "unauthorised"
    every = pages(dispatcher, f"/v1/grids/{BUSY}/components", limit=2)
    assert len(every) == 5
    assert len({item["code"] for item in every}) == 5
    assert {item["owner_grid"] for item in every} == {BUSY}
    assert {item["class_zh"] for item in every} == {"路灯"}
    assert every[0]["geometry"]["type"] == "Point"
    assert get(dispatcher, f"/v1/grids/{BUSY}/components", **{"class": "0101"})["items"] == []
    for cursor in ("x", "²", "-1", "9" * 30, "%00"):
        refused(dispatcher, f"/v1/grids/{BUSY}/components", 422, cursor=cursor)


def test_incidents_of_a_grid(dispatcher, street):
    every = pages(dispatcher, f"/v1/grids/{BUSY}/incidents", limit=100)
    assert len(every) == get(dispatcher, f"/v1/grids/{BUSY}")["counts"]["incidents_total"]
    assert len({item["number"] for item in every}) == len(every)
    times = [item["occurred_at"] for item in every]
    assert times == sorted(times, reverse=True)
    other = next(c for c in CODES if not c.startswith(STREET))
    assert get(street, f"/v1/grids/{other}/incidents")["items"] == []


# ---------------------------------------------------------------- search
def search(client, q: str, **params) -> list[dict]:
    return get(client, "/v1/search", q=q, **params)["results"]


def test_search_for_units(nobody):
    assert search(nobody, BUSY)[0]["code"] == BUSY
    assert [r["kind"] for r in search(nobody, "第1街道")] == ["street"]
    assert search(nobody, "第1社区第1网格")[0]["context"] == ["第1街道", "第1社区"]
    assert search(nobody, "3702990", limit=5)[0]["kind"] == "street"
    assert len(search(nobody, "网格", limit=3)) == 3
    assert search(nobody, "没有这样的") == []
    assert search(nobody, "   ") == []
    assert search(nobody, "%") == []
    assert search(nobody, "_") == []


def test_search_for_places(nobody):
    x, y = inside(BUSY)
    index = town_index()
    for words in (f"{x},{y}", f"{x} {y}", f"({x}，{y})", f"{x},{y} wgs84"):
        (found,) = search(nobody, words)
        assert (found["kind"], found["lon"], found["lat"]) == ("place", x, y)
        assert found["context"] == ["第1街道", "第1社区", "第1社区第1网格"]
    (shifted,) = search(nobody, f"{x},{y} gcj02")
    assert shifted["lon"] != x
    assert index.codes[int(index.locate(x, y))] == BUSY
    assert search(nobody, "121,37")[0]["context"] == []
    assert search(nobody, "999,999") == []
    assert search(nobody, "120,36 mars") == []


def test_search_for_what_one_may_see(nobody, dispatcher, street):
    assert search(nobody, "T00001") == []
    assert search(dispatcher, "T00001")[0]["kind"] == "incident"
    assert [r["kind"] for r in search(dispatcher, "3702990118000")] == ["component"] * 10
    theirs = {r["code"] for r in search(street, "T00", limit=50)}
    assert theirs
    everything = {i["number"] for i in pages(street, "/v1/incidents", limit=500)}
    assert theirs <= everything
    assert len(everything) < INCIDENTS


# ---------------------------------------------------------------- editions, catalogues
def test_editions(nobody):
    editions = get(nobody, "/v1/editions")
    assert editions["in_force"] == 1
    assert [(e["number"], e["note"], e["synthetic"], e["grids"]) for e in editions["editions"]] == [
        (2, "改名", True, 12), (1, "", True, 12),
    ]  # fmt: skip
    lineage = get(nobody, "/v1/editions/2/lineage")["lineage"]
    assert [(row["from"], row["to"], row["kind"], row["share_of_from"]) for row in lineage] == [
        (BUSY, BUSY, "renamed", 1.0)
    ]
    assert get(nobody, "/v1/editions/1/lineage")["lineage"] == []
    assert refused(nobody, "/v1/editions/9/lineage", 404)["code"] == "no-such-edition"
    refused(nobody, "/v1/editions/one/lineage", 422)


def test_catalogues(nobody):
    components = get(nobody, "/v1/catalog/components")["classes"]
    assert len(components) == 78
    assert {c["geometry"] for c in components} == {"point", "line", "polygon"}
    events = get(nobody, "/v1/catalog/incident-classes")["classes"]
    # The address of before answers the same, for programs that know it.
    assert get(nobody, "/v1/catalog/events")["classes"] == events
    assert len(events) == 80
    assert all(c["name_zh"] and c["name_en"] and c["urgency"] for c in events)


# ---------------------------------------------------------------- incidents
def test_lists_and_filters(nobody, dispatcher):
    refused(nobody, "/v1/incidents", 401)
    first = get(dispatcher, "/v1/incidents", limit=10)
    assert (len(first["items"]), first["total"]) == (10, INCIDENTS)
    assert get(dispatcher, "/v1/incidents", limit=10, cursor=first["next"])["total"] is None
    every = pages(dispatcher, "/v1/incidents", limit=500)
    assert len({i["number"] for i in every}) == INCIDENTS

    def count(**filters) -> int:
        total = get(dispatcher, "/v1/incidents", **filters)["total"]
        assert total == len(pages(dispatcher, "/v1/incidents", limit=500, **filters))
        return total

    open_ = count(state="open")
    assert open_ == sum(i["state"] == "accepted" for i in every)
    assert open_ + count(state="closed") == INCIDENTS
    assert count(state="open,closed") == INCIDENTS
    assert count(**{"class": "0102"}) + count(**{"class": ["0110"]}) == INCIDENTS
    assert count(major="01") == INCIDENTS
    assert count(major="02") == 0
    assert count(unit=DISTRICT) == INCIDENTS
    assert count(unit=BUSY) == sum(i["grid_code"] == BUSY for i in every)
    day = (NOW.date()).isoformat()
    assert count(**{"from": "2000-01-01", "to": day}) <= INCIDENTS
    assert count(to="2000-01-01") == 0
    assert count(**{"from": "9999-12-31"}) == 0
    assert count(to="9999-12-31") == INCIDENTS
    box = shape_of(BUSY).bounds
    assert count(bbox=",".join(map(str, box))) >= count(unit=BUSY)
    assert count(q="试验路7号") >= 1
    assert count(q="T00007") == 1
    assert count(q="100%") == 0


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"state": "asleep"}, "state"),
        ({"unit": "nowhere"}, "unit"),
        ({"from": "soon"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "1,4,3,2"}, "bbox"),
        ({"bbox": "nan,nan,nan,nan"}, "bbox"),
        ({"cursor": "!!!"}, "cursor"),
        ({"cursor": "WyJ4IiwxXQ=="}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"q": "x" * 101}, "q"),
    ],
)
def test_filters_that_are_wrong(dispatcher, filters, field):
    answer = dispatcher.get("/v1/incidents", params=filters)
    assert answer.status_code == (404 if field == "unit" else 422)
    body = answer.json()
    assert body.get("field", "") == field or body["fields"][0]["field"] == field


def test_the_map(dispatcher, street):
    clusters = get(dispatcher, "/v1/incidents/map", zoom=9)
    assert (clusters["mode"], clusters["total"]) == ("clusters", INCIDENTS)
    assert sum(f["properties"]["count"] for f in clusters["features"]["features"]) == INCIDENTS
    points = get(dispatcher, "/v1/incidents/map", zoom=14, unit=CODES[2])
    assert points["mode"] == "points"
    assert len(points["features"]["features"]) == points["total"] > 0
    assert get(street, "/v1/incidents/map", zoom=9)["total"] < INCIDENTS


def test_one_incident(dispatcher, street, nobody):
    item = get(dispatcher, "/v1/incidents", unit=BUSY, limit=1)["items"][0]
    detail = get(dispatcher, f"/v1/incidents/{item['number']}")
    assert {level: unit["code"] for level, unit in detail["owner"].items() if isinstance(unit, dict)} == {
        "grid": BUSY, "community": BUSY[:12], "street": BUSY[:9], "district": DISTRICT,
    }  # fmt: skip
    assert detail["log"][0]["action"] == "report"
    assert detail["team"]["leader"] == 1
    assert {name: detail[name] for name in item} == item
    other = next(c for c in CODES if not c.startswith(STREET))
    theirs = get(dispatcher, "/v1/incidents", unit=other, limit=1)["items"][0]["number"]
    assert refused(street, f"/v1/incidents/{theirs}", 404)["code"] == "no-such-incident", (
        "not theirs is not there"
    )
    refused(nobody, f"/v1/incidents/{theirs}", 401)
    refused(dispatcher, "/v1/incidents/none", 404)


# ---------------------------------------------------------------- health
def test_health(nobody):
    assert get(nobody, "/healthz") == {"status": "ok"}
    assert get(nobody, "/readyz") == {
        "status": "ready",
        "checks": {"database": True, "schema": True, "writable": True, "index": True},
        "edition": 1,
        "schedule": "database",
    }
    text = nobody.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain")
    assert "wangge_edition 1.0" in text.text
    assert 'wangge_requests_total{method="GET",route="/healthz",status="200"}' in text.text


def test_problems_of_the_framework(nobody):
    assert refused(nobody, "/v1/no-such-path", 404)["type"] == "about:blank"
    answer = nobody.delete("/v1/locate")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"]
    chinese, english = (
        nobody.get("/v1/no-such-path", headers={"Accept-Language": lang}).json()["title"]
        for lang in ("zh", "en")
    )
    assert (chinese, english) == ("未找到", "Not found")

"""Case 25: a box whose west lies beyond its east goes over the 180th meridian, in every ``bbox``."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.kit.bbox import parse_bbox
from tests.fixtures.hostile_town import ADMIN, HostileTown
from tests.fixtures.served import DISPATCHER, Served
from tests.fixtures.towns import CODES, inside

ITEMS = "/ogc/collections/grid/items"
X, Y = inside(CODES[0])


@pytest.fixture(scope="module")
def web(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


def matched(web: httpx.Client, bbox: str) -> int:
    answer = web.get(ITEMS, params={"bbox": bbox})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["numberMatched"])


def test_the_case_itself(web: httpx.Client) -> None:
    assert web.get(f"{ITEMS}?bbox=160.6,-55.95,-170,-25.89").status_code == 200
    # The town lies at 120, 36.
    assert matched(web, "119,35,-170,37") == matched(web, "119,35,121,37") == len(CODES)


@pytest.mark.parametrize(
    ("bbox", "found"),
    [
        ("160,-56,-170,-25", 0),
        ("121,35,119,37", 0),
        (f"{X},{Y},{X},{Y}", 1),
        ("170,35,121,37", len(CODES)),
        ("119,35,0,-170,37,9000", len(CODES)),
        ("180,-90,-180,90", 0),
        ("-180,-90,180,90", len(CODES)),
    ],
)
def test_what_such_boxes_hold(web: httpx.Client, bbox: str, found: int) -> None:
    assert matched(web, bbox) == found


def test_pages_of_such_a_box_follow_one_another(web: httpx.Client) -> None:
    seen, address = [], f"{ITEMS}?limit=5&bbox=119,35,-170,37"
    while address:
        page = web.get(address).json()
        seen += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert seen == list(CODES)


def test_incidents(served: Served) -> None:
    with served.person(DISPATCHER) as client:
        counts = []
        for bbox in ("119,35,121,37", "119,35,-170,37", "-170,35,119,37", "121,35,119,37"):
            answer = client.get("/v1/incidents", params={"bbox": bbox, "limit": 500})
            assert answer.status_code == 200, answer.text
            counts.append(len(answer.json()["items"]))
        here, over, west, around = counts
        assert here == over > 0
        assert west == around == 0


def test_grids_of_a_draft(hostile: HostileTown) -> None:
    with hostile.person(ADMIN) as client:
        for address in (
            f"/v1/drafts/{hostile.draft}/grids",
            f"/ogc/drafts/{hostile.draft}/collections/grid/items",
        ):
            here = client.get(address, params={"bbox": "119,35,121,37"}).json()["features"]
            over = client.get(address, params={"bbox": "119,35,-170,37"}).json()["features"]
            assert over == here != []
            assert client.get(address, params={"bbox": "121,35,119,37"}).json()["features"] == []


@pytest.mark.parametrize(
    ("bbox", "reason"),
    [
        ("1,2,3", "3 numbers"),
        ("1,2,3,4,5", "5 numbers"),
        ("", "not a number"),
        ("a,2,3,4", "'a' is not a number"),
        ("nan,nan,nan,nan", "not a number"),
        ("1_0,2,30,4", "not a number"),
        ("0,0,1e999,1", "not a number"),
        ("119,37,121,35", "south 37 is beyond north 35"),
        ("-181,0,0,1", "west -181"),
        ("0,0,1,91", "north 91"),
        ("0,0,9,1,1,8", "lowest height 9"),
    ],
)
def test_bad_ones_are_refused_with_the_reason(web: httpx.Client, bbox: str, reason: str) -> None:
    answer = web.get(ITEMS, params={"bbox": bbox}, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["field"]) == (400, "bbox")
    assert reason in answer.json()["detail"]
    with pytest.raises(Invalid, match="bbox"):
        parse_bbox(bbox)


LON, LAT = st.floats(-180, 180), st.floats(-90, 90)


@given(west=LON, east=LON, south=LAT, height=st.floats(0, 10), lon=LON)
def test_a_place_is_in_the_boxes_when_it_is_in_the_box(
    west: float, east: float, south: float, height: float, lon: float
) -> None:
    boxes = parse_bbox(f"{west!r},{south!r},{east!r},{min(south + height, 90.0)!r}")
    assert all(w <= e for w, _, e, _ in boxes)
    within = west <= lon <= east if west <= east else lon >= west or lon <= east
    assert any(w <= lon <= e for w, _, e, _ in boxes) == within

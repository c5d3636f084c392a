"""The same change, as the edit of some grids and as a whole new coverage: the same edition comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.boundaries import repository
from app.boundaries.grid_changes import GridChanges
from app.publishing.reassignment import Publication, publish, publish_grids
from gis.editing import (
    Add,
    Coverage,
    GridAttributes,
    InsertVertex,
    Merge,
    MoveVertex,
    Operation,
    Recode,
    Relocate,
    Remove,
    Rename,
    SetKind,
    Split,
    Transfer,
    apply,
    diff,
)
from gis.geometry import round_degrees
from tests.fixtures.towns import (
    AROUND_ENCLAVE,
    ENCLAVE,
    shape_of,
    town_grids,
    town_input,
)

LEFT, RIGHT = "370299002003001", "370299002003002"
TALL = "370299001001002"
EDGE = "370299001002001"
NEW = "370299009"
"""No code of the town begins like this."""


def coverage_of(grids: gpd.GeoDataFrame) -> Coverage:
    words = zip(grids["name"], grids["community_code"], grids["kind"], strict=True)
    return Coverage.build(
        grids["code"].tolist(),
        np.asarray(grids.geometry.array, dtype=object),
        [GridAttributes(*each) for each in words],
    )


def middle(one: str, other: str) -> tuple[float, float]:
    """A place on the lattice on, or as near as can be to, the middle of a border."""
    border = shapely.line_merge(shapely.intersection(shape_of(one), shape_of(other)))
    point = shapely.line_interpolate_point(border, 0.5, normalized=True)
    x, y = round_degrees([point.x, point.y]).tolist()
    return x, y


def across(code: str) -> Any:
    """A line through a grid, from west to east, that ends on its borders and on no corner."""
    west, south, east, north = shape_of(code).bounds
    return shapely.LineString(
        round_degrees([[west - 0.001, (south + north) / 2], [east + 0.001, (south + north) / 2 + 0.0002]])
    )


def notch(side_m: float, one: str = LEFT, other: str = RIGHT) -> Callable[[Coverage], Coverage]:
    """Land of ``one`` beside the middle of its border with ``other`` goes there: a triangle with such sides, in metres."""

    def made(coverage: Coverage) -> Coverage:
        border = shapely.line_merge(shapely.intersection(coverage.polygon(one), coverage.polygon(other)))
        (x1, y1), (x2, y2) = border.coords[0], border.coords[-1]
        length = float(np.hypot((x2 - x1) * 9e4, (y2 - y1) * 1.11e5))
        place = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
        along = np.array([x2 - x1, y2 - y1]) * side_m / length
        inward = np.array(shapely.centroid(coverage.polygon(one)).coords[0]) - place
        inward *= side_m / float(np.hypot(inward[0] * 9e4, inward[1] * 1.11e5))
        corner = round_degrees([place, place + along, place + inward])
        return _with_corner(coverage, one, other, border.coords[0], corner)

    return made


def _with_corner(coverage: Coverage, one: str, other: str, start: Any, corner: np.ndarray) -> Coverage:
    """The border between two grids led round a triangle: both get the same three vertices."""
    shapes = {}
    for code in (one, other):
        points = [tuple(p) for p in coverage.polygon(code).exterior.coords[:-1]]
        at = points.index(tuple(start))
        first, last, inner = (tuple(map(float, p)) for p in corner)
        follows = _next_on_border(points, at, coverage, other if code == one else one)
        between = [first, inner, last]
        if follows == (at + 1) % len(points):
            points[at + 1 : at + 1] = between
        else:
            points[at:at] = between[::-1]
        shapes[code] = shapely.Polygon(points)
    return coverage.replaced(polygons=shapes)


def _next_on_border(points: list[Any], at: int, coverage: Coverage, beside: str) -> int:
    """The neighbour in the ring of vertex ``at`` that lies on the border with another grid, too."""
    theirs = {tuple(p) for p in shapely.get_coordinates(coverage.polygon(beside)).tolist()}
    after = (at + 1) % len(points)
    return after if points[after] in theirs else at - 1


def edited(*operations: Operation) -> Callable[[Coverage], Coverage]:
    """The operations of a draft, one after the other."""

    def made(coverage: Coverage) -> Coverage:
        for operation in operations:
            coverage = apply(coverage, operation).coverage
        return coverage

    return made


def then(*steps: Callable[[Coverage], Coverage]) -> Callable[[Coverage], Coverage]:
    """One change after the other."""

    def made(coverage: Coverage) -> Coverage:
        for step in steps:
            coverage = step(coverage)
        return coverage

    return made


def square_in(code: str) -> Any:
    """A square around the inner point of a grid."""
    point = shapely.point_on_surface(shape_of(code))
    return shapely.box(*round_degrees([point.x - 4e-4, point.y - 4e-4, point.x + 4e-4, point.y + 4e-4]))


CHANGES: dict[str, Callable[[Coverage], Coverage]] = {
    "recoded": edited(Recode(LEFT, NEW)),
    "recoded with a notch of half a square metre": then(notch(1.0), edited(Recode(LEFT, NEW))),
    "recoded with a notch of eight square metres": then(notch(4.0), edited(Recode(LEFT, NEW))),
    "a notch of half a square metre": notch(1.0),
    "split": edited(Split(TALL, across(TALL))),
    "split by an enclave": edited(Split(LEFT, square_in(LEFT), (NEW,))),
    "merged": edited(Merge((LEFT, RIGHT))),
    "merged under another code": edited(Merge((LEFT, RIGHT), NEW)),
    "merged across communities": edited(Merge((TALL, LEFT), community="370299002003")),
    "enclave given to what is around it": edited(Merge((AROUND_ENCLAVE, ENCLAVE))),
    "land transferred": edited(
        Transfer(shapely.buffer(shapely.Point(middle(LEFT, RIGHT)), 0.001, quad_segs=2), RIGHT)
    ),
    "border moved": edited(
        InsertVertex(middle(LEFT, RIGHT)),
        MoveVertex(middle(LEFT, RIGHT), (middle(LEFT, RIGHT)[0] + 4e-4, middle(LEFT, RIGHT)[1])),
    ),
    "a common node": edited(InsertVertex(middle(LEFT, RIGHT))),
    "renamed": edited(Rename(LEFT, "新名")),
    "another kind": edited(SetKind(LEFT, "dedicated")),
    "another community": edited(Relocate(RIGHT, "370299002004")),
    "another community and name": edited(Relocate(RIGHT, "370299002004"), Rename(RIGHT, "新名")),
    "retired": edited(Remove(EDGE, ())),
    "its land given to a neighbour": edited(Remove(EDGE, ("370299001002002",))),
    "a community without grids": edited(
        Relocate(EDGE, "370299001001"),
        Relocate("370299001002002", "370299001001"),
        Relocate("370299001002003", "370299001001"),
    ),
    "new land": edited(
        Add(shapely.box(119.99, 35.87, 120.02, 35.875), "370299001001", NEW),
    ),
    "codes exchanged": lambda coverage: coverage.replaced(
        polygons={LEFT: coverage.polygon(RIGHT), RIGHT: coverage.polygon(LEFT)}
    ),
    "several at once": edited(
        Split(TALL, across(TALL)), Rename(ENCLAVE, "公园"), Recode(EDGE, NEW), Merge((LEFT, RIGHT))
    ),
}


def by_edit(session: Session, after: Coverage) -> Publication:
    """As a draft is published: what differs, grid by grid."""
    before = coverage_of(town_grids())
    changes = diff(before, after)
    put = list(changes.stored)
    words = [after.attributes_of(code) for code in put]
    frame = pd.DataFrame(
        {
            "code": put,
            "name": [each.name for each in words],
            "kind": [each.kind for each in words],
            "parent_code": [each.community for each in words],
        }
    )
    frame["geometry"] = [after.polygon(code) for code in put]
    return publish_grids(session, GridChanges(frame, changes.retired), author="tester")


def by_coverage(session: Session, after: Coverage) -> Publication:
    """As a file is published: all grids of the district."""
    names = town_grids().set_index("community_code")
    known = names[~names.index.duplicated()]
    communities = [words.community for words in after.attributes]
    grids = gpd.GeoDataFrame(
        {
            "code": after.codes,
            "name": [words.name for words in after.attributes],
            "kind": [words.kind for words in after.attributes],
            "community_code": communities,
            "community_name": known["community_name"].loc[communities].to_numpy(),
            "street_code": known["street_code"].loc[communities].to_numpy(),
            "street_name": known["street_name"].loc[communities].to_numpy(),
        },
        geometry=list(after.polygons),
        crs="EPSG:4326",
    )
    return publish(session, town_input(grids), author="tester")


def versions(session: Session) -> list[tuple[Any, ...]]:
    """Every version that begins or ends with the second edition, byte for byte, and the edition itself."""
    rows = session.execute(
        text(
            "SELECT level, code, code_scheme, name, kind, parent_code, district_code, path::text, editions::text, "
            "ST_AsBinary(geom), area_m2, attributes::text FROM unit_version "
            "WHERE lower(editions) = 2 OR upper(editions) = 2 ORDER BY level, code, editions, path"
        )
    )
    edition = session.execute(
        text("SELECT grids, content_hash, synthetic FROM edition WHERE number = 2")
    ).one()
    return [tuple(row) for row in rows] + [tuple(edition)]


@dataclass(frozen=True)
class Left:
    """What an edition leaves: rows of versions and lineage, and the counts of what changed."""

    versions: list[tuple[Any, ...]]
    lineage: list[tuple[Any, ...]]
    changes: tuple[Any, ...]
    written: int


def left(session: Session, road: Callable[[Session, Coverage], Publication], after: Coverage) -> Left:
    """Publish by one road, read what it leaves, and take it back."""
    nested = session.begin_nested()
    published = road(session, after).published
    lineage = [
        (row.from_code, row.to_code, row.kind, row.area_m2, row.share_of_from)
        for row in repository.lineage_of(session, 2)
    ]
    changes = (published.added, published.changed, published.noded, published.retired, published.unchanged)
    found = Left(versions(session), lineage, changes, published.units_written)
    nested.rollback()
    session.expire_all()
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_both_roads_leave_the_same(session: Session, town: Publication, name: str) -> None:
    after = CHANGES[name](coverage_of(town_grids()))
    one, other = left(session, by_edit, after), left(session, by_coverage, after)
    assert one == other
    assert one.written


def test_a_recoded_grid_with_a_notch_is_recoded(session: Session, town: Publication) -> None:
    after = CHANGES["recoded with a notch of half a square metre"](coverage_of(town_grids()))
    for road in (by_edit, by_coverage):
        assert [row[:3] for row in left(session, road, after).lineage] == [(LEFT, NEW, "recoded")]
    after = CHANGES["recoded with a notch of eight square metres"](coverage_of(town_grids()))
    for road in (by_edit, by_coverage):
        assert {row[:3] for row in left(session, road, after).lineage} == {
            (LEFT, NEW, "split"),
            (LEFT, RIGHT, "merged"),
            (RIGHT, RIGHT, "merged"),
        }


def test_a_common_node_changes_nothing(session: Session, town: Publication) -> None:
    """Both neighbours get a version, so that their borders match; nothing is counted, and no land went anywhere."""
    after = CHANGES["a common node"](coverage_of(town_grids()))
    for road in (by_edit, by_coverage):
        found = left(session, road, after)
        assert found.changes == ((), (), (LEFT, RIGHT), (), 12)
        assert found.lineage == []
        assert [row[:2] for row in found.versions[:-1]] == [("grid", LEFT)] * 2 + [("grid", RIGHT)] * 2


def test_neighbours_of_a_split_are_not_changed(session: Session, town: Publication) -> None:
    after = CHANGES["split"](coverage_of(town_grids()))
    for road in (by_edit, by_coverage):
        added, changed, noded, retired, unchanged = left(session, road, after).changes
        assert (len(added), changed, retired, unchanged) == (1, (TALL,), (), 11)
        assert noded, "the line ends on borders"

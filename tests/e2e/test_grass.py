"""What we publish, in the eyes of GRASS: as many areas as there are polygons, none of two grids, none of nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.demo.plan import make_plan, read_outline
from gis.synthetic import build_district
from tests.app.drafts.drafting import LEFT, RIGHT, TALL, DraftClient, Drafting, shared_vertex, through
from tests.fixtures.grass import opinion_on, parts_of
from tests.fixtures.towns import shape_of


@pytest.fixture
def drafting(app, actors, town_db) -> Drafting:
    return Drafting(app, actors, town_db.db)


def published(drafting: Drafting, number: int) -> tuple[list[str], np.ndarray]:
    with Session(drafting.owner) as session:
        rows = session.execute(
            text(
                "SELECT code, ST_AsBinary(geom) FROM unit_version WHERE level = 'grid' AND editions @> CAST(:n AS integer) ORDER BY code"
            ),
            {"n": number},
        ).all()
    return [row[0] for row in rows], np.asarray(
        shapely.from_wkb([bytes(row[1]) for row in rows]), dtype=object
    )


def test_it_sees_what_is_wrong(tmp_path: Path) -> None:
    squares = [shapely.box(120, 36, 120.01, 36.01), shapely.box(120.009, 36, 120.02, 36.01)]
    found = opinion_on(["a", "b"], squares, tmp_path)
    assert (found.areas, found.overlapping) == (3, 1)
    ring = shapely.box(120, 36, 120.03, 36.03) - shapely.box(120.01, 36.01, 120.02, 36.02)
    assert opinion_on(["a"], [ring], tmp_path).nobodys == 1


def test_every_edition_that_drafts_became(drafting: Drafting, tmp_path: Path) -> None:
    corner, moved = shared_vertex(LEFT, RIGHT)
    park = shapely.buffer(shape_of(RIGHT).representative_point(), 0.001, quad_segs=5)
    rounds = [
        [{"op": "split", "grid": TALL, "by": through(TALL, slant=0.001)}],
        [
            {"op": "move_vertex", "from": corner, "to": moved},
            {"op": "split", "grid": RIGHT, "by": shapely.geometry.mapping(park)},
        ],
        [{"op": "merge", "grids": [LEFT, RIGHT]}],
    ]
    editor, publisher = drafting.editor(), drafting.publisher()
    for number, operations in enumerate(rounds, start=2):
        draft_client = DraftClient.begin(editor)
        for operation in operations:
            draft_client.do(**operation)
        draft_client.approve(publisher).publish()
        codes, polygons = published(drafting, number)
        found = opinion_on(codes, polygons, tmp_path)
        assert (found.areas, found.overlapping, found.nobodys) == (parts_of(polygons), 0, 0), found.said


def test_a_whole_district(tmp_path: Path) -> None:
    plan = make_plan()
    grids = build_district(read_outline(plan.spec.code), plan.spec, seed=plan.seed).grids
    found = opinion_on(list(grids["code"]), grids.geometry.to_numpy(), tmp_path)
    assert (found.areas, found.overlapping, found.nobodys) == (parts_of(grids.geometry.to_numpy()), 0, 0)
    assert found.areas >= 1309

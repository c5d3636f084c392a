"""Random walks through the whole life of drafts, over random coverages: whatever happens, what is published is clean."""

# ruff: noqa: PT017 - whether something is refused is up to chance; what a refusal says is not.
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.auth.principal import Principal
from app.boundaries.unit_tree import CoverageInput
from app.drafts import grid_repository, policy, service, workflow
from app.drafts.models import Draft
from app.drafts.rebase import Conflicting
from app.errors import Conflict
from app.publishing.reassignment import publish
from gis.coverage import is_clean
from gis.editing import OperationRefused, parse_operation
from gis.errors import CoverageError
from gis.geometry import from_lattice, lattice_geometries
from gis.locate import GridIndex
from tests.fixtures.properties import effort
from tests.gis.strategies import nets

EDITOR = Principal("editor", account_id=1, grants=(("gis-editor", ""),))
PUBLISHER = Principal("publisher", account_id=2, grants=(("gis-publisher", ""),))
BASE = (1_200_500_000, 358_800_000)
EVERYTHING = "SELECT set_config('wangge.scope', '{*}', true), set_config('wangge.actor', 'machine', true)"


@contextmanager
def rolled_back(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            session.execute(text(EVERYTHING))
            for number, name in ((1, "editor"), (2, "publisher")):
                session.execute(
                    text(
                        "INSERT INTO account (id, name, display_name, password_hash) VALUES (:i, :n, :n, 'x')"
                    ),
                    {"i": number, "n": f"{name}-of-machine"},
                )
            yield session
        outer.rollback()


def as_frame(codes: list[str], polygons: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "code": codes,
            "name": codes,
            "kind": "base",
            "community_code": [code[:12] for code in codes],
            "community_name": [code[:12] for code in codes],
            "street_code": "370299001",
            "street_name": "街道",
        },
        geometry=list(polygons),
        crs=4326,
    )


class Drafts(RuleBasedStateMachine):
    """One draft at a time is walked through; another that lags behind is brought along now and then."""

    engine: Engine

    @initialize(net=nets(most=3, nobody=False, gaps=(1_000, 7_777, 100_000)), names=st.integers(1, 2))
    def begin(self, net: Any, names: int) -> None:
        self.ending = rolled_back(self.engine)
        self.session = self.ending.__enter__()
        polygons = net.polygons()
        codes = [f"370299001{at % names + 1:03d}{at + 1:03d}" for at in range(len(polygons))]
        frame = as_frame(codes, polygons)
        try:
            publish(self.session, CoverageInput("370299", "区", frame), author="machine")
        except CoverageError as unclean:
            # Close to a pole a grid, or a bay between two, may be too narrow.
            assert {d.kind for d in unclean.defects if d.severity == "error"} <= {"sliver", "gap"}
            reject()
        self.land = shapely.area(lattice_geometries(polygons)).sum()
        self.steps = np.unique(shapely.get_coordinates(lattice_geometries(polygons)), axis=0)
        self.edition = 1
        self.draft = self._new()
        self.late = self._new()
        self.moved_outside = False

    def teardown(self) -> None:
        if hasattr(self, "ending"):
            self.ending.__exit__(None, None, None)

    def _new(self) -> int:
        return service.create(self.session, EDITOR, title="随机").id

    def _row(self, number: int | None = None) -> Draft:
        return policy.found(self.session, number or self.draft)

    def _seen(self, number: int | None = None) -> frozenset[str]:
        return frozenset({policy.tag_of(self._row(number))})

    def _grids(self, number: int | None = None) -> Any:
        return grid_repository.grids(self.session, self._row(number))

    def _do(self, operation: dict[str, Any], number: int | None = None) -> None:
        before = self._grids(number)
        try:
            _, step = service.edit(
                self.session,
                EDITOR,
                number or self.draft,
                parse_operation(operation),
                seen=self._seen(number),
            )
        except OperationRefused as refused:
            after = self._grids(number)
            assert refused.code
            assert after["code"].tolist() == before["code"].tolist()
            assert shapely.equals_exact(after["geometry"].to_numpy(), before["geometry"].to_numpy()).all()
            return
        after = self._grids(number)
        touched = {*step.created, *step.changed, *step.noded, *step.retired}
        kept = before[~before["code"].isin(touched)].set_index("code")["geometry"]
        now = after.set_index("code")["geometry"]
        assert all(shapely.equals_exact(now[code], shape) for code, shape in kept.items())

    def _place(self, data: st.DataObject) -> list[float]:
        at = data.draw(st.integers(0, len(self.steps) - 1))
        off = data.draw(st.tuples(st.integers(-900, 900), st.integers(-900, 900)))
        return from_lattice(self.steps[at] + np.array(off)).tolist()

    @rule(data=st.data(), which=st.integers(0, 99))
    def split(self, data: st.DataObject, which: int) -> None:
        codes = self._grids()["code"].tolist()
        ends = [self._place(data), self._place(data)]
        if ends[0] != ends[1]:
            line = {"type": "LineString", "coordinates": ends}
            self._do({"op": "split", "grid": codes[which % len(codes)], "by": line})

    @rule(one=st.integers(0, 99), other=st.integers(0, 99))
    def merge(self, one: int, other: int) -> None:
        codes = self._grids()["code"].tolist()
        pair = [codes[one % len(codes)], codes[other % len(codes)]]
        if pair[0] != pair[1]:
            self._do({"op": "merge", "grids": pair})

    @rule(
        data=st.data(),
        which=st.integers(0, 99),
        new=st.booleans(),
        sides=st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=3, max_size=4),
        scale=st.sampled_from([1, 1, 300]),
    )
    def paint(
        self,
        data: st.DataObject,
        which: int,
        new: bool,
        sides: list[tuple[int, int]],
        scale: int,
    ) -> None:
        """Something tiny, or not so tiny, near any vertex, however far from the grid that is to have it."""
        codes = self._grids()["code"].tolist()
        middle = self.steps[data.draw(st.integers(0, len(self.steps) - 1))]
        ring = [from_lattice(middle + scale * np.array(side)).tolist() for side in [*sides, sides[0]]]
        area = {"type": "Polygon", "coordinates": [ring]}
        mine = {"community": codes[which % len(codes)][:12]} if new else {"grid": codes[which % len(codes)]}
        before = shapely.area(lattice_geometries(self._grids()["geometry"].to_numpy())).sum()
        self._do({"op": "paint", "area": area, **mine})
        if shapely.area(lattice_geometries(self._grids()["geometry"].to_numpy())).sum() != before:
            # Painted beyond the land: meant, and no business of this walk.
            service.undo(self.session, EDITOR, self.draft, seen=self._seen())
            # And not to come back by a redo: another name than the present one ends that list.
            first = self._grids().sort_values("code").iloc[0]
            self._do({"op": "rename", "grid": first["code"], "name": "甲" if first["name"] != "甲" else "乙"})

    @rule(which=st.integers(0, 10_000), off=st.tuples(st.integers(-400, 400), st.integers(-400, 400)))
    def move_vertex(self, which: int, off: tuple[int, int]) -> None:
        corners = np.unique(
            shapely.get_coordinates(lattice_geometries(self._grids()["geometry"].to_numpy())), axis=0
        )
        old = corners[which % len(corners)]
        border = shapely.boundary(
            shapely.coverage_union_all(lattice_geometries(self._grids()["geometry"].to_numpy()))
        )
        # The outer border moves the outer border, which is meant, and no business of this walk.
        if not shapely.dwithin(border, shapely.Point(old), 0.5):
            new = old + np.array(off)
            self._do(
                {"op": "move_vertex", "from": from_lattice(old).tolist(), "to": from_lattice(new).tolist()}
            )

    @rule(which=st.integers(0, 99), name=st.text("甲乙丙", min_size=1, max_size=3))
    def rename(self, which: int, name: str) -> None:
        codes = self._grids()["code"].tolist()
        self._do({"op": "rename", "grid": codes[which % len(codes)], "name": name})

    @rule(back=st.booleans())
    def walk_the_list(self, back: bool) -> None:
        before = self._grids()
        there, again = (service.undo, service.redo) if back else (service.redo, service.undo)
        try:
            there(self.session, EDITOR, self.draft, seen=self._seen())
        except Conflict as nothing:
            assert nothing.code in {"nothing-to-undo", "nothing-to-redo"}
            return
        between = self._grids()
        again(self.session, EDITOR, self.draft, seen=self._seen())
        after = self._grids()
        assert after["code"].tolist() == before["code"].tolist()
        assert shapely.equals_exact(after["geometry"].to_numpy(), before["geometry"].to_numpy()).all()
        there(self.session, EDITOR, self.draft, seen=self._seen())
        assert self._grids()["code"].tolist() == between["code"].tolist()

    @rule(data=st.data(), which=st.integers(0, 99))
    def edit_the_late_one(self, data: st.DataObject, which: int) -> None:
        codes = self._grids(self.late)["code"].tolist()
        line = {"type": "LineString", "coordinates": [self._place(data), self._place(data)]}
        if line["coordinates"][0] != line["coordinates"][1]:
            self._do({"op": "split", "grid": codes[which % len(codes)], "by": line}, self.late)

    @rule(late=st.booleans())
    def publish_it(self, late: bool) -> None:
        number = self.late if late else self.draft
        wanted = self._grids(number)
        try:
            workflow.submit(self.session, EDITOR, number, seen=self._seen(number), comment="")
        except Conflict as nothing:
            assert nothing.code == "no-changes"
            return
        except CoverageError as unclean:
            # A walk may cut slivers, which is told before anybody has to review it.
            assert {d.kind for d in unclean.defects if d.severity == "error"} <= {"sliver", "gap"}
            workflow.discard(self.session, EDITOR, number, seen=self._seen(number))
            self._begin_again(late)
            return
        workflow.review(self.session, PUBLISHER, number, seen=self._seen(number), approve=True, comment="")
        behind = self._row(number).base != self.edition
        try:
            done = workflow.publish(self.session, PUBLISHER, number, seen=self._seen(number))
        except Conflicting as conflict:
            assert behind
            assert conflict.extra["conflicts"]
            workflow.discard(self.session, EDITOR, number, seen=self._seen(number))
        else:
            assert done.publication.published.edition == self.edition + 1
            assert (done.rebased_from is not None) == behind
            self.edition += 1
            if not behind:
                codes, shapes = self._published()
                assert codes == wanted["code"].tolist()
                assert shapely.equals(shapes, wanted["geometry"].to_numpy()).all()
        self._begin_again(late)

    def _begin_again(self, late: bool) -> None:
        if late:
            self.late = self._new()
        else:
            self.draft = self._new()

    def _published(self) -> tuple[list[str], np.ndarray]:
        rows = self.session.execute(
            text(
                "SELECT code, ST_AsBinary(geom) FROM unit_version WHERE level = 'grid' "
                "AND editions @> CAST(:n AS integer) ORDER BY code"
            ),
            {"n": self.edition},
        ).all()
        shapes = np.empty(len(rows), dtype=object)
        shapes[:] = shapely.from_wkb([bytes(row[1]) for row in rows])
        return [row[0] for row in rows], shapes

    @invariant()
    def every_state_is_a_clean_coverage_of_the_same_land(self) -> None:
        if not hasattr(self, "draft"):
            return
        published = self._published()
        for codes, shapes in (
            published,
            *(
                (g["code"].tolist(), g["geometry"].to_numpy())
                for g in (self._grids(), self._grids(self.late))
            ),
        ):
            assert is_clean(shapes)
            land = shapely.area(lattice_geometries(shapes)).sum()
            # A new vertex on a slanted outer border may move it by half a step.
            assert land == pytest.approx(self.land, rel=1e-3)
            index = GridIndex.build(codes, shapes)
            inner = shapely.point_on_surface(shapes)
            # In a sliver the nearest lattice place may lie outside.
            inner = inner[~shapely.dwithin(shapely.boundary(shapes), inner, 1.5e-7)]
            owners = index.locate(shapely.get_x(inner), shapely.get_y(inner))
            assert (owners >= 0).all()


def test_random_lives_of_drafts(owner_engine: Engine) -> None:
    class Here(Drafts):
        engine = owner_engine

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=effort(5, deep=40),
            stateful_step_count=effort(12, deep=20),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_code_given_out_at_one_end_of_a_draft_is_not_given_again_at_the_other(owner_engine: Engine) -> None:
    # An operation sees its neighbourhood only; these two see nothing of one another.
    squares = [shapely.box(120 + at / 100, 36, 120.01 + at / 100, 36.01) for at in range(7)]
    codes = [f"370299001001{at:03d}" for at in range(1, 8)]
    with rolled_back(owner_engine) as session:
        publish(session, CoverageInput("370299", "区", as_frame(codes, squares)), author="machine")
        draft = service.create(session, EDITOR, title="两头")
        made = []
        for at in (0, 6):
            x = 120.005 + at / 100
            line = {"type": "LineString", "coordinates": [[x, 35.99], [x, 36.02]]}
            seen = frozenset({policy.tag_of(draft)})
            operation = {"op": "split", "grid": codes[at], "by": line}
            draft, step = service.edit(session, EDITOR, draft.id, parse_operation(operation), seen=seen)
            made += step.created
        assert made == ["370299001001008", "370299001001009"]
        assert len(grid_repository.grids(session, draft)) == 9

"""Random sequences of publishing, scheduling and withdrawing: editions keep their order, their numbers and their content."""

# ruff: noqa: PT017 - whether something is refused is up to chance; what a refusal says is not.
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import shapely
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text

from app.auth.audit import AuditContext
from app.boundaries import repository as boundary_rows
from app.boundaries.content_hash import content_hash
from app.boundaries.edition_loader import number_at, schedule_of
from app.boundaries.unit_tree import CoverageInput
from app.drafts import policy, repository, service, workflow
from app.drafts.rebase import Conflicting
from app.drafts.withdrawal import NotWithdrawable, withdraw
from app.errors import Conflict
from app.publishing.reassignment import publish
from app.verify.service import verify
from gis.coverage import is_clean
from gis.editing import OperationRefused, parse_operation
from tests.app.drafts.test_machine import EDITOR, PUBLISHER, as_frame, rolled_back
from tests.fixtures.properties import effort


class Schedule(RuleBasedStateMachine):
    """A district of nine squares; what stands is compared with a list kept beside it."""

    engine: Engine

    @initialize()
    def begin(self) -> None:
        self.ending = rolled_back(self.engine)
        self.session = self.ending.__enter__()
        squares = [
            shapely.box(120 + x / 100, 36 + y / 100, 120.01 + x / 100, 36.01 + y / 100)
            for x in range(3)
            for y in range(3)
        ]
        frame = as_frame([f"37029900100{at % 2 + 1}{at + 1:03d}" for at in range(9)], squares)
        publish(self.session, CoverageInput("370299", "区", frame), author="machine")
        self.now = boundary_rows.database_now(self.session)
        self.standing = {1: self.now}
        self.hashes = {1: boundary_rows.latest(self.session).content_hash}
        self.gone: set[int] = set()
        self.drafts: dict[int, int] = {}
        self.begun = 0

    def teardown(self) -> None:
        if not hasattr(self, "ending"):
            return
        try:
            self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            # Nobody has moved owners of what took effect meanwhile, for there is nothing to own.
            assert [o.line("en") for o in verify(self.session) if not o.holds] == []
        finally:
            self.ending.__exit__(None, None, None)

    def _codes(self, number: int) -> list[str]:
        return sorted(row.code for row in boundary_rows.names_in(self.session, number) if row.level == "grid")

    def _draft(self, which: int, *, split: bool) -> int:
        draft = service.create(self.session, EDITOR, title="排期")
        codes = self._codes(draft.base)
        code = codes[which % len(codes)]
        operation: dict[str, Any] = {"op": "rename", "grid": code, "name": f"名{draft.id}"}
        if split:
            unit = boundary_rows.unit_by_code(self.session, code, draft.base, level="grid")
            west, south, east, north = boundary_rows.shape_of(self.session, unit).bounds
            middle = round((west + east) / 2, 7)
            line = [[middle, south - 0.001], [middle, north + 0.001]]
            operation = {"op": "split", "grid": code, "by": {"type": "LineString", "coordinates": line}}
        try:
            service.edit(
                self.session, EDITOR, draft.id, parse_operation(operation), seen=self._seen(draft.id)
            )
        except OperationRefused:
            operation = {"op": "rename", "grid": code, "name": f"名{draft.id}"}
            service.edit(
                self.session, EDITOR, draft.id, parse_operation(operation), seen=self._seen(draft.id)
            )
        return draft.id

    def _seen(self, number: int) -> frozenset[str]:
        return frozenset({policy.tag_of(policy.found(self.session, number))})

    def _approve(self, number: int) -> None:
        workflow.submit(self.session, EDITOR, number, seen=self._seen(number), comment="")
        workflow.review(self.session, PUBLISHER, number, seen=self._seen(number), approve=True, comment="")

    def _publish(self, number: int, at: datetime | None) -> None:
        wanted, last = at or self.now, max(self.standing)
        before = repository.operations(self.session, number)
        try:
            done = workflow.publish(
                self.session, PUBLISHER, number, seen=self._seen(number), effective_from=at
            )
        except Conflicting:
            workflow.discard(self.session, EDITOR, number, seen=self._seen(number))
            return
        except Conflict as refused:
            assert refused.code == "scheduled-edition"
            assert wanted < self.standing[last]
            assert refused.extra["scheduled"]["edition"] == last
            assert policy.found(self.session, number).state == "approved"
            workflow.discard(self.session, EDITOR, number, seen=self._seen(number))
            return
        published = done.publication.published
        assert wanted >= self.standing[last]
        assert published.effective_from == wanted, "now is now, and a given instant is that instant"
        assert published.edition == max({*self.standing, *self.gone}) + 1, "no number twice"
        assert len(before) == len(repository.operations(self.session, number))
        self.standing[published.edition] = wanted
        self.hashes[published.edition] = boundary_rows.latest(self.session).content_hash
        self.drafts[published.edition] = number

    @rule(which=st.integers(0, 99), days=st.none() | st.integers(1, 700), split=st.booleans())
    def publish_or_schedule(self, which: int, days: int | None, split: bool) -> None:
        number = self._draft(which, split=split)
        self._approve(number)
        self._publish(number, None if days is None else self.now + timedelta(days=days))

    @rule(which=st.integers(0, 99))
    def leave_a_draft_open(self, which: int) -> None:
        if self.begun < 2:
            self.begun += 1
            self._draft(which, split=False)

    @rule(back=st.integers(0, 3), again=st.none() | st.integers(0, 700))
    def withdraw_and_perhaps_publish_again(self, back: int, again: int | None) -> None:
        number = sorted(self.standing)[-1 - back % len(self.standing)]
        try:
            done = withdraw(self.session, PUBLISHER, AuditContext("machine"), number, reason="随机")
        except NotWithdrawable as refused:
            later = [each for each in sorted(self.standing) if each > number]
            if refused.code == "drafts-in-the-way":
                for each in refused.extra["drafts"]:
                    workflow.discard(self.session, EDITOR, each["id"], seen=self._seen(each["id"]))
            else:
                in_force = self.standing[number] <= self.now
                assert refused.code == ("edition-in-force" if in_force else "later-editions")
                assert in_force or refused.extra["editions"] == later
            return
        self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        self.session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        assert self.standing.pop(number) > self.now
        self.gone.add(number)
        assert done.newest == max(self.standing)
        draft = self.drafts.pop(number)
        assert done.record.draft_id == draft
        assert policy.found(self.session, draft).state == "approved"
        if again is not None:
            self._publish(draft, self.now + timedelta(days=again))

    @invariant()
    def what_stands_is_what_was_published(self) -> None:
        if not hasattr(self, "standing"):
            return
        schedule = schedule_of(self.session)
        assert {e.number: e.effective_from for e in schedule} == self.standing
        assert [e.number for e in schedule] == sorted(self.standing), "editions take effect in their order"
        for number in self.standing:
            units = boundary_rows.units_in(self.session, number)
            assert content_hash(units) == self.hashes[number]
            assert is_clean(units.loc[units["level"] == "grid", "geometry"].to_numpy())
        assert boundary_rows.edition_at(self.session) == number_at(schedule, self.now)
        assert {w.number for w in boundary_rows.withdrawals(self.session)} == self.gone
        left = self.session.scalars(
            text(
                "SELECT DISTINCT e FROM unit_version, unnest(ARRAY[lower(editions), upper(editions)]) e "
                "WHERE e IS NOT NULL"
            )
        )
        assert set(left) <= set(self.standing), "nothing begins or ends with an edition that was withdrawn"


def test_random_schedules(owner_engine: Engine) -> None:
    class Here(Schedule):
        engine = owner_engine

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=effort(4, deep=30),
            stateful_step_count=effort(10, deep=16),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

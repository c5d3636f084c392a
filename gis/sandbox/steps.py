"""The steps that a confined process answered, held against the question before they are believed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from gis.coverage import Defect
from gis.editing import Coverage, Edit, GridAttributes, GridKind, operation_as_json, parse_operation
from gis.editing.code_allocation import check_new_code
from gis.editing.operations import Operation, Relocate, Rename, Replace, SetKind
from gis.errors import Refusal
from gis.sandbox.messages import Message, MessageDamaged
from gis.sandbox.refusals import defect_of
from gis.sandbox.replacement import Replacement, Step, coverage_of

__all__ = ["steps_of"]

# Fewer than a request may name in one list.
_AT_ONCE = 5000


def steps_of(message: Message, asked: Replacement) -> list[Step]:
    """Read the answer to a question.

    What was there before is taken from the question, and never from the answer. Only operations that a file can
    amount to pass, read as those of requests are; they touch what they name, and leave a clean coverage behind.

    Raises
    ------
    MessageDamaged
    """
    ground = _Ground(asked)
    try:
        steps = [
            ground.step(at == 0, said, message.tables[f"after{at}"])
            for at, said in enumerate(message.header["steps"])
        ]
        warnings = tuple(_warning(said, ground.file_codes) for said in message.header["warnings"])
        return [replace(step, warnings=warnings if at == 0 else ()) for at, step in enumerate(steps)]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, Refusal) as error:
        raise MessageDamaged(f"no steps: {error}") from error


class _Ground:
    """The grids as the steps so far have left them."""

    def __init__(self, asked: Replacement) -> None:
        coverage = asked.coverage
        self.shapes = dict(zip(coverage.codes, coverage.polygons, strict=True))
        self.words = dict(zip(coverage.codes, coverage.attributes, strict=True))
        self.used = {*asked.used_codes, *coverage.codes}
        self.communities = frozenset(asked.communities)
        self.file_codes = frozenset(code for code in asked.codes if code is not None)

    def step(self, first: bool, said: Mapping[str, Any], table: pa.Table) -> Step:
        """Check one step, and take it over."""
        operation = _parse(said["operation"])
        created, changed, retired = (
            tuple(str(code) for code in said[name]) for name in ("created", "changed", "retired")
        )
        touched = [*created, *changed, *retired]
        _expect(len(touched) == len(set(touched)), "a grid twice")
        _expect(self.shapes.keys() >= {*changed, *retired}, "grids that are not there")
        for code in created:
            check_new_code(code, self.used)
        after = coverage_of(table)
        _expect(sorted([*created, *changed]) == list(after.codes), "other grids than it says")
        if isinstance(operation, Replace):
            _expect(first, "a replacement after other steps")
            named = {grid.code for grid in operation.grids}
            _expect(set(created) == named - self.shapes.keys(), "other new grids than it names")
            _expect(set(retired) == set(operation.removed), "other removed grids than it names")
        else:
            _expect((created, retired, changed) == ((), (), (_grid(operation),)), "other grids than it names")
            _expect(after.polygons[0].equals_exact(self.shapes[changed[0]], 0.0), "a border of a mere word")
        expected = self._words_after(operation)
        for code, words in zip(after.codes, after.attributes, strict=True):
            _expect(words == expected.get(code, self.words.get(code)), "words that nobody gave")
        places = tuple((float(x), float(y)) for x, y in said["inserted_vertices"])
        _expect(all(math.isfinite(x) and math.isfinite(y) for x, y in places), "places that are none")
        before = self._part([*changed, *retired])
        self._take_over(after, retired)
        if isinstance(operation, Replace) and len(after):
            self._refuse_unclean(after)
        edit = Edit(after, created, changed, retired, places)
        return Step(operation_as_json(operation), before, edit)

    def _words_after(self, operation: Operation) -> dict[str, GridAttributes]:
        """What grids are called afterwards that an operation names."""
        given: list[tuple[str, str | None, str | None, GridKind | None]] = []
        if isinstance(operation, Replace):
            given = [(grid.code, grid.name, grid.community, grid.kind) for grid in operation.grids]
        elif isinstance(operation, Rename):
            given = [(operation.grid, operation.name, None, None)]
        elif isinstance(operation, Relocate):
            given = [(operation.grid, None, operation.community, None)]
        elif isinstance(operation, SetKind):
            given = [(operation.grid, None, None, operation.kind)]
        out = {}
        for code, name, community, kind in given:
            _expect(community is None or community in self.communities, "a community that is not there")
            _expect(code in self.words or community is not None, "a grid of no community")
            words = self.words.get(code) or GridAttributes("", str(community))
            out[code] = replace(
                words,
                name=words.name if name is None else name.strip(),
                community=community or words.community,
                kind=kind or words.kind,
            )
        return out

    def _part(self, codes: Sequence[str]) -> Coverage:
        shapes = np.empty(len(codes), dtype=object)
        shapes[:] = [self.shapes[code] for code in codes]
        return Coverage.build(codes, shapes, [self.words[code] for code in codes], trusted=True)

    def _take_over(self, after: Coverage, retired: Sequence[str]) -> None:
        for code in retired:
            del self.shapes[code], self.words[code]
        self.shapes.update(zip(after.codes, after.polygons, strict=True))
        self.words.update(zip(after.codes, after.attributes, strict=True))
        self.used.update(after.codes)

    def _refuse_unclean(self, after: Coverage) -> None:
        """Refuse grids that overlap one another or those around them, or are none."""
        # By themselves first: envelopes of what is no polygon say nothing.
        Coverage.build(after.codes, after.polygons, after.attributes)
        whole = self._part(list(self.shapes))
        bounds = after.bounds
        near = whole.near([*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0)])
        part = [whole.codes[at] for at in near]
        Coverage.build(part, whole.polygons[near], [self.words[code] for code in part])


def _warning(said: Mapping[str, object], codes: frozenset[str]) -> Defect:
    """Read what was said of shapes: of rows that are there, at a place, without force to refuse."""
    warning = defect_of(said)
    _expect(warning.kind in ("retouched-ring", "made-valid"), "a warning that no shape brings")
    _expect(warning.severity == "warning" and codes >= set(warning.codes), "a warning of other grids")
    _expect(all(map(math.isfinite, warning.place)), "a warning that is nowhere")
    return warning


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise MessageDamaged(f"steps with {otherwise}")


def _grid(operation: Operation) -> str:
    _expect(isinstance(operation, Rename | Relocate | SetKind), "an operation that no file amounts to")
    return str(getattr(operation, "grid"))  # noqa: B009 - the check above is no news to the type checker


def _parse(said: Any) -> Operation:
    """Read an operation as one of a request; a file has more grids than a request may name."""
    if not isinstance(said, Mapping) or said.get("op") != "replace":
        return parse_operation(said)
    grids, removed = list(said.get("grids") or ()), list(said.get("removed") or ())
    out: list[Replace] = []
    for start in range(0, max(len(grids), len(removed), 1), _AT_ONCE):
        part = {"grids": grids[start : start + _AT_ONCE], "removed": removed[start : start + _AT_ONCE]}
        parsed = parse_operation({**said, **part})
        if isinstance(parsed, Replace):
            out.append(parsed)
    named = [code for part in out for code in (*(grid.code for grid in part.grids), *part.removed)]
    _expect(len(named) == len(set(named)), "a grid named twice")
    return Replace(
        tuple(grid for part in out for grid in part.grids),
        tuple(code for part in out for code in part.removed),
    )

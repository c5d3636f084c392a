"""What a file of grids makes of a coverage, computed where it can be stopped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from gis.arrays import GeometryArrayLike
from gis.coverage import Defect, read_rings
from gis.editing import Coverage, Edit, GridAttributes, apply, operation_as_json, operations_from_frame
from gis.sandbox.layers import as_shapes, shape_column
from gis.sandbox.messages import Message
from gis.sandbox.refusals import describe_defect

__all__ = ["Replacement", "Step", "compute_replacement", "coverage_of", "describe_replacement"]

_FIELDS = ("name", "community", "kind")


@dataclass(frozen=True)
class Replacement:
    """Grids of a file, to be taken over into a coverage.

    Parameters
    ----------
    coverage : Coverage
        The whole of it.
    codes, polygons, attributes
        As `gis.editing.operations_from_frame` takes them.
    used_codes, communities : collection of str
        As `gis.editing.apply` takes them.
    rows, make_valid
        As `gis.coverage.read_rings` takes them.
    """

    coverage: Coverage
    codes: Sequence[str | None]
    polygons: GeometryArrayLike
    attributes: Sequence[Mapping[str, object]]
    used_codes: Collection[str]
    communities: Collection[str]
    tolerance_m: float = 0.0
    missing: Literal["remove", "keep"] = "remove"
    rows: Sequence[Sequence[int]] | None = None
    make_valid: bool = False


@dataclass(frozen=True)
class Step:
    """One operation that came of it: as JSON, and the grids that it touched, before and after.

    `warnings` are what was said of the shapes of the file, with its first operation.
    """

    operation: Mapping[str, object]
    before: Coverage
    edit: Edit
    warnings: tuple[Defect, ...] = ()


def describe_replacement(asked: Replacement) -> tuple[dict[str, object], dict[str, pa.Table]]:
    """Write the question as a header and tables."""
    words = {
        name: pa.array([row.get(name) for row in asked.attributes], pa.large_string()) for name in _FIELDS
    }
    file = pa.table(
        {
            "code": pa.array(list(asked.codes), pa.large_string()),
            **words,
            "shape": shape_column(asked.polygons),
        }
    )
    header: dict[str, object] = {
        "tolerance_m": asked.tolerance_m,
        "missing": asked.missing,
        "rows": None if asked.rows is None else [list(map(int, rows)) for rows in asked.rows],
        "make_valid": asked.make_valid,
        "used_codes": sorted(asked.used_codes),
        "communities": sorted(asked.communities),
    }
    return header, {"coverage": _table(asked.coverage, asked.coverage.codes), "file": file}


def compute_replacement(message: Message) -> tuple[dict[str, object], dict[str, pa.Table]]:
    """Answer the question, as a header and tables."""
    header, tables = message.header, message.tables
    coverage, file = coverage_of(tables["coverage"]), tables["file"]
    codes, rows = file.column("code").to_pylist(), header["rows"]
    shapes, warnings = read_rings(
        codes, as_shapes(file.column("shape")), rows=rows, make_valid=header["make_valid"]
    )
    operations = operations_from_frame(
        coverage,
        codes,
        shapes,
        file.select(_FIELDS).to_pylist(),
        rows=rows,
        tolerance_m=header["tolerance_m"],
        missing=header["missing"],
    )
    used, communities = frozenset(header["used_codes"]), frozenset(header["communities"])
    steps, touched = [], {}
    for at, operation in enumerate(operations):
        edit = apply(coverage, operation, used_codes=used, communities=communities)
        codes = sorted({*edit.created, *edit.changed, *edit.retired})
        steps.append(
            {
                "operation": operation_as_json(operation),
                "created": list(edit.created),
                "changed": list(edit.changed),
                "retired": list(edit.retired),
                "inserted_vertices": [list(place) for place in edit.inserted_vertices],
            }
        )
        touched[f"after{at}"] = _table(edit.coverage, [code for code in codes if code in edit.coverage])
        coverage = edit.coverage
    return {"steps": steps, "warnings": [describe_defect(warning) for warning in warnings]}, touched


def _table(coverage: Coverage, codes: Sequence[str]) -> pa.Table:
    words = [coverage.attributes_of(code) for code in codes]
    shapes = np.empty(len(codes), dtype=object)
    shapes[:] = [coverage.polygon(code) for code in codes]
    return pa.table(
        {
            "code": pa.array(list(codes), pa.large_string()),
            **{name: pa.array([getattr(one, name) for one in words], pa.large_string()) for name in _FIELDS},
            "shape": shape_column(shapes),
        }
    )


def coverage_of(table: pa.Table) -> Coverage:
    """Read a coverage as it is; nothing about it is checked."""
    return Coverage.build(
        table.column("code").to_pylist(),
        as_shapes(table.column("shape")),
        [GridAttributes(**row) for row in table.select(_FIELDS).to_pylist()],
        trusted=True,
    )

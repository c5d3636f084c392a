"""A layer that was read, as columns and words, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gis.arrays import GeometryArrayLike
from gis.errors import BadRow
from gis.io.layer import LayerData, PlainShapes, count_vertices, layer_rows
from gis.io.limits import ReadLimits
from gis.io.notes import notes_as_json, notes_of
from gis.io.nul import refuse_nul
from gis.io.points import PlainPoints, as_pairs
from gis.io.polygons import PlainPolygons
from gis.io.values import array_of, frame_of
from gis.sandbox.messages import Message, MessageDamaged
from gis.text import Text

__all__ = ["as_shapes", "describe_layer", "layer_of", "shape_column"]

_SHAPES = "shapes"
_WORDS = ("crs", "crs_source", "encoding", "driver", "layer", "sha256")


def shape_column(shapes: PlainShapes | GeometryArrayLike) -> pa.Array:
    """Write plain shapes as numbers, and all others as WKB."""
    plain = (
        shapes
        if isinstance(shapes, PlainPoints | PlainPolygons)
        else as_pairs(np.asarray(shapes, dtype=object))
    )
    if plain is not None:
        return plain.as_column()
    return pa.array(shapely.to_wkb(np.asarray(shapes, dtype=object)), type=pa.large_binary())


def as_shapes(column: pa.ChunkedArray) -> NDArray[np.object_]:
    """Read what `shape_column` wrote, as objects.

    Raises
    ------
    MessageDamaged
    """
    shapes = _read_shapes(column)
    return shapes if isinstance(shapes, np.ndarray) else shapes.built()


def _read_shapes(column: pa.ChunkedArray) -> PlainShapes | NDArray[np.object_]:
    try:
        plain: PlainShapes | None = PlainPoints.of_column(column)
        if plain is None:
            plain = PlainPolygons.of_column(column)
        if plain is not None:
            return plain
        wkb = np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
        return np.asarray(shapely.from_wkb(wkb), dtype=object).reshape(-1)
    except (shapely.errors.ShapelyError, TypeError, ValueError, pa.ArrowException) as error:
        raise MessageDamaged("shapes that are none") from error


def describe_layer(data: LayerData) -> tuple[dict[str, object], dict[str, pa.Table]]:
    """Take a layer apart into a header and tables."""
    columns = data.rows.columns
    arrays = [array_of(columns.iloc[:, at]) for at in range(columns.shape[1])]
    arrays.append(shape_column(data.rows.shapes))
    names = [f"c{at}" for at in range(columns.shape[1])]
    bad = data.bad_rows
    rows = pa.table(
        {
            "row": pa.array([one.row for one in bad], pa.int64()),
            **{
                name: pa.array(words, pa.large_string())
                for name, words in (
                    ("column", [one.column for one in bad]),
                    ("reason_zh", [one.reason.zh for one in bad]),
                    ("reason_en", [one.reason.en for one in bad]),
                    ("value", [one.value for one in bad]),
                )
            },
        }
    )
    header = {
        "columns": [str(name) for name in columns.columns],
        "notes": notes_as_json(data.notes),
        "typed": data.rows.typed,
        **{name: getattr(data, name) for name in _WORDS},
    }
    return header, {"rows": pa.table(arrays, names=[*names, _SHAPES]), "bad_rows": rows}


def layer_of(message: Message, limits: ReadLimits) -> LayerData:
    """Put a layer together from what a reader handed over.

    Raises
    ------
    MessageDamaged
        It is not a layer.
    gis.errors.LimitExceeded
        It is one, but larger than agreed.
    """
    header, tables = message.header, message.tables
    try:
        names = [str(name) for name in header["columns"]]
        table, bad = tables["rows"], tables["bad_rows"]
        words = {name: header[name] for name in _WORDS}
        typed = header["typed"] is True
        if table.num_columns != len(names) + 1 or len(set(names)) != len(names):
            raise MessageDamaged("columns and names differ")
        shapes = _read_shapes(table.column(_SHAPES))
        columns = frame_of(table.select(range(len(names))))
        columns.columns = pd.Index(names)
        bad_rows = [
            BadRow(row["row"], row["column"], Text(row["reason_zh"], row["reason_en"]), row["value"])
            for row in bad.to_pylist()
        ]
        notes = notes_of(header.get("notes", []))
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise MessageDamaged(f"not a layer: {error}") from error
    if any(not (value is None or isinstance(value, str)) for value in words.values()):
        raise MessageDamaged("not a layer")
    refuse_nul(columns)
    limits.refuse_table(columns, count_vertices(shapes))
    if len(bad_rows) and not 1 <= min(row.row for row in bad_rows) <= max(row.row for row in bad_rows) <= len(
        columns
    ):
        raise MessageDamaged("bad rows that are not there")
    return LayerData(
        rows=layer_rows(columns, shapes, typed=typed),
        bad_rows=bad_rows,
        notes=notes,
        **words,
    )

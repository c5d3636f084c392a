"""A layer that was read, as columns and words, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gis.errors import BadRow
from gis.io.layer import LayerData, make_frame
from gis.io.limits import ReadLimits
from gis.sandbox.messages import Message, MessageDamaged

__all__ = ["as_shapes", "describe_layer", "layer_of", "shape_column"]

_SHAPES = "shapes"
_WORDS = ("crs", "crs_source", "encoding", "driver", "layer", "sha256")


def shape_column(shapes: Any) -> pa.Array:
    """Write shapes as WKB."""
    return pa.array(shapely.to_wkb(np.asarray(shapes, dtype=object)), type=pa.large_binary())


def as_shapes(column: pa.ChunkedArray) -> Any:
    """Read shapes from WKB.

    Raises
    ------
    MessageDamaged
    """
    try:
        wkb = np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
        return np.asarray(shapely.from_wkb(wkb), dtype=object).reshape(-1)
    except (shapely.errors.ShapelyError, TypeError, pa.ArrowException) as error:
        raise MessageDamaged("shapes that are none") from error


def describe_layer(data: LayerData) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    """Take a layer apart into a header and tables."""
    frame = data.frame
    columns = pd.DataFrame(frame.drop(columns=[frame.geometry.name]))
    arrays = [_array(columns.iloc[:, at]) for at in range(columns.shape[1])]
    arrays.append(shape_column(frame.geometry.to_numpy()))
    names = [f"c{at}" for at in range(columns.shape[1])]
    bad = data.bad_rows
    rows = pa.table(
        {
            "row": pa.array([one.row for one in bad], pa.int64()),
            **{
                name: pa.array([getattr(one, name) for one in bad], pa.large_string())
                for name in ("column", "reason_zh", "reason_en", "value")
            },
        }
    )
    header = {
        "columns": [str(name) for name in columns.columns],
        **{name: getattr(data, name) for name in _WORDS},
    }
    return header, {"rows": pa.table(arrays, names=[*names, _SHAPES]), "bad_rows": rows}


def _array(column: pd.Series[Any]) -> pa.Array:
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError):
        texts = [None if _is_absent(value) else str(value) for value in column]
        array = pa.array(texts, pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _is_absent(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


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
        if table.num_columns != len(names) + 1 or len(set(names)) != len(names):
            raise MessageDamaged("columns and names differ")
        shapes = as_shapes(table.column(_SHAPES))
        columns: pd.DataFrame = table.select(range(len(names))).to_pandas(
            ignore_metadata=True, use_threads=False
        )
        columns.columns = pd.Index(names)
        bad_rows = [BadRow(**row) for row in bad.to_pylist()]
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise MessageDamaged(f"not a layer: {error}") from error
    if any(not (value is None or isinstance(value, str)) for value in words.values()):
        raise MessageDamaged("not a layer")
    limits.refuse_table(columns, shapes)
    if len(bad_rows) and not 1 <= min(row.row for row in bad_rows) <= max(row.row for row in bad_rows) <= len(
        columns
    ):
        raise MessageDamaged("bad rows that are not there")
    return LayerData(frame=make_frame(columns, shapes), bad_rows=bad_rows, **words)

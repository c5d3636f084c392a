"""Where the land of changed grids went, as rows of the lineage table; what counts is decided in `gis.editing.lineage`."""

from __future__ import annotations

import pandas as pd

from gis.editing import Coverage, GridAttributes, lineage


def lineage_rows(was: pd.DataFrame, now: pd.DataFrame, *, edition: int) -> list[dict[str, object]]:
    """Rows of the lineage table for the grids that differ, ordered by codes.

    ``was`` and ``now`` have ``code``, ``name``, ``kind``, ``path`` and ``geometry``: all grids of an edition, or those
    that it changes. Grids equal in both leave no row.
    """
    return [
        {
            "edition": edition,
            "from_code": row.from_code,
            "to_code": row.to_code,
            "kind": row.kind,
            "area_m2": row.area_m2,
            "share_of_from": row.share_of_from,
        }
        for row in lineage(_coverage(was), _coverage(now))
    ]


def _coverage(grids: pd.DataFrame) -> Coverage:
    if not len(grids):
        return Coverage.build([], [], [], trusted=True)
    # A grid whose community goes to another street is placed otherwise, too.
    above = grids["path"].str.rpartition(".")[0]
    words = zip(grids["name"], above, grids["kind"], strict=True)
    return Coverage.build(
        grids["code"].tolist(),
        grids["geometry"].to_numpy(),
        [GridAttributes(*each) for each in words],
        trusted=True,
    )

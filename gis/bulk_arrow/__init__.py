"""Owners batch by batch: what files, streams and Spark's workers have in common.

Needs numpy, pyarrow, shapely, pyproj and numba, and none of the readers of `gis.io`: this is what an executor runs.
"""

from gis.bulk_arrow.counts import LISTED, BulkResult
from gis.bulk_arrow.owners import (
    OWNER_COLUMN,
    LocatedBatch,
    Places,
    coordinates,
    locate_batch,
    locate_places,
    numbers_of,
)
from gis.bulk_arrow.parquet import damaged, located_batches, owned_schema, writing

__all__ = [
    "LISTED",
    "OWNER_COLUMN",
    "BulkResult",
    "LocatedBatch",
    "Places",
    "coordinates",
    "damaged",
    "locate_batch",
    "locate_places",
    "located_batches",
    "numbers_of",
    "owned_schema",
    "writing",
]

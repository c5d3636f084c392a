"""GeoParquet, and Parquet tables with coordinates in columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis.crs import WGS84, CrsLike, SourceCrs
from gis.errors import CrsUnknown, Refusal, UnreadableFile
from gis.io.gdal_tables import shapes_in
from gis.io.layer import CrsSource, LayerData, LayerInfo, assemble, digest_of, given_or_found
from gis.io.limits import current_limits
from gis.io.table import read_plain_table
from gis.io.text import refuse_broken_text
from gis.io.values import frame_of

__all__ = ["list_parquet", "read_parquet"]


def _opened(source: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(source)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(
            f"Parquet 文件 {source.name} 已损坏或不完整",
            f"Parquet file {source.name} is damaged or truncated",
            code="damaged",
        ) from error


def _refuse_large(file: pq.ParquetFile) -> None:
    """Compare what the footer says with the limits, before anything is unpacked."""
    limits, about = current_limits(), file.metadata
    limits.refuse_over("features", about.num_rows)
    limits.refuse_over("columns", about.num_columns)
    limits.refuse_over_bytes(sum(about.row_group(at).total_byte_size for at in range(about.num_row_groups)))


def _geo(file: pq.ParquetFile, source: Path) -> dict[str, Any] | None:
    """Read the metadata that make a Parquet file GeoParquet; None where there are none."""
    raw = (file.schema_arrow.metadata or {}).get(b"geo")
    if raw is None:
        return None
    try:
        parsed = json.loads(raw)
        about = parsed["columns"][parsed["primary_column"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise UnreadableFile(
            f"Parquet 文件 {source.name} 的 geo 元数据已损坏",
            f"the geo metadata of Parquet file {source.name} are damaged",
            code="damaged",
        )
    result: dict[str, Any] = parsed
    return result


def list_parquet(source: Path) -> list[LayerInfo]:
    """Describe a Parquet file as its one layer."""
    file = _opened(source)
    geo = _geo(file, source)
    kinds = [] if geo is None else geo["columns"][geo["primary_column"]].get("geometry_types", [])
    kind = None if geo is None else "/".join(kinds) or "Unknown"
    return [LayerInfo(source.stem, kind, int(file.metadata.num_rows))]


def read_parquet(
    source: Path, *, crs: CrsLike | None, lon: str | None, lat: str | None, wkt: str | None
) -> LayerData:
    """Read GeoParquet, or a plain table when it has no geometry or columns are named.

    An absent CRS in GeoParquet means OGC:CRS84 by its specification; an explicit null means unknown.
    """
    file = _opened(source)
    _refuse_large(file)
    geo = _geo(file, source)
    try:
        table = file.read(use_threads=False)
        refuse_broken_text(table, name=source.name)
        if geo is None or lon is not None or wkt is not None:
            return read_plain_table(frame_of(table), source, crs=crs, lon=lon, lat=lat, wkt=wkt)
        primary = str(geo["primary_column"])
        about = geo["columns"][primary]
        if about.get("encoding", "WKB") == "WKB":
            shapes, bad = shapes_in(table.column(primary))
            columns = frame_of(table.drop_columns([primary]))
        else:
            frame = gpd.read_parquet(source, to_pandas_kwargs={"use_threads": False})
            shapes, bad = np.asarray(frame.geometry.to_numpy(), dtype=object), []
            columns = frame_of(table.drop_columns([primary]))
    except (Refusal, MemoryError):
        raise
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        # An encoding that the column does not have ends in AttributeError.
        raise UnreadableFile(
            f"Parquet 文件 {source.name} 已损坏",
            f"Parquet file {source.name} is damaged: {str(error).splitlines()[0] if str(error) else '?'}",
            code="damaged",
        ) from error
    found, said_by = _crs_of(about, source)
    settled, crs_source = given_or_found(crs, found, name=source.name, source=said_by)
    return assemble(
        columns,
        shapes,
        crs=settled,
        crs_source=crs_source,
        driver="GeoParquet",
        sha256=digest_of([source]),
        layer=source.stem,
        bad_rows=bad,
    )


def _crs_of(about: dict[str, Any], source: Path) -> tuple[CRS | SourceCrs | None, CrsSource]:
    if "crs" not in about:
        return WGS84, "format"
    if about["crs"] is None:
        return None, "file"
    try:
        return CRS.from_json_dict(about["crs"]), "file"
    except (CRSError, TypeError, AttributeError) as error:
        raise CrsUnknown(
            f"文件 {source.name} 的坐标系说明无法识别", f"the CRS of file {source.name} cannot be read"
        ) from error

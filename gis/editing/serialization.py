"""Operations as JSON: members by name, GeoJSON for shapes, [lon, lat] for places. `operation_input` reads them."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields

from shapely.geometry.base import BaseGeometry

from gis.editing.operations import Operation, ReplacedGrid
from gis.geojson import right_handed
from gis.geometry import round_degrees

__all__ = ["operation_as_json"]


def operation_as_json(operation: Operation) -> dict[str, object]:
    """Write an operation as `parse_operation` reads it; fields at their defaults are left out.

    Examples
    --------
    >>> from gis.editing import MoveVertex
    >>> operation_as_json(MoveVertex((120.0, 36.0), (120.001, 36.0)))
    {'op': 'move_vertex', 'from': [120.0, 36.0], 'to': [120.001, 36.0]}
    """
    out: dict[str, object] = {"op": operation.op}
    for field in fields(operation):
        value = getattr(operation, field.name)
        if not _has_default(field) or value != field.default:
            out[field.name.rstrip("_")] = _as_json(value)
    return out


def _has_default(field: Field[object]) -> bool:
    return field.default is not MISSING


def _as_json(value: object) -> object:
    if isinstance(value, BaseGeometry):
        return _geojson(value)
    if isinstance(value, ReplacedGrid):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _as_json(item) for name, item in pairs if item is not None}
    if isinstance(value, tuple):
        return [_as_json(item) for item in value]
    return value


def _geojson(shape: BaseGeometry) -> dict[str, object]:
    """Write a shape with coordinates on the lattice, as they will be applied."""
    (turned,) = right_handed([shape])
    kind = shape.geom_type
    if kind == "MultiPolygon":
        inner: list[object] = [_geojson(part)["coordinates"] for part in turned.geoms]
    elif kind == "Polygon":
        inner = [round_degrees(ring.coords).tolist() for ring in (turned.exterior, *turned.interiors)]
    else:
        inner = round_degrees(turned.coords).tolist()
    return {"type": kind, "coordinates": inner}

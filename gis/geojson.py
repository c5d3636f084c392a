"""GeoJSON as it leaves: features and collections, and shapes with their rings turned as RFC 7946 demands: outer ones anticlockwise, holes clockwise (3.1.6).

Shapes are kept with their outer rings clockwise, as GEOS and Shapefiles have them. Readers that compute on the sphere
take such a ring for the rest of the globe. So everything that leaves as GeoJSON is written by this module, or by
`app.db.geojson` where PostGIS writes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TextIO

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.arrays import GeometryArrayLike

__all__ = [
    "collection",
    "collection_text",
    "feature",
    "feature_text",
    "geojson_geometry",
    "geojson_texts",
    "point",
    "right_handed",
    "write_collection",
]


def right_handed(shapes: GeometryArrayLike) -> NDArray[np.object_]:
    """Turn rings so that what a polygon covers lies to the left of every one of them.

    Examples
    --------
    >>> square = shapely.from_wkt("POLYGON ((0 0, 0 3, 3 3, 3 0, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))")
    >>> (turned,) = right_handed([square])
    >>> turned.exterior.is_ccw, turned.interiors[0].is_ccw
    (True, False)
    """
    return np.asarray(
        shapely.orient_polygons(np.asarray(shapes, dtype=object), exterior_cw=False), dtype=object
    )


def geojson_texts(shapes: GeometryArrayLike) -> list[str | None]:
    """Write shapes as the texts of GeoJSON geometries; None stays None.

    Examples
    --------
    >>> geojson_texts([shapely.Point(120, 36), None])
    ['{"type":"Point","coordinates":[120.0,36.0]}', None]
    """
    return [*shapely.to_geojson(right_handed(shapes).reshape(-1))]


def geojson_geometry(shape: BaseGeometry) -> dict[str, object]:
    """Write one shape as a GeoJSON geometry of lists, ready for `json.dumps`.

    Examples
    --------
    >>> geojson_geometry(shapely.box(0, 0, 1, 1))["coordinates"][0]
    [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]
    """
    (turned,) = right_handed([shape])
    return {key: _with_lists(inner) for key, inner in shapely.geometry.mapping(turned).items()}


def point(lon: float, lat: float) -> dict[str, object]:
    """Write a place (EPSG:4326) as a GeoJSON point, to the seven decimals of the lattice.

    Examples
    --------
    >>> point(120.00000004, 36)
    {'type': 'Point', 'coordinates': [120.0, 36]}
    """
    return {"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]}


def feature(
    geometry: Mapping[str, object] | None, properties: Mapping[str, object], *, key: str | None = None
) -> dict[str, object]:
    """Put a GeoJSON geometry and properties together; `key` becomes the feature's id.

    Examples
    --------
    >>> feature(point(120.5, 36.5), {"n": 1}, key="a")["id"]
    'a'
    """
    identity = {} if key is None else {"id": key}
    return {"type": "Feature", **identity, "geometry": geometry, "properties": dict(properties)}


def collection(features: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """Put features together.

    Examples
    --------
    >>> collection([])
    {'type': 'FeatureCollection', 'features': []}
    """
    return {"type": "FeatureCollection", "features": list(features)}


def feature_text(
    geometry: str | None, properties: Mapping[str, object] | str, *, key: str | None = None
) -> str:
    """Write a feature whose geometry is text already (`geojson_texts`, PostGIS); properties too may be JSON text.

    Examples
    --------
    >>> feature_text(None, {"名": 1}, key="a")
    '{"type":"Feature","id":"a","properties":{"名":1},"geometry":null}'
    """
    words = properties if isinstance(properties, str) else _compact(properties)
    identity = "" if key is None else f'"id":{_compact(key)},'
    return f'{{"type":"Feature",{identity}"properties":{words},"geometry":{geometry or "null"}}}'


def collection_text(features: Iterable[str], **members: object) -> str:
    """Write a collection of features that are text already; `members` of its own follow them.

    Examples
    --------
    >>> collection_text([], numberReturned=0)
    '{"type":"FeatureCollection","features":[],"numberReturned":0}'
    """
    own = f",{_compact(members)[1:-1]}" if members else ""
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]{own}}}'


def write_collection(out: TextIO, features: Iterable[str], **members: object) -> None:
    """Write a collection of features that are text already into a file, a line each, after `members` of its own.

    Examples
    --------
    >>> import sys
    >>> write_collection(sys.stdout, ["1", "2"], name="x")
    {"type":"FeatureCollection","name":"x","features":[
    1,
    2
    ]}
    """
    own = f"{_compact(members)[1:-1]}," if members else ""
    out.write(f'{{"type":"FeatureCollection",{own}"features":[')
    out.writelines((",\n" if at else "\n") + each for at, each in enumerate(features))
    out.write("\n]}\n")


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _with_lists(value: object) -> object:
    if isinstance(value, dict):
        return {key: _with_lists(inner) for key, inner in value.items()}
    return [_with_lists(inner) for inner in value] if isinstance(value, tuple | list) else value

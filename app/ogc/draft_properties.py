"""What a feature that a client sends may say of a grid. Nothing is passed over: what is not done is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Literal, NamedTuple

from shapely.geometry.base import BaseGeometry

from app.errors import Invalid
from gis.measures import geodesic_area_m2
from gis.spelling import nearest

__all__ = ["CHANGEABLE", "properties_of"]

CHANGEABLE = {"name": "rename", "community": "relocate", "kind": "kind"}
"""Properties that can be given a value, and the operation that does it."""
_PROPERTIES = ("code", *CHANGEABLE)
# Published grids have these, too, and clients copy them along; each follows from something else.
_COMPUTED = ("id", "parent", "area_m2", "edition")
_MEMBERS = {"type", "id", "geometry", "properties", "bbox", "links", "crs", "coordRefSys"}
_MEMBERS |= {"conformsTo", "featureType", "featureSchema", "time", "place", "title", "@context"}
_WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326")


class GridRow(NamedTuple):
    """A grid of a draft as it is."""

    code: str
    name: str | None
    parent_code: str
    kind: str
    geometry: BaseGeometry


def properties_of(
    feature: Mapping[str, object],
    method: Literal["create", "change"],
    present: GridRow | None = None,
    *,
    base: int = 0,
) -> dict[str, object]:
    """Read the properties of a feature; a name that is null becomes an empty one.

    Parameters
    ----------
    feature : mapping
        A GeoJSON feature, or a part of one.
    method : {"create", "change"}
        A new grid may leave open (null) what it has no value for; in a present one null takes the value away.
    present : row, optional
        The grid as it is, for what is computed: that may come back unchanged.
    base : int
        The edition that the draft begins from.

    Raises
    ------
    Invalid
        Not a feature, a member or property that there is not, one that cannot be changed or not taken away.
    """
    if feature.get("type", "Feature") != "Feature":
        raise Invalid(
            f"应为 GeoJSON Feature，收到 {feature.get('type')!r}",
            f"expected a GeoJSON Feature, came {feature.get('type')!r}",
            field="type",
            code="not-a-feature",
        )
    for name in feature:
        if name not in _MEMBERS:
            raise _unknown(str(name), sorted(_MEMBERS), "Feature")
    if feature.get("crs") is not None and not any(word in dumps(feature["crs"]) for word in _WGS84):
        raise Invalid(
            f"坐标应为 CRS84（经度、纬度），收到 crs {dumps(feature['crs'])[:80]}",
            f"coordinates are in CRS84 (longitude, latitude), came crs {dumps(feature['crs'])[:80]}",
            field="crs",
            code="not-crs84",
        )
    if method == "change":
        for name, zh, en in (
            ("geometry", "要删除网格请用 DELETE", "use DELETE to remove the grid"),
            ("properties", "不改属性请不要发送", "leave it out to keep the properties"),
        ):
            if name in feature and feature[name] is None:
                raise _not_null(name, zh, en)
    words = feature.get("properties")
    if words is None:
        return {}
    if not isinstance(words, dict):
        raise Invalid(
            "properties 应为对象",
            "properties is an object",
            field="properties",
            code="properties-not-an-object",
        )
    for name, value in words.items():
        if name in _COMPUTED:
            if not _is_unchanged(name, value, present, base):
                raise Invalid(
                    f"属性 {name} 由系统计算，不能改为 {value!r}",
                    f"the property {name} is computed and cannot be set to {value!r}",
                    code="read-only",
                    field=f"properties.{name}",
                )
        elif name not in _PROPERTIES:
            raise _unknown(name, _PROPERTIES, "properties")
    found = {name: value for name, value in words.items() if name in _PROPERTIES}
    if method == "create":
        return {name: value for name, value in found.items() if value is not None}
    return {name: _cleared(name, present) if value is None else value for name, value in found.items()}


def _cleared(name: str, present: GridRow | None) -> str | None:
    """Say what a property is when its value is taken away."""
    if name == "name":
        return "" if present is None or present.name is not None else None
    if name == "code" or getattr(present, {"community": "parent_code"}.get(name, name), None) is not None:
        raise _not_null(f"properties.{name}", "每个网格都要有", "every grid has one")
    return None


def _is_unchanged(name: str, value: object, present: GridRow | None, base: int) -> bool:
    if value is None:
        return present is None
    if name == "edition":
        return bool(value == base)
    if present is None:
        return False
    if name == "area_m2":
        area = float(geodesic_area_m2([present.geometry])[0])
        return isinstance(value, int | float) and abs(float(value) - area) < 0.1
    return bool(value == {"id": present.code, "parent": present.parent_code}[name])


def _not_null(name: str, zh: str, en: str) -> Invalid:
    return Invalid(
        f"{name} 不能为空（null）：{zh}", f"{name} cannot be null: {en}", code="not-nullable", field=name
    )


def _unknown(name: str, known: Sequence[str], of: str) -> Invalid:
    meant = next(iter(nearest(name, known, limit=1)), None)
    zh = f"，是否为 {meant}？" if meant else "；"
    en = f", did you mean {meant}?" if meant else ";"
    return Invalid(
        f"{of} 没有 {name}{zh}可用：{'、'.join(known)}",
        f"{of} has no {name}{en} there are: {', '.join(known)}",
        code="unknown-property",
        field=f"properties.{name}" if of == "properties" else name,
        nearest=meant,
    )

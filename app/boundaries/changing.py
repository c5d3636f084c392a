"""Publishing some changed grids as a new edition: only what differs is checked closely, dissolved and written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository
from app.boundaries.models import Edition
from app.boundaries.paths import label
from app.boundaries.service import Published, begin_edition, content_hash
from app.errors import Conflict
from gis.coverage import dissolve, is_clean
from gis.editing import Coverage, GridAttributes, check_changes, lineage
from gis.errors import CoverageError
from gis.measures import geodesic_area_m2

_SAID = ["name", "kind", "parent_code", "path"]


@dataclass(frozen=True)
class GridChanges:
    """Grids as they are to be: ``put`` has code, name, kind, parent_code and geometry; ``retired`` are codes."""

    put: pd.DataFrame
    retired: tuple[str, ...] = ()


def publish_changes(
    session: Session,
    changes: GridChanges,
    *,
    author: str,
    reviewer: str | None = None,
    note: str = "",
    effective_from: datetime | None = None,
) -> Published:
    """Publish changed grids on top of the newest edition.

    The coverage is checked around what changed and, as a whole, for shared borders; upper units are dissolved again
    only where the outline of what they are made of changed.
    """
    before, number, instant = begin_edition(session, effective_from)
    if before is None:
        raise Conflict("还没有发布任何网格版本", "no edition has been published yet", code="no-edition")
    old = repository.units_in(session, before.number)
    grids = old[old["level"] == "grid"]
    put = _placed(changes.put, grids)
    was = grids[grids["code"].isin({*put["code"], *changes.retired})]
    missing = sorted(set(changes.retired) - set(was["code"]))
    if missing:
        raise Conflict(
            f"第 {before.number} 版没有网格 {'、'.join(missing)}",
            f"edition {before.number} has no grid {', '.join(missing)}",
            code="unknown-grid",
        )
    put = put[~_same(put, was)]
    was = was[was["code"].isin({*put["code"], *changes.retired})]
    if not len(put) and not len(was):
        raise Conflict(
            "与最新版本相比没有任何改动",
            "nothing differs from the newest edition",
            code="nothing-to-publish",
        )
    kept = grids[~grids["code"].isin(was["code"])]
    after = pd.concat([kept, put], ignore_index=True)
    _refuse_unclean(after, put, was)

    closing, adding = _upper_units(old[old["level"] != "grid"], after, put, was)
    closing += [int(i) for i in was["id"]]
    adding = pd.concat([adding, put], ignore_index=True) if len(adding) else put
    repository.close_versions(session, closing, before=number)
    for (district, scheme), part in adding.groupby(["district_code", "code_scheme"], sort=True):
        repository.add_versions(session, part, edition=number, district=str(district), scheme=str(scheme))
    present = pd.concat([old[~old["id"].isin(closing)], adding], ignore_index=True)
    repository.add_edition(
        session,
        Edition(
            number=number,
            effective_from=instant,
            author=author,
            reviewer=reviewer,
            note=note,
            synthetic=before.synthetic,
            content_hash=content_hash(present),
            grids=len(after),
        ),
    )
    repository.add_lineage(session, _lineage(was, put, number))
    new, gone = set(put["code"]), set(was["code"])
    return Published(
        edition=number,
        effective_from=instant,
        added=tuple(sorted(new - gone)),
        changed=tuple(sorted(new & gone)),
        retired=tuple(sorted(gone - new)),
        unchanged=len(kept),
        units_written=len(closing) + len(adding),
        previous=before.number,
    )


def _placed(put: pd.DataFrame, grids: pd.DataFrame) -> pd.DataFrame:
    """The changed grids as rows of the edition: path, district and scheme come from the unit they lie in."""
    first = grids.drop_duplicates("parent_code").set_index("parent_code")
    strange = sorted(set(put["parent_code"]) - set(first.index))
    if strange:
        raise Conflict(
            f"没有社区 {'、'.join(strange)}",
            f"there is no community {', '.join(strange)}",
            code="unknown-community",
        )
    rows = put[["code", "name", "kind", "parent_code"]].reset_index(drop=True).copy()
    rows["level"] = "grid"
    rows["id"] = 0
    shapes = np.empty(len(put), dtype=object)
    shapes[:] = [
        shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape for shape in put["geometry"]
    ]
    rows["geometry"] = shapely.normalize(shapes)
    for column in ("district_code", "code_scheme", "synthetic"):
        rows[column] = first.loc[rows["parent_code"], column].to_numpy()
    above = first["path"].str.rsplit(".", n=1).str[0]
    rows["path"] = [
        f"{above[parent]}.{label(code)}"
        for parent, code in zip(rows["parent_code"], rows["code"], strict=True)
    ]
    rows["area_m2"] = geodesic_area_m2(shapes) if len(rows) else np.empty(0)
    return rows


def _same(put: pd.DataFrame, was: pd.DataFrame) -> np.ndarray:
    """Which rows say exactly what the edition says already."""
    signed = {row[0]: row[1:] for row in _signed(was)}
    return np.array([signed.get(row[0]) == row[1:] for row in _signed(put)], dtype=bool)


def _signed(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    wkb = shapely.to_wkb(frame["geometry"].to_numpy())
    return list(zip(frame["code"], *(frame[name] for name in _SAID), wkb, strict=True))


def _refuse_unclean(after: pd.DataFrame, put: pd.DataFrame, was: pd.DataFrame) -> None:
    """Refuse a coverage that is not clean: closely where land changed, as a whole for its borders."""
    coverage = Coverage.build(
        after["code"].tolist(),
        after["geometry"].to_numpy(),
        [
            GridAttributes(n, p, k)
            for n, p, k in zip(after["name"], after["parent_code"], after["kind"], strict=True)
        ],
        trusted=True,
    )
    concerned = set(put["code"])
    if len(was):
        # Land that nobody took shows in the grids that it lay beside.
        near = shapely.STRtree(coverage.polygons).query(was["geometry"].to_numpy(), predicate="intersects")[1]
        concerned |= {coverage.codes[at] for at in np.unique(near).tolist()}
    errors = [d for d in check_changes(coverage, sorted(concerned)) if d.severity == "error"]
    # Borders between districts may differ by a step of the lattice; within one they are the same.
    changed = after["district_code"].isin({*put["district_code"], *was["district_code"]})
    if not errors and not is_clean(after["geometry"][changed].to_numpy()):
        raise CoverageError("公共边界的节点不一致", "grids do not share the vertices of a common border")
    if errors:
        raise CoverageError(
            f"覆盖有 {len(errors)} 处错误：{errors[0].detail_zh}",
            f"{len(errors)} errors in the coverage: {errors[0].detail_en}",
            defects=errors,
        )


def _upper_units(
    upper: pd.DataFrame, after: pd.DataFrame, put: pd.DataFrame, was: pd.DataFrame
) -> tuple[list[int], pd.DataFrame]:
    """Upper units to close, and their new versions, from the lowest level up, as far as outlines change."""
    # Of a grid that is only called otherwise nothing above it changes.
    lies = [
        set(zip(each["path"], shapely.to_wkb(each["geometry"].to_numpy()), strict=True))
        for each in (put, was)
    ]
    above = {path.rpartition(".")[0] for path, _ in lies[0] ^ lies[1]}
    by_path: dict[str, Any] = {str(unit.path): unit for unit in upper.itertuples(index=False)}
    # A district of a few streets is joined in a tenth of the time that its thousand grids take, to the same outline.
    shapes: dict[str, Any] = {path: unit.geometry for path, unit in by_path.items()}
    grids = list(zip(after["path"], after["geometry"], strict=True))
    closing: list[int] = []
    rows: list[dict[str, Any]] = []
    while above:
        path = max(above, key=lambda each: (each.count("."), each))
        above.discard(path)
        unit = by_path[path]
        members = _children(path, shapes.items()) + _children(path, grids)
        parent = path.rpartition(".")[0]
        if not len(members):
            if not parent:
                raise Conflict(
                    f"{unit.code} 将没有任何网格", f"{unit.code} would have no grid", code="empty-district"
                )
            closing.append(int(unit.id))
            del shapes[path]
            above.add(parent)
            continue
        shape = dissolve(members, [path] * len(members))[1][0]
        if shape.geom_type == "Polygon":
            shape = shapely.multipolygons([shape])
        shape = shapely.normalize(shape)
        if shapely.to_wkb(shape) == shapely.to_wkb(unit.geometry):
            continue
        shapes[path] = shape
        closing.append(int(unit.id))
        rows.append({**unit._asdict(), "id": 0, "geometry": shape})
        if parent:
            above.add(parent)
    adding = pd.DataFrame(rows, columns=list(upper.columns))
    if rows:
        adding["area_m2"] = geodesic_area_m2(adding["geometry"].to_numpy())
    return closing, adding


def _children(path: str, shapes: Iterable[tuple[str, Any]]) -> list[Any]:
    return [shape for each, shape in shapes if each.rpartition(".")[0] == path]


def _lineage(was: pd.DataFrame, put: pd.DataFrame, number: int) -> list[dict[str, Any]]:
    """Rows of the lineage table for what changed."""

    def covered(frame: pd.DataFrame) -> Coverage:
        words = zip(frame["name"], frame["parent_code"], frame["kind"], strict=True)
        return Coverage.build(
            frame["code"].tolist(),
            frame["geometry"].to_numpy(),
            [GridAttributes(*each) for each in words],
            trusted=True,
        )

    return [
        {
            "edition": number,
            "from_code": row.from_code,
            "to_code": row.to_code,
            "kind": row.kind,
            "area_m2": row.area_m2,
            "share_of_from": row.share_of_from,
        }
        for row in lineage(covered(was), covered(put))
    ]

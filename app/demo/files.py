"""Example files to try imports with: another district, a version of it with narrow gaps, its lamps and its incidents.

Everything but the outline and the names of towns is invented, and the same for everybody.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app.demo.plan import DEFAULT_SEED, ZONE, component_classes, incident_classes, make_plan, read_outline
from gis.geometry import round_degrees
from gis.io import write_layer
from gis.locate import GridIndex
from gis.synthetic import SyntheticDistrict, build_components, build_district, build_incidents

DISTRICT = "330402"
"""Not the one that ``wangge up`` loads: its land is free."""
LAMP = "0118"
_UNTIL = datetime(2026, 7, 1, tzinfo=ZONE)
_COMPONENTS, _INCIDENTS = 12_000, 2000
# About half a metre to the north-east: what a border looks like that was digitised twice.
_NUDGE = (5e-6, 3e-6)

GRIDS, GAPS, LAMPS, INCIDENTS = "nanhu.gpkg", "nanhu_gaps.geojson", "lamps.shp", "incidents.csv"


def write_examples(folder: Path) -> list[Path]:
    """Write the example files into a folder, which is made where it is not there; returns their paths.

    ``nanhu.gpkg``: the grids, with ``code, name, kind, community, community_name, street, street_name``.
    ``nanhu_gaps.geojson``: the same with one grid half a metre off. ``lamps.shp``: street lamps with 编号 and 名称.
    ``incidents.csv``: ``id, longitude, latitude, date, class, address, grid``, the last the grid they happened in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = make_plan(district=DISTRICT, seed=DEFAULT_SEED, until=_UNTIL)
    district = build_district(read_outline(DISTRICT), plan.spec, seed=plan.seed)
    grids = _grids(district)
    components = build_components(
        district, component_classes(), count=_COMPONENTS, seed=plan.seed, until=_UNTIL.date()
    )
    incidents = build_incidents(
        district, components, incident_classes(), count=_INCIDENTS, until=_UNTIL, years=1, seed=plan.seed
    )
    paths = [
        write_layer(grids, folder / GRIDS),
        write_layer(_nudged(grids), folder / GAPS),
        write_layer(_lamps(components), folder / LAMPS),
        folder / INCIDENTS,
    ]
    _incidents(incidents, grids).to_csv(folder / INCIDENTS, index=False, encoding="utf-8-sig")
    return paths


def _grids(district: SyntheticDistrict) -> gpd.GeoDataFrame:
    frame = district.grids.rename(columns={"community_code": "community", "street_code": "street"})
    columns = ["code", "name", "kind", "community", "community_name", "street", "street_name"]
    return gpd.GeoDataFrame(frame[[*columns, "geometry"]], crs="EPSG:4326")


def _nudged(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The grids with the middle one off its place: overlaps on two sides, gaps on the others."""
    out = grids.copy()
    shapes = np.asarray(out.geometry.array, dtype=object)
    middle = int(np.argmin(shapely.distance(shapely.centroid(shapes), shapely.union_all(shapes).centroid)))
    shapes[middle] = shapely.transform(shapes[middle], lambda xy: round_degrees(xy + np.array(_NUDGE)))
    return out.set_geometry(gpd.GeoSeries(list(shapes), index=out.index, crs="EPSG:4326"))


def _lamps(components: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    lamps = components[components["class_code"] == LAMP]
    return gpd.GeoDataFrame(
        {"编号": lamps["code"].to_numpy(), "名称": lamps["name"].to_numpy()},
        geometry=list(lamps.geometry),
        crs="EPSG:4326",
    )


def _incidents(incidents: pd.DataFrame, grids: gpd.GeoDataFrame) -> pd.DataFrame:
    index = GridIndex.build(grids["code"].tolist(), np.asarray(grids.geometry.array, dtype=object))
    lon, lat = incidents["lon"].to_numpy(dtype=float), incidents["lat"].to_numpy(dtype=float)
    codes = np.array([*index.codes, ""], dtype=object)
    return pd.DataFrame(
        {
            "id": incidents["number"],
            "longitude": lon,
            "latitude": lat,
            "date": incidents["occurred_at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            "class": incidents["class_code"],
            "address": incidents["address"],
            "grid": codes[index.locate(lon, lat)],
        }
    )

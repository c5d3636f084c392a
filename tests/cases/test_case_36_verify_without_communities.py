"""Case 36: a district without communities beside one that has some was reported as broken, in every edition after."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.publishing.reassignment import publish
from app.verify.service import verify
from tests.fixtures.commands import Command
from tests.fixtures.towns import town_input


def beats(folder: Path) -> Path:
    """Two squares far from the town, without a column for what lies above them."""
    squares = [shapely.box(121, 36, 121.01, 36.01), shapely.box(121.01, 36, 121.02, 36.01)]
    frame = gpd.GeoDataFrame({"code": ["H4V1", "H4V2"]}, geometry=squares, crs=4326)
    file = folder / "beats.geojson"
    frame.to_file(file)
    return file


def test_the_district_is_published_and_found_whole(wangge: Command, tmp_path: Path) -> None:
    done = wangge("grids", "import", beats(tmp_path), "--code", "code", "--district", "H4V", "--publish")
    assert done.code == 0, str(done)
    checked = wangge("verify")
    assert checked.code == 0, str(checked)
    assert "✗" not in checked.out


@pytest.mark.parametrize("name", ["back.gpkg", "back.geojson", "back.parquet"])
def test_what_is_exported_is_no_change(wangge: Command, tmp_path: Path, name: str) -> None:
    done = wangge("grids", "import", beats(tmp_path), "--code", "code", "--district", "H4V", "--publish")
    assert done.code == 0, str(done)
    target = tmp_path / name
    exported = wangge("grids", "export", target, "--district", "H4V")
    assert exported.code == 0, str(exported)
    columns = gpd.read_parquet(target) if name.endswith("parquet") else gpd.read_file(target)
    assert not {"community", "street"} & set(columns), "levels that the district does not have"
    again = wangge(
        "grids", "import", target, "--code", "code", "--name", "name", "--kind", "kind", "--publish", "--json"
    )
    assert again.code == 0, str(again)
    assert (again.document["published"], again.document["unchanged"]) == (False, 2)


def test_a_grid_outside_every_community_is_still_found(session: Session) -> None:
    publish(session, town_input(), author="tester")
    session.execute(text("ALTER TABLE unit_version DISABLE TRIGGER USER"))
    session.execute(
        text("UPDATE unit_version SET path = '370299.x' WHERE level = 'grid' AND code = '370299001001001'")
    )
    broken = {outcome.number: str(outcome.broken) for outcome in verify(session) if not outcome.holds}
    assert "community: 370299001001001" in broken[3]
    assert "street: 370299001001001" in broken[3]

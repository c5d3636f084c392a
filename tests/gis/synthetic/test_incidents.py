from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import shapely

from gis.geometry import SCALE
from gis.synthetic.ground import ground_of
from gis.synthetic.incidents import build_incidents
from gis.synthetic.scenes import hot_spots
from tests.gis.synthetic.toy import OUTLINE, SEED, UNTIL, catalog, toy, toy_components, toy_incidents

CLASSES = catalog("incident")


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    return toy_incidents()


def of(frame: pd.DataFrame, *codes: str) -> pd.DataFrame:
    return frame[frame["class_code"].isin(codes)]


def test_there_are_exactly_as_many_as_asked_of_every_class(made: pd.DataFrame) -> None:
    assert len(made) == 20_000
    assert set(made["class_code"]) == set(CLASSES["code"])
    assert len(toy_incidents(count=len(CLASSES))) == len(CLASSES)


def test_numbers_are_unique_and_in_the_order_of_report(made: pd.DataFrame) -> None:
    assert made["number"].is_unique
    assert made["reported_at"].is_monotonic_increasing
    day = made["reported_at"].dt.strftime("%Y%m%d")
    assert (made["number"].str.slice(7, 15) == day).all()


def test_nothing_is_later_than_the_present_nor_older_than_the_years(made: pd.DataFrame) -> None:
    assert str(made["reported_at"].dt.tz) == "Asia/Shanghai"
    assert made["reported_at"].max() <= pd.Timestamp(UNTIL)
    assert made["reported_at"].min() > pd.Timestamp(UNTIL - timedelta(days=733))
    assert (made["occurred_at"] <= made["reported_at"]).all()
    closed = made[made["closed_at"].notna()]
    assert (closed["closed_at"] > closed["reported_at"]).all()
    assert closed["closed_at"].max() <= pd.Timestamp(UNTIL)


def test_a_present_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_incidents(
            toy(),
            None,
            CLASSES,
            count=100,
            until=datetime(2026, 1, 1),  # noqa: DTZ001
            years=1,
            seed=1,
        )


def test_most_are_closed_and_the_open_ones_are_mostly_recent(made: pd.DataFrame) -> None:
    done = made["state"].isin(["closed", "voided"])
    assert 0.95 < done.mean() < 0.999
    assert (made["closed_at"].notna() == done).all()
    is_open = made[~done]
    assert (is_open["reported_at"] > pd.Timestamp(UNTIL - timedelta(days=45))).mean() > 0.5
    assert {"reported", "handling"} <= set(is_open["state"])
    on_time = (
        made.loc[made["state"] == "closed", "closed_at"] <= made.loc[made["state"] == "closed", "due_at"]
    )
    assert 0.7 < on_time.mean() < 0.98


def test_heating_is_a_matter_of_winter_and_tourists_of_summer(made: pd.DataFrame) -> None:
    heating = of(made, "3202")["reported_at"].dt.month
    assert heating.isin([11, 12, 1, 2, 3]).mean() > 0.9
    tourists = of(made, "3203")["reported_at"].dt.month
    assert tourists.isin([5, 6, 7, 8, 9, 10]).mean() > 0.75
    assert of(made, "0407")["reported_at"].dt.month.isin([11, 12, 1, 2, 3]).all()
    fire = of(made, "3303")["reported_at"].dt.month
    assert fire.isin([2, 3, 4, 5]).mean() > 0.5


def test_floods_come_with_storms_in_july_and_august(made: pd.DataFrame) -> None:
    flood = of(made, "0406", "3307")
    assert flood["reported_at"].dt.month.isin([7, 8]).mean() > 0.5
    by_day = flood.groupby(flood["reported_at"].dt.date).size().sort_values(ascending=False)
    # A few storms bring many: ten days of two years have a good part of all.
    assert by_day.head(10).sum() / len(flood) > 0.15


def test_offices_rest_at_weekends_and_neighbours_are_loud_at_night(made: pd.DataFrame) -> None:
    week = of(made, "3103", "3104", "3206")["reported_at"].dt.day_of_week
    assert (week >= 5).mean() < 0.2
    leisure = of(made, "0501", "0510", "3203", "3201")["reported_at"].dt.day_of_week
    assert (leisure >= 5).mean() > 0.33
    night = of(made, "3201")["reported_at"].dt.hour
    assert ((night >= 19) | (night < 2)).mean() > 0.5
    office = of(made, "3103")["reported_at"].dt.hour
    assert office.between(8, 17).mean() > 0.85


def test_both_origins_and_all_eighteen_channels_occur(made: pd.DataFrame) -> None:
    assert set(made["origin"]) == {"complaint", "found"}
    assert made["channel"].nunique() == 18
    by_origin = made.groupby("origin")["channel"].unique()
    assert not set(by_origin["complaint"]) & set(by_origin["found"])
    assert "67712345热线" in set(by_origin["complaint"])
    half = made["reported_at"] < pd.Timestamp(UNTIL - timedelta(days=365))
    found = made["origin"] == "found"
    # Acting before complaint grows from year to year.
    assert found[~half].mean() > found[half].mean()


def test_hot_spots_are_truly_hot(made: pd.DataFrame) -> None:
    spots = hot_spots(ground_of(toy()), seed=SEED)
    x, y = toy().frame.metres(made["lon"].to_numpy(), made["lat"].to_numpy())
    land_m2 = sum(toy().blocks["area_m2"])
    assert len(spots) == 9
    for spot in spots.itertuples():
        those = made["class_code"].isin(spot.classes.split()).to_numpy()
        inside = those & (np.hypot(x - spot.x, y - spot.y) < 2 * spot.radius_m)
        expected = those.sum() * np.pi * (2 * spot.radius_m) ** 2 / land_m2
        assert inside.sum() > 4 * expected, spot.what


def test_some_addresses_report_again_and_again(made: pd.DataFrame) -> None:
    again = made.groupby(["lon", "lat"]).size()
    assert again.max() >= 12
    assert (again >= 5).sum() > 50
    # An address is the same each time.
    addresses = made.groupby(["lon", "lat", "class_code"])["address"].nunique()
    assert (addresses == 1).mean() > 0.95


def test_places_are_on_land_and_on_the_lattice(made: pd.DataFrame) -> None:
    places = made[["lon", "lat"]].to_numpy()
    assert np.array_equal(np.rint(places * SCALE) / SCALE, places)
    assert shapely.covers(OUTLINE.buffer(1e-7), shapely.points(places)).all()


def test_trouble_with_a_component_names_it_and_is_there(made: pd.DataFrame) -> None:
    components = toy_components().set_index("code")
    named = made[made["component_code"].notna()]
    assert set(named["class_code"]) >= {"0404", "0402", "3304"}
    assert named["component_code"].isin(components.index).all()
    sewers = of(named, "0404")
    assert set(components.loc[sewers["component_code"], "class_code"]) <= {"0102", "0103", "0104"}
    at = shapely.get_coordinates(components.loc[sewers["component_code"]].geometry.to_numpy())
    assert np.allclose(at, sewers[["lon", "lat"]].to_numpy(), atol=2e-7)


def test_without_components_things_happen_in_the_street() -> None:
    made = build_incidents(toy(), None, CLASSES, count=500, until=UNTIL, years=1, seed=1)
    assert len(made) == 500
    assert made["component_code"].isna().all()


def test_descriptions_say_where_and_what(made: pd.DataFrame) -> None:
    heating = of(made, "3202").iloc[0]
    assert heating["description"].startswith(heating["address"])
    assert "暖气不热" in heating["description"]
    assert made["description"].str.len().min() > 10


def fingerprint(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv().encode()).hexdigest()


def test_the_same_seed_gives_the_same_incidents() -> None:
    first = toy_incidents(count=3000, years=1)
    again = build_incidents(toy(), toy_components(), CLASSES, count=3000, until=UNTIL, years=1, seed=SEED)
    assert fingerprint(first) == fingerprint(again)
    assert fingerprint(toy_incidents(count=3000, years=1, seed=SEED + 1)) != fingerprint(first)

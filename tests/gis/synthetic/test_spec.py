from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.synthetic.spec import apportion, read_specs
from tests.gis.synthetic.toy import DATA


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=30), st.integers(1, 4), st.integers(0, 5000))
def test_apportioning_gives_everything_away_and_everybody_the_least(
    weights: list[float], least: int, spare: int
) -> None:
    total = least * len(weights) + spare
    shares = apportion(np.array(weights), total, least=least)
    assert shares.sum() == total
    assert shares.min() >= least


def test_apportioning_follows_the_weights() -> None:
    assert apportion(np.array([50.0, 30.0, 20.0]), 1000).tolist() == [500, 300, 200]


def test_too_little_to_go_round_is_refused() -> None:
    with pytest.raises(ValueError, match="2 shares for 3"):
        apportion(np.ones(3), 2)


def test_the_five_districts_have_their_towns_and_grids() -> None:
    specs = read_specs(DATA)
    assert {code: (spec.grids, len(spec.towns)) for code, spec in specs.items()} == {
        "330402": (605, 13),
        "370211": (1309, 23),
        "370212": (781, 5),
        "370283": (916, 18),
        "371002": (384, 9),
    }
    assert specs["370211"].towns[0].name == "黄岛街道"
    assert all(town.code.startswith(spec.code) for spec in specs.values() for town in spec.towns)


def test_a_town_without_a_seat_is_named(tmp_path: Path) -> None:
    for part in ("boundaries/divisions", "demo"):
        shutil.copytree(DATA / part, tmp_path / part)
    seats = tmp_path / "demo" / "seats.csv"
    seats.write_text(
        "".join(
            line for line in seats.read_text().splitlines(keepends=True) if not line.startswith("370211010")
        )
    )
    with pytest.raises(ValueError, match="370211010"):
        read_specs(tmp_path)

"""``wangge demo load`` as a person runs it."""

from __future__ import annotations

import pytest

from app.demo import plan
from app.demo.plan import Amount, Scale
from tests.fixtures.commands import Command


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small is smaller still: the amounts are not what is tried here."""
    monkeypatch.setitem(plan.AMOUNTS, Scale.SMALL, Amount(200, 300, 1))


def test_load_and_load_again(wangge_empty: Command, few: None) -> None:
    first = wangge_empty("demo", "load", "--district", "371002", "--json")
    assert first.code == 0, first
    document = first.document
    assert document["synthetic"] is True
    assert (document["grids"], document["streets"], document["components"]) == (384, 9, 200)
    again = wangge_empty("demo", "load", "--district", "371002", "--json").document
    assert again["unchanged"] is True
    told = wangge_empty("demo", "load", "--district", "371002", lang="en")
    assert "nothing changed" in told.out
    assert wangge_empty("locate", "122.11", "37.45").code == 0


def test_an_unknown_district_is_refused(wangge_empty: Command) -> None:
    refused = wangge_empty("demo", "load", "--district", "123456")
    assert refused.code == 3, refused
    assert "371002" in refused.err


def test_an_unknown_scale_is_wrong_usage(wangge_empty: Command) -> None:
    assert wangge_empty("demo", "load", "--scale", "huge").code == 2

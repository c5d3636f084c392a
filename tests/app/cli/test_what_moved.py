"""What mending moved, told to people: every grid where they are few, the farthest where they are many."""

from __future__ import annotations

from types import SimpleNamespace

from app.cli.boundary_file import _say_what_moved
from gis.coverage.cleaning import Movement


def told(count: int) -> list[str]:
    lines: list[str] = []
    moved = [Movement(f"g{at:03}", at * 0.1, at * 0.1, -1.0, (120.0, 36.0)) for at in range(1, count + 1)]
    prepared = SimpleNamespace(moved=moved, gaps_mended=count, overlaps_mended=0)
    out = SimpleNamespace(note=lambda zh, _en: lines.append(zh))
    _say_what_moved(SimpleNamespace(out=out), prepared)
    return lines


def test_few_are_all_told_in_the_order_of_their_codes():
    lines = told(3)
    assert [line[3:7] for line in lines[:3]] == ["g001", "g002", "g003"]
    assert len(lines) == 4


def test_of_many_the_farthest_are_told_and_the_rest_counted():
    lines = told(40)
    assert [line[3:7] for line in lines[:30]] == [f"g{at:03}" for at in range(11, 41)]
    assert "10" in lines[30]
    assert "4.00" in lines[31]

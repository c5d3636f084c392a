"""Coordinate systems as requests name them: known ones at once, unknown ones one at a time, refusals remembered."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from app.kit import crs
from app.kit.admission import Overloaded
from gis.crs import parse_crs, to_wgs84
from gis.errors import CrsUnknown
from tests.fixtures.event_loops import run_async


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crs, "_known", type(crs._known)())


@pytest.mark.parametrize("text", ["wgs84", "GCJ-02", "epsg:4326", "EPSG::4490", " EPSG:4549 "])
def test_the_same_as_the_core_reads(text: str):
    assert run_async(crs.read_crs(text)) == parse_crs(text) == crs.find_crs(text)


@pytest.mark.parametrize("text", ["mars", "EPSG:9999999", "EPSG:2381", "EPSG:x", ""])
def test_refused_as_the_core_refuses(text: str):
    with pytest.raises(CrsUnknown) as expected:
        parse_crs(text)
    for _ in range(2):  # looked up, and remembered
        with pytest.raises(CrsUnknown) as refused:
            run_async(crs.read_crs(text))
        assert refused.value.detail.zh == expected.value.detail.zh


def test_proj_is_asked_once_and_by_one_at_a_time(monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []
    inside = most = 0
    ask = crs._ask_proj

    def watched(number: int):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        asked.append(number)
        try:
            return ask(number)
        finally:
            inside -= 1

    monkeypatch.setattr(crs, "_ask_proj", watched)

    async def many() -> None:
        numbers = [4549, 9999999, 4549, 9999998, 9999999]
        await asyncio.gather(*(crs.read_crs(f"EPSG:{n}") for n in numbers), return_exceptions=True)

    threads = [threading.Thread(target=lambda: run_async(many())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1
    assert sorted(asked) == [4549, 9999998, 9999999]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(crs, "_ask_proj", lambda number: CrsUnknown("无", f"no {number}"))
    for number in range(3 * crs._KEPT):
        with pytest.raises(CrsUnknown):
            crs.find_crs(f"EPSG:{number}")
    assert len(crs._known) == crs._KEPT


def test_whoever_goes_through_the_register_waits_alone(monkeypatch: pytest.MonkeyPatch):
    release = threading.Event()
    monkeypatch.setattr(
        crs, "_ask_proj", lambda number: release.wait(30) and CrsUnknown("无", f"no {number}")
    )

    async def run() -> list[object]:
        crs._known[4549] = parse_crs(4549)
        crowd = [asyncio.create_task(crs.read_crs(f"EPSG:{n}", place="crowd")) for n in range(200)]
        await asyncio.sleep(0.05)
        assert (await crs.read_crs("EPSG:4549", place="honest")).name == "EPSG:4549"
        release.set()
        return await asyncio.gather(*crowd, return_exceptions=True)

    ended = run_async(run())
    assert {type(each) for each in ended} == {CrsUnknown, Overloaded}


def test_places_are_converted_alike_here_and_in_the_thread_of_proj():
    async def convert(name: str):
        source = await crs.read_crs(name)
        return await crs.with_proj(source, to_wgs84, np.array([500_000.0]), np.array([4_000_000.0]), source)

    lon, lat = run_async(convert("EPSG:4549"))
    assert (lon[0], lat[0]) == pytest.approx(
        [value[0] for value in to_wgs84([500_000.0], [4_000_000.0], 4549)]
    )

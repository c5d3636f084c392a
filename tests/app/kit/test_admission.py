"""The gate: never more inside than places, nobody lost, nobody kept out by a crowd from elsewhere."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import status_of
from app.kit.admission import Gate, Overloaded
from tests.fixtures.event_loops import run_async


def test_what_does_not_fit_waits_and_too_many_are_sent_away_at_once():
    async def run() -> None:
        gate = Gate(2, most_waiting=3, patience_s=60)
        release = asyncio.Event()

        async def work() -> str:
            async with gate.turn():
                await release.wait()
            return "done"

        tasks = [asyncio.create_task(work()) for _ in range(5)]
        await asyncio.sleep(0)
        assert (gate.inside, gate.waiting) == (2, 3)
        with pytest.raises(Overloaded) as refused:
            async with gate.turn():
                pass
        assert status_of(type(refused.value)) == 503
        assert refused.value.headers["Retry-After"]
        release.set()
        assert await asyncio.gather(*tasks) == ["done"] * 5
        assert (gate.inside, gate.waiting) == (0, 0)

    run_async(run())


def test_patience_ends():
    async def run() -> None:
        gate = Gate(1, most_waiting=3, patience_s=0.01)
        async with gate.turn():
            with pytest.raises(Overloaded):
                async with gate.turn():
                    pass
        async with gate.turn():
            assert gate.inside == 1

    run_async(run())


def test_a_crowd_from_one_place_delays_another_by_one_turn():
    async def run() -> list[str]:
        gate = Gate(1, most_waiting=100, patience_s=60)
        order: list[str] = []

        async def work(place: str) -> None:
            async with gate.turn(place):
                order.append(place)
                await asyncio.sleep(0)

        async with gate.turn("crowd"):
            tasks = [asyncio.create_task(work("crowd")) for _ in range(50)]
            await asyncio.sleep(0)
            tasks.append(asyncio.create_task(work("honest")))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return order

    assert "honest" in run_async(run())[:2]


def test_a_crowd_that_fills_the_queue_loses_a_place_to_somebody_else():
    async def run() -> None:
        gate = Gate(1, most_waiting=4, patience_s=60)
        ended: list[str] = []

        async def work(place: str) -> None:
            try:
                async with gate.turn(place):
                    ended.append(place)
            except Overloaded:
                ended.append(f"{place} sent away")

        async with gate.turn("crowd"):
            tasks = [asyncio.create_task(work("crowd")) for _ in range(4)]
            await asyncio.sleep(0)
            tasks.append(asyncio.create_task(work("honest")))
            await asyncio.sleep(0)
            assert gate.waiting == 4
        await asyncio.gather(*tasks)
        assert ended.count("honest") == 1
        assert ended.count("crowd sent away") == 1

    run_async(run())


def test_turns_are_handed_from_one_event_loop_to_another():
    gate = Gate(1, most_waiting=100, patience_s=60)
    inside, most = 0, 0

    async def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            async with gate.turn(threading.get_ident()):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

    threads = [threading.Thread(target=lambda: run_async(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1
    assert (gate.inside, gate.waiting) == (0, 0)


@settings(max_examples=60, deadline=None)
@given(
    places=st.integers(1, 4),
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["stays", "cancelled", "fails"]), st.integers(0, 3)),
        max_size=30,
    ),
)
def test_every_place_comes_back_whatever_happens_to_those_who_had_one_or_waited(places, steps):
    async def run() -> None:
        gate = Gate(places, most_waiting=5, patience_s=60)
        inside, most = 0, 0

        async def work(key: int, fate: str) -> None:
            nonlocal inside, most
            async with gate.turn(key):
                inside += 1
                most = max(most, inside)
                try:
                    await asyncio.sleep(0)
                    if fate == "fails":
                        raise ValueError
                    await asyncio.sleep(0)
                finally:
                    inside -= 1

        tasks = []
        for key, fate, pauses in steps:
            task = asyncio.create_task(work(key, fate))
            tasks.append(task)
            for _ in range(pauses):
                await asyncio.sleep(0)
            if fate == "cancelled":
                task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(
            each is None or isinstance(each, Overloaded | ValueError | asyncio.CancelledError)
            for each in ended
        )
        assert most <= places
        assert (gate.inside, gate.waiting, gate._queues) == (0, 0, {})

    run_async(run())

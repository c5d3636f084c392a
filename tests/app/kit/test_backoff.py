"""Waits between restarts: none at first, bounded at last, forgotten after a healthy while."""

from hypothesis import given
from hypothesis import strategies as st

from app.kit.backoff import Backoff


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_it_doubles_and_is_forgotten():
    clock = Clock()
    backoff = Backoff(first_s=1, longest_s=5, healthy_s=60, clock=clock)
    assert [backoff.failed() for _ in range(6)] == [0, 1, 2, 4, 5, 5]
    # Running, but not for long: the series goes on.
    backoff.healthy()
    clock.now += 59
    assert backoff.failed() == 5
    backoff.healthy()
    clock.now += 30
    backoff.healthy()  # noted again and again: since the first time
    clock.now += 30
    assert [backoff.failed(), backoff.failed()] == [0, 1]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1e6)), max_size=200))
def test_waits_are_bounded_and_grow_until_something_was_healthy(steps):
    clock = Clock()
    backoff = Backoff(first_s=0.25, longest_s=30, healthy_s=60, clock=clock)
    last, healthy_for = 0.0, None
    for ran, seconds in steps:
        if ran:
            backoff.healthy()
            healthy_for = seconds
        clock.now += seconds
        wait = backoff.failed()
        assert 0 <= wait <= 30
        if healthy_for is not None and healthy_for >= 60:
            assert wait == 0
        else:
            assert wait >= last
        last, healthy_for = wait, None


def test_it_goes_on_for_years():
    backoff = Backoff()
    assert {backoff.failed() for _ in range(5000)} >= {0.0, 30.0}

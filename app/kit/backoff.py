"""How long to wait before something that ended is started again."""

from __future__ import annotations

import time
from collections.abc import Callable


class Backoff:
    """The first restart is immediate; each one soon after waits twice as long, up to a bound.

    What ran well for ``healthy_s`` begins anew: an accident a week apart is not a series.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.25,
        longest_s: float = 30.0,
        healthy_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first, self._longest, self._healthy = first_s, longest_s, healthy_s
        self._clock = clock
        self._failures = 0
        self._healthy_since: float | None = None

    def healthy(self) -> None:
        """Note that it runs well since now, unless that was noted before."""
        if self._healthy_since is None:
            self._healthy_since = self._clock()

    def failed(self) -> float:
        """Note that it ended, or did not start; gives the seconds to wait before the next try."""
        if self._healthy_since is not None and self._clock() - self._healthy_since >= self._healthy:
            self._failures = 0
        self._healthy_since = None
        self._failures += 1
        if self._failures == 1:
            return 0.0
        # The exponent is bounded too: a number of failures without end must not become a number without end.
        return min(self._first * 2.0 ** min(self._failures - 2, 32), self._longest)

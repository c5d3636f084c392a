"""``make bench``: every measurement in one run, printed as ratios and kept under ``bench/results``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from bench import (
    checking,
    counties,
    handmade,
    heat,
    load,
    loading,
    ownership,
    publishing,
    reading,
    serving,
    whole,
)
from bench.ground import Ground, ground
from bench.options import Options, parse
from bench.record import Row, keep, show

# In this order: what writes most comes last, since everything shares a database.
PARTS: dict[str, Callable[[Ground, Options], list[Row]]] = {
    "ownership": ownership.measure,
    "serving": serving.measure,
    "load": load.measure,
    "loading": lambda ground, _: loading.measure(ground),
    "handmade": handmade.measure,
    "heat": lambda ground, _: heat.measure(ground),
    "publishing": publishing.measure,
}
# What needs no database.
ALONE: dict[str, Callable[[Options], list[Row]]] = {
    "counties": counties.measure,
    "reading": lambda _: reading.measure(),
    "checking": checking.measure,
    "whole": whole.measure,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, keep."""
    options = parse(arguments, [*PARTS, *ALONE])
    rows: list[Row] = []
    with ExitStack() as stack:
        made: Ground | None = None
        for name, part in PARTS.items():
            if name in options.only:
                if made is None:
                    sys.stderr.write("bench: making a database with the demo district\n")
                    made = stack.enter_context(ground())
                sys.stderr.write(f"bench: {name}\n")
                rows += part(made, options)
    for name, part in ALONE.items():
        if name in options.only:
            sys.stderr.write(f"bench: {name}\n")
            rows += part(options)
    show(rows)
    sys.stderr.write(f"bench: kept as bench/results/{keep(rows, options).name}\n")


if __name__ == "__main__":
    main()

"""``make bench``: every measurement in one run, printed as ratios and kept under ``bench/results``."""

from __future__ import annotations

import sys

from bench import heat, loading, ownership, serving
from bench.ground import ground
from bench.record import Row, keep, show


def main() -> None:
    """Measure, print, keep."""
    rows: list[Row] = []
    sys.stderr.write("bench: making a database with the demo district\n")
    with ground() as made:
        for part in (ownership, serving, loading, heat):
            sys.stderr.write(f"bench: {part.__name__}\n")
            rows += part.measure(made)
    show(rows)
    sys.stderr.write(f"bench: kept as bench/results/{keep(rows).name}\n")


if __name__ == "__main__":
    main()

"""How much is measured: small while things are made, whole when the figures are to be kept."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass

SCALES = ("small", "full")


@dataclass(frozen=True)
class Options:
    """Sizes, and which parts."""

    points: int
    requests: int
    only: tuple[str, ...]
    scale: str = "small"


def parse(arguments: Sequence[str] | None, parts: Sequence[str]) -> Options:
    """Read the command line; ``BENCH_POINTS`` and ``BENCH_REQUESTS`` stand in for what it leaves out."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Ratios beside peers, in one run.")
    parser.add_argument("--points", type=int, default=int(os.environ.get("BENCH_POINTS", "5000000")))
    parser.add_argument("--requests", type=int, default=int(os.environ.get("BENCH_REQUESTS", "5000")))
    parser.add_argument(
        "--only",
        default=os.environ.get("BENCH_ONLY", ""),
        metavar="PARTS",
        help=f"comma separated, of: {', '.join(parts)}",
    )
    parser.add_argument(
        "--scale",
        choices=SCALES,
        default=os.environ.get("BENCH_SCALE", "small"),
        help="what is stored while editions are published; full: 1 M components, 4.46 M incidents, some minutes more",
    )
    given = parser.parse_args(arguments)
    only = tuple(filter(None, given.only.split(","))) or tuple(parts)
    unknown = sorted(set(only) - set(parts))
    if unknown:
        parser.error(f"--only takes some of {', '.join(parts)}; came {', '.join(unknown)}")
    if given.points < 1 or given.requests < 1:
        parser.error("--points and --requests are at least 1")
    if given.scale not in SCALES:
        parser.error(f"BENCH_SCALE takes one of {', '.join(SCALES)}; came {given.scale}")
    return Options(given.points, given.requests, only, given.scale)

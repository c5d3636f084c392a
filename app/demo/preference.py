"""Whether ``wangge up`` may load the demo district into an empty database: a choice that a home remembers.

A real district that starts empty, or removed the demo, must not find 1,309 invented grids after a restart.
"""

from __future__ import annotations

from pathlib import Path

_NAME = "no-demo"
_WHY = (
    "wangge up 不再装入演示区；如需演示区，请运行 wangge demo load。\n"
    "`wangge up` loads no demo district here; for one run `wangge demo load`.\n"
)


def keep_empty(home: Path) -> None:
    """Remember that no demo is wanted in this home; doing it again changes nothing."""
    path = home / _NAME
    if not path.exists():
        path.write_text(_WHY, "utf-8")


def stays_empty(home: Path) -> bool:
    """Whether that was chosen."""
    return (home / _NAME).exists()

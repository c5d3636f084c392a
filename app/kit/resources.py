"""Where the code is, and the files that came with it: catalogues, outlines and the plans of the demo."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

__all__ = ["CODE", "DATA", "version"]

_APP = Path(__file__).resolve().parent.parent

CODE = _APP.parent
"""The folder that holds the packages ``app`` and ``gis``: a checkout, or site-packages."""

DATA = _APP / "data" if (_APP / "data").is_dir() else CODE / "data"
"""``data/`` of a checkout; a wheel has it inside ``app`` (setup.py)."""


def version() -> str:
    """The version of wangge that runs, as the installed package states it.

    Examples
    --------
    >>> version().count(".")
    2
    """
    return metadata.version("wangge")

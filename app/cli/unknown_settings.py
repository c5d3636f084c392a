"""Says which WANGGE_ variables mean nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from app.kit.visible import visible
from app.settings import unknown_variables
from gis.text import Language


def say_unknown(lang: Language, arguments: Sequence[str]) -> None:
    """On standard error, once: the workers of a pool leave it to whoever started them."""
    if any(each.startswith("--channel") for each in arguments):
        return
    for variable in unknown_variables():
        sys.stderr.write(visible(variable.text.in_(lang)) + "\n")

"""Compiling with numba, kept on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function over arrays and numbers at its first call; later processes load what was compiled.

    The interpreter's lock is released inside. Where no folder may be written (a read-only installation without a
    home), each process compiles for itself, which takes a few seconds.
    """
    try:
        return cast("F", numba.njit(cache=True, nogil=True, boundscheck=False, error_model="numpy")(function))
    except RuntimeError:
        return cast("F", numba.njit(nogil=True, boundscheck=False, error_model="numpy")(function))

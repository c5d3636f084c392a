"""Here the sandbox itself is tried: each starts as it does in a program."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _started_as_in_a_program(own_zygote: None) -> None:
    """Nothing is shared."""

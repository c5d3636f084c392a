"""The examples in the docstrings of conditions run and say what they claim."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import app.conditions

MODULES = [info.name for info in pkgutil.iter_modules(app.conditions.__path__, "app.conditions.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0

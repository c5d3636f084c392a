"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import gis.synthetic

MODULES = sorted(module.name for module in pkgutil.iter_modules(gis.synthetic.__path__, "gis.synthetic."))
WITH_EXAMPLES = {"components", "frame", "naming", "planar", "randomness", "register", "spec", "track"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
    if name.rpartition(".")[2] in WITH_EXAMPLES:
        assert result.attempted > 0

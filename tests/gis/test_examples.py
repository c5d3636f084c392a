"""The examples in the docstrings of `gis` run and say what they claim."""

import doctest
import importlib
import pkgutil

import pytest

import gis

MODULES = [
    info.name
    for info in pkgutil.walk_packages(gis.__path__, "gis.")
    if not info.name.startswith("gis.synthetic")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_most_modules_have_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    shown = [
        name for name in MODULES if any(test.examples for test in finder.find(importlib.import_module(name)))
    ]
    assert len(shown) >= 20

"""What a module says it exports is there, public and described."""

import importlib
import pkgutil

import pytest

import gis

OTHERS = ("gis.synthetic", "gis.viz")
MODULES = [
    info.name for info in pkgutil.walk_packages(gis.__path__, "gis.") if not info.name.startswith(OTHERS)
]


@pytest.mark.parametrize("name", MODULES)
def test_exports_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", None)
    assert exported is not None, f"{name} has no __all__"
    assert list(exported) == sorted(set(exported), key=_ruff_order)
    for word in exported:
        assert hasattr(module, word), f"{name} exports {word}, which is not there"
        assert not word.startswith("_")


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_and_classes_have_a_docstring(name: str) -> None:
    module = importlib.import_module(name)
    for word in module.__all__:
        thing = getattr(module, word)
        if callable(thing) and getattr(thing, "__module__", "").startswith("gis"):
            assert thing.__doc__, f"{name}.{word}"


def _ruff_order(word: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as the linter sorts them."""
    if word.isupper() or word.replace("_", "").isupper():
        return (0, word)
    return (1, word) if word[:1].isupper() else (2, word)

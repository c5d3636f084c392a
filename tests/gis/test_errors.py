"""Refusals: one tree, two languages, and whole after a trip between processes."""

import inspect
import pickle

import pytest

from gis import errors
from gis.coverage import Defect
from gis.errors import BadRow, CoverageError, CrsMissing, InputRefused, Refusal, UnreadableFile
from gis.text import Text

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Refusal)]


def test_the_tree_drawn_at_the_top_names_every_class() -> None:
    drawn = errors.__doc__ or ""
    for kind in ALL:
        assert kind.__name__ in drawn
        assert kind.__doc__


def test_each_class_has_its_own_word() -> None:
    words = [kind.code for kind in ALL]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("kind", ALL)
def test_every_refusal_is_a_value_error_and_survives_pickling(kind: type[Refusal]) -> None:
    error = kind("中文", "english", places=[(120.0, 36.0)], code="word")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(again) is kind
    assert isinstance(again, ValueError)
    assert (again.text("zh"), again.text("en"), again.code, again.places) == (
        "中文",
        "english",
        "word",
        ((120.0, 36.0),),
    )
    assert str(again) == "中文 | english"


def test_what_is_carried_along_is_carried_through() -> None:
    row = BadRow(3, "lon", Text("不是数字", "not a number"), "abc")
    refused = pickle.loads(pickle.dumps(InputRefused("甲", "a", rows=[row])))  # noqa: S301
    assert refused.rows == (row,)
    assert row.text("zh") == "第 3 行，lon 列：不是数字（实际为 'abc'）"
    defect = Defect("gap", "error", ("a", "b"), (120.0, 36.0))
    broken = pickle.loads(pickle.dumps(CoverageError("乙", "b", defects=[defect])))  # noqa: S301
    assert broken.defects == [defect]
    assert broken.places == ((120.0, 36.0),)


def test_groups_can_be_caught() -> None:
    assert issubclass(UnreadableFile, InputRefused)
    assert issubclass(CrsMissing, errors.CrsError)
    with pytest.raises(Refusal):
        raise CrsMissing("甲", "a")

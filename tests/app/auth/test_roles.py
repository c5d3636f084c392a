"""Roles, paths and principals: the rules without a database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.models import ROLES
from app.auth.principal import NOBODY, Principal, operator
from app.auth.roles import CONTACTS, CONTAINS, covers, outermost

LABELS = st.sampled_from(["a", "b", "a1", "a_2D1", "A"])
PATHS = st.lists(LABELS, max_size=4).map(".".join)


def inside(scope: str, path: str) -> bool:
    """The same as covers(), said another way."""
    labels = [part for part in scope.split(".") if part]
    return path.split(".")[: len(labels)] == labels or not labels


@given(PATHS, PATHS)
def test_one_path_lies_in_another_by_labels(scope: str, path: str) -> None:
    assert covers(scope, path) == inside(scope, path)


@given(st.lists(PATHS, max_size=6), PATHS)
def test_the_outermost_paths_cover_what_all_cover(paths: list[str], probe: str) -> None:
    kept = outermost(paths)
    assert any(covers(each, probe) for each in kept) == any(covers(each, probe) for each in paths)
    assert not [(a, b) for a in kept for b in kept if a != b and covers(a, b)]
    assert list(kept) == sorted(set(kept))


def test_every_role_is_in_the_table_and_contains_itself() -> None:
    assert set(CONTAINS) == set(ROLES)
    assert all(role in contained for role, contained in CONTAINS.items())
    assert all(CONTAINS[each] <= contained for contained in CONTAINS.values() for each in contained)
    assert CONTAINS["admin"] == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_who_sees_contacts(role: str) -> None:
    who = Principal("x", grants=((role, "d.a"),))
    expected = role in ("grid-leader", "handler", "dispatcher", "admin")
    assert (role in CONTACTS) == expected
    assert who.may_see_contacts("d.a.c") is expected
    assert who.may_see_contacts("d.a") is expected
    assert who.may_see_contacts("d.ab") is False
    assert who.may_see_contacts("d") is False


def test_paths_are_those_of_the_role_asked_for() -> None:
    who = Principal("x", grants=(("dispatcher", "d.a"), ("viewer", "d.b"), ("viewer", "d.a.c")))
    assert who.paths("dispatcher") == ("d.a",)
    assert who.paths("handler") == ("d.a",)
    assert who.paths("viewer") == ("d.a", "d.b")
    assert who.paths() == ("d.a", "d.b")
    assert who.paths("gis-editor") == ()
    assert who.row_scope("dispatcher").queries == "{d.a.*}"


def test_nobody_sees_nothing_and_the_operator_everything() -> None:
    assert NOBODY.row_scope().queries == "{}"
    assert NOBODY.known is False
    assert operator("cli:root").row_scope().queries == "{*}"
    assert operator("cli:root").may("gis-publisher", "d.a")


def test_a_program_is_told_from_a_person_of_the_same_name() -> None:
    assert Principal("wang", token_id=1).actor == "token:wang"
    assert Principal("wang", account_id=1).actor == "wang"

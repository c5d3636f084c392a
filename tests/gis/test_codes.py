"""Codes: schemes of equal length stay apart, labels read back, numbers are never used again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.codes import (
    COMPONENT_SCHEMES,
    build_component_code,
    check_unit_code,
    component_code_problems,
    component_scheme,
    is_national_unit_code,
    new_grid_code,
    parse_component_code,
    possible_schemes,
)
from gis.errors import CodeError
from gis.ltree import from_ltree_label, from_ltree_path, ltree_label, ltree_path

with_parts = st.sampled_from([name for name, scheme in COMPONENT_SCHEMES.items() if scheme.parts])
codes = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(with_parts, st.data())
def test_what_is_built_is_parsed_back(scheme: str, data: st.DataObject) -> None:
    digits = {
        part: data.draw(st.text("0123456789", min_size=width, max_size=width))
        for part, width in component_scheme(scheme).parts
        if part != "sequence"
    }
    width = dict(component_scheme(scheme).parts)["sequence"]
    sequence = data.draw(st.integers(1, 10**width - 1))
    built = build_component_code(scheme, **digits, sequence=sequence)
    assert parse_component_code(built.code, scheme) == built
    assert len(built.code) == component_scheme(scheme).digits
    assert scheme in possible_schemes(built.code)
    assert component_code_problems([built.code], scheme) == []


def test_two_schemes_of_one_length_take_a_code_apart_differently() -> None:
    assert component_scheme("GB/T 30428.2-2013").digits == component_scheme("draft-2025").digits == 16
    code = "3702110112345678"
    old, draft = parse_component_code(code, "GB/T 30428.2-2013"), parse_component_code(code, "draft-2025")
    assert (old.minor, old.sequence) == ("12", "345678")
    assert (draft.minor, draft.sequence) == ("123", "45678")


def test_own_codes_are_not_taken_apart() -> None:
    own = parse_component_code(" 井-07 ", "own")
    assert (own.code, own.county, own.sequence) == ("井-07", None, None)


@pytest.mark.parametrize(
    ("code", "scheme"),
    [
        ("37021101000001", "GB/T 30428.2-2013"),
        ("370211010000001X", "GB/T 30428.2-2013"),
        ("３７０２１１０１００００００１０", "GB/T 30428.2-2013"),
        ("3702110112345678", "GB/T 47678.5-2026"),
        ("", "own"),
        ("a\nb", "own"),
        ("x" * 65, "own"),
        ("3702110112345678", "GB/T 30428"),
    ],
)
def test_codes_that_do_not_fit_are_refused(code: str, scheme: str) -> None:
    with pytest.raises(CodeError) as refused:
        parse_component_code(code, scheme)
    assert refused.value.detail.zh != refused.value.detail.en


@pytest.mark.parametrize(
    "parts",
    [
        {"county": "37021", "major": "01", "minor": "01", "sequence": 1},
        {"county": "370211", "major": "x1", "minor": "01", "sequence": 1},
        {"county": "370211", "major": "01", "minor": "01", "sequence": 0},
        {"county": "370211", "major": "01", "minor": "01", "sequence": 1_000_000},
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: dict) -> None:
    with pytest.raises(CodeError):
        build_component_code("GB/T 30428.2-2013", **parts)


def test_nothing_can_be_built_in_a_scheme_without_parts() -> None:
    with pytest.raises(CodeError):
        build_component_code("own", county="370211", major="01", minor="01", sequence=1)


def test_problems_of_many_are_numbered_and_blanks_passed_over() -> None:
    found = component_code_problems(["3702110112345678", None, "", "37", "abcdefghijklmnop"], "draft-2025")
    assert [(p.index, p.value) for p in found] == [(3, "37"), (4, "abcdefghijklmnop")]


@given(codes)
def test_labels_read_back_and_are_what_postgresql_takes(code: str) -> None:
    label = ltree_label(code)
    assert re.fullmatch(r"[A-Za-z0-9_]{1,255}", label)
    assert from_ltree_label(label) == code


@given(codes, codes)
def test_different_codes_have_different_labels(one: str, other: str) -> None:
    assert (ltree_label(one) == ltree_label(other)) == (one == other)


@given(st.lists(codes, max_size=6))
def test_paths_read_back(chain: list[str]) -> None:
    assert from_ltree_path(ltree_path(chain)) == chain


def test_a_reserved_word_is_told_apart() -> None:
    label = ltree_label("outside", reserved=["outside"])
    assert label != "outside"
    assert from_ltree_label(label) == "outside"


@pytest.mark.parametrize("code", ["", "网" * 29, "\ud800"])
def test_codes_that_cannot_be_labels(code: str) -> None:
    with pytest.raises(CodeError):
        ltree_label(code)


@pytest.mark.parametrize("label", ["", "a-b", "_ZZ", "a_", "_E9", "a.b"])
def test_labels_nobody_made(label: str) -> None:
    with pytest.raises(CodeError):
        from_ltree_label(label)


@pytest.mark.parametrize("code", ["", " a", "a ", "a\tb", "x" * 65, "网" * 29])
def test_unit_codes_that_are_refused(code: str) -> None:
    with pytest.raises(CodeError):
        check_unit_code(code)


def test_national_form() -> None:
    assert is_national_unit_code("370211", "district")
    assert is_national_unit_code("370211001002003", "grid")
    assert not is_national_unit_code("37021100100200A", "grid")
    assert not is_national_unit_code("３７０２１１", "district")


def test_a_grid_number_is_never_used_again() -> None:
    used = {"370211001001001", "370211001001002", "370211001001009", "370211001002050", "自编-1"}
    assert new_grid_code("370211001001", used) == "370211001001010"
    assert new_grid_code("370211001003", used) == "370211001003001"
    with pytest.raises(CodeError) as refused:
        new_grid_code("370211001001", {"370211001001999"})
    assert refused.value.code == "numbers-used-up"

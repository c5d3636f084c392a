"""What a file changes in the hierarchy, and what its rows say against each other: compared with plain counting."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.boundaries.hierarchy_changes import compare_hierarchies
from app.boundaries.row_conflicts import GridColumns, row_conflicts, unfit

CODES = st.sampled_from([f"c{i}" for i in range(6)])
# Code -> (name, parent): units of one level.
UNITS = st.dictionaries(CODES, st.tuples(st.sampled_from("甲乙丙"), st.sampled_from(["p", "q"])), max_size=6)


def frame(units: dict[str, tuple[str, str]], places: dict[str, int]) -> pd.DataFrame:
    rows = [("grid", code, name, "base", parent) for code, (name, parent) in units.items()]
    table = pd.DataFrame(rows, columns=["level", "code", "name", "kind", "parent_code"])
    table["geometry"] = [shapely.box(places[code], 0, places[code] + 1, 1) for code in units]
    return table


@given(UNITS, UNITS, st.permutations(range(6)))
def test_changes_lead_from_one_to_the_other(was, now, places):
    before = {code: int(code[1:]) for code in was}
    after = {code: places[int(code[1:])] for code in now}
    found = compare_hierarchies(frame(was, before), frame(now, after))
    if not was and not now:
        assert found == ()
        return
    (grid,) = found
    gone = {code for code, _ in grid.retired} | {old for old, _ in grid.recoded}
    come = {code for code, _ in grid.new} | {new for _, new in grid.recoded}
    assert (set(was) - gone) | come == set(now)
    assert (gone & set(now), come & set(was)) == (set(), set())
    # Recoded is the same place under another code, and nothing else is.
    for old, new in grid.recoded:
        assert before[old] == after[new]
    assert not {before[code] for code, _ in grid.retired} & {after[code] for code, _ in grid.new}
    same = set(was) & set(now)
    assert {each for each, _, _ in grid.renamed if each in same} == {
        c for c in same if was[c][0] != now[c][0]
    }
    assert {each for each, _, _ in grid.moved if each in same} == {c for c in same if was[c][1] != now[c][1]}
    assert {each for each in grid.reshaped if each in same} == {c for c in same if before[c] != after[c]}


def test_units_of_a_recoded_parent_are_not_moved():
    def units(parent: str) -> pd.DataFrame:
        rows = [("community", parent, "社区", None, "d"), ("grid", "g", "网格", "base", parent)]
        table = pd.DataFrame(rows, columns=["level", "code", "name", "kind", "parent_code"])
        table["geometry"] = [shapely.box(0, 0, 1, 1)] * 2
        return table

    community, grid = compare_hierarchies(units("a"), units("b"))
    assert community.recoded == (("a", "b"),)
    assert not grid


TABLES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from(["甲", "乙", None]),
        st.sampled_from(["s", "t", None]),
    ),
    min_size=1,
    max_size=12,
)


@given(TABLES)
def test_contradictions_are_those_that_counting_finds(rows):
    table = pd.DataFrame(rows, columns=["community_code", "community_name", "street_code"], dtype=object)
    table = table.where(table.notna(), None)
    table.insert(0, "code", [f"g{i}" for i in range(len(rows))])
    shapes = np.array([shapely.box(i, 0, i + 1, 1) for i in range(len(rows))], dtype=object)
    found = row_conflicts(table, shapes, GridColumns("g", community="社区", street="街道"))

    names, streets, codes = defaultdict(set), defaultdict(set), defaultdict(set)
    blank = 0
    for community, name, street in rows:
        blank += (community is None) + (street is None)
        if community and name:
            names[community].add(name)
            codes[name].add(community)
        if community and street:
            streets[community].add(street)
    two = sum(len(each) > 1 for each in [*names.values(), *streets.values()])
    errors = [defect for defect in found if defect.severity == "error"]
    assert len(errors) == blank + two
    assert len(found) - len(errors) == sum(len(each) > 1 for each in codes.values())
    for defect in found:
        assert "社区" in defect.detail.zh or "街道" in defect.detail.zh
        assert "row" in defect.detail.en


DIGITS = st.text("0123456789", min_size=12, max_size=12)


@given(DIGITS, DIGITS, st.integers(0, 999))
def test_a_national_code_fits_the_community_it_begins_with(community, other, number):
    code = f"{community}{number:03d}"
    assert not unfit(code, "grid", community, "community", None)
    assert unfit(code, "grid", other, "community", None) == (community != other)
    # Text that is no national code says nothing, unless the scheme was named.
    assert not unfit(f"{code}A", "grid", other, "community", None)
    assert unfit(f"{code}A", "grid", community, "community", "GB/T 30428.1-2013")

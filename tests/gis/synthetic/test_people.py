from __future__ import annotations

from gis.synthetic.people import COUNT_KINDS, build_counts, build_people
from tests.gis.synthetic.toy import toy


def test_every_grid_has_one_leader_one_full_time_and_some_professionals() -> None:
    people = build_people(toy(), seed=3)
    posts = people.pivot_table(index="grid_code", columns="role", aggfunc="size", fill_value=0)
    assert set(posts.index) == set(toy().grids["code"])
    assert (posts["leader"] == 1).all()
    assert (posts["full_time"] == 1).all()
    assert posts["professional"].min() >= 2


def test_one_person_has_one_name_and_a_number_that_cannot_ring() -> None:
    people = build_people(toy(), seed=3)
    per_person = people.groupby("staff_code")[["name", "phone"]].nunique()
    assert (per_person == 1).all().all()
    assert people["phone"].str.fullmatch(r"100-0\d{3}-\d{4}").all()
    assert people.groupby("phone")["staff_code"].nunique().max() == 1
    assert set(people["source"]) == {"synthetic"}


def test_people_are_counts_and_never_negative() -> None:
    counts = build_counts(toy(), seed=3)
    assert len(counts) == len(toy().grids) * len(COUNT_KINDS)
    assert counts["count"].min() >= 0
    assert set(counts.loc[counts["sensitive"], "kind"]) == {"special_care"}
    table = counts.pivot_table(index="grid_code", columns="kind", values="count")
    assert (table["population"] >= table["households"]).all()
    assert (table["elderly"] <= table["population"]).all()
    # 300 to 500 households are usual in a base grid of a town.
    base = toy().grids.loc[toy().grids["kind"] == "base", "code"]
    assert 250 < table.loc[base, "households"].median() < 600


def test_the_same_seed_gives_the_same_people() -> None:
    assert build_people(toy(), seed=3).equals(build_people(toy(), seed=3))
    assert build_counts(toy(), seed=3).equals(build_counts(toy(), seed=3))
    assert not build_people(toy(), seed=3).equals(build_people(toy(), seed=4))

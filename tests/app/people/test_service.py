"""Departments by name, teams as each role sees them, small counts of sensitive kinds, and people who follow their grids."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth.contact_log import ContactLog
from app.auth.principal import Principal
from app.people import repository, service
from app.people.models import Officer, PopulationCount, TeamMember
from tests.fixtures.units import GRIDS, make_units

PHONE = "0532-55550188"


def path_of(code: str) -> str:
    return next(path for path in GRIDS if path.endswith(f".{code}"))


@pytest.fixture
def staffed(session: Session) -> Session:
    """A district in which every grid has a leader, two professionals and counts."""
    make_units(session, GRIDS)
    (department,) = service.department_ids(session, ["城管局"]).values()
    for path in GRIDS:
        code = path.rpartition(".")[2]
        roles = ("professional", "leader", "professional")
        for number, role in enumerate(roles):
            officer = Officer(
                staff_code=f"{code}-{number}",
                name=f"{code} 的 {number}",
                phone=PHONE if role == "leader" else None,
                department_id=department if role == "leader" else None,
                unit_path=path,
            )
            session.add(officer)
            session.flush()
            session.execute(
                text(
                    "INSERT INTO team_member (grid_code, grid_path, officer_id, role, during) "
                    "VALUES (:code, CAST(:path AS ltree), :officer, :role, '[2025-01-01,)')"
                ),
                {"code": code, "path": path, "officer": officer.id, "role": role},
            )
        for kind, count, sensitive, day in (
            ("households", 400, False, date(2026, 1, 1)),
            ("households", 410, False, date(2026, 2, 1)),
            ("special_care", 2, True, date(2026, 1, 1)),
            ("elderly_alone", 3, True, date(2026, 1, 1)),
        ):
            session.add(
                PopulationCount(
                    grid_code=code,
                    grid_path=path,
                    kind=kind,
                    count=count,
                    sensitive=sensitive,
                    counted_on=day,
                )
            )
    session.flush()
    return session


def test_departments_are_known_by_name_and_get_the_next_code(session: Session) -> None:
    before = len(repository.departments(session))
    first = service.department_ids(session, ["环卫甲", "", "市政乙", "环卫甲"])
    assert list(first) == ["环卫甲", "市政乙"]
    assert service.department_ids(session, ["市政乙", "环卫甲"]) == {
        name: first[name] for name in ("市政乙", "环卫甲")
    }
    added = [d.code for d in repository.departments(session) if d.name in first]
    assert added == [f"D{before + 1:03d}", f"D{before + 2:03d}"]
    assert service.department_ids(session, []) == {}


def test_the_leader_stands_first_and_phones_are_for_those_who_need_them(staffed: Session) -> None:
    path = path_of("g1")
    log = ContactLog()
    viewer = service.team_as_seen(staffed, "g1", path, Principal("kan", grants=(("viewer", "d"),)), log)
    assert [m["role"] for m in viewer["members"]] == ["leader", "professional", "professional"]
    assert (viewer["leader"], viewer["full_time"], viewer["professional"]) == (1, 0, 2)
    assert viewer["members"][0]["department"] == "城管局"
    assert all("phone" not in m for m in viewer["members"])
    assert log.shown == {}

    dispatcher = Principal("li", grants=(("dispatcher", "d.a"),))
    seen = service.team_as_seen(staffed, "g1", path, dispatcher, log)
    assert [m["phone"] for m in seen["members"]] == [PHONE, None, None]
    assert log.shown == {"grid:g1": 1}, "the numbers that were shown are counted, not the people"
    elsewhere = service.team_as_seen(staffed, "g4", path_of("g4"), dispatcher, log)
    assert all("phone" not in m for m in elsewhere["members"])
    assert log.shown == {"grid:g1": 1}


def test_posts_count_while_they_last(staffed: Session) -> None:
    assert repository.count_posts(staffed, []) == 0
    assert repository.count_posts(staffed, ["g1", "g2", "nobody"]) == 6
    staffed.execute(text("UPDATE team_member SET during = '[2025-01-01,2025-02-01)' WHERE grid_code = 'g1'"))
    assert repository.count_posts(staffed, ["g1", "g2"]) == 3
    assert repository.team_of(staffed, "g1") == []


def test_fewer_than_three_of_a_sensitive_kind_are_not_told(staffed: Session) -> None:
    def counts(path: str) -> dict[str, int | None]:
        return {each["kind"]: each["count"] for each in service.population_as_seen(staffed, path)}

    # One grid alone in its community, two together, and a grid, of which no sensitive kind is told.
    assert counts("d.a.a2") == {"elderly_alone": 3, "households": 410, "special_care": None}
    assert counts("d.a.a1") == {"elderly_alone": 6, "households": 820, "special_care": 4}
    assert counts("d.a.a1.g1") == {"elderly_alone": None, "households": 410, "special_care": None}
    # The community that is not told is left out of the street's sum, so that it cannot be found by subtraction.
    assert counts("d.a") == {"elderly_alone": 9, "households": 1230, "special_care": 4}
    (newest,) = {
        (each["sensitive"], each["counted_on"])
        for each in service.population_as_seen(staffed, "d.a")
        if each["kind"] == "households"
    }
    assert newest == (False, date(2026, 2, 1))


def people(session: Session) -> dict[str, tuple[set[str], int, set[str]]]:
    """By grid: who is in its team, how many counts it has, whose area it is."""
    names = dict(session.execute(text("SELECT id, name FROM officer")).all())
    found: dict[str, tuple[set[str], int, set[str]]] = {}
    session.expire_all()
    for path in GRIDS:
        code = path.rpartition(".")[2]
        team = session.query(TeamMember).filter_by(grid_code=code).all()
        assert {member.grid_path for member in team} == {path}
        counts = session.query(PopulationCount).filter_by(grid_code=code).all()
        assert {count.grid_path for count in counts} == {path}
        officers = session.query(Officer).filter_by(unit_path=path).all()
        found[code] = ({names[m.officer_id] for m in team}, len(counts), {o.name for o in officers})
    return found


def test_people_follow_grids_that_exchange_their_codes(staffed: Session) -> None:
    """Every permutation of three grids: one leader and one count a day each, on the way and afterwards."""
    codes = ("g1", "g2", "g4")
    for order in permutations(codes):
        before = people(staffed)
        moved = [
            (path_of(old), path_of(new), old, new)
            for old, new in zip(codes, order, strict=True)
            if old != new
        ]
        repository.move_units(staffed, moved)
        expected = {**before, **{new: before[old] for old, new in zip(codes, order, strict=True)}}
        assert people(staffed) == expected, order

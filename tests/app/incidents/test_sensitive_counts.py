"""Whatever is asked of sensitive incidents and subtracted, one or two in a community and quarter are never left."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from itertools import combinations, product
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.incidents import queries
from app.incidents.sensitive import LEAST, last_quarters, published_count, whole_quarters
from tests.fixtures.units import make_units

ZONE = ZoneInfo("Asia/Shanghai")
CLASSES = ("3101", "3402", "3401")
# Two districts; one has three streets with communities of its own, the other a single one.
COMMUNITIES = ("d.a.a1", "d.a.a2", "d.a.a3", "d.b.b1", "d.b.b2", "d.c.c1", "e.f.f1")
UNITS = ("d", "d.a", "d.b", "d.c", "e", "e.f", *COMMUNITIES)
QUARTERS = tuple(date(2024 + n // 4, n % 4 * 3 + 1, 1) for n in range(9))
DIFFERENCES = 1000

Cell = tuple[str, str, int]
Question = tuple[str, int, int, tuple[str, ...] | None]


def store(session: Session, cells: Counter[Cell], rng: np.random.Generator) -> None:
    """Incidents of each (class, community, quarter), at instants all over the quarter and in any state."""
    rows = []
    for (class_code, community, quarter), count in cells.items():
        begin = datetime.combine(QUARTERS[quarter], datetime.min.time(), ZONE)
        days = (QUARTERS[quarter + 1] - QUARTERS[quarter]).days
        for _ in range(count):
            rows.append(
                {
                    "number": f"S{len(rows)}",
                    "class": class_code,
                    "path": f"{community}.g{rng.integers(3)}",
                    "at": begin + timedelta(seconds=int(rng.integers(days * 86400))),
                    "state": str(rng.choice(["closed", "handling", "reported"])),
                }
            )
    session.execute(text("SELECT set_config('wangge.owners', 'given', true)"))
    if rows:
        session.execute(
            text(
                "INSERT INTO incident (number, source, class_code, state, grid_path, occurred_at, reported_at)"
                " VALUES (:number, 't', :class, :state, CAST(:path AS ltree), :at, :at)"
            ),
            rows,
        )


def dataset(seed: int) -> Counter[Cell]:
    """Mostly ones and twos and nothing, some more: what is hardest to hide."""
    rng = np.random.default_rng(seed)
    often = [0.5, 0.2, 0.15, 0.05, 0.05, 0.05] if seed % 2 else [0.75, 0.15, 0.07, 0.01, 0.01, 0.01]
    return Counter(
        {
            (c, u, q): n
            for c in CLASSES
            for u in COMMUNITIES
            for q in range(8)
            if (n := int(rng.choice(6, p=often)))
        }
    )


@pytest.fixture(params=range(4))
def cells(session: Session, request: pytest.FixtureRequest) -> Counter[Cell]:
    make_units(session, [f"{community}.g{n}" for n, community in enumerate(COMMUNITIES)])
    found = dataset(request.param)
    store(session, found, np.random.default_rng(request.param))
    return found


class Asker:
    """Asks as often as it likes and remembers the answers; what the database says of a year is fetched once."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session = session
        monkeypatch.setattr(queries, "sensitive_counts", cache(partial(queries.sensitive_counts)))
        self.answers: dict[Question, int | None] = {}

    def __call__(self, unit: str, first: int, last: int, classes: tuple[str, ...] | None) -> int | None:
        question = (unit, first, last, classes)
        if question not in self.answers:
            begin, end = QUARTERS[first], QUARTERS[last]
            self.answers[question] = published_count(
                self.session, unit, begin=begin, end=end, zone=ZONE, classes=classes
            )
        return self.answers[question]


def inside(question: Question, cell: Cell) -> bool:
    unit, first, last, classes = question
    name, community, quarter = cell
    return (
        f"{community}.".startswith(f"{unit}.")
        and first <= quarter < last
        and (classes is None or name in classes)
    )


def all_questions() -> list[Question]:
    sets: list[tuple[str, ...] | None] = [None, *((c,) for c in CLASSES), *combinations(CLASSES, 2)]
    return [
        (unit, first, last, classes)
        for unit in UNITS
        for first in range(8)
        for last in range(first + 1, 9)
        for classes in sets
    ]


def narrowed(question: Question, rng: np.random.Generator) -> Question:
    """The same question, narrower in unit, period or class: everything that a list of filters can narrow."""
    unit, first, last, classes = question
    way = rng.integers(3)
    if way == 0:
        below = [u for u in UNITS if u.startswith(f"{unit}.")] or [unit]
        unit = str(rng.choice(below))
    elif way == 1 and last - first > 1:
        if rng.integers(2):
            first = int(rng.integers(first, last))
        else:
            last = int(rng.integers(first + 1, last + 1))
    else:
        listed = classes or CLASSES
        classes = tuple(listed[: max(1, len(listed) - 1)]) if rng.integers(2) else (str(rng.choice(listed)),)
    return unit, first, last, classes


def test_a_thousand_differences_leave_nobody_alone(
    session: Session, cells: Counter[Cell], monkeypatch
) -> None:
    ask, rng = Asker(session, monkeypatch), np.random.default_rng(9)
    questions = all_questions()
    told = 0
    for _ in range(DIFFERENCES // 4):
        wide = questions[rng.integers(len(questions))]
        narrow = narrowed(narrowed(wide, rng), rng) if rng.integers(2) else narrowed(wide, rng)
        more, less = ask(*wide), ask(*narrow)
        for answer, question in ((more, wide), (less, narrow)):
            truth = sum(n for cell, n in cells.items() if inside(question, cell))
            assert answer is None or LEAST <= answer <= truth, (question, answer, truth)
            told += answer is not None
        left = (more or 0) - (less or 0)
        assert left == 0 or left >= LEAST, (wide, more, narrow, less)
    assert told > DIFFERENCES // 20, "nothing is told: nothing was attacked"


def test_all_answers_together_solve_for_no_small_cell(
    session: Session, cells: Counter[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every answer there is as one system of equations; what it determines is no one and no two."""
    ask = Asker(session, monkeypatch)
    questions = [q for q in all_questions() if q[2] - q[1] in (1, 4, 8)]
    every = [(c, u, q) for c in CLASSES for u in COMMUNITIES for q in range(8)]
    known = [(q, a) for q in questions if (a := ask(*q)) is not None]
    matrix = np.array([[inside(q, cell) for cell in every] for q, _ in known], dtype=float)
    answers = np.array([answer for _, answer in known], dtype=float)
    inverse = np.linalg.pinv(matrix)
    determined = np.abs(inverse @ matrix - np.eye(len(every))).max(axis=1) < 1e-6
    assert determined.any(), "some communities are told for themselves"
    solved = inverse @ answers
    for at in np.flatnonzero(determined):
        truth = cells[every[at]]
        assert truth not in (1, 2) or abs(solved[at] - truth) > 1e-6, every[at]


# Streets as their numbers of communities, how many classes and quarters, and up to how many incidents a cell has.
WORLDS = [
    ((2,), 2, 1, 4),
    ((3,), 1, 1, 5),
    ((1,), 3, 1, 4),
    ((2, 1), 1, 1, 5),
    ((2, 2), 1, 1, 4),
    ((1, 1), 2, 1, 4),
    ((4,), 1, 1, 4),
    ((1,), 1, 4, 4),
    ((2,), 1, 2, 4),
    ((1, 1), 1, 2, 4),
]


@pytest.mark.parametrize(("streets", "classes", "quarters", "most"), WORLDS)
def test_who_knows_the_rule_and_every_row_finds_no_small_cell(
    session: Session, streets: tuple[int, ...], classes: int, quarters: int, most: int
) -> None:
    """All possible worlds of a small district at once, each as a district of its own.

    Whoever sees all rows and knows the rule is left with the worlds that give these rows. In none of them may a cell
    of one or two be the same throughout; the cell could be empty as well.
    """
    names = CLASSES[:classes]
    session.execute(text("UPDATE incident_class SET sensitive = code = ANY(:names)"), {"names": list(names)})
    places = [f"s{s}.s{s}c{c}" for s, count in enumerate(streets) for c in range(count)]
    every = [(name, place, quarter) for name in names for place in places for quarter in range(quarters)]
    # What happened in the other quarters is told, so nothing of it can fill the year.
    others = [(name, place, quarter) for name in names for place in places for quarter in range(quarters, 4)]
    worlds = list(product(range(most + 1), repeat=len(every)))
    make_units(session, [])
    paths = [f"w{w}.{place}.g" for w in range(len(worlds)) for place in places]
    session.execute(
        text(
            "INSERT INTO unit_version (level, code, name, kind, parent_code, district_code, path, editions, geom, area_m2)"
            " SELECT 'grid', p, p, 'base', 'x', 'w', p::ltree, '[1,)', ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4326)), 1"
            " FROM unnest(CAST(:paths AS text[])) p"
        ),
        {"paths": paths},
    )
    session.execute(text("SELECT set_config('wangge.owners', 'given', true)"))
    rows = [
        {"world": f"w{w}.{place}.g", "class": name, "day": QUARTERS[quarter], "count": count}
        for w, world in enumerate(worlds)
        for (name, place, quarter), count in zip([*every, *others], [*world, *[3] * len(others)], strict=True)
        if count
    ]
    session.execute(
        text(
            "INSERT INTO incident (number, source, class_code, grid_path, occurred_at, reported_at)"
            " SELECT w || c || d || n, 't', c, w::ltree, d + interval '40 days', now()"
            " FROM unnest(CAST(:w AS text[]), CAST(:c AS text[]), CAST(:d AS date[]), CAST(:k AS int[])) AS r(w, c, d, k),"
            " generate_series(1, r.k) n"
        ),
        {
            key: [row[name] for row in rows]
            for key, name in (("w", "world"), ("c", "class"), ("d", "day"), ("k", "count"))
        },
    )
    told: dict[int, set[tuple[object, ...]]] = {w: set() for w in range(len(worlds))}
    for row in session.execute(text("SELECT * FROM sensitive_incident_counts('Asia/Shanghai', 2024, 2024)")):
        district, _, below = str(row.unit).partition(".")
        told[int(district[1:])].add((row.class_code, below, row.period_from, row.period_to, row.incidents))
    alike: dict[frozenset[tuple[object, ...]], list[tuple[int, ...]]] = {}
    for w, world in enumerate(worlds):
        alike.setdefault(frozenset(told[w]), []).append(world)
    assert len(alike) > 1
    for seen, possible in alike.items():
        for at, cell in enumerate(every):
            values = {world[at] for world in possible}
            assert 0 in values or min(values) >= LEAST, (cell, values, seen)


def test_what_is_missing_is_little(
    session: Session, cells: Counter[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A street's quarter falls short by one or two as a rule: numbers are of use."""
    ask = Asker(session, monkeypatch)
    short = []
    for unit in ("d.a", "d.b", "d.c"):
        for quarter in range(8):
            truth = sum(n for cell, n in cells.items() if inside((unit, quarter, quarter + 1, None), cell))
            short.append(truth - (ask(unit, quarter, quarter + 1, None) or 0))
    assert np.mean([missing < LEAST for missing in short]) > 0.8
    whole = sum(n for (_, community, _), n in cells.items() if community.startswith("d."))
    assert (ask("d", 0, 8, None) or 0) >= 0.8 * whole


def test_rows_of_three_and_no_incident_twice(session: Session, cells: Counter[Cell]) -> None:
    rows = session.execute(text("SELECT * FROM sensitive_incident_counts('Asia/Shanghai', 2024, 2025)")).all()
    assert min(row.incidents for row in rows) >= LEAST
    assert sum(row.incidents for row in rows) <= sum(cells.values())
    assert all(row.unit.count(".") <= 2 for row in rows), "a community or coarser"
    assert all((row.period_to - row.period_from).days > 85 for row in rows), "a quarter or longer"


def test_states_and_finer_units_have_no_numbers(session: Session) -> None:
    store(session, Counter({("3101", "d.a.a1", 0): 9}), np.random.default_rng(1))
    period = {"begin": QUARTERS[0], "end": QUARTERS[8], "zone": ZONE}
    assert published_count(session, "d.a.a1", **period) == 9
    assert published_count(session, "d.a.a1", **period, states=["closed"]) is None
    assert published_count(session, "d.a.a1.g0", **period) is None
    assert published_count(session, "d.a", **period, classes=["0102"]) is None
    assert published_count(session, "d.a", begin=date(2024, 1, 2), end=date(2024, 3, 31), zone=ZONE) is None


def test_a_running_quarter_has_no_numbers(session: Session) -> None:
    """Else each day's difference would tell that day's matter."""
    session.execute(text("SELECT set_config('wangge.owners', 'given', true)"))
    session.execute(
        text(
            "INSERT INTO incident (number, source, class_code, grid_path, occurred_at, reported_at)"
            " SELECT 'R' || n, 't', '3101', 'd.a.a1.g1', now(), now() FROM generate_series(1, 20) n"
        )
    )
    today = datetime.now(UTC).astimezone(ZONE).date()
    counted = published_count(
        session, "d", begin=date(today.year, 1, 1), end=date(today.year + 1, 1, 1), zone=ZONE
    )
    assert counted is None


@pytest.mark.parametrize(
    ("today", "begin", "end"),
    [
        (date(2026, 1, 1), date(2025, 1, 1), date(2026, 1, 1)),
        (date(2026, 3, 31), date(2025, 1, 1), date(2026, 1, 1)),
        (date(2026, 12, 31), date(2025, 10, 1), date(2026, 10, 1)),
    ],
)
def test_the_last_four_quarters(today: date, begin: date, end: date) -> None:
    assert last_quarters(4, today) == (begin, end)
    assert whole_quarters(begin, end) == (begin, end)
    first, last = whole_quarters(begin + timedelta(days=1), end - timedelta(days=1))
    assert (last - first).days in (184, 183, 182, 181)

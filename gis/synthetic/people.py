"""Teams of grids, and people as counts: invented staff with telephone numbers that cannot exist."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gis.synthetic.district import SyntheticDistrict
from gis.synthetic.naming import person_names
from gis.synthetic.randomness import stream

__all__ = ["COUNT_KINDS", "SUBJECTS", "build_counts", "build_people"]

SUBJECTS: tuple[tuple[str, str], ...] = (
    ("城市管理", "综合执法部门"),
    ("安全生产", "应急管理部门"),
    ("生态环境", "生态环境部门"),
    ("公安", "公安部门"),
    ("市场监管", "市场监管部门"),
    ("消防", "消防救援机构"),
    ("卫生健康", "卫生健康部门"),
    ("森林防火", "林业部门"),
    ("水务", "水务部门"),
    ("物业管理", "住房和城乡建设部门"),
)
"""What professional workers (专业网格员) are for, and who sends them."""

COUNT_KINDS: tuple[tuple[str, bool], ...] = (
    ("households", False),
    ("population", False),
    ("floating", False),
    ("elderly", False),
    ("vacant_dwellings", False),
    ("enterprises", False),
    ("special_care", True),
)
"""Kinds of counts and whether they are sensitive (shown only where a cell has three or more)."""


def build_people(district: SyntheticDistrict, *, seed: int) -> pd.DataFrame:
    """Staff every grid: one leader, one full-time worker, two to five professional workers.

    Professional workers look after several grids of their town; their row occurs once a grid with the same staff_code.

    Returns
    -------
    DataFrame
        grid_code, role ("leader", "full_time", "professional"), staff_code, name, department (None for the street's
        own), subject, phone (begins with 100-0, which no network issues), source.
    """
    rng = stream(seed, district.spec.code, "people")
    grids = district.grids
    codes, streets = grids["code"].to_numpy(dtype=object), grids["street_code"].to_numpy(dtype=object)
    community = grids["community_code"].to_numpy(dtype=object)
    count = len(codes)
    tables = []
    # One leader may lead all grids of a small community, but here each grid has its own.
    for role, letter in (("leader", "L"), ("full_time", "F")):
        tables.append(
            pd.DataFrame(
                {
                    "grid_code": codes,
                    "role": role,
                    "staff_code": [f"{code}{letter}" for code in codes],
                    "name": person_names(rng, count),
                    "department": None,
                    "subject": None,
                }
            )
        )
    rows = []
    for street in sorted(set(streets)):
        here = np.flatnonzero(streets == street).astype(np.int64)
        beats = {place: at for at, place in enumerate(sorted(set(community[here])))}
        for number, (subject, department) in enumerate(SUBJECTS):
            # The first two subjects are everywhere, the others where chance has them; one person a few communities.
            chosen = here if number < 2 else here[rng.random(len(here)) < 0.25]
            for grid in chosen.tolist():
                person = beats[community[grid]] // 4
                rows.append((codes[grid], f"{street}P{number:02d}{person:03d}", department, subject))
    beats_table = pd.DataFrame(rows, columns=["grid_code", "staff_code", "department", "subject"])
    staff = np.array(sorted(set(beats_table["staff_code"])), dtype=object)
    names = dict(zip(staff, person_names(rng, len(staff)), strict=True))
    beats_table["role"] = "professional"
    beats_table["name"] = beats_table["staff_code"].map(names)
    people = pd.concat([*tables, beats_table], ignore_index=True)
    order = {code: at for at, code in enumerate(dict.fromkeys(people["staff_code"].tolist()))}
    numbers = [order[code] for code in people["staff_code"].tolist()]
    people["phone"] = [f"100-0{n // 10000:03d}-{n % 10000:04d}" for n in numbers]
    people["source"] = "synthetic"
    columns = ["grid_code", "role", "staff_code", "name", "department", "subject", "phone", "source"]
    return people[columns]


def build_counts(district: SyntheticDistrict, *, seed: int) -> pd.DataFrame:
    """Count the people of every grid; nobody in particular is meant, there is no register behind it.

    Returns
    -------
    DataFrame
        grid_code, kind (see COUNT_KINDS), count, sensitive, source.
    """
    rng = stream(seed, district.spec.code, "counts")
    grids = district.grids
    count = len(grids)
    weight = np.bincount(
        district.blocks["grid"].to_numpy(), weights=district.blocks["weight"].to_numpy(), minlength=count
    )
    base = grids["kind"].to_numpy() == "base"
    households = np.where(
        base, 480 * np.clip(weight, 0.25, 2.2) * rng.uniform(0.75, 1.25, count), rng.uniform(0, 40, count)
    )
    urban = grids["urban"].to_numpy(dtype=bool)
    population = households * rng.uniform(2.4, 3.1, count)
    numbers = {
        "households": households,
        "population": population,
        "floating": population
        * np.where(urban, rng.uniform(0.08, 0.35, count), rng.uniform(0.01, 0.06, count)),
        "elderly": population
        * np.where(urban, rng.uniform(0.12, 0.22, count), rng.uniform(0.22, 0.36, count)),
        "vacant_dwellings": households * rng.uniform(0.03, 0.18, count),
        "enterprises": np.where(
            base, rng.gamma(2.0, 80.0, count) * np.where(urban, 1.0, 0.35), rng.gamma(2.0, 60.0, count)
        ),
        "special_care": rng.poisson(population * 0.002),
    }
    tables = [
        pd.DataFrame(
            {
                "grid_code": grids["code"].to_numpy(dtype=object),
                "kind": kind,
                "count": np.floor(numbers[kind]).astype(np.int64),
                "sensitive": sensitive,
                "source": "synthetic",
            }
        )
        for kind, sensitive in COUNT_KINDS
    ]
    return pd.concat(tables, ignore_index=True)

"""Random filters and rows: CQL2 JSON as objects, the same as text, and rows with everything that compares oddly."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import shapely
from geoalchemy2 import Geometry
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, Integer, MetaData, Table, Text

from app.conditions.properties import Properties, Property
from gis.text import Text as Words

ROWS = Table(
    "condition_row",
    MetaData(),
    Column("id", Integer, primary_key=True),
    # As in a database of another language, where a sorts before B.
    Column("name", Text(collation="und-x-icu")),
    Column("count", BigInteger),
    Column("share", Float(53)),
    Column("open", Boolean),
    Column("seen", DateTime(timezone=True)),
    Column("day", Date),
    Column("place", Geometry(srid=4326, spatial_index=False)),
    prefixes=["TEMPORARY"],
)
_KINDS = {
    "name": "text",
    "count": "integer",
    "share": "number",
    "open": "boolean",
    "seen": "instant",
    "day": "date",
    "place": "geometry",
}
PROPERTIES = Properties(
    Property(name, kind, Words.same(name), ROWS.c[name])  # type: ignore[arg-type]
    for name, kind in _KINDS.items()
)

# ---------------------------------------------------------------- values
TEXTS = st.text("甲乙aB%_\\'\"𠮷\U0010ffff\uffee é\u0301\n(", max_size=4)
WHOLE = st.sampled_from([0, 1, -1, 2, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
WIDER = WHOLE | st.sampled_from([2**63, -(2**63) - 1, 10**30, -(10**400)])
FLOATS = st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.5, 0.1, 2.0**53, 9.3e18, 1e300, 5e-324, 1e-7])
STORED_FLOATS = FLOATS | st.sampled_from([math.inf, -math.inf, math.nan])
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-9, minutes=-30))])
INSTANTS = st.builds(
    lambda seconds, zone: datetime.fromtimestamp(seconds, UTC).astimezone(zone),
    st.sampled_from([0, 1, 28_800, 1_800_000_000, 1_800_000_000.25]),
    ZONES,
)
DAYS = st.sampled_from([date(1970, 1, 1), date(2026, 2, 28), date(2026, 11, 30), date(9999, 12, 31)])
CORNERS = st.tuples(st.integers(0, 4), st.integers(0, 4))
BOXES = st.builds(
    lambda a, b: [min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])], CORNERS, CORNERS
)
POINTS = st.builds(lambda at: {"type": "Point", "coordinates": [*at]}, CORNERS)
POLYGONS = st.builds(
    lambda box: shapely.geometry.mapping(shapely.box(box[0], box[1], box[2] + 1, box[3] + 2)), BOXES
).map(
    lambda made: {"type": "Polygon", "coordinates": [[[*at] for at in ring] for ring in made["coordinates"]]}
)
SHAPES = POINTS | POLYGONS | BOXES.map(lambda box: {"bbox": box}) | st.just({"bbox": [3, 0, -170, 4]})


def timestamp(instant: datetime) -> str:
    """An instant as RFC 3339."""
    return instant.isoformat()


def interval(ends: Any) -> Any:
    """Both ends of an interval, of which one may be open."""
    return {"interval": ends}


LITERALS: dict[str, st.SearchStrategy[Any]] = {
    "name": TEXTS,
    "count": WIDER | FLOATS,
    "share": WHOLE | FLOATS,
    "open": st.booleans(),
    "seen": INSTANTS.map(lambda at: {"timestamp": timestamp(at)}),
    "day": DAYS.map(lambda day: {"date": day.isoformat()}),
}


def intervals(name: str) -> st.SearchStrategy[Any]:
    """Intervals for a property, not open at both ends."""
    ends = INSTANTS.map(timestamp) if name == "seen" else DAYS.map(date.isoformat)
    return st.builds(interval, st.lists(ends, min_size=2, max_size=2)) | ends.flatmap(
        lambda end: st.sampled_from([interval([end, ".."]), interval(["..", end])])
    )


def patterns() -> st.SearchStrategy[str]:
    """Patterns that do not end within an escape."""
    return TEXTS.filter(lambda text: (len(text) - len(text.rstrip("\\"))) % 2 == 0)


def op(name: str, *args: Any) -> dict[str, Any]:
    """One operator of CQL2 JSON."""
    return {"op": name, "args": [*args]}


def prop(name: str) -> dict[str, str]:
    """A property of CQL2 JSON."""
    return {"property": name}


@st.composite
def tests(draw: st.DrawFn) -> Any:
    """A condition without another one in it."""
    name = draw(st.sampled_from(sorted(LITERALS)))
    value = LITERALS[name]
    choices = ["compare", "in", "isNull"]
    choices += ["between"] if name != "open" else ["flag"]
    choices += ["like", "like"] if name == "name" else []
    choices += ["t_instant", "t_interval"] if name in ("seen", "day") else []
    choices += ["spatial"]
    match draw(st.sampled_from(choices)):
        case "compare":
            signs = ["=", "<>"] if name == "open" else ["=", "<>", "<", "<=", ">", ">="]
            sides = [prop(name), draw(value)]
            return op(draw(st.sampled_from(signs)), *(sides if draw(st.booleans()) else reversed(sides)))
        case "in":
            return op("in", prop(name), draw(st.lists(value, min_size=1, max_size=4)))
        case "isNull":
            return op("isNull", prop(draw(st.sampled_from(sorted(_KINDS)))))
        case "between":
            return op("between", prop(name), draw(value), draw(value))
        case "like":
            return op("like", prop(name), draw(patterns()))
        case "t_instant":
            names = ["t_after", "t_before", "t_equals", "t_intersects", "t_disjoint"]
            return op(draw(st.sampled_from(names)), prop(name), draw(value))
        case "t_interval":
            names = ["t_intersects", "t_during", "t_disjoint"]
            return op(draw(st.sampled_from(names)), prop(name), draw(intervals(name)))
        case "spatial":
            return op(draw(st.sampled_from(["s_intersects", "s_within"])), prop("place"), draw(SHAPES))
        case _:
            return prop("open")


FILTERS = st.recursive(
    tests() | st.booleans(),
    lambda inner: (
        st.builds(
            lambda name, parts: op(name, *parts),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=4),
        )
        | st.builds(lambda part: op("not", part), inner)
    ),
    max_leaves=8,
)


def _nullable(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.none()


STORED = st.fixed_dictionaries(
    {
        "name": _nullable(TEXTS),
        "count": _nullable(WHOLE),
        "share": _nullable(STORED_FLOATS),
        "open": _nullable(st.booleans()),
        "seen": _nullable(INSTANTS),
        "day": _nullable(DAYS),
        "place": _nullable((POINTS | POLYGONS).map(shapely.geometry.shape)),
    }
)


# ---------------------------------------------------------------- as text
def as_text(given: Any) -> str:
    """The same filter as CQL2 text, with brackets around everything that has parts."""
    if isinstance(given, bool):
        return str(given).upper()
    if isinstance(given, str):
        return "'" + given.replace("'", "''") + "'"
    if isinstance(given, int | float):
        return repr(given)
    if "property" in given:
        return f'"{given["property"]}"' if len(given["property"]) % 2 else str(given["property"])
    if "op" not in given:
        return _literal(given)
    name, args = given["op"], given["args"]
    match name:
        case "and" | "or":
            return "(" + f" {name} ".join(map(as_text, args)) + ")"
        case "not":
            return f"NOT {as_text(args[0])}"
        case "isNull":
            return f"{as_text(args[0])} IS NULL"
        case "between":
            return f"{as_text(args[0])} BETWEEN {as_text(args[1])} AND {as_text(args[2])}"
        case "in":
            return f"{as_text(args[0])} IN ({', '.join(map(as_text, args[1]))})"
        case "like":
            return f"{as_text(args[0])} LIKE {as_text(args[1])}"
        case _ if name[0] in "st":
            return f"{name.upper()}({as_text(args[0])}, {as_text(args[1])})"
        case _:
            return f"{as_text(args[0])} {name} {as_text(args[1])}"


def _literal(given: dict[str, Any]) -> str:
    for name in ("timestamp", "date"):
        if name in given:
            return f"{name.upper()}('{given[name]}')"
    if "interval" in given:
        return "INTERVAL({}, {})".format(*map(as_text, given["interval"]))
    if "bbox" in given:
        return f"BBOX({', '.join(map(repr, given['bbox']))})"
    if given["type"] == "Point":
        return "POINT({} {})".format(*given["coordinates"])
    rings = (", ".join(f"{x} {y}" for x, y in ring) for ring in given["coordinates"])
    return f"POLYGON({', '.join(f'({ring})' for ring in rings)})"


def numbers(given: Any) -> list[int | float]:
    """Every number of a filter."""
    if isinstance(given, dict):
        return [each for value in given.values() for each in numbers(value)]
    if isinstance(given, list | tuple):
        return [each for value in given for each in numbers(value)]
    return [given] if isinstance(given, int | float) and not isinstance(given, bool) else []

"""Every text that is stored comes out of every route as it went in, and none of it is ever run."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
from fastapi.routing import iter_route_contexts
from sqlalchemy import text as sql

import app.models  # noqa: F401 - all tables
from app.db.base import Base
from app.main import create_app
from app.observability import configure_logging
from app.settings import Settings
from tests.fixtures.hostile_town import ADMIN, CODE, COMPUTED, CORE, EDITOR, GRID, UNSEEN, VIEWER, HostileTown
from tests.fixtures.statuses import no_fault
from tests.fixtures.towns import DISTRICT

# ---------------------------------------------------------------- every column of text
TEXT_TYPES = ("Text", "String", "JSONB", "ARRAY")
# Columns whose words are ours: written by the program from a closed list, made by chance, or hashed.
OURS = {
    "account": {"password_hash", "name"},  # a name is letters and digits, which is tried below

    "account_grant": {"role", "granted_by"},
    "api_token": {"prefix", "token_hash", "role", "created_by"},
    "audit_log": {"actor", "action", "target", "request_id"},
    "component": {
        "code_scheme", "code_county", "code_major", "code_minor", "code_sequence", "class_code", "state",
        "grid_code", "paths",
    },
    "component_class": {
        "code", "major_code", "major_zh", "major_en", "name_zh", "name_en", "geometry", "hazard", "scheme",
        "codes_2026", "evidence",
    },
    "component_share": {"grid_code"},
    "department": {"code"},
    "draft": {"state", "author", "author_key", "reviewer", "reviewer_key"},
    "draft_grid": {"parent_code", "kind"},
    "draft_log": {"actor", "actor_key", "action", "from_state", "to_state"},
    "draft_operation": {"author", "author_key"},
    "edition": {"author", "reviewer", "content_hash"},
    "edition_withdrawal": {"author", "reviewer", "content_hash", "effect", "withdrawn_by"},
    "incident_class": {"code", "major_code", "major_zh", "major_en", "time_limit_unit", "urgency", "code_2026", "limit_basis"},
    "excluded_land": {"code", "district_code"},
    "import_job": {"kind", "state", "file_sha256", "source_crs", "created_by"},
    "incident": {"number", "class_code", "state", "origin", "grid_code", "idempotency_key"},
    "incident_log": {"action", "from_state", "to_state"},
    "lineage": {"kind"},
    "population_count": {"grid_code"},
    "recovery_code": {"code_hash"},
    "totp_device": {"secret"},  # sealed
    "sign_in_attempt": {"name"},
    "session": {"key_hash", "csrf_token"},
    "team_member": {"grid_code", "role"},
    "unit_version": {"level", "code_scheme", "kind", "parent_code", "district_code", "attributes"},
}  # fmt: skip


def test_every_column_of_text_holds_hostile_text(hostile: HostileTown) -> None:
    """A new column of text has to be filled in hostile_town.py, or listed above with words of our own."""
    empty = []
    with hostile.owner.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if type(column.type).__name__ not in TEXT_TYPES or column.name in OURS.get(table.name, ()):
                    continue
                held = connection.scalar(
                    sql(f'SELECT count(*) FROM {table.name} WHERE CAST("{column.name}" AS text) LIKE :mark'),
                    {"mark": "%{{7919*7907}}%"},
                )
                if not held:
                    empty.append(f"{table.name}.{column.name}")
    assert not empty, ", ".join(empty)


def test_the_lists_name_what_there_is() -> None:
    tables = {table.name: set(table.columns.keys()) for table in Base.metadata.sorted_tables}
    assert {
        name: columns - tables.get(name, set())
        for name, columns in OURS.items()
        if columns - tables.get(name, set())
    } == {}


# ---------------------------------------------------------------- every route
# Values for the parameters of addresses; a route with another one fails until it is told here how to open it.
def addresses(hostile: HostileTown, path: str) -> list[str]:
    """Addresses that open a route, with what is hostile in the town."""
    grids = [GRID, quote(CODE, safe="")]
    values: dict[str, list[Any]] = {
        "code": grids if "units" not in path else [*grids, GRID[:12], GRID[:9], DISTRICT],
        "feature": grids,
        "draft_id": [hostile.draft, hostile.draft - 1, hostile.draft - 2],
        "number": [3] if "editions" in path else hostile.incidents,
        "name": [ADMIN],
        "collection": ["grid"] if "drafts" in path else ["district", "street", "community", "grid", "excluded"],
        "z": [14], "x": [13656], "y": [6420],
    }  # fmt: skip
    if path.startswith("/static"):
        return ["/static/0/i18n/zh.json"]
    if path.startswith("/maps/heat"):
        values["code"] = [GRID, quote(CODE, safe=""), GRID[:12], GRID[:9], DISTRICT]
    if "items/{code}" in path:
        values["code"] = [GRID]
    found = [path]
    for name in re.findall(r"\{(\w+)(?::\w+)?\}", path):
        assert name in values, f"tell in addresses() how to open {path}"
        found = [
            re.sub(rf"\{{{name}(:\w+)?\}}", str(value), each, count=1)
            for each in found
            for value in values[name]
        ]
    query = QUERIES.get(path, "").format(words=quote(CORE[:60]), klass=hostile.class_code)
    # Names of the past, too.
    past = [f"{path}?edition=1"] if path == "/maps/units.json" else []
    return [*(each + query for each in found), *past]


QUERIES = {
    "/v1/locate": "?lon=120.055&lat=35.885",
    "/v1/convert": "?lon=120.055&lat=35.885",
    "/v1/search": "?q={words}",
    "/v1/incidents": "?class={klass}&q={words}",
    "/maps/heat/{code}": "?days=3660&class={klass}",
    "/v1/audit": "?limit=500",
    "/signin": "?change=true",
}


def routes() -> list[str]:
    found = {each.path for each in iter_route_contexts(create_app().routes) if "GET" in (each.methods or ())}
    return sorted(str(path) for path in found)


def strings(value: Any) -> Iterator[str]:
    """Every text of a JSON document, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


TAG = re.compile("〔([^〔〕]+)〕(?=甲)")


def hold_texts(hostile: HostileTown, said: str, seen: set[str], where: str) -> None:
    """Wherever a hostile text begins, all of it follows."""
    for found in TAG.finditer(said):
        text = hostile.texts.get(found[1])
        if text is None:
            continue
        rest = said[found.start() :]
        assert rest.startswith(text), (where, found[1], rest[:200])
        seen.add(found[1])


def hold(hostile: HostileTown, answer: httpx.Response, seen: set[str]) -> None:
    """Nothing was run, and what is shown is what was stored."""
    where = str(answer.request.url)
    no_fault(answer)
    kind = answer.headers.get("content-type", "")
    for name, value in answer.headers.items():
        assert COMPUTED not in value, (where, name)
    assert COMPUTED.encode() not in answer.content, where
    if "json" in kind:
        for said in strings(answer.json()):
            hold_texts(hostile, said, seen, where)
    elif kind.startswith("text/html"):
        assert "<img src=x" not in answer.text, where
        assert "</script><img" not in answer.text, where
    elif kind.endswith("mapbox-vector-tile"):
        for tag, text in hostile.texts.items():
            if f"〔{tag}〕".encode() in answer.content:
                assert text.encode() in answer.content, (where, tag)
                seen.add(tag)


# What no route shows; each is told by commands or exports, or is for programs in the database.
SHOWN_NOWHERE = {
    "incident attribute", "component attribute", "owner", "maintainer", "count key", "count attribute", "staff code",
    "stranger", "source of components", "never",
}  # fmt: skip


def test_every_route_shows_texts_as_they_are(hostile: HostileTown) -> None:
    seen: set[str] = set()
    # A certificate of the product's own, where it has one.
    opened: dict[str, set[int]] = {path: set() for path in routes() if path != "/ca.crt"}
    assert len(opened) > 40
    for person in (ADMIN, EDITOR):
        with hostile.person(person) as client:
            for path in opened:
                for address in addresses(hostile, path):
                    answer = client.get(address, headers={"Accept": "text/html"})
                    hold(hostile, answer, seen)
                    opened[path].add(answer.status_code)
    closed = {path: answers for path, answers in opened.items() if not answers & {200, 204}}
    assert not closed, "tell in addresses() how to open these"
    missed = set(hostile.texts) - seen
    assert missed == SHOWN_NOWHERE, (missed - SHOWN_NOWHERE, SHOWN_NOWHERE - missed)


def test_refusals_show_what_came_and_run_none_of_it(hostile: HostileTown) -> None:
    """The same text as every parameter of every address, in both languages, for programs and for people."""
    described = create_app().openapi()["paths"]
    seen: set[str] = set()
    with hostile.person(ADMIN) as client:
        for path, methods in described.items():
            names = [
                each["name"] for each in methods.get("get", {}).get("parameters", []) if each["in"] == "query"
            ]
            plain = re.sub(r"\{\w+\}", quote(CORE, safe=""), path)
            for value, headers in (
                (quote(CORE + UNSEEN), {"Accept": "text/html"}),
                ("x" * 10_000, {"Accept-Language": "en"}),
            ):
                for query in ["", *(f"?{quote(name)}={value}" for name in names)]:
                    hold(hostile, client.get(plain + query, headers=headers), seen)
        for page in ("/", "/dispatch", "/editor", "/signin", "/docs", "/nowhere"):
            for name in ("unit", "next", "draft", "incident", "view", "lang", CORE):
                answer = client.get(f"{page}?{quote(name)}={quote(CORE)}", headers={"Accept": "text/html"})
                hold(hostile, answer, seen)


def test_a_code_in_other_letters_makes_a_header_that_can_be_sent(hostile: HostileTown) -> None:
    with hostile.person(EDITOR) as client:
        draft = client.post("/v1/drafts", json={"title": "新"}).json()["id"]
        ring = [[120.052, 35.882], [120.053, 35.882], [120.053, 35.883], [120.052, 35.883], [120.052, 35.882]]
        feature = {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"code": '甲"号', "name": CORE, "community": GRID[:12]},
        }
        made = client.post(f"/ogc/drafts/{draft}/collections/grid/items", json=feature)
        assert made.status_code == 201, made.text
        where = made.headers["location"]
        assert where.isascii()
        assert client.get(where).json()["properties"]["name"] == CORE
        client.delete(
            f"/v1/drafts/{draft}", headers={"If-Match": client.get(f"/v1/drafts/{draft}").headers["etag"]}
        )


# ---------------------------------------------------------------- the log
def test_the_log_of_all_this(hostile: HostileTown) -> None:
    # Other services of this process may have set the log up for themselves since.
    root, stream = logging.getLogger(), io.StringIO()
    kept, level = root.handlers[:], root.level
    try:
        configure_logging(Settings(log_level="info"))
        (handler,) = root.handlers
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
        with hostile.person(VIEWER) as client:
            client.get(f"/v1/units/{quote(CORE + chr(27) + '[31m', safe='')}")
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
    logged = stream.getvalue() + hostile.log.getvalue()
    assert "7919*7907" in logged
    assert COMPUTED not in logged
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", logged)

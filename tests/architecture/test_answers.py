"""Every operation says what it takes and what it answers, and refuses what it does not know: held on the route table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from app.auth.roles import ROLES
from app.main import create_app
from tests.fixtures.actors import Actors

# Answers that are no JSON, by the media type that their routes declare.
NO_JSON = ("text/html", "text/plain", "application/vnd.mapbox-vector-tile", "application/x-x509-ca-cert")


@cache
def application() -> FastAPI:
    return create_app()


@cache
def description() -> dict[str, Any]:
    return application().openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of everything that the description lists."""
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def is_model(kind: Any) -> bool:
    """Whether a type says what members there are: a model, a choice of models, or a list of them."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return True
    parts = [part for part in get_args(kind) if part is not type(None)]
    if get_origin(kind) is dict or not parts:
        return False
    # Of Annotated the first is the type.
    return all(map(is_model, parts[:1] if hasattr(kind, "__metadata__") else parts))


def answers_json(operation: dict[str, Any]) -> bool:
    return any(
        "json" in kind
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for kind in answer.get("content", {})
    )


def test_every_json_answer_has_a_model() -> None:
    without, seen = [], 0
    for route in iter_route_contexts(application().routes):
        for method in route.methods or ():
            operation = description()["paths"].get(route.path_format or "", {}).get(method.lower())
            if operation is None or not answers_json(operation):
                continue
            seen += 1
            if not is_model(route.response_model):
                without.append(f"{method} {route.path}")
    assert not without, f"declare response_model, also where a Response is returned: {without}"
    assert seen > 50


def test_every_other_answer_says_what_it_is() -> None:
    for method, path, operation in operations():
        kinds = {
            kind
            for status, answer in operation["responses"].items()
            if status.startswith("2")
            for kind in answer.get("content", {})
        }
        if not any("json" in kind for kind in kinds):
            assert kinds <= set(NO_JSON), (method, path, kinds)
            assert kinds or "204" in operation["responses"], (method, path)


def test_every_operation_is_described() -> None:
    wanting = []
    for method, path, operation in operations():
        wanting += [
            f"{method} {path}: {member}"
            for member in ("operationId", "summary", "description", "tags")
            if not operation.get(member)
        ]
        if len(operation["summary"]) > 80 or "`" in operation["summary"]:
            wanting.append(f"{method} {path}: a shorter summary than {operation['summary']!r}")
        wanting += [
            f"{method} {path}: parameter {parameter['name']}"
            for parameter in operation.get("parameters", ())
            if not parameter.get("description")
        ]
    assert not wanting, "\n".join(wanting)


# What only an answer can give: there is nothing to show before.
_FROM_ANSWERS = {"cursor", "after", "before", "v"}


def test_every_parameter_has_an_example_or_a_default() -> None:
    wanting = [
        f"{method} {path}: {parameter['name']}"
        for method, path, operation in operations()
        for parameter in operation.get("parameters", ())
        if parameter["in"] in ("path", "query") and parameter["name"] not in _FROM_ANSWERS
        # A choice among few words says itself what may come.
        if not parameter["schema"].keys() & {"examples", "default", "enum"}
        and "examples" not in parameter
        and not any("enum" in each for each in parameter["schema"].get("anyOf", ()))
    ]
    assert not wanting, "\n".join(wanting)


def models() -> Iterator[type[BaseModel]]:
    """Every model of ours, with those that are made of others."""
    left: list[type[BaseModel]] = [BaseModel]
    while left:
        found = left.pop().__subclasses__()
        left += found
        yield from (model for model in found if model.__module__.startswith("app."))


def test_examples_are_what_their_models_take() -> None:
    application()
    held = 0
    for model in models():
        extra = model.model_config.get("json_schema_extra")
        for example in extra.get("examples", ()) if isinstance(extra, dict) else ():  # type: ignore[union-attr]
            model.model_validate(example, by_alias=True, by_name=False)
            held += 1
    assert held >= 6


def test_operation_ids_are_the_names_of_functions_and_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", each) for each in ids), ids


def test_every_field_of_an_answer_has_a_type() -> None:
    """No member of a model may be anything, unless it says what is in it."""
    loose = [
        f"{name}.{member}"
        for name, schema in description()["components"]["schemas"].items()
        for member, kind in schema.get("properties", {}).items()
        if not kind.keys() & {"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"}
        and not kind.get("description")
    ]
    assert not loose


# ---------------------------------------------------------------- parameters that nobody declared
UNKNOWN = {"/v1/": 422, "/ogc": 400}


def test_unknown_parameters_are_refused_by_every_route(app: FastAPI, actors: Actors) -> None:
    person = actors.person(*((role, "") for role in ROLES))
    tried = dict.fromkeys(UNKNOWN, 0)
    for method, path, _ in operations():
        beginning = next((each for each in UNKNOWN if path.startswith(each)), None)
        if beginning is None:
            continue
        address = re.sub(r"\{\w+\}", "1", path)
        answer = person.request(method, f"{address}?colour=red&lang=en")
        assert answer.status_code == UNKNOWN[beginning], (method, path, answer.text[:300])
        body = answer.json()
        assert (body["code"], body["field"]) == ("unknown-parameter", "colour"), (method, path)
        assert "unknown parameter colour" in body["detail"]
        tried[beginning] += 1
    assert tried["/v1/"] > 50
    assert tried["/ogc"] > 15


def test_a_misspelled_parameter_is_named_with_the_one_that_was_meant(client: Any) -> None:
    answer = client.get("/v1/locate?lon=1&lat=1&csr=wgs84")
    assert answer.status_code == 422
    assert "是否为 crs" in answer.json()["detail"]


def test_pages_ignore_parameters_of_others(client: Any) -> None:
    assert client.get("/signin?utm_source=chat").status_code == 200
    assert client.get("/healthz?colour=red").status_code == 200


# ---------------------------------------------------------------- which edition answers
# Every read of units takes them, by one dependency.
EDITION_PARAMETERS = {"at", "datetime", "edition"}
READS_OF_UNITS = {
    "/v1/locate", "/v1/units/{code}", "/v1/units/{code}/geometry", "/v1/grids/{code}", "/v1/search",
    "/v1/units/{code}/touching", "/maps/units.json", "/maps/tiles/units.json", "/maps/tiles/units/{z}/{x}/{y}.pbf",
}  # fmt: skip


def test_every_read_of_units_takes_an_instant_or_an_edition() -> None:
    for method, path, operation in operations():
        if path.startswith(("/ogc", "/v1/drafts")):
            continue  # `datetime` as the standard has it, intervals too; a draft has no past
        names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        wanted = EDITION_PARAMETERS if path in READS_OF_UNITS else set()
        assert names & EDITION_PARAMETERS == wanted, (method, path)

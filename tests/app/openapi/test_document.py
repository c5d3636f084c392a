"""The description of the API says who may call what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.auth.policy import allow, public, public_if, signed_in
from app.main import create_app
from app.openapi import document
from app.settings import load_settings
from gis.editing.operation_input import OperationModel


def test_the_demands_are_described() -> None:
    app = FastAPI()
    app.get("/open", dependencies=[public()])(lambda: None)
    app.get("/layers", dependencies=[public_if("public_layers")])(lambda: None)
    app.post("/{name}/things", dependencies=[allow("dispatcher", "handler")])(lambda name: None)
    app.get("/things", dependencies=[signed_in(people_only=True)])(lambda: None)
    document.install(app, load_settings())
    described = app.openapi()
    assert described is app.openapi()
    assert set(described["components"]["securitySchemes"]) == {"session", "token"}
    paths = described["paths"]
    assert paths["/open"]["get"]["security"] == []
    assert paths["/layers"]["get"]["security"] == [{"session": []}, {"token": []}, {}]
    assert paths["/{name}/things"]["post"]["security"] == [{"session": []}, {"token": []}]
    assert "dispatcher, handler in some unit" in paths["/{name}/things"]["post"]["description"]
    assert paths["/things"]["get"]["security"] == [{"session": []}]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "wangge_session"),
        ({"secure_cookies": True}, "__Host-wangge_session"),
        ({"public_url": "https://grid.example"}, "__Host-wangge_session"),
        ({"public_url": "https://grid.example/wangge"}, "__Secure-wangge_session"),
    ],
)
def test_the_cookie_is_named_as_it_is_sent(more: dict[str, object], name: str) -> None:
    described = create_app(load_settings(**more)).openapi()
    assert described["components"]["securitySchemes"]["session"]["name"] == name


def test_every_refusal_is_described_as_what_is_sent() -> None:
    described = create_app().openapi()
    assert "HTTPValidationError" not in json.dumps(described)
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            assert {"400", "401", "429", "503"} <= set(responses), (method, path)
            if "requestBody" in operation:
                assert {"413", "422"} <= set(responses), (method, path)
            for status, response in responses.items():
                if status[0] in "45":
                    # A probe that fails still answers its report.
                    reports = ["application/json"] if (path, status) == ("/readyz", "503") else []
                    assert list(response["content"]) == [*reports, "application/problem+json"], (path, status)
                    assert response["description"] not in ("", "Additional Response")


def test_every_parameter_of_a_path_is_declared() -> None:
    for path, operations in create_app().openapi()["paths"].items():
        for method, operation in operations.items():
            declared = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), (method, path)


@cache
def described() -> dict[str, Any]:
    return json.loads(json.dumps(create_app().openapi()))


def test_the_document_is_valid_openapi_31() -> None:
    assert described()["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(described()).iter_errors()] == []


def test_every_tag_is_described_and_in_use_with_locate_first() -> None:
    listed = [tag["name"] for tag in described()["tags"]]
    used = {
        tag
        for item in described()["paths"].values()
        for operation in item.values()
        for tag in operation["tags"]
    }
    assert listed[0] == "locate"
    assert set(listed) == used
    assert all(tag["description"].endswith(".") for tag in described()["tags"])


def test_who_runs_it_under_which_licence_is_said() -> None:
    info = described()["info"]
    assert info["contact"]["name"]
    stated = metadata.metadata("wangge").json.get("license_expression")
    assert info["license"]["name"] == (stated or "No licence is stated")
    outside = create_app(load_settings(public_url="https://grid.example/wangge")).openapi()
    assert outside["info"]["contact"]["url"] == "https://grid.example/wangge"


@pytest.mark.parametrize(
    ("more", "servers"),
    [
        ({}, ["/"]),
        ({"public_url": "https://grid.example"}, ["/", "https://grid.example"]),
        ({"public_url": "https://grid.example/wangge"}, ["/wangge", "https://grid.example/wangge"]),
    ],
)
def test_the_servers_are_where_the_service_is(more: dict[str, str], servers: list[str]) -> None:
    listed = create_app(load_settings(**more)).openapi()["servers"]
    assert [server["url"] for server in listed] == servers
    assert all(server["description"] for server in listed)


def test_every_example_is_what_its_schema_says() -> None:
    resolver = {"components": described()["components"]}
    seen = 0
    for name, schema in described()["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            seen += 1
            wrong = Draft202012Validator({**schema, **resolver}).iter_errors(example)
            assert [error.message for error in wrong] == [], name
    assert seen > 18


def test_an_operation_of_a_draft_is_a_choice_told_apart_by_op() -> None:
    schema = described()["components"]["schemas"]["OperationInput"]
    assert schema["discriminator"]["propertyName"] == "op"
    assert set(schema["discriminator"]["mapping"]) == {model.makes.op for model in get_args(OperationModel)}
    body = described()["paths"]["/v1/drafts/{draft_id}/operations"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/OperationInput"}


def test_no_two_models_share_a_name() -> None:
    # FastAPI tells models of one name apart by the modules that they are in, which is nobody's name for them.
    assert [name for name in described()["components"]["schemas"] if not name.isalnum()] == []


def test_every_list_says_what_is_in_it() -> None:
    def lists(value: Any, where: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            if value.get("type") == "array":
                yield where, value
            for key, inner in value.items():
                yield from lists(inner, f"{where}/{key}") if key not in ("example", "examples") else ()
        elif isinstance(value, list):
            for at, inner in enumerate(value):
                yield from lists(inner, f"{where}/{at}")

    found = list(lists(described(), ""))
    assert len(found) > 50
    assert [where for where, schema in found if "items" not in schema] == []

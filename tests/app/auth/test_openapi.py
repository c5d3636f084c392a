"""The description of the API says who may call what."""

from __future__ import annotations

import json
import re

import pytest
from fastapi import FastAPI

from app.auth import openapi
from app.auth.policy import allow, public, public_if, signed_in
from app.main import create_app
from app.settings import load_settings


def test_the_demands_are_described() -> None:
    app = FastAPI()
    app.get("/open", dependencies=[public()])(lambda: None)
    app.get("/layers", dependencies=[public_if("public_layers")])(lambda: None)
    app.post("/{name}/things", dependencies=[allow("dispatcher", "handler")])(lambda name: None)
    app.get("/things", dependencies=[signed_in(people_only=True)])(lambda: None)
    openapi.install(app, load_settings())
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
                    assert list(response["content"]) == ["application/problem+json"], (method, path, status)
                    assert response["description"] not in ("", "Additional Response")


def test_every_parameter_of_a_path_is_declared() -> None:
    for path, operations in create_app().openapi()["paths"].items():
        for method, operation in operations.items():
            declared = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), (method, path)

"""The same description in OpenAPI 3.0.3."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator
from starlette.testclient import TestClient

from app.main import create_app
from app.openapi.downgrade import as_openapi_30

REF = {"$ref": "#/components/schemas/Thing"}


@cache
def described() -> dict[str, Any]:
    return json.loads(json.dumps(create_app().openapi()))


def rewritten(schema: dict[str, Any]) -> dict[str, Any]:
    """One schema on its way through a document."""
    content = {"application/json": {"schema": schema}}
    operation = {"tags": ["a"], "responses": {"200": {"description": "ok", "content": content}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1", "summary": "s", "license": {"name": "n", "identifier": "i"}},
        "tags": [{"name": "a"}, {"name": "b"}],
        "paths": {"/a": {"get": operation}, "/b": {"get": operation}},
        "components": {"schemas": {"Thing": {"type": "object"}, "Other": {"type": "object"}}},
    }
    before = json.dumps(document)
    out = as_openapi_30(document, wanted=lambda path: path == "/a")
    assert json.dumps(document) == before
    assert OpenAPIV30SpecValidator(out).is_valid()
    assert out["info"] == {"title": "t", "version": "1", "license": {"name": "n"}}
    assert list(out["paths"]) == ["/a"]
    assert out["tags"] == [{"name": "a"}]
    assert list(out["components"]["schemas"]) == (["Thing"] if "Thing" in json.dumps(schema) else [])
    found = out["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"const": "a"}, {"enum": ["a"]}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        (
            {"type": ["string", "integer"]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "T"},
            {"type": "string", "title": "T", "nullable": True},
        ),
        ({"anyOf": [REF, {"type": "null"}]}, {"allOf": [REF], "nullable": True}),
        (
            {"oneOf": [{"type": "string"}, REF, {"type": "null"}]},
            {"oneOf": [{"type": "string"}, REF], "nullable": True},
        ),
        ({**REF, "description": "d"}, {"allOf": [REF], "description": "d"}),
        (
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        ),
        (
            {"type": "string", "contentMediaType": "application/octet-stream"},
            {"type": "string", "format": "binary"},
        ),
        (
            {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}]},
            {"type": "array", "items": {"type": "number"}},
        ),
        (
            {"type": "array", "prefixItems": [{"type": "number"}, {"const": 1}]},
            {"type": "array", "items": {"anyOf": [{"type": "number"}, {"enum": [1]}]}},
        ),
        (
            # A member may be called as a word of the schema.
            {"type": "object", "properties": {"examples": {"const": 1}, "const": {"type": "string"}}},
            {"type": "object", "properties": {"examples": {"enum": [1]}, "const": {"type": "string"}}},
        ),
    ],
)
def test_what_the_versions_spell_differently(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert rewritten(given) == expected


def test_the_whole_service_can_be_written_in_it() -> None:
    written = as_openapi_30(described(), wanted=lambda _: True)
    assert [error.message for error in OpenAPIV30SpecValidator(written).iter_errors()] == []
    assert written["paths"].keys() == described()["paths"].keys()


def test_the_ogc_landing_page_leads_to_it() -> None:
    # No lifespan: nothing of this looks into the database.
    client = TestClient(create_app())
    links = client.get("/ogc").json()["links"]
    (older,) = [link for link in links if link["type"].endswith("version=3.0")]
    assert (older["rel"], links[1]) == ("service-desc", older)
    answer = client.get(older["href"])
    assert answer.headers["content-type"] == older["type"] == "application/vnd.oai.openapi+json;version=3.0"
    body = answer.json()
    assert body["openapi"] == "3.0.3"
    assert OpenAPIV30SpecValidator(body).is_valid()
    assert all(path.startswith("/ogc") for path in body["paths"])
    assert "/ogc/collections/{collection}/items" in body["paths"]
    classes = client.get("/ogc/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30" in classes

"""The same description in OpenAPI 3.0.3, for clients that read no newer one, as those of OGC API Features 1.0.

Schemas of 3.1 are JSON Schema; those of 3.0 are a dialect of their own, so what the two spell differently is rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["as_openapi_30"]

_REF = "#/components/schemas/"
_SCHEMA_MAPS = ("properties", "patternProperties")
_SCHEMA_LISTS = ("anyOf", "oneOf", "allOf")


def as_openapi_30(document: Mapping[str, Any], *, wanted: Callable[[str], bool]) -> dict[str, Any]:
    """Write a part of a 3.1 document as one of 3.0.3.

    Parameters
    ----------
    document : mapping
        OpenAPI 3.1 as FastAPI makes it; left as it is.
    wanted : callable
        Whether a path is to be in it. Components and tags that none of these needs are left out.
    """
    info = {key: value for key, value in document["info"].items() if key != "summary"}
    if "license" in info:
        info["license"] = {key: value for key, value in info["license"].items() if key != "identifier"}
    paths = {path: _rewritten(item) for path, item in document["paths"].items() if wanted(path)}
    schemas = {name: _schema(each) for name, each in document["components"].get("schemas", {}).items()}
    needed = _closure(paths, schemas)
    tags = {
        tag for item in paths.values() for operation in item.values() for tag in operation.get("tags", ())
    }
    return {
        "openapi": "3.0.3",
        "info": info,
        "servers": document.get("servers", [{"url": "/"}]),
        "tags": [tag for tag in document.get("tags", ()) if tag["name"] in tags],
        "paths": paths,
        "components": {
            **document["components"],
            "schemas": {name: schema for name, schema in schemas.items() if name in needed},
        },
    }


def _rewritten(value: object) -> Any:
    """Whatever is no schema, with the schemas in it rewritten."""
    if isinstance(value, list):
        return [_rewritten(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _schema(one) if key == "schema" else one if key in ("example", "examples") else _rewritten(one)
        for key, one in value.items()
    }


def _schema(given: object) -> Any:
    """One schema of JSON Schema in the dialect of 3.0."""
    if not isinstance(given, dict):
        return given
    out = {key: _inner(key, value) for key, value in given.items() if key not in ("$schema", "$id")}
    if "const" in out:
        out["enum"] = [out.pop("const")]
    if "examples" in out:
        out["example"] = out.pop("examples")[0]
    if "contentMediaType" in out:
        out.pop("contentMediaType")
        out["format"] = "binary"
    if "prefixItems" in out:
        # 3.0 has no tuples: as many items as there are places, each of any of their kinds.
        kinds = out.pop("prefixItems")
        out.setdefault("items", kinds[0] if all(kind == kinds[0] for kind in kinds) else {"anyOf": kinds})
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(out.get(exclusive), int | float) and not isinstance(out[exclusive], bool):
            out[bound], out[exclusive] = out[exclusive], True
    return _alone(_nullable(out))


def _inner(key: str, value: Any) -> Any:
    if key in _SCHEMA_MAPS and isinstance(value, dict):
        return {name: _schema(one) for name, one in value.items()}
    if key in (*_SCHEMA_LISTS, "prefixItems"):
        return [_schema(one) for one in value]
    if key in ("items", "additionalProperties", "not"):
        return _schema(value)
    return value


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Say ``nullable`` where 3.1 has null as a type."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        others = [kind for kind in kinds if kind != "null"]
        del schema["type"]
        schema |= {"type": others[0]} if len(others) == 1 else {"anyOf": [{"type": kind} for kind in others]}
        schema |= {"nullable": True} if len(others) < len(kinds) else {}
    for key in ("anyOf", "oneOf"):
        choices = schema.get(key, [])
        others = [choice for choice in choices if choice != {"type": "null"}]
        if len(others) == len(choices):
            continue
        schema.pop(key)
        if len(others) > 1:
            schema |= {key: others, "nullable": True}
        elif "$ref" in others[0]:
            schema |= {"allOf": others, "nullable": True}
        else:
            schema = {**others[0], **schema, "nullable": True}
    return schema


def _alone(schema: dict[str, object]) -> dict[str, object]:
    """In 3.0 whatever stands beside a reference is not read."""
    if "$ref" in schema and len(schema) > 1:
        return {"allOf": [{"$ref": schema.pop("$ref")}], **schema}
    return schema


def _closure(paths: Mapping[str, object], schemas: Mapping[str, object]) -> set[str]:
    """The schemas that some paths refer to, and those that these refer to."""
    needed: set[str] = set()
    queue = [*_references(paths)]
    while queue:
        name = queue.pop()
        if name not in needed:
            needed.add(name)
            queue += _references(schemas[name])
    return needed


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if isinstance(one, str) and one.startswith(_REF) and key not in ("example", "default"):
                yield one.removeprefix(_REF)
            else:
                yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)

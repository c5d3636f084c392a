"""What the description of the API says of refusals: which there are, and that all are problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

from app.auth.policy import Policy
from app.kit.problem_schema import Problem

_MEDIA_TYPE = "application/problem+json"
_CONTENT = {_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_MEANINGS = {
    "400": "Not a request that can be read.",
    "401": "Nobody is signed in, or the token is unknown, expired or revoked.",
    "403": "Not allowed, or not proven to come from one of our pages.",
    "404": "Nothing there, or nothing that the asker may see.",
    "409": "Disagrees with what is stored.",
    "412": "Changed by somebody else since.",
    "413": "More than one request may carry.",
    "415": "A kind of content that is not read here.",
    "422": "Understood, but not acceptable: names the field, what was expected and what came.",
    "428": "If-Match is missing.",
    "429": "Too many requests; Retry-After says when to go on.",
    "503": "Too much to do, or the database is away; Retry-After says when to try again.",
}
_DEFAULT = "Additional Response"


def add_schema(schema: dict[str, Any]) -> None:
    """Put the problem document among the components, in place of FastAPI's own refusals, which nobody sends."""
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas |= described.pop("$defs", {})
    schemas["Problem"] = described
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def describe_refusals(operation: dict[str, Any], method: str, policy: Policy | None) -> None:
    """Complete the refusals of one operation."""
    responses = operation.setdefault("responses", {})
    always = ["400", "401", "429", "503"]
    if policy is not None and not (policy.kind == "public" and method == "get"):
        always.append("403")
    if "requestBody" in operation:
        always += ["413", "422"]
    if any(parameter["name"] == "edition" for parameter in operation.get("parameters", ())):
        # Whoever may choose an edition may choose one that is not there.
        always.append("404")
    for status in always:
        responses.setdefault(status, {})
    for status, response in responses.items():
        if status[0] in "45":
            if response.get("description") in (None, "", _DEFAULT, "Validation Error"):
                response["description"] = _MEANINGS.get(status, "Refused.")
            declared = {} if status == "422" else response.get("content", {})
            # A report of its own, as that of /readyz, stands beside the refusals that any route may give.
            response["content"] = {**declared, **_CONTENT}
    operation["responses"] = dict(sorted(responses.items()))

"""What the description of the API says about who may call what: taken from the policies themselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.auth import openapi_refusals
from app.auth.forgery import HEADER
from app.auth.policy import Policy, policy_of
from app.auth.sessions import name_of_cookie
from app.settings import Settings


def _schemes(settings: Settings) -> dict[str, Any]:
    # Nobody is asking here, so the settings say how people come: a proxy that is only trusted may speak either.
    secure = settings.secure_cookies or settings.tls or (settings.public_url or "").startswith("https:")
    plain, secured = (name_of_cookie(settings, secure=each) for each in (False, True))
    other = "" if secure else f" Over HTTPS the cookie is called `{secured}`."
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token (`wangge token issue`, or POST /v1/tokens).",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": secured if secure else plain,
            "description": "A browser's session (POST /v1/session). Writes also need the header "
            f"`{HEADER.title()}` with `csrf` of that answer.{other}",
        },
    }


def install(app: FastAPI, settings: Settings) -> None:
    """Let ``app.openapi()`` tell the demands of every operation; to be called when all routes are there."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            _add_policies(app, plain(), settings)
        return plain()

    app.openapi = described  # type: ignore[method-assign]


def _add_policies(app: FastAPI, schema: dict[str, Any], settings: Settings) -> None:
    schema.setdefault("components", {})["securitySchemes"] = _schemes(settings)
    openapi_refusals.add_schema(schema)
    for route in iter_route_contexts(app.routes):
        policy = policy_of(route)
        for method in route.methods or ():
            operation = schema["paths"].get(route.path_format or "", {}).get(method.lower())
            if operation is not None:
                openapi_refusals.describe_refusals(operation, method.lower(), policy)
            if operation is not None and policy is not None:
                operation["security"] = _security(policy)
                operation["description"] = _told(operation.get("description", ""), policy)


def _security(policy: Policy) -> list[dict[str, list[str]]]:
    if policy.kind == "public":
        return []
    known: list[dict[str, list[str]]] = [{"session": []}]
    if not policy.people_only:
        known.append({"token": []})
    if policy.on_machine:
        known.append({})
    # An empty demand among them means: also without.
    return [*known, {}] if policy.open_by else known


def _told(description: str, policy: Policy) -> str:
    if policy.kind == "allow":
        where = " everywhere" if policy.everywhere else " in some unit; the answer is about those units"
        demand = f"Needs one of the roles {', '.join(policy.roles)}{where}."
        if policy.on_machine:
            demand += " Programs of the same machine need none."
        if policy.people_only:
            demand += " Not for tokens."
    elif policy.open_by:
        demand = f"Open to all while the setting {policy.open_by} is on."
    elif policy.kind == "signed_in":
        demand = "Needs a session." if policy.people_only else "Needs a session or a token."
    else:
        demand = "Open to all."
    return f"{description}\n\n{demand}".strip()

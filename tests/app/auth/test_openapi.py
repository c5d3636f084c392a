"""The description of the API says who may call what."""

from __future__ import annotations

from fastapi import FastAPI

from app.auth import openapi
from app.auth.policy import allow, public, public_if, signed_in


def test_the_demands_are_described() -> None:
    app = FastAPI()
    app.get("/open", dependencies=[public()])(lambda: None)
    app.get("/layers", dependencies=[public_if("public_layers")])(lambda: None)
    app.post("/{name}/things", dependencies=[allow("dispatcher", "handler")])(lambda name: None)
    app.get("/things", dependencies=[signed_in(people_only=True)])(lambda: None)
    openapi.install(app)
    described = app.openapi()
    assert described is app.openapi()
    assert set(described["components"]["securitySchemes"]) == {"session", "token"}
    paths = described["paths"]
    assert paths["/open"]["get"]["security"] == []
    assert paths["/layers"]["get"]["security"] == [{"session": []}, {"token": []}, {}]
    assert paths["/{name}/things"]["post"]["security"] == [{"session": []}, {"token": []}]
    assert "dispatcher, handler in some unit" in paths["/{name}/things"]["post"]["description"]
    assert paths["/things"]["get"]["security"] == [{"session": []}]

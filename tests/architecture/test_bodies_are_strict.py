"""A body with a member that nobody knows is refused, whichever route it is sent to: nothing is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, RootModel

from app.main import create_app

# Bodies that are read by hand, each with the function that refuses what it does not know.
BY_HAND = {
    ("POST", "/ogc/drafts/{draft_id}/collections/grid/items"): "app.ogc.draft_properties.properties_of",
    ("PUT", "/ogc/drafts/{draft_id}/collections/grid/items/{code}"): "app.ogc.draft_properties.properties_of",
    (
        "PATCH",
        "/ogc/drafts/{draft_id}/collections/grid/items/{code}",
    ): "app.ogc.draft_properties.properties_of",
}


def bodies() -> Iterator[tuple[str, str, Any]]:
    """Method, path and type of every body."""
    for route in iter_route_contexts(create_app().routes):
        field = getattr(route, "body_field", None) or getattr(
            getattr(route, "route", None), "body_field", None
        )
        if field is None:
            continue
        for method in sorted(route.methods or ()):
            yield method, str(route.path), field.field_info.annotation


def models(kind: Any) -> Iterator[type[BaseModel]]:
    """The models in a type, those inside of others too."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for inner in get_args(kind):
        yield from models(inner)


def test_every_model_of_a_body_forbids_what_it_does_not_have() -> None:
    lax = {
        f"{method} {path}: {model.__name__}"
        for method, path, kind in bodies()
        for model in models(kind)
        # A choice of models has no members of its own.
        if not issubclass(model, RootModel) and model.model_config.get("extra") != "forbid"
    }
    assert not lax


def test_bodies_without_a_model_are_known() -> None:
    found = {(method, path) for method, path, kind in bodies() if not list(models(kind))}
    assert found == set(BY_HAND)
    assert sum(1 for _ in bodies()) > 10

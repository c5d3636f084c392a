"""Refuses query parameters that a route does not declare, for all routes in one way.

A misspelled parameter that is passed over gives an answer to another question. `/v1` refuses with 422, `/ogc` with 400
as OGC API Features asks (Part 1, 7.2.4). Pages and tiles ignore what they do not know: addresses that people share
carry parameters of others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from app.errors import BadRequest, Invalid, ServiceRefusal
from app.kit.visible import visible
from gis.spelling import nearest
from gis.text import Text

_SHOWN = 80


async def _language(
    lang: Annotated[
        str | None,
        Query(
            description="Language of titles and messages, `zh` or `en`; otherwise `Accept-Language` decides.",
            examples=["en"],
        ),
    ] = None,
) -> None:
    """Declare the parameter that every route takes."""


LANGUAGE = Depends(_language)


class BadParameter(BadRequest):
    """A parameter that is unknown or cannot be read; OGC API Features answers 400."""

    code, title = "bad-parameter", Text("参数有误", "Bad parameter")


def declared_parameters(dependant: Dependant) -> frozenset[str]:
    """Names of the query parameters that a route and its dependencies declare."""
    found: set[str] = set()
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            found |= {each.alias or name for name, each in model.model_fields.items()}
        else:
            found.add(field.alias)
    return frozenset(found.union(*map(declared_parameters, dependant.dependencies)))


def refusal_for(path: str) -> type[ServiceRefusal] | None:
    """The refusal of an unknown parameter at an address; None where it is ignored."""
    if path == "/v1" or path.startswith("/v1/"):
        return Invalid
    if path == "/ogc" or path.startswith("/ogc/"):
        return BadParameter
    return None


def refuse_unknown(request: Request, known: Collection[str], refusal: type[ServiceRefusal]) -> None:
    """Refuse a request whose address holds a parameter that is not among the known ones."""
    # Taking an address apart costs more than the rest; most have no query.
    if not request.scope["query_string"]:
        return
    for name in request.query_params:
        if name not in known:
            raise unknown_parameter(name, known, refusal)


def unknown_parameter(name: str, known: Collection[str], refusal: type[ServiceRefusal]) -> ServiceRefusal:
    """The refusal: which parameter came, which there are, and which was probably meant."""
    shown = visible(name)[:_SHOWN]
    there = sorted(known)
    meant = next(iter(nearest(name[:_SHOWN], there, limit=1)), None)
    hint = Text(f"，是否为 {meant}", f"; did you mean {meant}") if meant else Text("", "")
    detail = Text(
        f"不认识的参数 {shown}{hint.zh}；可用：{'、'.join(there)}",
        f"unknown parameter {shown}{hint.en}; there are: {', '.join(there)}",
    )
    fields = [{"field": shown, "expected": ", ".join(there), "came": shown, "kind": "unknown_parameter"}]
    if issubclass(refusal, BadParameter):
        return BadParameter(*detail, code="unknown-parameter", field=shown, fields=fields)
    return Invalid(*detail, code="unknown-parameter", field=shown, fields=fields)

"""Options that several commands share, as the fields of one dataclass."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints


def with_options(group: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each field of a dataclass, in the place of the parameter of that type.

    Typer reads the options of a command from its signature. An option that every command on boundary files has would
    be written out in each of them; here it is one line in the dataclass, whose fields are annotated as Typer's
    parameters are.

    >>> from typing import Annotated
    >>> import typer
    >>> @dataclasses.dataclass(frozen=True)
    ... class Place:
    ...     lon: Annotated[float, typer.Option("--lon")]
    ...     crs: Annotated[str, typer.Option("--crs")] = "wgs84"
    >>> @with_options(Place)
    ... def command(place: Place, loud: bool = False) -> None:
    ...     print(place.lon, place.crs, loud)
    >>> list(inspect.signature(command).parameters)
    ['lon', 'crs', 'loud']
    >>> command(lon=120.0, crs="gcj02")
    120.0 gcj02 False
    """
    hints = get_type_hints(group, include_extras=True)
    names = [field.name for field in dataclasses.fields(group) if field.init]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = get_type_hints(function, include_extras=True)
        [taken] = [name for name, hint in own.items() if hint is group]
        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(function).parameters.values():
            if parameter.name == taken:
                parameters += [
                    _parameter(field, hints[field.name]) for field in dataclasses.fields(group) if field.init
                ]
            else:
                parameters.append(
                    parameter.replace(
                        kind=inspect.Parameter.KEYWORD_ONLY, annotation=own.get(parameter.name, Any)
                    )
                )

        @functools.wraps(function)
        def command(**values: object) -> None:
            fields = {name: values.pop(name) for name in names if name in values}
            function(**{taken: group(**fields)}, **values)

        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        del command.__wrapped__
        return command

    return decorate


def _parameter(field: dataclasses.Field[Any], annotation: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )

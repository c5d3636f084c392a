"""``wangge settings``: every setting, what it means, and the value in force."""

from __future__ import annotations

from app.cli.context import make_context
from app.cli.output import JsonOption
from app.settings import Settings, is_set, variable_of
from gis.text import Text

_SOURCES = {True: Text("环境变量", "environment"), False: Text("默认", "default")}


def command(as_json: JsonOption = False) -> None:
    """列出全部设置 / list every setting with its value and where that comes from; secrets are not shown."""
    context = make_context(as_json=as_json)
    rows = [
        {
            "name": variable_of(name),
            "value": str(getattr(context.settings, name)),
            "source": _SOURCES[is_set(name)].in_("en"),
            "default": str(field.default),
            "description": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]
    context.out.document(rows)
    context.out.table(
        tuple(rows[0]),
        [
            {**row, "source": _SOURCES[row["source"] == "environment"].in_(context.out.lang)}.values()
            for row in rows
        ],
    )

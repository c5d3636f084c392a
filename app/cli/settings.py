"""``wangge settings``: every setting, what it means, and the value in force."""

from __future__ import annotations

from app.cli.context import make_context
from app.cli.output import JsonOption
from app.settings import Settings


def command(as_json: JsonOption = False) -> None:
    """列出全部设置 / list every setting with its value; secrets are not shown."""
    context = make_context(as_json=as_json)
    rows = [
        (
            f"WANGGE_{name.upper()}",
            str(getattr(context.settings, name)),
            str(field.default),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]
    context.out.document(
        [{"name": n, "value": v, "default": d, "description": text} for n, v, d, text in rows]
    )
    context.out.table(("name", "value", "default", "description"), rows)

"""``wangge verify``: re-checks on the live database what must always hold."""

from __future__ import annotations

import typer

from app.cli.context import make_context
from app.cli.output import Exit, JsonOption
from app.verify.service import verify


def command(as_json: JsonOption = False) -> None:
    """复核全部不变量，一行一条；有一条不成立则退出码为 1 / re-check every invariant, one line each; exit 1 if any is broken."""
    context = make_context(as_json=as_json)
    out = context.out
    outcomes = []
    # One state of the database: rows that others commit meanwhile must not look like disagreement.
    with context.reading(snapshot=True) as session:
        for outcome in verify(session):
            outcomes.append(outcome)
            out.line(outcome.line(out.lang))
            for more in outcome.broken[1:]:
                out.line(f"    {more.in_(out.lang)}")
    broken = [o for o in outcomes if not o.holds]
    out.document(
        {
            "holds": not broken,
            "checks": [
                {
                    "number": o.number,
                    "name": o.name.in_(out.lang),
                    "looked_at": o.looked_at.in_(out.lang),
                    "holds": o.holds,
                    "broken": [text.in_(out.lang) for text in o.broken],
                }
                for o in outcomes
            ],
        }
    )
    if broken:
        raise typer.Exit(int(Exit.CHECK_FAILED))

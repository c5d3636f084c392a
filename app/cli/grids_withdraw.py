"""``wangge grids withdraw``: take an edition back before it takes effect."""

from __future__ import annotations

from typing import Annotated

import typer

from app.auth.audit import AuditContext
from app.auth.principal import operator as as_operator
from app.cli.context import make_context, operator
from app.cli.output import JsonOption
from app.drafts.withdrawal import withdraw


def withdraw_edition(
    edition: Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="版本号 / number of the edition")],
    reason: Annotated[str, typer.Option("--reason", help="原因，记入审计 / why; kept in the audit log")] = "",
    as_json: JsonOption = False,
) -> None:
    """撤回尚未生效的版本 / withdraw an edition before it takes effect; its number is not used again."""
    context = make_context(as_json=as_json)
    out, who = context.out, operator()
    with context.writing() as session:
        withdrawn = withdraw(session, as_operator(who), AuditContext(who), edition, reason=reason)
        done, instant = withdrawn.as_dict(), withdrawn.record.effective_from.isoformat()
    out.document(done)
    out.line(
        out.say(
            f"✓ 第 {edition} 版已撤回（原定 {instant} 生效），版本号不再使用",
            f"✓ edition {edition} withdrawn (it was to take effect {instant}); its number is not used again",
        )
    )
    if done["draft"] is not None:
        out.line(
            out.say(
                f"草案 {done['draft']} 回到已批准，可重新发布",
                f"draft {done['draft']} is approved again and can be published anew",
            )
        )

"""What `wangge demo remove` says before and after."""

from __future__ import annotations

import sys

import typer

from app.cli.context import Context
from app.cli.errors import CommandRefused
from app.demo.removal import Removal, RemovalPlan, Way
from gis.text import Text


def ask(context: Context, plan: RemovalPlan) -> None:
    """Say what would be done and wait for a yes; where nobody can be asked, ``--yes`` must be given."""
    out = context.out
    for line in _lines(plan):
        out.note(line.zh, line.en)
    if out.as_json or not sys.stdin.isatty():
        raise CommandRefused(
            "未作任何改动。确定要撤去演示区请加 --yes；想留一份请先运行 wangge db backup 文件。",
            "Nothing was changed. If you mean it, add --yes; to keep a copy run `wangge db backup FILE` first.",
            code="not-confirmed",
            would=_document(plan),
        )
    if not typer.confirm(out.say("继续吗？", "Go on?"), default=False, err=True):
        raise CommandRefused("未作任何改动。", "Nothing was changed.", code="not-confirmed")


def say_done(context: Context, removal: Removal) -> None:
    """Say what was done."""
    plan, out = removal.plan, context.out
    out.document({**_document(plan), "edition": removal.edition})
    if plan.way is Way.NOTHING:
        out.line(out.say("没有演示数据，未作改动。", "There is no demo; nothing changed."))
        return
    if plan.way is Way.RESET:
        out.line(
            out.say(
                "已撤去演示区，数据库为空；账号、审计日志和设置保留。下一步：wangge grids import 文件 --code 列 --publish，"
                "即成为第 1 版。",
                "The demo is gone and the database is empty; accounts, audit log and settings stay. Next: `wangge grids "
                "import FILE --code COLUMN --publish`, which becomes edition 1.",
            )
        )
    elif removal.edition is not None:
        out.line(
            out.say(
                f"已撤去演示区 {'、'.join(plan.codes)}：第 {removal.edition} 版起不再有它；其余区不变。",
                f"The demo districts {', '.join(plan.codes)} are gone from edition {removal.edition} on; the others are "
                f"as they were.",
            )
        )
    else:
        out.line(
            out.say("已删除演示数据；网格版本不变。", "The invented rows are deleted; no edition was needed.")
        )
    for line in _left(plan):
        out.note(line.zh, line.en)


def _lines(plan: RemovalPlan) -> list[Text]:
    rows = plan.invented
    counted = (rows["component"], rows["incident"], rows["officer"], rows["population_count"])
    lines = [
        Text(
            f"将删除合成数据：{counted[0]:,} 个部件、{counted[1]:,} 个事件及其日志、{counted[2]:,} 名人员、"
            f"{counted[3]:,} 条人口数。",
            f"Invented rows to delete: {counted[0]:,} components, {counted[1]:,} incidents with their logs, "
            f"{counted[2]:,} officers, {counted[3]:,} counts of people.",
        )
    ]
    listed = "、".join(f"{code} {name}" for code, name, _ in plan.districts)
    if plan.way is Way.RESET:
        lines.append(
            Text(
                f"库中只有演示区（{listed}）：连同全部 {plan.editions} 个网格版本和全部草案一起清空。",
                f"Only the demo is there ({', '.join(plan.codes)}): all {plan.editions} editions and all drafts go too.",
            )
        )
    elif plan.way is Way.RETIRE:
        lines.append(
            Text(
                f"将发布一个不含 {listed} 的新版本；过去的版本照旧可查。",
                f"An edition without {', '.join(plan.codes)} is published; those of the past can still be asked for.",
            )
        )
    if plan.drafts:
        titles_zh = "、".join(f"{number}“{title}”（{author}）" for number, title, author in plan.drafts[:5])
        titles_en = ", ".join(f'{number} "{title}" ({author})' for number, title, author in plan.drafts[:5])
        lines.append(
            Text(
                f"{len(plan.drafts)} 个未完成的草案随之结束：{titles_zh}",
                f"{len(plan.drafts)} drafts end with it: {titles_en}",
            )
        )
    return lines


def _left(plan: RemovalPlan) -> list[Text]:
    lines = []
    if plan.accounts:
        lines.append(
            Text(
                f"这些账号的权限范围在演示区内，请检查：{'、'.join(plan.accounts)}（wangge user list）",
                f"Rights of these accounts lie in a demo district, look at them: {', '.join(plan.accounts)} "
                f"(`wangge user list`)",
            )
        )
    if plan.tokens:
        lines.append(
            Text(
                f"这些令牌的范围在演示区内：{'、'.join(plan.tokens)}（wangge token list）",
                f"These tokens are bound to a demo district: {', '.join(plan.tokens)} (`wangge token list`)",
            )
        )
    return lines


def _document(plan: RemovalPlan) -> dict[str, object]:
    return {
        "way": str(plan.way),
        "districts": list(plan.codes),
        "removed": dict(plan.invented),
        "editions_removed": plan.editions,
        "drafts_ended": [number for number, _, _ in plan.drafts],
        "accounts_bound_to_it": list(plan.accounts),
        "tokens_bound_to_it": list(plan.tokens),
    }

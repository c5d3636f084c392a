"""``wangge demo``: a district to try everything with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from app.cli.context import Context, make_context, operator
from app.cli.output import JsonOption
from app.demo.plan import DEFAULT_DISTRICT, DEFAULT_SEED, Scale, make_plan
from app.demo.service import Begin, DemoReport
from app.demo.service import load as load_demo

app = typer.Typer(add_completion=False, no_args_is_help=True, help="演示区（合成数据）/ the demo district.")


@app.callback()
def _demo() -> None:
    """演示区（合成数据）/ the demo district (synthetic data)."""


@app.command()
def load(
    scale: Annotated[
        Scale,
        typer.Option(
            "--scale",
            help="small：4 万部件、6 万事件；full：100 万部件、446 万事件 / how much of everything",
        ),
    ] = Scale.SMALL,
    district: Annotated[
        str, typer.Option("--district", help="区代码：370211 370212 370283 371002 330402")
    ] = DEFAULT_DISTRICT,
    seed: Annotated[
        int, typer.Option("--seed", help="随机种子 / the same seed gives the same district")
    ] = DEFAULT_SEED,
    as_json: JsonOption = False,
) -> None:
    """装入演示区：真实轮廓和镇街，其余均为合成 / real outline and towns, everything else invented."""
    context = make_context(as_json=as_json)
    plan = make_plan(district=district, scale=scale, seed=seed)
    report = load_with_progress(context, plan.spec.code, plan.scale, seed=plan.seed)
    tell(context, report)


@app.command()
def remove(
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask again")] = False,
    as_json: JsonOption = False,
) -> None:
    """撤去演示区：全部合成数据；账号、审计日志和设置保留 / take the demo away; accounts, audit log and settings stay."""
    from app.cli.demo_removal import ask, say_done
    from app.demo.preference import keep_empty
    from app.demo.removal import Way, plan_removal, remove_demo

    context = make_context(as_json=as_json)
    with context.reading() as session:
        plan = plan_removal(session)
    if plan.way is not Way.NOTHING and not yes:
        ask(context, plan)
    with context.writing() as session:
        removal = remove_demo(session, actor=operator())
    # After the commit: whoever restarts the service must not find the demo loaded anew.
    context.settings.home.mkdir(parents=True, exist_ok=True)
    keep_empty(context.settings.home)
    say_done(context, removal)


@app.command()
def files(
    folder: Annotated[Path, typer.Argument(help="写到这个文件夹 / folder to write into")],
    as_json: JsonOption = False,
) -> None:
    """写出示例文件，用来试各种导入 / write example files to try imports with; needs no database."""
    from app.demo.files import write_examples

    context = make_context(as_json=as_json)
    paths = write_examples(folder)
    context.out.document({"files": [str(path) for path in paths], "synthetic": True})
    for path in paths:
        context.out.line(context.out.say(f"✓ {path}（合成数据）", f"✓ {path} (synthetic)"))


def load_with_progress(
    context: Context, district: str, scale: Scale, *, seed: int = DEFAULT_SEED
) -> DemoReport:
    """Load a demo district in one transaction, with bars on standard error."""
    plan = make_plan(district=district, scale=scale, seed=seed)
    with context.out.progress() as progress, context.writing() as session:
        return load_demo(session, plan, actor=operator(), begin=_bars(context, progress))


def _bars(context: Context, progress: Progress) -> Begin:
    running: list[TaskID] = []

    def begin(zh: str, en: str, total: int | None) -> Callable[[int], object]:
        if running:
            # The step before is over, whatever its bar says.
            progress.update(running[-1], total=1, completed=1)
        task = progress.add_task(context.out.say(zh, en), total=total)
        running.append(task)
        return lambda rows: progress.advance(task, rows)

    return begin


def tell(context: Context, report: DemoReport) -> None:
    """Say what a load brought."""
    out = context.out
    out.document({**asdict(report), "synthetic": True})
    if report.unchanged:
        out.line(
            out.say(
                f"{report.district} {report.name} 的演示数据（{report.scale}，种子 {report.seed}）已在库中，未作改动。",
                f"The demo of {report.district} ({report.scale}, seed {report.seed}) is there already; nothing changed.",
            )
        )
        return
    out.line(
        out.say(
            f"已装入 {report.district} {report.name}（合成数据，第 {report.edition} 版）：{report.streets} 个镇街、"
            f"{report.communities} 个社区（村）、{report.grids} 个网格、{report.components:,} 个部件、"
            f"{report.incidents:,} 个事件、{report.members:,} 个团队岗位，用时 {sum(report.seconds.values()):.0f} 秒。",
            f"Loaded {report.district} (synthetic data, edition {report.edition}): {report.streets} streets, "
            f"{report.communities} communities, {report.grids} grids, {report.components:,} components, "
            f"{report.incidents:,} incidents, {report.members:,} team posts, in "
            f"{sum(report.seconds.values()):.0f} s.",
        )
    )

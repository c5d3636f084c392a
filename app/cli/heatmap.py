"""``wangge heatmap``: the heat map of a unit as one file that works without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.auth.principal import operator as operator_principal
from app.cli.context import make_context, operator
from app.cli.output import JsonOption
from app.cli.output_file import refuse_unwritable
from app.kit.clock import now
from app.maps.heat import HeatRequest, draw
from app.web.statics import VENDOR
from gis.viz import Assets, to_html


def command(
    code: Annotated[str, typer.Argument(help="区、镇街、社区或网格的编码 / code of a unit")],
    output: Annotated[Path, typer.Option("--output", help="要写的 HTML 文件 / the HTML file to write")],
    days: Annotated[int, typer.Option("--days", help="从今天往回数的天数 / days back from today")] = 365,
    class_code: Annotated[
        str | None, typer.Option("--class", help="只画这个事件小类 / only this class of incidents")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """画一个单位的事件热力图，单个文件，断网可看 / the heat map of a unit as one file, readable without a network."""
    context = make_context(as_json=as_json)
    out = context.out
    refuse_unwritable(output)
    assets = Assets.inline(VENDOR)
    with context.reading() as session:
        drawn = draw(
            session,
            HeatRequest(code=code, days=days, class_code=class_code, lang=context.settings.lang),
            viewer=operator_principal(operator()),
            instant=now(),
            zone=context.settings.zone,
            assets=assets,
        )
    html = to_html(drawn.map)
    # Written beside and renamed: who opens the file meanwhile never sees half of it.
    part = output.with_name(f".{output.name}.part")
    part.write_text(html, encoding="utf-8")
    part.replace(output)
    out.document(
        {
            "code": code,
            "name": drawn.name,
            "incidents": drawn.total,
            "from": drawn.since,
            "to": drawn.until,
            "file": str(output),
            "bytes": output.stat().st_size,
        }
    )
    out.line(
        out.say(
            f"{output}：{drawn.name}，{drawn.total:,} 件，{drawn.since:%Y-%m-%d} 至今",
            f"{output}: {drawn.name}, {drawn.total:,} incidents since {drawn.since:%Y-%m-%d}",
        )
    )

"""The command line: one module a noun, loaded only when it is called.

Commands parse, call a service, print and exit; no logic and no SQL live here.
"""

from __future__ import annotations

import importlib
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

# Command -> (module, attribute, help). An attribute `app` is a group of commands, `command` a single one.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("app.cli.up", "command", "准备数据库并启动服务 / prepare the database and serve"),
    "serve": ("app.cli.serve", "command", "只启动网页服务 / the web service alone"),
    "tls": ("app.cli.tls", "app", "HTTPS 证书：init / certificates for HTTPS"),
    "db": ("app.cli.db", "app", "数据库：start stop status url migrate backup restore / the database"),
    "demo": ("app.cli.demo", "app", "演示区：load remove files / the demo district"),
    "grids": ("app.cli.grids", "app", "网格边界：import check export withdraw / boundaries"),
    "components": ("app.cli.components", "app", "部件：import export classes / city components"),
    "incidents": ("app.cli.incidents", "app", "事件：import classes / incidents"),
    "locate": ("app.cli.locate", "command", "这里归哪个网格 / which grid owns this place"),
    "heatmap": ("app.cli.heatmap", "command", "一个单位的热力图 / the heat map of a unit"),
    "verify": ("app.cli.verify", "command", "复核全部不变量 / re-check what must always hold"),
    "user": ("app.cli.user", "app", "账号与授权 / accounts and grants"),
    "token": ("app.cli.token", "app", "接口令牌 / API tokens"),
    "systemd": ("app.cli.systemd", "command", "systemd 单元文件 / unit files for systemd"),
    "settings": ("app.cli.settings", "command", "列出全部设置 / list every setting"),
}


class LazyGroup(TyperGroup):
    """Loads the module of a command when the command is asked for."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module_name, attribute, help_text = COMMANDS[cmd_name]
        target = getattr(importlib.import_module(module_name), attribute)
        if attribute == "command":
            single = typer.Typer(add_completion=False)
            # A module may say how its own options are read (a negative longitude is no option).
            settings = getattr(sys.modules[module_name], "context_settings", None)
            single.command(name=cmd_name, context_settings=settings)(target)
            target = single
        command = get_command(target)
        command.name = cmd_name
        command.short_help = help_text
        return command

    def format_help(self, ctx: object, formatter: Any) -> None:  # noqa: ARG002 - click's signature
        """The list of commands, without importing any of them."""
        formatter.write_usage("wangge", "COMMAND [OPTIONS]")
        with formatter.section("网格 wangge"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


root = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True)


def _say_version(wanted: bool) -> None:
    if not wanted:
        return
    # The metadata of packages is read for this alone.
    from app.kit.resources import version

    typer.echo(f"wangge {version()}")
    raise typer.Exit


@root.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="版本 / the version.")
    ] = False,
) -> None:
    """网格 wangge."""


def main() -> None:
    """Run the command line; the console script ``wangge`` points here."""
    if sys.argv[1:] in (["--help"], ["--version"]):
        # What needs no setting reads none: people wait for these.
        get_command(root)(prog_name="wangge")
        return
    from app.cli.exit_codes import ended, ended_usage, language
    from app.cli.unknown_settings import say_unknown

    command = get_command(root)
    say_unknown(language(), sys.argv[1:])
    with ended():
        if "--json" not in sys.argv:
            command(prog_name="wangge", standalone_mode=True)
            return
        # Wrong usage is a document, too.
        with ended_usage():
            sys.exit(command(prog_name="wangge", standalone_mode=False) or 0)


__all__ = ["COMMANDS", "main"]

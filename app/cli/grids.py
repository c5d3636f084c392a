"""``wangge grids``: import, check, export and withdraw boundaries; each command has a file of its own."""

from __future__ import annotations

import typer

from app.cli.grids_check import check_file
from app.cli.grids_export import export_file
from app.cli.grids_import import import_file
from app.cli.grids_withdraw import withdraw_edition

app = typer.Typer(add_completion=False, no_args_is_help=True, help="网格边界 / boundaries.")

app.command("check")(check_file)
app.command("import")(import_file)
app.command("export")(export_file)
app.command("withdraw")(withdraw_edition)

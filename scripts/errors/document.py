"""``docs/errors.md``: every code with its status, its exit code, what it means and what to do."""

from __future__ import annotations

import importlib
from pathlib import Path

from app.cli.errors import CheckFailed, CommandRefused, WrongUsage
from app.cli.exit_codes import exit_of
from app.db.cluster.lifecycle import ClusterFailure
from app.db.errors import BackupRefused, DiskFull
from app.errors import status_of
from app.tls.errors import TlsRefused
from gis.errors import Refusal
from scripts.errors.collect import ROOT, Source, collect
from scripts.errors.remedies import CHAPTERS

TARGET = ROOT / "docs" / "errors.md"
# What only ever ends a command; no answer over HTTP carries it.
COMMANDS_ONLY = (WrongUsage, CommandRefused, CheckFailed, BackupRefused, ClusterFailure, TlsRefused)

_HEAD = """\
# 拒绝的编码 / Codes of refusals

本页由代码生成（`make docs`），请勿手改。This page is written from the code (`make docs`); do not edit it.

每次拒绝都有一个机器可读的编码：HTTP 回答里是 `application/problem+json` 的 `code`，也是 `type` 的末段；命令行加
`--json` 时是 `error.code`。编码不随语言改变，`detail` 则随 `Accept-Language`（网页用 `lang`），默认中文。
状态栏为 — 的只出现在命令行；OGC 接口按其标准以 400 代替 422。

Every refusal has a machine-readable code: over HTTP it is `code` in `application/problem+json`, and the end of `type`;
on the command line with `--json` it is `error.code`. Codes are the same in both languages; `detail` follows
`Accept-Language` (pages: `lang`), Chinese by default. Where the status is —, only commands end with it;
OGC interfaces answer 400 where others answer 422, as their standard asks.

退出码 / exit codes: 0 完成 / done; 1 所查不成立 / the check failed; 2 用法不对 / wrong usage; 3 输入被拒 / input refused;
4 数据库不可用 / database unreachable.
"""


def kinds_of(source: Source) -> dict[str, type[Refusal]]:
    """Load the classes that refuse, by name."""
    found: dict[str, type[Refusal]] = {}
    for name, one in source.classes.items():
        module = Path(one.file).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        found[name] = getattr(importlib.import_module(module), name)
    return found


def statuses_of(kinds: set[type[Refusal]]) -> list[int]:
    """List the HTTP statuses of a code, those that only commands end with left out."""
    over_http = [kind for kind in kinds if kind is DiskFull or not issubclass(kind, COMMANDS_ONLY)]
    return sorted({status_of(kind) for kind in over_http})


def errors_document(source: Source | None = None) -> str:
    """Write the page."""
    source = source or collect()
    kinds = kinds_of(source)
    codes = source.codes()
    parts = [_HEAD]
    for title, entries in CHAPTERS:
        parts.append(f"\n## {title.zh} / {title.en}\n")
        parts.append("| code | HTTP | exit | 含义 / meaning | 办法 / what to do |")
        parts.append("| --- | --- | --- | --- | --- |")
        for code in sorted(entries):
            raised = {kinds[site.kind] for site in codes[code]}
            statuses = ", ".join(map(str, statuses_of(raised))) or "—"
            exits = ", ".join(str(int(each)) for each in sorted({exit_of(kind) for kind in raised}))
            one = entries[code]
            parts.append(
                f"| `{code}` | {statuses} | {exits} | {one.meaning.zh}<br>{one.meaning.en} "
                f"| {one.remedy.zh}<br>{one.remedy.en} |"
            )
    return "\n".join(parts) + "\n"

"""``wangge token``: tokens for programs, issued by the operator of the machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, TypedDict

import typer
from sqlalchemy.orm import Session

from app.auth import scopes, tokens
from app.auth.audit import AuditContext
from app.auth.models import ApiToken
from app.auth.principal import operator as as_operator
from app.cli.context import Context, make_context, operator
from app.cli.errors import WrongUsage
from app.cli.output import JsonOption
from app.cli.user import Role, ScopeCode
from app.kit.clock import now
from app.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="接口令牌 / API tokens.")


class _Described(TypedDict):
    """A token as ``--json`` has it, without its text."""

    id: int
    name: str
    prefix: str
    role: str
    scope: str | None
    path: str
    unit: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    expires_soon: bool
    revoked_at: datetime | None
    last_used_at: datetime | None


def _described(session: Session, found: list[ApiToken]) -> list[_Described]:
    names = scopes.named(session, (each.scope_path for each in found))
    return [
        {
            "id": each.id,
            "name": each.name,
            "prefix": each.prefix,
            "role": each.role,
            "scope": names[each.scope_path].code,
            "path": each.scope_path,
            "unit": names[each.scope_path].name,
            "created_by": each.created_by,
            "created_at": each.created_at,
            "expires_at": each.expires_at,
            "expires_soon": tokens.expires_soon(each),
            "revoked_at": each.revoked_at,
            "last_used_at": each.last_used_at,
        }
        for each in found
    ]


@app.command("issue")
def issue(
    name: Annotated[str, typer.Option("--name", help="给谁用 / what it is for")],
    role: Role,
    scope: ScopeCode = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=36500, help="有效天数，不写为 WANGGE_TOKEN_DAYS / days it lasts"),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="到期日 2027-01-31，或 never（不过期）/ last day, or never"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """签发令牌，只显示一次 / issue a token; it is shown once."""
    context = make_context(as_json=as_json)
    end = _end(context.settings, days, expires)
    who = operator()
    with context.writing() as session:
        secret, token = tokens.issue(
            session,
            as_operator(who),
            AuditContext(who),
            name=name,
            role=role,
            scope=scope,
            end=end,
        )
        described = _described(session, [token])[0]
    out = context.out
    out.document(described | {"token": secret})
    where = described["unit"] or described["scope"] or out.say("全域", "everywhere")
    until = _until(described["expires_at"], context)
    out.note(
        f"令牌“{described['name']}”：{role}（{where}），有效期：{until}。只显示这一次：",
        f"Token {described['name']!r}: {role} ({where}), ends: {until}. It is shown this once:",
    )
    out.line(secret)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """列出令牌（不含其内容） / list tokens, without their text."""
    context = make_context(as_json=as_json)
    with context.reading() as session:
        described = _described(session, tokens.seen_by(session, as_operator(operator())))
    out = context.out
    out.document({"tokens": described})
    headings = (
        out.say("前缀", "begins"),
        out.say("名称", "name"),
        out.say("角色", "role"),
        out.say("范围", "unit"),
        out.say("状态", "state"),
        out.say("有效期至", "ends"),
        out.say("最近使用", "last used"),
    )
    rows = []
    for each in described:
        used = each["last_used_at"]
        row = (
            each["prefix"],
            each["name"],
            each["role"],
            each["unit"] or each["scope"] or each["path"] or out.say("全域", "everywhere"),
            _state(each, out.say),
            _until(each["expires_at"], context),
            used.astimezone(context.settings.zone).strftime("%Y-%m-%d %H:%M") if used else "",
        )
        rows.append(row)
    out.table(headings, rows)
    soon = [each for each in described if each["expires_soon"]]
    if soon:
        listed = ", ".join(f"{each['prefix']} {each['name']}" for each in soon)
        out.note(
            f"{len(soon)} 个令牌将在两周内到期，请签发新令牌替换：{listed}",
            f"{len(soon)} tokens end within two weeks; issue new ones in their place: {listed}",
        )


def _end(settings: Settings, days: int | None, expires: str | None) -> datetime | None:
    if days is not None and expires is not None:
        raise WrongUsage(
            "--days 和 --expires 只能写一个。", "Give --days or --expires, not both.", field="expires"
        )
    if days is not None:
        return now() + timedelta(days=days)
    if expires is None:
        return tokens.default_end(settings)
    if expires == "never":
        return None
    try:
        last = date.fromisoformat(expires)
        return datetime.combine(last + timedelta(days=1), time.min, settings.zone)
    except (ValueError, OverflowError) as error:
        raise WrongUsage(
            f"--expires 应为日期（如 2027-01-31）或 never，收到“{expires}”。",
            f"--expires takes a day such as 2027-01-31, or never; came {expires!r}.",
            field="expires",
        ) from error


def _until(end: datetime | None, context: Context) -> str:
    if end is None:
        return context.out.say("不过期", "never")
    return end.astimezone(context.settings.zone).strftime("%Y-%m-%d %H:%M")


def _state(token: _Described, say: Callable[[str, str], str]) -> str:
    if token["revoked_at"]:
        return say("已吊销", "revoked")
    if token["expires_at"] and token["expires_at"] <= now():
        return say("已过期", "expired")
    if token["expires_soon"]:
        return say("即将到期", "ends soon")
    return say("有效", "live")


@app.command("revoke")
def revoke(
    token: Annotated[str, typer.Argument(help="名称或前缀 wg_… / its name or how it begins")],
    as_json: JsonOption = False,
) -> None:
    """立即吊销令牌 / end a token at once."""
    context = make_context(as_json=as_json)
    who = operator()
    with context.writing() as session:
        described = _described(session, [tokens.revoke_named(session, AuditContext(who), token)])[0]
    context.out.document(described)
    context.out.line(context.out.say("已吊销", "Revoked") + f" {described['prefix']} {described['name']}")

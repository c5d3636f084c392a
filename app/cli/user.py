"""``wangge user``: accounts and grants, for the operator of the machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypedDict

import typer
from sqlalchemy.orm import Session

from app.auth import first_admin, scopes, service
from app.auth.audit import AuditContext
from app.auth.models import Account
from app.auth.principal import operator as as_operator
from app.cli.context import Context, make_context, operator
from app.cli.output import JsonOption, Output
from app.errors import Invalid

app = typer.Typer(add_completion=False, no_args_is_help=True, help="账号与授权 / accounts and grants.")

Name = Annotated[str, typer.Argument(help="账号名 / the account's name")]
RoleName = Literal[
    "viewer",
    "api-consumer",
    "grid-leader",
    "handler",
    "dispatcher",
    "gis-editor",
    "gis-publisher",
    "admin",
    "auditor",
]
Role = Annotated[RoleName, typer.Option("--role", help="角色 / the role")]
ScopeCode = Annotated[
    str | None,
    typer.Option(
        "--scope", help="单元编码（区、镇街、社区、网格），不写为全域 / code of a unit; everywhere without"
    ),
]
FromStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="从标准输入读取密码，否则随机生成 / read the password, or one is made"
    ),
]
MustChange = Annotated[
    bool, typer.Option("--must-change", help="首次登录须改密码 / must be changed at the first sign-in")
]


def _read_password(out: Output, *, wanted: bool) -> str | None:
    if not wanted:
        return None
    if sys.stdin.isatty():
        return str(typer.prompt(out.say("密码", "Password"), hide_input=True, err=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Invalid("标准输入没有密码。", "No password came on standard input.", code="password-missing")
    return line


class _Granted(TypedDict):
    """A role, and where it holds."""

    role: str
    scope: str | None
    path: str
    unit: str | None


class _Described(TypedDict):
    """An account as ``--json`` has it."""

    name: str
    display_name: str
    active: bool
    must_change_password: bool
    roles: list[_Granted]
    created_at: datetime
    last_signed_in_at: datetime | None


def _described(session: Session, accounts: Sequence[Account]) -> list[_Described]:
    names = scopes.named(session, (grant.scope_path for each in accounts for grant in each.grants))
    return [
        {
            "name": each.name,
            "display_name": each.display_name,
            "active": each.active,
            "must_change_password": each.must_change_password,
            "roles": [
                {
                    "role": grant.role,
                    "scope": names[grant.scope_path].code,
                    "path": grant.scope_path,
                    "unit": names[grant.scope_path].name,
                }
                for grant in sorted(each.grants, key=lambda one: (one.scope_path, one.role))
            ],
            "created_at": each.created_at,
            "last_signed_in_at": each.last_signed_in_at,
        }
        for each in accounts
    ]


def _roles(out: Output, described: _Described) -> str:
    everywhere = out.say("全域", "everywhere")
    parts = [
        f"{each['role']}（{each['unit'] or each['scope'] or each['path'] or everywhere}）"
        for each in described["roles"]
    ]
    return "、".join(parts) or out.say("无", "none")


def _tell(context: Context, described: _Described, *, password: str | None = None) -> None:
    out = context.out
    out.document(described | ({"password": password} if password is not None else {}))
    out.line(f"{described['name']}  {described['display_name']}  {_roles(out, described)}")
    if not described["active"]:
        out.line(out.say("已停用", "disabled"))
    if password is not None:
        out.note("密码只显示这一次：", "The password is shown this once:")
        out.line(password)


@app.command("add")
def add(
    name: Name,
    role: Role,
    scope: ScopeCode = None,
    display: Annotated[str | None, typer.Option("--display", help="显示名 / the name people see")] = None,
    password_stdin: FromStdin = False,
    must_change: MustChange = False,
    as_json: JsonOption = False,
) -> None:
    """新建账号并授予一个角色 / make an account with one role."""
    context = make_context(as_json=as_json)
    given = _read_password(context.out, wanted=password_stdin)
    who = operator()
    with context.writing() as session:
        account, password = service.create_account(
            session,
            as_operator(who),
            AuditContext(who),
            name=name,
            display_name=display,
            password=given,
            grants=[(role, scope)],
            must_change_password=must_change,
        )
        described = _described(session, [account])[0]
    _tell(context, described, password=None if given else password)


@app.command("list")
def list_(
    search: Annotated[str | None, typer.Argument(help="名称的一部分 / part of a name")] = None,
    as_json: JsonOption = False,
) -> None:
    """列出账号和授权 / list accounts and their grants."""
    context = make_context(as_json=as_json)
    with context.reading() as session:
        found = service.accounts_seen(session, as_operator(operator()), search=search, limit=100_000)
        described = _described(session, found)
    out = context.out
    out.document({"accounts": described})
    headings = (
        out.say("账号", "name"),
        out.say("姓名", "display name"),
        out.say("角色", "roles"),
        out.say("状态", "state"),
        out.say("最近登录", "last sign-in"),
    )
    rows = []
    for each in described:
        last = each["last_signed_in_at"]
        row = (
            each["name"],
            each["display_name"],
            _roles(out, each),
            out.say("可用", "active") if each["active"] else out.say("停用", "disabled"),
            last.astimezone(context.settings.zone).strftime("%Y-%m-%d %H:%M") if last else "",
        )
        rows.append(row)
    out.table(headings, rows)


@app.command("grant")
def grant(name: Name, role: Role, scope: ScopeCode = None, as_json: JsonOption = False) -> None:
    """授予角色 / give a role inside a unit."""
    context = make_context(as_json=as_json)
    who = operator()
    with context.writing() as session:
        account = service.grant(session, as_operator(who), AuditContext(who), name, role=role, scope=scope)
        described = _described(session, [account])[0]
    _tell(context, described)


@app.command("revoke")
def revoke(name: Name, role: Role, scope: ScopeCode = None, as_json: JsonOption = False) -> None:
    """收回角色 / take a role away; it is gone with the next request."""
    context = make_context(as_json=as_json)
    who = operator()
    with context.writing() as session:
        account = service.revoke_by_scope(
            session, as_operator(who), AuditContext(who), name, role=role, scope=scope
        )
        described = _described(session, [account])[0]
    _tell(context, described)


@app.command("password")
def password(
    name: Name,
    password_stdin: FromStdin = False,
    must_change: MustChange = False,
    as_json: JsonOption = False,
) -> None:
    """重设密码，结束其全部会话和令牌 / set a new password; every session and token ends."""
    context = make_context(as_json=as_json)
    given = _read_password(context.out, wanted=password_stdin)
    who = operator()
    with context.writing() as session:
        account, made = service.set_password(
            session,
            as_operator(who),
            AuditContext(who),
            name,
            password=given,
            must_change_password=must_change,
        )
        described = _described(session, [account])[0]
    first_admin.discard(context.settings.home, name=described["name"])
    _tell(context, described, password=None if given else made)


@app.command("unlock")
def unlock(name: Name, as_json: JsonOption = False) -> None:
    """解除登录失败造成的锁定 / end the lock that failures to sign in have put on an account."""
    context = make_context(as_json=as_json)
    who = operator()
    with context.writing() as session:
        account = service.unlock(session, as_operator(who), AuditContext(who), name)
        described = _described(session, [account])[0]
    _tell(context, described)


@app.command("totp-reset")
def totp_reset(name: Name, as_json: JsonOption = False) -> None:
    """取消二次验证（手机丢失时）/ remove the second factor of somebody who lost it; their sessions end."""
    context = make_context(as_json=as_json)
    who = operator()
    with context.writing() as session:
        account = service.reset_totp(session, as_operator(who), AuditContext(who), name)
        described = _described(session, [account])[0]
    _tell(context, described)


def _set_active(name: str, *, active: bool, as_json: bool) -> None:
    context = make_context(as_json=as_json)
    who = operator()
    with context.writing() as session:
        account = service.set_active(session, as_operator(who), AuditContext(who), name, active=active)
        described = _described(session, [account])[0]
    _tell(context, described)


@app.command("disable")
def disable(name: Name, as_json: JsonOption = False) -> None:
    """停用账号 / keep an account out; its sessions and tokens end."""
    _set_active(name, active=False, as_json=as_json)


@app.command("enable")
def enable(name: Name, as_json: JsonOption = False) -> None:
    """重新启用账号 / let an account in again."""
    _set_active(name, active=True, as_json=as_json)

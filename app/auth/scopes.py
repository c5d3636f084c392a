"""Units by which rights are bounded: from codes that people write to paths, and who may give what where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.auth import repository
from app.auth.models import ROLES
from app.auth.principal import Principal
from app.auth.roles import EVERYWHERE
from app.errors import Forbidden, Invalid
from app.kit.unit_levels import LEVELS


class ScopeUnknown(Invalid):
    """No unit of the edition in force has this code."""

    code = "scope-unknown"


class GivesTooMuch(Forbidden):
    """The giver does not have the right that is given."""

    code = "gives-too-much"


@dataclass(frozen=True)
class Scope:
    """A unit as people name it; no code and no name: everywhere."""

    path: str
    code: str | None
    name: str | None
    level: str | None

    @property
    def qualified(self) -> str:
        """The code with its level, which is never ambiguous; the path when the unit is not known."""
        return f"{self.level}:{self.code}" if self.code else self.path


def path_of(session: Session, code: str | None, *, field: str = "scope") -> str:
    """The path of the unit with this code in the edition in force; everywhere for None or an empty code.

    A code that names units of several levels is written ``level:code`` (``street:370211001``).
    """
    if code is None or not code.strip():
        return EVERYWHERE
    level, separator, bare = code.strip().partition(":")
    if not separator or level not in LEVELS:
        level, bare = "", code.strip()
    found = [row for row in repository.units_coded(session, bare) if level in ("", row.level)]
    if not found:
        raise ScopeUnknown(
            f"现行版本中没有编码为“{code}”的单元（区、镇街、社区或网格）。",
            f"No district, street, community or grid of the edition in force has the code {code!r}.",
            field=field,
        )
    if len(found) > 1:
        choices = [f"{row.level}:{row.code}" for row in found]
        raise Invalid(
            f"编码“{code}”同时属于 {len(found)} 个单元，请写明层级：{'、'.join(choices)}。",
            f"The code {code!r} names {len(found)} units; say which: {', '.join(choices)}.",
            code="scope-ambiguous",
            field=field,
            choices=choices,
        )
    path: str = found[0].path
    return path


def named(session: Session, paths: Iterable[str]) -> dict[str, Scope]:
    """What people call the units at ``paths``; a path that is no unit any more keeps its path only."""
    wanted = set(paths)
    units = repository.units_at(session, wanted)
    named_: dict[str, Scope] = {}
    for path in wanted:
        row = units.get(path)
        named_[path] = Scope(path, row.code, row.name, row.level) if row else Scope(path, None, None, None)
    return named_


def check_role(role: str, *, field: str = "role") -> None:
    """Refuse a role that does not exist."""
    if role not in ROLES:
        raise Invalid(
            f"没有角色“{role}”，可用：{'、'.join(ROLES)}。",
            f"There is no role {role!r}; known: {', '.join(ROLES)}.",
            code="role-unknown",
            field=field,
            choices=list(ROLES),
        )


def check_may_give(by: Principal, role: str, path: str) -> None:
    """Refuse to give a right that the giver does not have over the whole of the unit."""
    check_role(role)
    if not by.may(role, path):
        where = path or "*"
        raise GivesTooMuch(
            f"不能授予自己没有的权限：{role}（范围 {where}）。",
            f"You cannot give a right that you do not have: {role} over {where}.",
            field="role",
        )

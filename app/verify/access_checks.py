"""Invariant 7: nobody sees past their area."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db.edition_follower import unit_path_columns
from app.db.session import NOTHING, RowScope
from app.publishing.registry import registered_columns
from app.verify import repository
from app.verify.outcome import Findings, Outcome
from gis.text import Text

_STREETS_LOOKED_THROUGH = 3


def areas_kept(session: Session, edition: int) -> Outcome:
    """The service cannot bypass row security, and through its eyes no row of another area is seen."""
    found = Findings()
    role = repository.role_of(session, repository.SERVICE_ROLE)
    if role is None:
        found.add("没有服务角色 wangge_service", "there is no role wangge_service")
        return found.outcome(7, _NAME, Text("服务角色", "the service's role"))
    found.add_if(
        bool(role.rolsuper or role.rolbypassrls),
        "服务角色可以绕过行级权限",
        "the service's role can bypass row security",
    )
    found.add_if(
        role.owned > 0,
        "服务角色拥有表，可以关闭行级权限",
        "the service's role owns tables and could switch row security off",
    )
    found.some(
        list(role.powers),
        "服务角色可以变成有此权力的角色",
        "the service's role is a member of roles that can",
    )
    found.some(
        repository.open_views(session),
        "服务可读且绕过行级权限的视图",
        "views that the service may read and that look past row security",
    )
    security = repository.row_security(session)
    open_tables = [
        table
        for table in (*repository.SECURED, *repository.FOLLOWING)
        # A second policy can only let more through.
        if security.get(table) != (True, 1)
    ]
    found.some(open_tables, "行级权限被关闭或放宽的表", "tables whose row security is off or widened")
    stray = unit_path_columns(session) - registered_columns()
    found.some(
        sorted(f"{table}.{column}" for table, column in stray),
        "带单位路径却不随版本变动的列",
        "columns with the path of a unit that follow no edition",
    )
    paths = repository.first_street_paths(session, edition, limit=_STREETS_LOOKED_THROUGH)
    for path in paths:
        expected = {table: repository.in_unit(session, table, path) for table in repository.SECURED}
        with repository.eyes_of_service(session, RowScope((path,), "verify", (path,))):
            leaks = [
                f"{t}: {n}" for t in repository.SECURED if (n := repository.seen_outside(session, t, path))
            ]
            hidden = [t for t in repository.SECURED if repository.seen(session, t) < expected[t]]
        found.some(leaks, f"{path} 能看到区域外的行", f"{path} sees rows outside its area")
        found.some(hidden, f"{path} 看不到自己的行", f"{path} does not see all of its own rows")
    with repository.eyes_of_service(session, NOTHING):
        leaks = [
            f"{t}: {n}"
            for t in (*repository.SECURED, *repository.FOLLOWING)
            if (n := repository.seen(session, t))
        ]
    found.some(leaks, "未登录者能看到的行", "rows seen by nobody in particular")
    looked = Text(
        f"{len(repository.SECURED) + len(repository.FOLLOWING)} 张表，以 {len(paths)} 个镇街的视野试看",
        f"{len(repository.SECURED) + len(repository.FOLLOWING)} tables through the eyes of {len(paths)} streets",
    )
    return found.outcome(7, _NAME, looked)


_NAME = Text("不越界查看", "Nobody sees past their area")

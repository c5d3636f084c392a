"""Taking the demo away, so that a real district starts clean.

Where the database holds nothing but the demo, editions go too: the first real one is number 1. Where a real district
was ever published, editions are history and stay; the demo districts leave with a new edition, and the invented
components, incidents, officers and counts are deleted. Accounts, rights, the audit log and settings are kept in
either case. Everything happens in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy.orm import Session

from app.auth import audit
from app.auth.audit import AuditContext
from app.boundaries import repository as boundary_rows
from app.db import locks
from app.demo import removal_repository as repository
from app.drafts import workflow
from app.errors import Conflict
from app.publishing.reassignment import retire_districts
from gis.text import Text

NOTE = "撤去演示区 (the demo districts are removed)"
_TABLES = {
    "component": Text("部件", "components"),
    "incident": Text("事件", "incidents"),
    "officer": Text("人员", "officers"),
    "population_count": Text("人口数", "counts of people"),
}


class Way(StrEnum):
    """How the demo goes."""

    NOTHING = "nothing"
    """There is no demo."""
    RESET = "reset"
    """Nothing but the demo is there: no edition stays."""
    RETIRE = "retire"
    """A new edition leaves the demo districts out."""
    ROWS = "rows"
    """The demo's boundaries were replaced by real ones; only invented rows are left to delete."""


class RealDataOnDemo(Conflict):
    """Real rows lie on invented grids."""

    code = "real-data-on-demo"


@dataclass(frozen=True)
class RemovalPlan:
    """What removing the demo would do."""

    way: Way
    # Code, name and path of each demo district in the newest edition.
    districts: tuple[tuple[str, str, str], ...] = ()
    invented: dict[str, int] = field(default_factory=dict)
    editions: int = 0
    # Number, title and author of each draft that ends with it.
    drafts: tuple[tuple[int, str, str], ...] = ()
    # Accounts and tokens whose rights lie inside of a demo district; they stay as they are.
    accounts: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the demo districts."""
        return tuple(code for code, _, _ in self.districts)


@dataclass(frozen=True)
class Removal:
    """What was done; the edition is the one that leaves the demo out, where there is one."""

    plan: RemovalPlan
    edition: int | None = None


def plan_removal(session: Session) -> RemovalPlan:
    """Look at what is there; changes nothing.

    Raises
    ------
    RealDataOnDemo
        Real components, incidents, officers or counts have a demo grid for their place, or would be left without any
        edition.
    """
    newest = boundary_rows.latest(session)
    codes = sorted(boundary_rows.synthetic_districts(session, newest.number)) if newest else []
    districts = tuple(repository.districts(session, codes, newest.number)) if newest else ()
    paths = [path for _, _, path in districts]
    invented = repository.invented(session)
    _refuse_real(repository.real(session, paths) if paths else {}, codes)
    only_demo = newest is not None and not repository.real_districts(session)
    if only_demo:
        # Real rows outside of the demo: imported for a district whose boundaries are not there yet.
        _refuse_real(repository.real(session, None), codes)
    if only_demo:
        way = Way.RESET
    elif districts:
        way = Way.RETIRE
    elif any(invented.values()) or repository.demo_jobs(session):
        way = Way.ROWS
    else:
        return RemovalPlan(Way.NOTHING)
    within = None if only_demo else paths
    accounts, tokens = repository.bound_rights(session, paths)
    return RemovalPlan(
        way=way,
        districts=districts,
        invented=invented,
        editions=repository.count_editions(session) if only_demo else 0,
        drafts=tuple(repository.drafts(session, within)),
        accounts=tuple(accounts),
        tokens=tuple(tokens),
    )


def remove_demo(session: Session, *, actor: str) -> Removal:
    """Do what `plan_removal` says, with an entry in the audit log."""
    # In the order in which publications take them: whoever stores or publishes waits, and the plan stays true.
    locks.hold(session, locks.PUBLISHING)
    locks.hold(session, locks.OWNERS)
    boundary_rows.take_time(session)
    plan = plan_removal(session)
    if plan.way is Way.NOTHING:
        return Removal(plan)
    edition = None
    if plan.way is Way.RESET:
        repository.empty_everything(session)
    else:
        workflow.discard_all(session, [number for number, _, _ in plan.drafts], actor=actor, note=NOTE)
        repository.remove_invented(session)
        if plan.way is Way.RETIRE:
            publication = retire_districts(session, plan.codes, author=actor, note=NOTE)
            edition = publication.published.edition
    audit.record(
        session,
        AuditContext(actor=actor),
        "demo.removed",
        f"demo:{','.join(plan.codes)}",
        way=str(plan.way),
        rows=plan.invented,
        editions_removed=plan.editions,
        drafts=[number for number, _, _ in plan.drafts],
        edition=edition,
    )
    return Removal(plan, edition)


def _refuse_real(rows: dict[str, tuple[int, list[str]]], codes: list[str]) -> None:
    if not rows:
        return
    zh = "；".join(
        f"{count} 条{_TABLES[table].zh}（{'、'.join(names)}{'…' if count > len(names) else ''}）"
        for table, (count, names) in rows.items()
    )
    en = "; ".join(
        f"{count} {_TABLES[table].en} ({', '.join(names)}{', …' if count > len(names) else ''})"
        for table, (count, names) in rows.items()
    )
    listed = "、".join(codes)
    raise RealDataOnDemo(
        f"未作任何改动：有不是演示的数据依赖演示区 {listed}：{zh}。请先用 wangge grids import … --district 代码 "
        f"--publish 发布真实网格（与演示区同一代码即取而代之），再运行 wangge demo remove；"
        f"或在新的数据目录（WANGGE_HOME）里重新开始",
        f"nothing was changed: data that are not the demo's depend on the demo district {', '.join(codes)}: {en}. "
        f"Publish the real grids first with `wangge grids import … --district CODE --publish` (under the demo's own "
        f"code they take its place), then run `wangge demo remove` again; or start in a new folder (WANGGE_HOME)",
        rows={table: count for table, (count, _) in rows.items()},
        districts=codes,
    )

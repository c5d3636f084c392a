"""What ``wangge grids import`` says: the hierarchy that changes, what follows from it, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.boundaries.exclusion_input import land_document
from app.boundaries.hierarchy_changes import LevelChanges, as_document
from app.boundaries.import_plan import ImportPlan
from app.boundaries.import_preparation import PreparedGrids
from app.boundaries.row_conflicts import LEVEL_ZH
from app.cli.boundary_file import mending_document
from app.cli.context import Context
from app.publishing.reassignment import Publication
from gis.text import Text

_SHOWN = 5
_LEVELS_EN = {
    "district": "districts",
    "street": "streets",
    "community": "communities",
    "grid": "grids",
}


def hierarchy_members(plan: ImportPlan, publication: Publication) -> dict[str, object]:
    """What an import changes, for ``--json`` and ``--report``."""
    published = publication.published
    return {
        "district": plan.district.code,
        "district_name": plan.district.name,
        "district_is_new": not plan.district.known,
        "hierarchy": as_document(published.hierarchy),
        "missing": list(plan.missing),
        "notes": [{"zh": note.zh, "en": note.en} for note in plan.notes],
        "follows": {
            "components_reassigned": publication.components_reassigned,
            "incidents_reassigned": publication.incidents_reassigned,
            "posts_without_grid": publication.posts_without_grid,
        },
    }


def publication_document(
    prepared: PreparedGrids, plan: ImportPlan, publication: Publication, *, kept: bool
) -> dict[str, object]:
    """The answer of an import for programs."""
    published = publication.published
    number = published.edition if published.touched else published.previous
    return {
        "edition": number if kept or not published.touched else None,
        "published": bool(kept and published.touched),
        "grids": len(prepared.grids),
        "effective_from": published.effective_from,
        "added": list(published.added),
        "changed": list(published.changed),
        "retired": list(published.retired),
        "unchanged": published.unchanged,
        "components_reassigned": publication.components_reassigned,
        "incidents_reassigned": publication.incidents_reassigned,
        "kept_missing": list(prepared.kept),
        **hierarchy_members(plan, publication),
        "defects": [defect.as_dict() for defect in prepared.defects],
        "excluded": land_document(prepared.excluded),
        "excluded_added": list(published.excluded),
        "excluded_ended": list(published.included),
        **mending_document(prepared),
    }


def tell_changes(
    context: Context, plan: ImportPlan, publication: Publication, *, report: Path | None
) -> None:
    """Print what changes on each level and what follows, before anything is kept."""
    out = context.out
    for note in plan.notes:
        out.line(out.say(f"! {note.zh}", f"! {note.en}"))
    if not publication.published.touched:
        return
    more = False
    for level in publication.published.hierarchy:
        if not level:
            continue
        for line, cut in _lines(level):
            more = more or cut
            out.line(line.in_(out.lang))
    if more and report is None:
        out.line(out.say("（--report FILE 或 --json 列出全部）", "(--report FILE or --json lists them all)"))
    added, ended = publication.published.excluded, publication.published.included
    if added or ended:
        out.line(
            out.say(
                f"不划入网格的区域：新增或变更 {len(added)} 处，取消 {len(ended)} 处",
                f"excluded land: {len(added)} pieces added or changed, {len(ended)} ended",
            )
        )
    if publication.components_reassigned or publication.incidents_reassigned:
        out.line(
            out.say(
                f"随之改派：部件 {publication.components_reassigned}、事件 {publication.incidents_reassigned}",
                f"re-assigned with it: {publication.components_reassigned} components, "
                f"{publication.incidents_reassigned} incidents",
            )
        )
    if publication.posts_without_grid:
        out.line(
            out.say(
                f"{publication.posts_without_grid} 个岗位所在的网格撤销，须另行安排",
                f"{publication.posts_without_grid} team posts are in grids that end; they need a new one",
            )
        )


def _lines(level: LevelChanges) -> list[tuple[Text, bool]]:
    """One line with the numbers of a level, and one for each kind of change."""
    head = Text(
        f"{LEVEL_ZH[level.level]} {level.before} → {level.after}",
        f"{_LEVELS_EN[level.level]} {level.before} → {level.after}",
    )
    kinds: list[tuple[str, str, Sequence[str]]] = [
        ("新增", "new", [_named(code, name) for code, name in level.new]),
        ("撤销", "retired", [_named(code, name) for code, name in level.retired]),
        ("改名", "renamed", [f"{code} {was} → {now}" for code, was, now in level.renamed]),
        ("改隶", "moved", [f"{code}：{was} → {now}" for code, was, now in level.moved]),
        ("改码", "recoded", [f"{was} → {now}" for was, now in level.recoded]),
        ("改类型", "kind changed", [f"{code} {was} → {now}" for code, was, now in level.kinds]),
        ("边界变动", "reshaped", level.reshaped),
    ]
    lines = [(head, False)]
    for zh, en, items in kinds:
        if items:
            cut = len(items) > _SHOWN
            zh_list = "、".join(items[:_SHOWN]) + ("…" if cut else "")
            en_list = "; ".join(items[:_SHOWN]) + ("…" if cut else "")
            lines.append((Text(f"  {zh} {len(items)}：{zh_list}", f"  {en} {len(items)}: {en_list}"), cut))
    return lines


def _named(code: str, name: str) -> str:
    return code if name == code else f"{code} {name}"


def tell_outcome(context: Context, plan: ImportPlan, publication: Publication, *, kept: bool) -> None:
    """Print how the import ended: rehearsed, published, or nothing to do."""
    out = context.out
    published = publication.published
    if not published.touched:
        out.line(
            out.say(
                f"与第 {published.previous} 版完全相同，未产生新版本",
                f"the same as edition {published.previous}; no new edition was made",
            )
        )
        return
    added, changed, retired = len(published.added), len(published.changed), len(published.retired)
    sums_zh = f"{added} 新增，{changed} 变更，{retired} 撤销，{published.unchanged} 不变"
    sums_en = f"{added} added, {changed} changed, {retired} retired, {published.unchanged} unchanged"
    if not kept:
        out.line(
            out.say(f"预演：{sums_zh}。加 --publish 发布", f"rehearsal: {sums_en}. Add --publish to publish")
        )
        return
    district = plan.district.code
    out.line(
        out.say(
            f"✓ 第 {published.edition} 版已发布（区 {district}）：{sums_zh}；"
            f"改派部件 {publication.components_reassigned}、事件 {publication.incidents_reassigned}",
            f"✓ edition {published.edition} published (district {district}): {sums_en}; "
            f"{publication.components_reassigned} components and {publication.incidents_reassigned} incidents "
            f"re-assigned",
        )
    )

"""What changes no border: recode, rename, relocate, kind, renumber."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np

from gis.editing.code_allocation import north_west_order
from gis.editing.context import Context
from gis.editing.model import Coverage, Edit, GridAttributes, GridKind
from gis.editing.operations import Recode, Relocate, Rename, Renumber, SetKind
from gis.editing.refusals import refuse

__all__ = ["recode", "relocate", "rename", "renumber", "set_kind"]

LONGEST_TEXT = 200


def recode(context: Context, operation: Recode) -> Edit:
    """Give a grid another code."""
    coverage, old = context.coverage, operation.grid
    coverage.position(old)
    if operation.code == old:
        _nothing(f"网格已用编码 {old}", f"the grid has the code {old} already")
    return _recoded(coverage, {old: context.given_code(operation.code)})


def rename(context: Context, operation: Rename) -> Edit:
    """Give a grid another name."""
    words = context.coverage.attributes_of(operation.grid)
    name = operation.name.strip()
    if words.excluded and not name:
        refuse("bad-value", "请写明不划入网格的理由", "say why the land belongs to no grid")
    if len(name) > LONGEST_TEXT or not name.isprintable():
        refuse(
            "bad-value",
            f"名称含控制字符或超过 {LONGEST_TEXT} 字",
            f"the name has control characters or more than {LONGEST_TEXT} characters",
        )
    if name == words.name:
        _nothing(f"网格 {operation.grid} 已叫 {name}", f"{operation.grid} is called {name} already")
    return _reworded(context.coverage, operation.grid, replace(words, name=name))


def relocate(context: Context, operation: Relocate) -> Edit:
    """Move a grid to another community."""
    words = context.coverage.attributes_of(operation.grid)
    community = context.known_community(operation.community)
    if community == words.community:
        _nothing(f"网格 {operation.grid} 已属 {community}", f"{operation.grid} is of {community} already")
    return _reworded(context.coverage, operation.grid, replace(words, community=community))


def set_kind(context: Context, operation: SetKind) -> Edit:
    """Make a grid a base or a dedicated one."""
    words = context.coverage.attributes_of(operation.grid)
    if operation.kind not in get_args(GridKind):
        refuse(
            "bad-value", f"没有网格类型 {operation.kind!r}", f"no kind of grid is called {operation.kind!r}"
        )
    if operation.kind == words.kind:
        _nothing(f"网格 {operation.grid} 已是此类型", f"{operation.grid} is of this kind already")
    return _reworded(context.coverage, operation.grid, replace(words, kind=operation.kind))


def renumber(context: Context, operation: Renumber) -> Edit:
    """Give all grids of a community new codes, in the order of the map."""
    coverage = context.coverage
    mine = [
        at
        for at, words in enumerate(coverage.attributes)
        if words.community == operation.community and not words.excluded
    ]
    if not mine:
        refuse(
            "unknown-community",
            f"没有属于社区 {operation.community!r} 的网格",
            f"no grid is of the community {operation.community!r}",
        )
    order = np.array(mine)[north_west_order(coverage.polygons[mine])].tolist()
    return _recoded(coverage, {coverage.codes[at]: context.new_code(operation.community) for at in order})


def _nothing(zh: str, en: str) -> None:
    refuse("nothing-changes", zh, en)


def _reworded(coverage: Coverage, code: str, words: GridAttributes) -> Edit:
    return Edit(coverage.replaced(attributes={code: words}), changed=(code,))


def _recoded(coverage: Coverage, codes: dict[str, str]) -> Edit:
    edited = coverage.replaced(
        polygons={new: coverage.polygon(old) for old, new in codes.items()},
        attributes={new: coverage.attributes_of(old) for old, new in codes.items()},
        retired=list(codes),
    )
    return Edit(edited, created=tuple(sorted(codes.values())), retired=tuple(sorted(codes)))

"""Every function of a module is used somewhere; what a change left behind goes with the change."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
_WORD = re.compile(r"[A-Za-z_]\w*")


def test_every_function_is_named_a_second_time():
    """Functions that a decorator registers (routes, commands, handlers, validators) are used by it."""
    python = [
        path
        for top in ("app", "gis", "bench", "scripts", "tests")
        for path in sorted((ROOT / top).rglob("*.py"))
        if "node_modules" not in path.parts
    ]
    sources = {path: path.read_text(encoding="utf-8") for path in python}
    named: Counter[str] = Counter()
    for source in sources.values():
        named.update(_WORD.findall(source))
    for path in (
        *(ROOT / "notebooks").rglob("*.ipynb"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "pyproject.toml",
    ):
        named.update(_WORD.findall(path.read_text(encoding="utf-8")))
    dead = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, source in sources.items()
        if path.parts[len(ROOT.parts)] in ("app", "gis") and "migrations" not in path.parts
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.decorator_list and named[node.name] < 2
    ]
    assert dead == []


def test_nothing_only_hands_on_within_its_module():
    """A function that gives its own arguments, in their order, to another of its module is that other one."""
    handing = []
    for top in ("app", "gis"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" in path.parts or "node_modules" in path.parts:
                continue
            module = ast.parse(path.read_text(encoding="utf-8"))
            own = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
            handing += [
                f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                for node in module.body
                if isinstance(node, ast.FunctionDef) and not node.decorator_list
                if _hands_on(node) in own
            ]
    assert handing == []


def _hands_on(node: ast.FunctionDef) -> str | None:
    body = [
        each
        for each in node.body
        if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
    ]
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return | ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return None
    taken = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    given = [ast.unparse(each) for each in (*call.args, *(keyword.value for keyword in call.keywords))]
    return call.func.id if taken and taken == given else None

"""Every code that the program refuses with, read from its source: where it is raised, by which class, in which words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = "Refusal"
# The room whose function `refuse` takes the code first, then the two texts.
_EDITING = "gis/editing/"


@dataclass(frozen=True)
class Site:
    """A place in the source that refuses.

    Parameters
    ----------
    code : str or None
        None where the code of another refusal is passed on.
    kind : str
        Name of the class.
    file : str
    line : int
    zh, en : str or None
        The sentence as a template, a name in braces for what is filled in; None where it is made elsewhere.
    passed : str or None
        The expression that the code is taken from, where it is none of its own.
    """

    code: str | None
    kind: str
    file: str
    line: int
    zh: str | None
    en: str | None
    passed: str | None = None


@dataclass
class RefusalClass:
    """A class of refusals as its source says it."""

    name: str
    bases: tuple[str, ...]
    code: str | None
    file: str
    line: int
    doc: str = ""


@dataclass
class Source:
    """The classes of refusals and the sites that raise them."""

    classes: dict[str, RefusalClass] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    others: dict[str, set[str]] = field(default_factory=dict)

    def lineage(self, name: str) -> Iterator[RefusalClass]:
        """Give a class and those it derives from, the nearest first."""
        waiting = [name]
        while waiting:
            one = self.classes.get(waiting.pop(0))
            if one is not None:
                yield one
                waiting += one.bases

    def is_refusal(self, name: str) -> bool:
        """Say whether a class derives from the base of all refusals."""
        return any(one.name == BASE for one in self.lineage(name))

    def code_of(self, name: str) -> str | None:
        """Give the code that a class has where a site names none."""
        return next((one.code for one in self.lineage(name) if one.code is not None), None)

    def codes(self) -> dict[str, list[Site]]:
        """Give the sites of each code, sorted by code."""
        found: dict[str, list[Site]] = {}
        for site in self.sites:
            if site.code is not None:
                found.setdefault(site.code, []).append(site)
        return dict(sorted(found.items()))


def python_files(root: Path = ROOT) -> list[Path]:
    """List the modules of the program; migrations are frozen text."""
    return [
        path
        for folder in ("gis", "app")
        for path in sorted((root / folder).rglob("*.py"))
        if "migrations" not in path.parts and "node_modules" not in path.parts
    ]


def collect(root: Path = ROOT) -> Source:
    """Read the whole source."""
    source = Source()
    found: list[RefusalClass] = []
    trees = {
        path.relative_to(root).as_posix(): ast.parse(path.read_text("utf-8")) for path in python_files(root)
    }
    for file, tree in trees.items():
        found += [_class(node, file) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    # The base first, then what derives from what is known, until nothing is added.
    while added := [
        one for one in found if one.name == BASE or any(base in source.classes for base in one.bases)
    ]:
        source.classes |= {one.name: one for one in added}
        found = [one for one in found if one not in added]
    for one in found:
        source.others.setdefault(one.file, set()).add(one.name)
    for file, tree in trees.items():
        _Sites(source, file).visit(tree)
    return source


def _class(node: ast.ClassDef, file: str) -> RefusalClass:
    code = None
    for line in node.body:
        target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
        value = getattr(line, "value", None)
        if isinstance(target, ast.Name) and target.id == "code" and isinstance(value, ast.Constant):
            code = str(value.value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            names = [getattr(part, "id", "") for part in target.elts]
            if "code" in names and isinstance(found := value.elts[names.index("code")], ast.Constant):
                code = str(found.value)
    bases = tuple(
        base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases
    )
    return RefusalClass(node.name, bases, code, file, node.lineno, ast.get_docstring(node) or "")


class _Sites(ast.NodeVisitor):
    def __init__(self, source: Source, file: str) -> None:
        self.source = source
        self.file = file
        self.inside: list[str] = []
        # Names of this module that only look like those of refusals.
        self.local = source.others.get(file, set())

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.inside.append(node.name)
        self.generic_visit(node)
        self.inside.pop()

    def visit_Raise(self, node: ast.Raise) -> None:
        if (
            isinstance(node.exc, ast.Name)
            and self.source.is_refusal(node.exc.id)
            and node.exc.id not in self.local
        ):
            self._add(node.exc.id, None, [], node.lineno)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        keyword = next((each.value for each in node.keywords if each.arg == "code"), None)
        if name == "refuse" and self.file.startswith(_EDITING):
            self._add("OperationRefused", node.args[0], node.args[1:], node.lineno)
        elif self.source.is_refusal(name) and name not in self.local:
            self._add(name, keyword, node.args, node.lineno)
        elif (
            name == "__init__"
            and self.inside
            and self.source.is_refusal(self.inside[-1])
            and len(node.args) >= 2
            # A class that hands on what it is called with refuses where it is called.
            and not isinstance(node.args[0], ast.Name)
        ):
            self._add(self.inside[-1], keyword, node.args, node.lineno)
        self.generic_visit(node)

    def _add(self, kind: str, code: ast.expr | None, args: list[ast.expr], line: int) -> None:
        zh, en = _texts(args)
        for found in _codes(code) if code is not None else [self.source.code_of(kind)]:
            passed = ast.unparse(code) if found is None and code is not None else None
            self.source.sites.append(Site(found, kind, self.file, line, zh, en, passed))


def _codes(node: ast.expr) -> list[str | None]:
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [*_codes(node.body), *_codes(node.orelse)]
    return [None]


def _texts(args: list[ast.expr]) -> tuple[str | None, str | None]:
    if len(args) < 2 or any(isinstance(arg, ast.Starred) for arg in args[:2]):
        return None, None
    return _template(args[0]), _template(args[1])


def _template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}"  # type: ignore[attr-defined]
            for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _template(node.left), _template(node.right)
        return None if left is None or right is None else left + right
    return None

"""GeoJSON that leaves is put together by `gis.geojson`, and by `app.db.geojson` where PostGIS writes the shapes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITERS = {"gis/geojson.py", "app/db/geojson.py"}
TEXT = re.compile(r'"type":\s*"(Feature|FeatureCollection)"|ST_AsGeoJSON')


def _written(path: Path) -> list[int]:
    """Lines that build features, collections or the SQL of shapes by hand; examples of what comes in are none."""
    found = []
    for node in ast.walk(_without_docstrings(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found += [
                node.lineno
                for key, value in pairs
                if isinstance(key, ast.Constant) and key.value == "type"
                if isinstance(value, ast.Constant) and value.value in ("Feature", "FeatureCollection")
            ]
        elif (isinstance(node, ast.Constant) and isinstance(node.value, str) and TEXT.search(node.value)) or (
            isinstance(node, ast.Attribute) and node.attr in ("ST_AsGeoJSON", "to_geojson")
        ):
            found.append(node.lineno)
    return found


def test_geojson_is_written_in_one_place():
    paths = [
        p for top in ("app", "gis") for p in sorted((ROOT / top).rglob("*.py")) if "migrations" not in p.parts
    ]
    writing = {path.relative_to(ROOT).as_posix(): _written(path) for path in paths}
    writing = {path: lines for path, lines in writing.items() if lines}
    assert set(writing) == WRITERS, writing


def _without_docstrings(tree: ast.Module) -> ast.Module:
    # A docstring and the example of a parameter may show what comes in.
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body[0] = ast.Pass()
        elif isinstance(node, ast.keyword) and node.arg == "examples":
            node.value = ast.Constant(None)
    return tree

"""The TypeScript client: openapi-typescript makes types of the document, openapi-fetch calls by them."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools import ROOT, run

SOURCE = ROOT / "clients" / "typescript"


def make(document: Path, folder: Path) -> Path:
    """Make the package in a folder; the path of what ``npm pack`` makes of it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(SOURCE / "node_modules")
    programs = SOURCE / "node_modules" / ".bin"
    run([programs / "openapi-typescript", document, "--output", folder / "src" / "schema.ts"], cwd=folder)
    run([programs / "tsc", "--project", folder], cwd=folder)
    run(["npm", "pack", "--silent", "--offline"], cwd=folder)
    (packed,) = folder.glob("*.tgz")
    return packed

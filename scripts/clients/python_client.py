"""The Python client: openapi-python-client makes a typed package of the document, setuptools a wheel of that."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools import ROOT, UV, VENV, run


def make(document: Path, folder: Path) -> Path:
    """Make the package in a folder; the path of its wheel."""
    shutil.rmtree(folder, ignore_errors=True)
    run(
        [
            VENV / "bin" / "openapi-python-client",
            "generate",
            "--path",
            document,
            "--config",
            ROOT / "clients" / "python.yaml",
            "--output-path",
            folder,
            "--meta",
            "setup",
            # An operation or an answer that it cannot express would be left out.
            "--fail-on-warning",
        ]
    )
    # With the setuptools that is installed: no build environment is fetched.
    run(
        [
            UV,
            "build",
            "-q",
            "--offline",
            "--wheel",
            "--no-build-isolation",
            "-p",
            VENV / "bin" / "python",
            "-o",
            folder / "dist",
            folder,
        ]
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel

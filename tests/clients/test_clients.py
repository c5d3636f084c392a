"""Client packages made of the description of the API: they install, and get typed answers and refusals."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.ltree import path
from app.db.session import EVERYTHING, write_session
from tests.app.drafts.drafting import TALL
from tests.fixtures.actors import add_token
from tests.fixtures.clusters import ROOT
from tests.fixtures.database import CommittingDatabase
from tests.fixtures.served import serving_at
from tests.fixtures.towns import DISTRICT, inside, publish_town

HERE = Path(__file__).parent
TYPESCRIPT = ROOT / "clients" / "typescript" / "node_modules"


def run(*command: object, cwd: Path = ROOT, **variables: str) -> list[str]:
    """Run a program that must succeed; the lines it printed."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=dict(os.environ) | variables,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def made(kind: str, folder: Path) -> Path:
    """The package that `make clients` makes."""
    (line,) = run(sys.executable, ROOT / "scripts" / "clients", "--output", folder, "--only", kind)
    return Path(line.removeprefix(f"{kind}: "))


@pytest.fixture
def town(committing_db: CommittingDatabase) -> Iterator[list[str]]:
    """Address of a running service with the town, the token of an editor, a grid, and a place inside."""
    with write_session(committing_db.owner_engine, EVERYTHING) as session:
        publish_town(session)
    token = add_token(committing_db.service_engine, "gis-editor", path((DISTRICT,)))
    with serving_at(committing_db.settings) as url:
        yield [url, token, TALL, *map(str, inside(TALL))]


def test_the_python_client_gets_typed_answers_and_refusals(town: list[str], tmp_path: Path) -> None:
    wheel = made("python", tmp_path)
    python = ROOT / ".venv-clients" / "bin" / "python"
    uv = ROOT / ".venv" / "uv-tool" / "bin" / "uv"
    site = tmp_path / "site"
    run(uv, "pip", "install", "-q", "--offline", "--no-deps", "--target", site, "-p", python, wheel)
    calls = run(python, "-W", "error", HERE / "ten_calls.py", *town, PYTHONPATH=str(site))
    assert len(calls) >= 10
    assert sum(":" in call for call in calls) >= 3, "refusals among them"


def test_the_typescript_client_gets_typed_answers_and_refusals(town: list[str], tmp_path: Path) -> None:
    packed = made("typescript", tmp_path)
    consumer = tmp_path / "consumer"
    installed = consumer / "node_modules" / "wangge-client"
    installed.parent.mkdir(parents=True)
    with tarfile.open(packed) as archive:
        archive.extractall(installed.parent, filter="data")
    (installed.parent / "package").rename(installed)
    for name in ("openapi-fetch", "openapi-typescript-helpers"):
        (installed.parent / name).symlink_to(TYPESCRIPT / name)
    shutil.copy(HERE / "ten_calls.ts", consumer)
    (consumer / "package.json").write_text(json.dumps({"type": "module", "private": True}))
    run(
        TYPESCRIPT / ".bin" / "tsc", "--strict", "--target", "ES2022", "--module", "NodeNext",
        "--skipLibCheck", "--lib", "ES2022,DOM", "ten_calls.ts", cwd=consumer,
    )  # fmt: skip
    calls = run("node", "ten_calls.js", *town, cwd=consumer)
    assert len(calls) >= 10
    assert sum(":" in call for call in calls) >= 3, "refusals among them"


def test_the_lock_files_name_versions_and_hashes_and_no_registry() -> None:
    pinned = (ROOT / "requirements-clients.lock").read_text()
    names = re.findall(r"^[a-z0-9-]+==\S+ .*\\$", pinned, re.MULTILINE)
    assert len(names) > 20
    assert pinned.count("--hash=sha256:") >= len(names)
    assert "://" not in pinned
    lock = json.loads((ROOT / "clients" / "typescript" / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert not [name for name, each in packages.items() if "resolved" in each]

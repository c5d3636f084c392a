"""The wheel: everything the checkout has is inside it, and it runs where there is no checkout."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.ups import Up, soon

ROOT = Path(__file__).parents[2]
UV = Path(sys.prefix, "uv-tool", "bin", "uv")


def output_of(*command: str | Path, cwd: Path, site: Path | None = None, **variables: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONHOME")}
    if site is not None:
        # Before the finder of the editable installation.
        environment["PYTHONPATH"] = str(site)
    environment |= variables
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files and the front-end files, as a builder finds them after `make setup`."""
    folder = tmp_path_factory.mktemp("sources")
    listed = output_of(
        "git", "ls-files", "-z", "app", "gis", "data", "setup.py", "MANIFEST.in", "README.md", cwd=ROOT
    )
    vendor = ROOT / "app" / "web" / "static" / "vendor"
    names = [n for n in listed.split("\0") if n] + [
        str(p.relative_to(ROOT)) for p in vendor.rglob("*") if p.is_file() and p.name != ".wangge-setup"
    ]
    for name in [*names, "pyproject.toml"]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    # With the setuptools of the lock file: no test asks a network.
    command = (UV, "build", "--wheel", "--no-build-isolation", "--offline", "-p", sys.executable)
    output_of(*command, "--out-dir", out, cwd=sources)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_holds_every_file_of_the_checkout(sources: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {
        str(p.relative_to(sources)).replace("data/", "app/data/", 1)
        if p.relative_to(sources).parts[0] == "data"
        else str(p.relative_to(sources))
        for top in ("app", "gis", "data")
        for p in (sources / top).rglob("*")
        if p.is_file()
    }
    # Where the front-end files come from is no part of what is served.
    assert wanted - inside <= {f"app/web/{n}" for n in ("assets.mjs", "package.json", "package-lock.json")}
    assert inside <= wanted


def test_is_refused_without_front_end_files(sources: Path, tmp_path: Path) -> None:
    for path in sources.rglob("*"):
        if path.is_file() and "vendor" not in path.parts:
            target = tmp_path / "bare" / path.relative_to(sources)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    command = (UV, "build", "--wheel", "--no-build-isolation", "--offline", "-p", sys.executable)
    done = subprocess.run(
        [*command, "--out-dir", tmp_path], cwd=tmp_path / "bare", capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "make setup" in done.stdout + done.stderr


def test_runs_from_anywhere(site: Path, tmp_path: Path) -> None:
    code = "from app.kit.resources import CODE, DATA; print(CODE, DATA, sep='\\n')"
    assert output_of(sys.executable, "-c", code, cwd=tmp_path, site=site).split() == [
        str(site),
        str(site / "app" / "data"),
    ]
    program = (sys.executable, "-c", "from app.cli import main; main()")
    assert output_of(*program, "--version", cwd=tmp_path, site=site).startswith("wangge ")
    (tmp_path / "points.csv").write_text("lon,lat\n120.15,35.95\n0,0\n", "utf-8")
    outline = site / "app" / "data" / "boundaries" / "cnmaps" / "370211.geojson"
    arguments = ("locate", "--input", "points.csv", "--output", "out.csv", "--boundaries", outline, "--code")
    output_of(*program, *arguments, "code", cwd=tmp_path, site=site)
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[-1] == "0,0,"


def test_catalogues_and_pages_are_read_from_inside(site: Path, tmp_path: Path) -> None:
    code = (
        "from app.components.catalog import CATALOG as c; from app.incidents.catalog import CATALOG as i;"
        "from app.web.pages import TEMPLATES as t; from app.web.statics import ROOT as s;"
        "from app.db.migrate import MIGRATIONS as m, head; head();"
        "print(*(p for p in (c, i, t, s, m) if p.exists()), sep='\\n')"
    )
    found = output_of(sys.executable, "-c", code, cwd=tmp_path, site=site).split()
    assert len(found) == 5
    assert all(Path(p).is_relative_to(site) for p in found)


SMALLER = "from app.demo import plan; plan.AMOUNTS[plan.Scale.SMALL] = plan.Amount(100, 80, 1); "
"""Small is smaller still: the amounts are not what is tried here."""


def test_a_whole_installation_beside_no_checkout(
    site: Path, home: Path, scratch: Path, tmp_path: Path, ups: Callable[..., Up]
) -> None:
    """Schema, demo district, heat map and service, on Debian's PostGIS, with nothing but what the wheel holds."""
    program = (sys.executable, "-c", SMALLER + "from app.cli import main; main()")

    def wangge(*arguments: str | Path) -> str:
        return output_of(*program, *arguments, cwd=tmp_path, site=site, WANGGE_HOME=str(home))

    wangge("db", "start")
    try:
        wangge("db", "migrate")
        loaded = json.loads(wangge("demo", "load", "--json"))
        assert loaded["synthetic"] is True
        wangge("heatmap", "370211", "--output", tmp_path / "heat.html")
        assert "leaflet" in (tmp_path / "heat.html").read_text("utf-8").lower(), (
            "its scripts are inside the page"
        )
    finally:
        wangge("db", "stop")

    up = ups(home, scratch / "log", "--empty", cwd=tmp_path, PYTHONPATH=str(site))
    soon(up.ready, up)
    assert up.get("/v1/editions")["editions"][0]["number"] == 1
    with urllib.request.urlopen(up.url + "/", timeout=60) as page:  # noqa: S310 - our own
        html = page.read().decode()
    vendored = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert any("/vendor/" in address for address in vendored)
    for address in vendored:
        with urllib.request.urlopen(up.url + address, timeout=60) as file:  # noqa: S310 - our own
            assert file.status == 200
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.said
    assert "Traceback" not in up.said

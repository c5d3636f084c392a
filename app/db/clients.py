"""Running PostgreSQL's own client programs on a database of ours."""

from __future__ import annotations

import os
import shutil
import subprocess

import psycopg
from sqlalchemy import make_url

from app.db.cluster import binaries
from app.db.errors import PostgresMissing
from app.db.urls import libpq_url


def run_client(url: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``pg_dump`` or ``pg_restore`` on ``url``; the password goes through the environment, never a command line."""
    parsed = make_url(url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["LC_ALL"] = "C.UTF-8"
    if parsed.password is not None:
        environment["PGPASSWORD"] = str(parsed.password)
    target = libpq_url(parsed.set(password=None).render_as_string(hide_password=False))
    command = [program_for(program, server_major(url)), "--no-password", f"--dbname={target}", *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, errors="replace", env=environment
    )


def server_major(url: str) -> int:
    """The major version of the server behind ``url``."""
    with psycopg.connect(libpq_url(url), connect_timeout=10) as connection:
        return connection.info.server_version // 10000


def program_for(name: str, server: int | None) -> str:
    """The path of a client program not older than the server; the oldest such one writes what most can read."""
    folders = {int(p.parent.name): p for p in binaries.DEBIAN_ROOT.glob("[0-9]*/bin") if (p / name).exists()}
    fitting = sorted(major for major in folders if server is None or major >= server)
    if fitting:
        return str(folders[fitting[-1] if server is None else fitting[0]] / name)
    on_path = shutil.which(name)
    if on_path:
        return on_path
    wanted = server or binaries.PREFERRED
    raise PostgresMissing(
        f"没有找到 {name} {wanted} 或更新版本。请安装：apt-get install postgresql-client-{wanted}",
        f"{name} {wanted} or newer was not found. Install it: apt-get install postgresql-client-{wanted}",
    )

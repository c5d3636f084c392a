"""Which database to talk to, as whom: the private cluster, or the server of WANGGE_DATABASE_URL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.db import cluster
from app.db.errors import DatabaseFailure, DatabaseUnreachable
from app.settings import Settings


class BadDatabaseUrl(DatabaseFailure):
    """WANGGE_DATABASE_URL cannot be read."""

    code = "bad-database-url"


@dataclass(frozen=True)
class DatabaseUrls:
    """SQLAlchemy URLs (``postgresql+psycopg://``), passwords included: never log them.

    ``owner`` owns the schema and runs migrations; ``service`` cannot bypass row security and is what the web service
    and queries on behalf of people use.
    """

    owner: str
    service: str
    external: bool


def database_urls(settings: Settings, *, running: bool = True) -> DatabaseUrls:
    """The URLs in force; with ``running=False`` also those of a private cluster that is stopped for now.

    Raises
    ------
    DatabaseUnreachable
        The private cluster was never made or is not running; nothing is started here.
    BadDatabaseUrl
        A given URL is none, or not of PostgreSQL.
    """
    if settings.database_url is not None:
        owner = sqlalchemy_url(settings.database_url.get_secret_value(), "WANGGE_DATABASE_URL")
        if settings.service_database_url is not None:
            text = settings.service_database_url.get_secret_value()
            service = sqlalchemy_url(text, "WANGGE_SERVICE_DATABASE_URL")
        else:
            service = _with_role(owner, cluster.SERVICE)
        return DatabaseUrls(_text(owner), _text(service), external=True)
    info = cluster.status(settings.home)
    if (running and info.state != "running") or info.owner_url is None or info.service_url is None:
        what = {"absent": ("还没有建立", "has not been made yet")}.get(
            info.state, ("没有运行", "is not running")
        )
        raise DatabaseUnreachable(
            f"私有数据库{what[0]}（{settings.home}）。请运行 wangge db start 或 wangge up；"
            f"若要用别的服务器，请设 WANGGE_DATABASE_URL。",
            f"The private database {what[1]} ({settings.home}). Run `wangge db start` or `wangge up`; "
            f"to use another server set WANGGE_DATABASE_URL.",
        )
    return DatabaseUrls(info.owner_url, info.service_url, external=False)


def sqlalchemy_url(text: str, name: str = "URL") -> URL:
    """A libpq or SQLAlchemy URL as a SQLAlchemy URL for psycopg."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError) as error:
        raise _bad(name, "-") from error
    scheme = url.drivername.partition("+")[0]
    if scheme not in ("postgresql", "postgres"):
        raise _bad(name, url.drivername)
    return url.set(drivername="postgresql+psycopg")


def libpq_url(text: str) -> str:
    """A SQLAlchemy URL as one for libpq programs.

    >>> libpq_url("postgresql+psycopg://gis@h/d?options=-c+role%3Dx")
    'postgresql://gis@h/d?options=-c%20role%3Dx'
    """
    before, mark, query = _text(make_url(text).set(drivername="postgresql")).partition("?")
    # SQLAlchemy writes a space as a plus sign, as forms do; libpq takes that for a plus sign.
    return before + mark + query.replace("+", "%20")


def _with_role(url: URL, role: str) -> URL:
    given = url.query.get("options", "")
    options = given if isinstance(given, str) else " ".join(given)
    return url.update_query_dict({"options": f"{options} -c role={role}".strip()})


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _bad(name: str, came: str) -> BadDatabaseUrl:
    # The text itself may hold a password; only its scheme is repeated.
    return BadDatabaseUrl(
        f"{name} 应形如 postgresql://用户:密码@主机:端口/库名，收到的协议是 {came}。",
        f"{name} should look like postgresql://user:password@host:port/database; its scheme is {came}.",
    )

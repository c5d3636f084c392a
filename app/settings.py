"""Every setting of wangge, read once from the environment (prefix ``WANGGE_``) and passed down.

Nothing else in the project reads the environment. ``wangge settings`` prints this page with the values in force.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gis.text import Text

# A proxy that takes the sub-path away could not be told from one that passes it on.
_OWN_PATHS = frozenset(
    {"v1", "ogc", "maps", "static", "docs", "signin", "account", "editor", "dispatch", "open311"}
)

# Connections of a worker that no turn at the database is for: looking at passwords (app.auth.sign_in_turns), and what
# runs behind the requests, such as the watch for a new edition.
SIGN_IN_CONNECTIONS = 2
_CONNECTIONS_BEHIND = 1


class Settings(BaseSettings):
    """The settings tree; one instance is made by :func:`load_settings` and handed to whoever needs it."""

    model_config = SettingsConfigDict(env_prefix="WANGGE_", extra="ignore", frozen=True)

    home: Path = Field(
        default=Path(".wangge"), description="Folder of the private database, caches, uploads and logs."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="An external PostgreSQL + PostGIS (libpq or SQLAlchemy URL) instead of the private one.",
    )
    service_database_url: SecretStr | None = Field(
        default=None,
        description="With WANGGE_DATABASE_URL: the login of the service, a role that cannot bypass row security. "
        "Absent: the same URL with the role wangge_service taken at start-up.",
    )
    host: str = Field(default="127.0.0.1", description="Address the web service listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the web service listens on.")
    workers: int = Field(default=1, ge=1, le=64, description="Web worker processes.")
    lang: Literal["zh", "en"] = Field(
        default="zh", description="Language of messages where the asker names none."
    )
    timezone: str = Field(
        default="Asia/Shanghai", description="Time zone of the district; times without offset are read in it."
    )
    basemap_url: str | None = Field(
        default=None, description="XYZ template of base-map tiles, {z}/{x}/{y}; none by default."
    )
    basemap_attribution: str = Field(default="", description="Attribution shown with the base map.")
    public_locate: bool = Field(default=True, description="Whether /v1/locate answers without sign-in.")
    public_layers: bool = Field(
        default=True, description="Whether boundaries, editions and counts are shown without sign-in."
    )
    session_idle_minutes: int = Field(
        default=180,
        ge=5,
        le=43_200,
        description="Minutes after which a sign-in that is not used ends (ASVS level 2: 30).",
    )
    session_hours: int = Field(
        default=12,
        ge=1,
        le=720,
        description="Hours after which a sign-in ends in any case (ASVS level 2: 12).",
    )
    # People, programs and the public address (issue 8, item 6).
    token_days: int = Field(
        default=90, ge=1, le=366, description="Days after which an API token ends when no end was named."
    )
    secure_cookies: bool = Field(default=False, description="Send session cookies over HTTPS only.")
    require_totp: Literal["none", "admin"] = Field(
        default="none",
        description="Who must have a second factor (authenticator app) before doing anything: none (it is offered to "
        "all), or admin.",
    )
    metrics: Literal["local", "token", "open"] = Field(
        default="local",
        description="Who reads /metrics besides administrators of everything, by token: programs of this machine "
        "(local; nobody where WANGGE_PUBLIC_URL or WANGGE_TRUSTED_PROXIES says that a proxy stands in front), nobody "
        "(token), everybody (open).",
    )
    public_url: str | None = Field(
        default=None,
        description="Address as outsiders see it, with the sub-path if there is one (https://gis.example.gov.cn/wangge): "
        "every link, redirect and cookie follows it. Absent: links name the host of the request only where that is "
        "this machine, and are relative otherwise.",
    )
    allowed_hosts: str = Field(
        default="",
        description="Without WANGGE_PUBLIC_URL: host names, comma separated, that links may name besides this machine's.",
    )
    hsts_seconds: int = Field(
        default=31_536_000,
        ge=0,
        description="Over HTTPS browsers are told to use nothing else for so long (for the whole host, whatever the "
        "port or path); 0: not told.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks of our proxies, comma separated: their X-Forwarded-For, -Proto and -Host are "
        "believed. Behind a proxy set it (127.0.0.1 for one on this machine), or all people count as one place when "
        "guessing of passwords is slowed down; without a proxy leave it empty, or any local program chooses its address.",
    )
    pool_size: int = Field(default=10, ge=1, le=200, description="Database connections per worker.")
    statement_timeout_s: int = Field(
        default=30, ge=1, description="A web request's statement is ended after this."
    )
    log_format: Literal["json", "text"] = Field(default="text", description="Shape of log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line."
    )

    # Load: how much is taken on at once, and how much one request may carry.
    max_upload_mb: int = Field(
        default=512, ge=1, le=65536, description="Largest file or stream in a request, MiB."
    )
    max_json_kb: int = Field(
        default=2048, ge=64, le=65536, description="Largest JSON body of a request, KiB."
    )
    body_memory_mb: int = Field(
        default=256, ge=16, description="What the bodies held in memory may take together, MiB per worker."
    )
    locate_rows_anonymous: int = Field(
        default=1_000_000,
        ge=1000,
        description="Places in one Arrow stream to /v1/locate from somebody who is not signed in.",
    )
    locate_answer_mb_anonymous: int = Field(
        default=64, ge=1, description="Largest answer to such a stream, MiB."
    )
    locate_answer_mb: int = Field(
        default=8192, ge=1, description="Largest answer to an Arrow stream of somebody signed in, MiB."
    )
    header_timeout_s: float = Field(
        default=15, gt=0, description="Seconds in which the head of a request must have come."
    )
    body_timeout_s: float = Field(
        default=30,
        gt=0,
        description="Seconds without a byte of a body, or below 500 bytes a second, after which it is given up.",
    )
    answer_timeout_s: float = Field(
        default=60, gt=0, description="Seconds after which somebody who does not read an answer is cut off."
    )
    keep_alive_s: int = Field(
        default=15, ge=1, description="Seconds for which a connection without a request is kept open."
    )
    max_connections: int = Field(
        default=4096,
        ge=16,
        description="Open connections per worker, as far as the limit of open files allows; the longest idle give way.",
    )
    max_connections_per_address: int = Field(
        default=512,
        ge=4,
        description="The same for one address, except this machine's own and those of WANGGE_TRUSTED_PROXIES.",
    )
    rate_limit: str = Field(
        default="",
        description="Requests of one address, such as 600/minute, per worker; empty: no limit.",
    )
    rate_limit_token: str = Field(
        default="",
        description="The same for one token or session; empty: they count for their address.",
    )
    queue_s: float = Field(
        default=3.0,
        ge=0.1,
        le=60,
        description="Seconds a request waits for its turn at the database before it is answered 503.",
    )
    queue_length: int = Field(
        default=500,
        ge=1,
        description="Requests that may wait for the database, per worker; more are answered 503.",
    )

    # Processes and TLS.
    tls_cert: Path | None = Field(
        default=None,
        description="Certificate chain in PEM; with WANGGE_TLS_KEY the service speaks HTTPS (`wangge tls init` makes both).",
    )
    tls_key: Path | None = Field(default=None, description="Private key in PEM of WANGGE_TLS_CERT.")
    hang_seconds: float = Field(
        default=20.0,
        ge=2.0,
        le=3600.0,
        description="A web worker whose event loop stands still for this long is ended and started again.",
    )

    # Files: the most that is taken of one, UPLOAD_ in a request and READ_ on a command line. Seconds and memory are
    # those of the process that reads it, which is ended when it needs more.
    upload_features: int = Field(default=20_000, ge=1, description="Most rows of a file in a request.")
    upload_vertices: int = Field(
        default=3_000_000, ge=1, description="Most vertices, all shapes together, of a file in a request."
    )
    upload_columns: int = Field(default=256, ge=1, description="Most columns of a file in a request.")
    upload_text_length: int = Field(
        default=10_000, ge=1, description="Longest text in a file in a request, in characters."
    )
    upload_unpacked_mb: int = Field(
        default=1024, ge=1, description="Largest size of a packed file in a request when unpacked, in MiB."
    )
    upload_memory_mb: int = Field(
        default=2048, ge=64, description="Memory for reading or comparing a file in a request, in MiB."
    )
    upload_cpu_s: int = Field(
        default=60, ge=1, description="Seconds of computing for reading or comparing a file in a request."
    )
    upload_wall_s: int = Field(
        default=120, ge=1, description="Seconds by the clock for reading or comparing a file in a request."
    )
    upload_idle_s: int = Field(
        default=30, ge=1, description="A file that sends nothing for so long is refused."
    )
    upload_total_s: int = Field(
        default=900, ge=1, description="A file that has not arrived after this is refused."
    )
    upload_readers: int = Field(
        default=2, ge=1, le=64, description="Files of requests that a worker reads at once; others wait."
    )
    uploads_at_once: int = Field(
        default=64,
        ge=1,
        description="Files that a worker receives or keeps waiting at once; more are answered 503.",
    )
    upload_unconfined: bool = Field(
        default=False,
        description="Read files of requests also where the process that reads them cannot be closed off from other "
        "files and the network (no Landlock and no root, or no seccomp): a hostile file may then do what the service may.",
    )
    read_features: int = Field(default=20_000_000, ge=1, description="Most rows of a file read by a command.")
    read_vertices: int = Field(
        default=200_000_000, ge=1, description="Most vertices of a file read by a command."
    )
    read_columns: int = Field(default=4096, ge=1, description="Most columns of a file read by a command.")
    read_text_length: int = Field(
        default=1_000_000, ge=1, description="Longest text in a file read by a command, in characters."
    )
    read_unpacked_mb: int = Field(
        default=16_384,
        ge=1,
        description="Largest size of a packed file read by a command when unpacked, in MiB.",
    )
    read_memory_mb: int = Field(
        default=16_384, ge=64, description="Memory for reading a file by a command, in MiB."
    )
    read_cpu_s: int = Field(
        default=3600, ge=1, description="Seconds of computing for a file read by a command."
    )
    read_wall_s: int = Field(
        default=7200, ge=1, description="Seconds by the clock for a file read by a command."
    )

    # Backups of the private database
    backup_dir: Path | None = Field(
        default=None,
        description="Folder of nightly backups and of the archived log, best on another disk; WANGGE_HOME/backup "
        "where absent.",
    )
    backup_keep: int = Field(
        default=7, ge=1, le=1000, description="Nightly backups that are kept, of each kind."
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("backup_dir")
    @classmethod
    def _absolute_backup_dir(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator(
        "database_url",
        "service_database_url",
        "basemap_url",
        "public_url",
        "tls_cert",
        "tls_key",
        "backup_dir",
        mode="before",
    )
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("tls_cert", "tls_key")
    @classmethod
    def _absolute_file(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            has, lacks = ("TLS_CERT", "TLS_KEY") if self.tls_cert else ("TLS_KEY", "TLS_CERT")
            raise ValueError(f"WANGGE_{has} is set without WANGGE_{lacks}; HTTPS needs both")
        return self

    @field_validator("trusted_proxies")
    @classmethod
    def _known_networks(cls, value: str) -> str:
        for part in filter(None, (each.strip() for each in value.split(","))):
            try:
                ip_network(part, strict=False)
            except ValueError as error:
                # "*" too: everybody could then choose the address that throttling and the audit log see.
                raise ValueError(
                    f"expected addresses or networks such as 127.0.0.1,10.0.0.0/8; came {part!r}"
                ) from error
        return value

    @field_validator("public_url")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        plain = re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?((/[A-Za-z0-9._~-]+)*)/?", value)
        if plain is None:
            raise ValueError(
                f"expected an address such as https://gis.example.gov.cn/wangge, without user, query or #; came {value!r}"
            )
        first = plain[2].strip("/").partition("/")[0]
        if first in _OWN_PATHS or {".", ".."} & set(plain[2].split("/")):
            raise ValueError(
                f"the sub-path /{first} is one of the service's own; choose another such as /wangge"
            )
        return value.rstrip("/")

    @field_validator("rate_limit", "rate_limit_token")
    @classmethod
    def _known_rate(cls, value: str) -> str:
        if value:
            # Most commands have no rates; the library takes longer to load than they do to print help.
            from limits import parse as parse_rate

            try:
                parse_rate(value)
            except ValueError as error:
                raise ValueError(
                    f"expected a number in a period such as 600/minute or 20/second; came {value!r}"
                ) from error
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"unknown time zone {value!r}; expected an IANA name such as Asia/Shanghai"
            ) from error
        return value

    @property
    def root_path(self) -> str:
        """The sub-path of the public address: empty, or ``/wangge``."""
        return urlsplit(self.public_url or "").path.rstrip("/")

    @property
    def tls(self) -> bool:
        """Whether the service itself speaks HTTPS, without a proxy before it."""
        return self.tls_cert is not None

    @property
    def database_turns(self) -> int:
        """Requests that use the database at once; the other connections are kept for what takes no turn."""
        return max(1, self.pool_size - SIGN_IN_CONNECTIONS - _CONNECTIONS_BEHIND)

    @property
    def zone(self) -> ZoneInfo:
        """The district's time zone."""
        return ZoneInfo(self.timezone)


def load_settings(**overrides: object) -> Settings:
    """Read the environment; keyword arguments win over it (tests and commands use that)."""
    return Settings(**overrides)  # type: ignore[arg-type]


PREFIX = "WANGGE_"
# Read by the tests, to find their own input; no setting of the service.
_OTHERS = frozenset({"WANGGE_REAL_DATA"})


@dataclass(frozen=True)
class UnknownVariable:
    """A variable that looks like a setting and is none; ``nearest`` is the setting that was perhaps meant."""

    name: str
    nearest: str | None

    @property
    def text(self) -> Text:
        """What to say of it; never its value, which may be a password."""
        if self.nearest is None:
            return Text(
                f"环境变量 {self.name} 不是任何设置，未起作用；全部设置见 wangge settings。",
                f"The variable {self.name} is no setting and does nothing; `wangge settings` lists all.",
            )
        return Text(
            f"环境变量 {self.name} 不是任何设置，未起作用；是否应为 {self.nearest}？",
            f"The variable {self.name} is no setting and does nothing; was {self.nearest} meant?",
        )


def variable_of(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def is_set(field: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the environment says something about a setting; upper and lower case are the same there."""
    given = os.environ if environment is None else environment
    return variable_of(field) in {name.upper() for name in given}


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[UnknownVariable]:
    """Variables that begin like ours, or nearly, and are no setting: a slip of the pen would go unnoticed.

    >>> [(each.name, each.nearest) for each in unknown_variables({"WANGGE_WORKER": "4", "WANGGE_PORT": "80"})]
    [('WANGGE_WORKER', 'WANGGE_WORKERS')]
    """
    known = {variable_of(field) for field in Settings.model_fields}
    found = []
    for name in sorted(os.environ if environment is None else environment):
        upper = name.upper()
        if upper in known or upper in _OTHERS:
            continue
        ours = upper.startswith(PREFIX)
        # Of another program's variables only those that are one of ours but for a letter.
        nearest = difflib.get_close_matches(upper, known, n=1, cutoff=0.75 if ours else 0.93)
        if ours or (nearest and upper.startswith("W")):
            found.append(UnknownVariable(name, nearest[0] if nearest else None))
    return found

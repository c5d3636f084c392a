"""Every setting of wangge, read once from the environment (prefix ``WANGGE_``) and passed down.

Nothing else in the project reads the environment. ``wangge settings`` prints this page with the values in force.
"""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


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
    session_hours: int = Field(
        default=12,
        ge=1,
        le=720,
        description="Hours after which a sign-in that is not used ends; after a week in any case.",
    )
    secure_cookies: bool = Field(default=False, description="Send session cookies over HTTPS only.")
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses or networks of our proxies, comma separated: their X-Forwarded-For is believed.",
    )
    pool_size: int = Field(default=10, ge=1, le=200, description="Database connections per worker.")
    statement_timeout_s: int = Field(
        default=30, ge=1, description="A web request's statement is ended after this."
    )
    log_format: Literal["json", "text"] = Field(default="text", description="Shape of log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line."
    )
    max_upload_mb: int = Field(default=512, ge=1, description="Largest request body.")

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

    @field_validator("database_url", "service_database_url", "basemap_url", "backup_dir", mode="before")
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return None if value == "" else value

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
    def zone(self) -> ZoneInfo:
        """The district's time zone."""
        return ZoneInfo(self.timezone)


def load_settings(**overrides: object) -> Settings:
    """Read the environment; keyword arguments win over it (tests and commands use that)."""
    return Settings(**overrides)  # type: ignore[arg-type]

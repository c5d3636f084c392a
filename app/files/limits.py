"""The limits of the settings, as readers take them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from app.settings import Settings
from gis.io import ReadLimits


def upload_limits(settings: Settings) -> ReadLimits:
    """Limits of a file that came with a request."""
    return _limits(settings, "upload_")


def command_limits(settings: Settings) -> ReadLimits:
    """Limits of a file that is named on the command line."""
    return _limits(settings, "read_")


def uploads_folder(settings: Settings) -> Path:
    """Where files lie while they are received and read."""
    return settings.home / "uploads"


def _limits(settings: Settings, prefix: str) -> ReadLimits:
    names = [field.name for field in fields(ReadLimits) if field.name != "prefix"]
    return ReadLimits(
        **{name: getattr(settings, prefix + name) for name in names}, prefix=f"WANGGE_{prefix}".upper()
    )

"""What several journeys do."""

from __future__ import annotations

from playwright.sync_api import Page


def map_ready(page: Page) -> None:
    """Wait until the map has drawn what is in view."""
    page.wait_for_selector("#map[data-ready]", state="attached")

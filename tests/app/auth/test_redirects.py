"""Where people are sent after signing in."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.auth.redirects import safe_next


@pytest.mark.parametrize("target", ["/", "/dispatch", "/grid/370211?lang=en#map", "/a/../b", "/search?q=//x"])
def test_our_own_pages(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "dispatch",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "/" + "x" * 3000,
        "//[evil",
    ],
)
def test_everything_else_goes_home(target: str | None) -> None:
    assert safe_next(target) == "/"
    assert safe_next(target, root="/wangge") == "/wangge/"


@given(st.text(alphabet="/\\.:@?#a \t\n\r\0%", max_size=12))
@example("/\t/evil")
def test_no_text_leads_off_this_site(target: str) -> None:
    # As browsers do it: they drop tabs and line ends and read a backslash as a slash.
    went = safe_next(target)
    seen = "".join(c for c in went if c not in "\t\n\r").replace("\\", "/")
    assert urlsplit(urljoin("https://ours.example/sign-in", seen)).netloc == "ours.example"

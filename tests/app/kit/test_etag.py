"""Tags of ours, and what stands in between makes of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from app.kit.etag import is_known, names, tags
from tests.fixtures.proxies import MARKS

# Drafts, grids of drafts, answers of locate, tiles, files.
OURS = st.one_of(
    st.tuples(st.integers(1, 2**63 - 1), st.integers(1, 10**6)).map(lambda pair: f"{pair[0]}-{pair[1]}"),
    st.text("0123456789abcdef", min_size=12, max_size=20),
    st.tuples(
        st.integers(1, 999), st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(0, 2000)
    ).map(lambda parts: f"1-{parts[0]}-{parts[1]}-{parts[2]}b"),
)
PROXY = st.sampled_from(list(MARKS.values()))


@given(OURS, st.lists(PROXY, max_size=3))
def test_whatever_proxies_add_the_version_stays(ours: str, proxies: list) -> None:
    quoted = f'"{ours}"'
    # Weakening comes last: what is weak already is left alone by those that would add a coding.
    marked = quoted
    for proxy in sorted(proxies, key=lambda each: each("")[:1] == "W"):
        marked = marked if marked.startswith("W/") else proxy(marked)
    assert tags(marked) == {ours}
    assert names(marked, quoted)
    assert names(f'"zzz", {marked}', quoted)


@given(OURS, OURS, PROXY)
def test_another_version_stays_another(one: str, other: str, proxy) -> None:
    assert names(proxy(f'"{one}"'), f'"{other}"') == (one == other)


def test_what_is_no_tag_names_nothing() -> None:
    for header in (None, "", "3-7", "W/3-7", "'3-7'", '"3-7', "gzip"):
        assert not names(header, '"3-7"')
    assert not names('"3"', '"3-7"')
    assert not names('"3-7x"', '"3-7"')


def test_tags_may_come_in_several_lines() -> None:
    lines = [(b"if-none-match", b'"a"'), (b"if-none-match", b'W/"b"')]
    request = Request({"type": "http", "headers": lines})
    assert is_known(request, '"a"')
    assert is_known(request, '"b"')
    assert not is_known(request, '"c"')

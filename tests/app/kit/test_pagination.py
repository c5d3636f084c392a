"""Cursors: what we gave is understood, whatever else is refused in words."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.kit.pagination import decode_cursor, encode_cursor


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, 2**63 - 1))
def test_what_was_given_comes_back(instant: datetime, row_id: int) -> None:
    assert decode_cursor(encode_cursor(instant, row_id)) == (instant, row_id)


def written(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize("row_id", [float("inf"), float("nan"), 1.5, "1", True, None, [], {"a": 1}])
def test_numbers_that_are_none(row_id: Any) -> None:
    with pytest.raises(Invalid):
        decode_cursor(written(["2026-01-01T00:00:00+00:00", row_id]))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner), max_leaves=6
)


@given(st.one_of(st.text(), JSON.map(written), st.tuples(st.text(), JSON).map(written)).filter(bool))
def test_whatever_comes_is_a_cursor_or_refused(cursor: str) -> None:
    try:
        found = decode_cursor(cursor)
    except Invalid:
        return
    assert found is not None

"""A test that leaves a connection in a transaction is told so; one that is idle is closed without a word."""

from __future__ import annotations

import gc
import warnings

import psycopg
import pytest

from app.db import cluster
from tests.fixtures import throwaway
from tests.fixtures.connections import opened


def test_what_is_left_is_closed_and_what_held_something_is_told(
    database_server: cluster.ClusterInfo, worker_id: str
) -> None:
    for statement, told in (("SELECT 1", True), (None, False)):
        name = f"wangge_{worker_id}_left"
        own = throwaway.empty(database_server, name)
        left = [psycopg.connect(own.libpq)]  # on purpose
        if statement:
            left[0].execute(statement)
        if told:
            with pytest.raises(AssertionError, match=name):
                throwaway.drop(database_server, name)
        else:
            throwaway.drop(database_server, name)
        assert [c for c in opened() if c.info.dbname == name] == []
        with warnings.catch_warnings(record=True) as said:
            left.clear()
            gc.collect()
        assert [str(each.message) for each in said if "deleted while still open" in str(each.message)] == []

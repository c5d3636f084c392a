"""Whatever anybody sends to any route, the answer is an answer: never a fault of ours, and refusals in one form.

A bounded look, the same in every run; ``make fuzz-api`` sends many thousands by chance.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.fixtures.fuzzing import Fuzzed, fuzzing, operations_of, try_operation


@pytest.fixture(scope="module")
def fuzzed(database_server, worker_id, tmp_path_factory) -> Iterator[Fuzzed]:
    """A service over a town of its own."""
    with fuzzing(database_server, f"wangge_{worker_id}_fuzzed", tmp_path_factory.mktemp("home")) as made:
        yield made


def test_no_route_fails(fuzzed: Fuzzed):
    """Every operation of the description, as an administrator and as nobody."""
    operations = operations_of(fuzzed.url)
    assert len(operations) > 25
    roles = {role: fuzzed.headers(role) for role in ("admin", "anonymous")}
    with httpx.Client(base_url=fuzzed.url) as client:
        for operation in operations:
            try_operation(client, operation, roles, cases=12, derandomize=True)

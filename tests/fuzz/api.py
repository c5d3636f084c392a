"""``make fuzz-api``: twenty thousand cases by chance, over all operations and four roles; no answer is a fault of ours.

Not part of the suite (its name is not collected). ``FUZZ_CASES`` says how many; a failure shows the case that fails.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.fixtures.fuzzing import ROLES, Fuzzed, fuzzing, operations_of, try_operation

CASES = int(os.environ.get("FUZZ_CASES", "20000"))


@pytest.fixture(scope="module")
def fuzzed(database_server, worker_id, tmp_path_factory) -> Iterator[Fuzzed]:
    """A service over a town of its own."""
    with fuzzing(database_server, f"wangge_{worker_id}_api", tmp_path_factory.mktemp("home")) as made:
        yield made


def new_draft(client: httpx.Client, headers: dict[str, str]) -> tuple[int, str]:
    """An open draft of the whole town, and its version."""
    answer = client.post("/v1/drafts", json={"title": "fuzz"}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.headers["ETag"]


def test_no_case_is_a_fault_of_ours(fuzzed: Fuzzed):
    operations = operations_of(fuzzed.url)
    each = max(1, CASES // len(operations) // len(ROLES))
    sent = 0
    failures: list[str] = []
    with httpx.Client(base_url=fuzzed.url, timeout=60) as client:
        for operation in operations:
            roles = {role: fuzzed.headers(role) for role in ROLES}
            number, _ = new_draft(client, roles["admin"])

            def draft(number: int = number, who: dict[str, str] = roles["admin"]) -> tuple[int, str]:
                answer = client.get(f"/v1/drafts/{number}", headers=who)
                if answer.status_code != 200 or answer.json()["state"] != "open":
                    return new_draft(client, who)
                return number, answer.headers["ETag"]

            try:
                sent += try_operation(client, operation, roles, cases=each, derandomize=False, draft=draft)
            except (AssertionError, ExceptionGroup) as failure:
                failures.append(f"{operation.label}: {failure}")
            sys.stderr.write(
                f"fuzz-api: {operation.label}: {sent:,} cases so far, {len(failures)} failures\n"
            )
    assert not failures, "\n\n".join(failures)
    assert sent >= CASES * 0.5, "Hypothesis gives fewer where an operation has nothing to vary"

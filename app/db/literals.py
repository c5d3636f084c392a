"""Fixed words of ours inside SQL text; never what came from outside."""

from __future__ import annotations

from collections.abc import Iterable


def sql_list(names: Iterable[str]) -> str:
    """Names as a list in SQL.

    >>> sql_list(["one", "two"])
    "('one', 'two')"
    """
    listed = ", ".join(f"'{name}'" for name in names)
    return f"({listed})"

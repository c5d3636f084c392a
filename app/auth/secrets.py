"""Secrets that we hand out: session keys and API tokens. What is stored of them is only a hash.

They carry 256 bits of chance, so a plain SHA-256 is enough: there is nothing to guess, unlike with passwords.
"""

from __future__ import annotations

import hashlib
import secrets

TOKEN_MARK = "wg_"  # noqa: S105 - a mark, so that scanners find a leaked token
_SHOWN = len(TOKEN_MARK) + 8


def new_key() -> str:
    """A session key or CSRF token."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """An API token, recognisable by its mark."""
    return TOKEN_MARK + secrets.token_urlsafe(32)


def shown_part(token: str) -> str:
    """The beginning of a token, by which its owner tells it from others in a list."""
    return token[:_SHOWN]


def digest(secret: str) -> str:
    """What is stored in place of the secret, and looked up by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(given: str, expected: str) -> bool:
    """Compare without telling by the time taken where the first difference is."""
    return secrets.compare_digest(given.encode(), expected.encode())

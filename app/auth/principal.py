"""Who is asking, and what they may do where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.auth.roles import ACTS_ON_INCIDENTS, CONTACTS, CONTAINS, EVERYWHERE, covers, outermost
from app.db.session import RowScope


@dataclass(frozen=True)
class Principal:
    """A person with a session, a program with a token, the operator of the machine, or nobody.

    ``grants`` are (role, scope path) pairs as they stand in the database at this request, so that a right taken
    away is gone with the next one.
    """

    name: str
    display_name: str = ""
    account_id: int | None = None
    session_id: int | None = None
    token_id: int | None = None
    # The account that a token works for, if it works for one.
    behind: int | None = None
    grants: tuple[tuple[str, str], ...] = ()
    csrf: str | None = None
    must_change_password: bool = False
    # Whether the account has a second factor, and whether the settings demand one that it lacks.
    second_factor: bool = False
    must_enrol: bool = False
    # When the session ends if it is not used, and when in any case.
    idle_ends_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def incomplete(self) -> bool:
        """Whether something must be put right before this person may do anything else."""
        return self.must_change_password or self.must_enrol

    @property
    def known(self) -> bool:
        """Whether anybody was recognised."""
        return self is not NOBODY

    @property
    def actor(self) -> str:
        """The name for logs; programs are told from people, nobody from both."""
        return f"token:{self.name}" if self.token_id is not None else self.name

    @property
    def identity(self) -> str:
        """Who this is, whatever they are called: one person is the same by session and by any token of theirs."""
        account = self.account_id if self.account_id is not None else self.behind
        if account is not None:
            return f"account:{account}"
        return f"token:{self.token_id}" if self.token_id is not None else f"operator:{self.name}"

    def paths(self, *roles: str) -> tuple[str, ...]:
        """The units where one of ``roles`` is held, directly or inside a wider role; without: where anything is seen."""
        wanted = set(roles or ("viewer",))
        return outermost(scope for role, scope in self.grants if CONTAINS[role] & wanted)

    def may(self, role: str, path: str = EVERYWHERE) -> bool:
        """Whether ``role`` is held over the whole of the unit at ``path``."""
        return any(role in CONTAINS[held] and covers(scope, path) for held, scope in self.grants)

    def may_see_contacts(self, path: str) -> bool:
        """Whether the phone numbers of the staff of the unit at ``path`` are shown."""
        return any(self.may(role, path) for role in CONTACTS)

    def acting_paths(self) -> tuple[str, ...]:
        """The units on whose incidents this principal acts."""
        return self.paths(*ACTS_ON_INCIDENTS)

    def acts_on_all(self, paths: Iterable[str]) -> bool:
        """Whether this principal acts on every incident of the units at ``paths``."""
        acting = self.acting_paths()
        return all(any(covers(scope, path) for scope in acting) for path in paths)

    def row_scope(self, *roles: str) -> RowScope:
        """What a transaction of this principal may see: the units of ``roles``, or of every grant."""
        return RowScope(paths=self.paths(*roles), actor=self.actor, acts=self.acting_paths())


NOBODY = Principal(name="anonymous")


def operator(name: str) -> Principal:
    """Whoever runs the command line on the machine: may do everything, under their own name."""
    return Principal(name=name, grants=(("admin", EVERYWHERE),))

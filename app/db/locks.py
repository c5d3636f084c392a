"""Every advisory lock of the service: its number or name, what it guards, and the order in which locks are taken.

Two transactions that take the same locks in different orders wait for one another for ever. So a transaction takes
them downwards in this table and never upwards; `hold` refuses the other way, and with it a shared lock that would
become an exclusive one. SQL functions take the numbered ones too (``app/db/functions``; a test compares).

| lock | guards | taken by |
| --- | --- | --- |
| RESTORING | the databases that a restore exchanges | `wangge db restore`, each start of a cluster; in the database postgres |
| FIRST_ADMIN | the first account | `wangge up` |
| ADMINS | that an administrator is left | changes of accounts and grants |
| ACCOUNT_NAME | names that differ by case only | new accounts |
| SIGN_IN | counting failures | each attempt to sign in: its name, then its place |
| IMPORT_FILE | one import of a file at a time | imports |
| PUBLISHING | the next edition's number and content | publication and withdrawal of an edition |
| OWNERS | owners of rows against an edition that takes effect | writers of rows (shared), re-assignment of owners (exclusive) |
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session


class Lock(NamedTuple):
    """One lock, or with ``named`` a family: one for each key, whose number is the hash of its name.

    ``wait_s``: how long `hold` waits at most; None for the session's own limit.
    """

    name: str
    number: int | None = None
    wait_s: int | None = None

    @property
    def named(self) -> bool:
        """Whether it has a key for each thing that it guards."""
        return self.number is None


# Numbers are arbitrary and fixed: processes of two releases may meet in one database.
RESTORING = Lock("restoring", 0x77616E67)
FIRST_ADMIN = Lock("first-admin")
ADMINS = Lock("admins")
ACCOUNT_NAME = Lock("account-name")
SIGN_IN = Lock("sign-in")
IMPORT_FILE = Lock("import-file")
PUBLISHING = Lock("publishing", 370211, wait_s=60)
OWNERS = Lock("owners", 370212, wait_s=60)

ORDER = (RESTORING, FIRST_ADMIN, ADMINS, ACCOUNT_NAME, SIGN_IN, IMPORT_FILE, PUBLISHING, OWNERS)

_HELD = "wangge.locks"


class OutOfOrder(RuntimeError):
    """A lock was asked for in a way that can make two transactions wait for one another: a mistake in the code."""


def number_of(lock: Lock, key: str = "") -> int | ColumnElement[int]:
    """The lock's number in SQL; of a named one the hash of its name and key."""
    return lock.number if lock.number is not None else func.hashtextextended(name_of(lock, key), 0)


def name_of(lock: Lock, key: str = "") -> str:
    """What is hashed of a named lock.

    >>> name_of(SIGN_IN, "name li")
    'wangge sign-in name li'
    """
    return f"wangge {lock.name} {key}".rstrip()


def hold(session: Session, lock: Lock, key: str = "", *, shared: bool = False) -> None:
    """Wait for a lock and hold it until the transaction ends.

    Raises OutOfOrder when the transaction holds a later one already, or the same one shared and now wants it alone.
    """
    held = _held(session)
    wanted = (ORDER.index(lock), key)
    if wanted in held:
        if held[wanted] and not shared:
            raise OutOfOrder(f"{name_of(lock, key)} is held shared and is wanted alone")
    else:
        later = [place for place in held if place > wanted]
        if later:
            names = ", ".join(name_of(ORDER[at], of) for at, of in later)
            raise OutOfOrder(f"{name_of(lock, key)} is to be taken before {names}")
    if lock.wait_s is not None and not shared:
        session.execute(text(f"SET LOCAL lock_timeout = '{lock.wait_s}s'"))
    take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    session.execute(select(take(number_of(lock, key))))
    held[wanted] = held.get(wanted, True) and shared


def try_hold(session: Session, lock: Lock, key: str = "") -> bool:
    """Hold a lock until the transaction ends if it is free; says whether it is held now.

    Who does not wait cannot be a part of a ring, so this may come in any order.
    """
    held = _held(session)
    taken = bool(session.scalar(select(func.pg_try_advisory_xact_lock(number_of(lock, key)))))
    if taken:
        held[ORDER.index(lock), key] = False
    return taken


def _held(session: Session) -> dict[tuple[int, str], bool]:
    """What the present transaction holds: place in the order and key, and whether it is shared."""
    # Savepoints belong to their transaction; another transaction of the same session begins with nothing.
    session.connection()
    transaction = session.get_transaction()
    noted, held = session.info.get(_HELD, (None, {}))
    if noted is not transaction:
        held = {}
        session.info[_HELD] = (transaction, held)
    found: dict[tuple[int, str], bool] = held
    return found

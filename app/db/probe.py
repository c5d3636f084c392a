"""Whether the database can be written to, found out without leaving anything behind."""

from __future__ import annotations

from sqlalchemy import Engine, text

PROBE_BYTES = 1_000_000
"""About what the probe writes; with less room than this nothing can be written that matters."""

_STATE = text("SELECT current_setting('transaction_read_only')::boolean, pg_is_in_recovery()")
# More rows than memory may hold go into a temporary file where the data lies: no table, no log, no catalogue is
# touched, and a full disk refuses it as it would refuse a row.
_LITTLE_MEMORY = text("SET LOCAL work_mem = '64kB'")
_WRITE = text("SELECT count(*) FROM generate_series(1, 75000)")


def can_write(engine: Engine) -> bool:
    """Whether rows can be written: no standby, not read-only, and room on the disk of the data.

    Raises the driver's error where the disk is full or the server away.
    """
    with engine.connect() as connection:
        read_only, recovering = connection.execute(_STATE).one()
        if read_only or recovering:
            return False
        connection.execute(_LITTLE_MEMORY)
        connection.execute(_WRITE)
    return True
